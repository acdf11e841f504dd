"""No test reaches the network: not in this process, not in a child, not in a kernel."""

import os
import socket
import subprocess
import sys
import threading

import block_network
import nbformat
import network_namespace
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

# 192.0.2.0/24 and .invalid are reserved: nobody answers there even without the block.
ATTEMPTS = {
    "connect": "socket.socket().connect(('192.0.2.1', 80))",
    "connect_ex": "socket.socket().connect_ex(('192.0.2.1', 80))",
    "sendto": "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
    "sendto with flags": "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', 0, ('192.0.2.1', 53))",
    "sendmsg": "socket.socket(type=socket.SOCK_DGRAM).sendmsg([b'x'], [], 0, ('192.0.2.1', 53))",
    "create_connection": "socket.create_connection(('192.0.2.1', 80))",
    "getaddrinfo": "socket.getaddrinfo('example.invalid', 443)",
    "getaddrinfo of bytes": "socket.getaddrinfo(b'example.invalid', 443)",
    "getaddrinfo of an address": "socket.getaddrinfo('192.0.2.1', 443)",
    "gethostbyname": "socket.gethostbyname('example.invalid')",
    "gethostbyaddr": "socket.gethostbyaddr('192.0.2.1')",
    "urllib": "__import__('urllib.request').request.urlopen('http://example.invalid/')",
    "ipv6": "socket.socket(socket.AF_INET6).connect(('2001:db8::1', 80, 0, 0))",
}


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS.keys())
def test_this_process_is_offline(attempt):
    with pytest.raises(OSError, match=block_network.MESSAGE):
        eval(attempt, {"socket": socket})


def test_a_child_process_is_offline():
    code = f"import socket; {ATTEMPTS['getaddrinfo']}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert block_network.MESSAGE in done.stderr


def test_a_notebook_kernel_is_offline():
    cell = nbformat.v4.new_code_cell(f"import socket\n{ATTEMPTS['connect']}")
    nb = nbformat.v4.new_notebook(cells=[cell])
    with pytest.raises(CellExecutionError, match=block_network.MESSAGE):
        NotebookClient(nb, timeout=60).execute()


UNREACHABLE = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=5)"
STRANGERS = {  # processes that know nothing of the guard of Python's sockets
    "python -I": [sys.executable, "-I", "-c", UNREACHABLE],
    "python -S without our path": ["env", "-u", "PYTHONPATH", sys.executable, "-c", UNREACHABLE],
    "bash": ["bash", "-c", "exec 3<>/dev/tcp/192.0.2.1/80"],
}


@pytest.mark.skipif(
    not network_namespace.is_alone(),
    reason="this kernel gives the tests no network of their own: only Python's sockets are guarded",
)
@pytest.mark.parametrize("command", STRANGERS.values(), ids=STRANGERS.keys())
def test_any_process_is_offline(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode != 0
    assert "unreachable" in done.stderr


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_works(host):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        thread = threading.Thread(target=lambda: server.accept()[0].sendall(b"hello"), daemon=True)
        thread.start()
        with socket.create_connection((host, port), timeout=5) as client:
            assert client.recv(5) == b"hello"


LOCAL = ["127.0.0.1", "127.9.9.9", "localhost", "::1", "::ffff:127.0.0.1", "0.0.0.0", "", None]
AWAY = ["192.0.2.1", "::ffff:192.0.2.1", "10.0.0.1", "localhost.example.invalid", "8.8.8.8", "1"]


def test_which_hosts_are_local():
    assert [h for h in LOCAL if not block_network.is_local(h)] == []
    assert [h for h in AWAY if block_network.is_local(h)] == []


def test_the_environment_of_child_processes():
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    assert int(os.environ["OMP_NUM_THREADS"]) <= 2
    assert not [name for name in os.environ if name.lower().endswith("_proxy")]
