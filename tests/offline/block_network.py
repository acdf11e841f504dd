"""Refuse every connection and name look-up that leaves this computer.

It wraps Python's `socket` module, which every Python library uses. It does not stop compiled code
that opens sockets by itself, nor a process that does not load it: `network_namespace` does, where
it can.
"""

import ipaddress
import socket
from functools import wraps

MESSAGE = "the tests are offline"


def is_local(host) -> bool:
    """Whether a host name or an address stays on this computer."""
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if host in (None, "", "localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return False  # any other name: even looking it up would ask the network
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_unspecified


def _check(host) -> None:
    if not is_local(host):
        raise OSError(f"{MESSAGE}: {host} is another computer")


def _guard_method(name: str, position: int) -> None:
    """Check the address that `socket.socket.<name>` takes: its last argument from `position` on."""
    original = getattr(socket.socket, name)

    @wraps(original)
    def guarded(self, *args):
        # Unix sockets and the like have no host and stay on this computer.
        if self.family in (socket.AF_INET, socket.AF_INET6) and len(args) > position:
            address = args[-1]
            if isinstance(address, tuple) and address:
                _check(address[0])
        return original(self, *args)

    setattr(socket.socket, name, guarded)


def _guard_function(name: str) -> None:
    """Check the host that `socket.<name>` takes first."""
    original = getattr(socket, name)

    @wraps(original)
    def guarded(host, *args, **kwargs):
        _check(host)
        return original(host, *args, **kwargs)

    setattr(socket, name, guarded)


def block() -> None:
    """Guard `socket` in this process; a second call changes nothing."""
    if getattr(socket, "tests_are_offline", False):
        return
    socket.tests_are_offline = True
    for name, position in (("connect", 0), ("connect_ex", 0), ("sendto", 1), ("sendmsg", 3)):
        _guard_method(name, position)
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr"):
        _guard_function(name)
