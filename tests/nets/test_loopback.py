"""The network ends at this machine."""

import asyncio
import contextlib
import socket
import urllib.request

import pytest

from tests.nets import loopback

# TEST-NET-1: nobody's; and a name that is nobody's either.
_ELSEWHERE = ("192.0.2.1", 80)
_NAME = "example.invalid"


@pytest.fixture(autouse=True)
def _refusals_are_meant(nets: None) -> object:
    yield
    loopback.refused.clear()


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.8.9.1", "::1", "localhost", "", None, b"localhost", "::1%lo"]
)
def test_this_machine_is_here(host: object) -> None:
    assert loopback.is_here(host)


@pytest.mark.parametrize(
    "host", ["192.0.2.1", "0.0.0.0", "::", "example.invalid", b"example.invalid", "localhost.evil.test"]
)
def test_another_is_not(host: object) -> None:
    assert not loopback.is_here(host)


def test_a_connection_elsewhere_is_refused() -> None:
    with socket.socket() as plug, pytest.raises(loopback.NetworkRefused):
        plug.connect(_ELSEWHERE)
    assert loopback.refused == ["socket.connect to '192.0.2.1'"]


def test_a_datagram_elsewhere_is_refused() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as plug, pytest.raises(loopback.NetworkRefused):
        plug.sendto(b"x", _ELSEWHERE)


def test_a_name_is_not_even_looked_up() -> None:
    with pytest.raises(loopback.NetworkRefused):
        socket.getaddrinfo(_NAME, 443)


def test_a_port_for_everybody_is_refused() -> None:
    with socket.socket() as plug, pytest.raises(loopback.NetworkRefused):
        plug.bind(("0.0.0.0", 0))


def test_a_library_meets_it_too() -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with pytest.raises(loopback.NetworkRefused):
        opener.open(f"http://{_NAME}/")


def test_asyncio_meets_it_too() -> None:
    async def reach() -> None:
        await asyncio.open_connection(*_ELSEWHERE)

    with pytest.raises(loopback.NetworkRefused):
        asyncio.run(reach())


def test_what_a_library_swallows_is_still_known() -> None:
    with contextlib.suppress(loopback.NetworkRefused):
        socket.getaddrinfo(_NAME, 443)
    assert loopback.refused


def test_loopback_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass
    assert not loopback.refused
