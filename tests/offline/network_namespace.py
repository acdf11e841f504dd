"""A network of its own with nothing in it but the loopback, where the kernel (Linux) allows it.

It holds for every process that is started from here on, whatever it is written in: a browser, curl,
`python -I`. Everywhere else `block_network` is what there is. Also a plugin of pytest:
`-p network_namespace`.
"""

import ctypes
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path

NEW_USER, NEW_NETWORK = 0x10000000, 0x40000000  # of unshare(2)
SET_FLAGS, UP = 0x8914, 0x1 | 0x40  # SIOCSIFFLAGS; IFF_UP and IFF_RUNNING


def is_alone() -> bool:
    """Whether this process sees no network but the loopback."""
    return sys.platform == "linux" and [name for _, name in socket.if_nameindex()] == ["lo"]


def enter() -> bool:
    """Move this process and all it starts into such a network; False where that is not allowed.

    It is tried in a child first: a system may allow a network and then refuse its loopback.
    """
    if is_alone():
        return True
    if sys.platform != "linux":
        return False
    tried = subprocess.run([sys.executable, "-I", __file__], capture_output=True)
    return tried.returncode == 0 and _enter()


def _enter() -> bool:
    import fcntl  # no such module on Windows

    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(NEW_NETWORK) != 0:  # root may; others need to be root of a user namespace
        if libc.unshare(NEW_USER | NEW_NETWORK) != 0:
            return False
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SET_FLAGS, struct.pack("16sh14x", b"lo", UP))
    return is_alone()


def pytest_configure() -> None:
    """Enter before a test or a notebook is run."""
    enter()


if __name__ == "__main__":
    sys.exit(not _enter())
