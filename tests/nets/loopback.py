"""No network but loopback: an audit hook, which no library can go round and no test can take out.

Children of the test process are not under it: they get closed proxies and Git's allow-list (scrubbing).
"""

import ipaddress
import sys

# What was refused, so that a test fails also where a library swallowed the refusal.
refused: list[str] = []

_ADDRESSED = frozenset({"socket.bind", "socket.connect", "socket.sendmsg", "socket.sendto"})
_NAMED = frozenset({"socket.getaddrinfo", "socket.gethostbyaddr", "socket.gethostbyname"})


class NetworkRefused(RuntimeError):
    """A test reached for a machine that is not this one."""


def is_here(host: object) -> bool:
    """Whether a host, as a socket call names it, is this machine."""
    if isinstance(host, bytes):
        host = host.decode(errors="replace")
    if host in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(str(host).split("%", 1)[0]).is_loopback
    except ValueError:
        return False


def watch() -> None:
    """Begins to watch this process; there is no end to it."""
    sys.addaudithook(_hook)


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if event in _ADDRESSED:
        address = arguments[1]
        # A path or nothing: a Unix socket, or one that was connected before.
        if isinstance(address, tuple) and address and not is_here(address[0]):
            _refuse(event, address[0])
    elif event in _NAMED and not is_here(arguments[0]):
        _refuse(event, arguments[0])


def _refuse(event: str, host: object) -> None:
    refused.append(f"{event} to {host!r}")
    raise NetworkRefused(f"{event} to {host!r}: tests have no network but loopback")
