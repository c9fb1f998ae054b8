"""A program's socket can be named, however deep its directory lies."""

import socket
from pathlib import Path

import pytest

from runner.kit.short_place import short_name


def test_a_socket_opens_in_a_directory_whose_own_path_is_too_long(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 90) / "tmp"
    deep.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as direct, pytest.raises(OSError):
        direct.bind(str(deep / "plugin1234567890"))
    with short_name(deep) as place, socket.socket(socket.AF_UNIX) as door:
        door.bind(str(place / "plugin1234567890"))
        assert (deep / "plugin1234567890").exists()
        assert place.parent.stat().st_mode & 0o077 == 0
    assert not place.parent.exists()


def test_a_short_path_stays_as_it_is(tmp_path: Path) -> None:
    with short_name(Path("/t")) as place:
        assert place == Path("/t")
