"""Files are whole or not there, and nobody else may read them."""

import os
import sys
from pathlib import Path

import pytest

from runner.kit.private_files import create_file, replace_file
from runner.kit.process import Command, run


@pytest.mark.parametrize("synced", [True, False])
def test_a_file_is_replaced_whole_and_only_its_owner_may_read_it(tmp_path: Path, synced: bool) -> None:
    file = tmp_path / "own" / "file"
    for content in (b"one", b"", b"two"):
        replace_file(file, content, synced=synced)
        assert file.read_bytes() == content
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert os.listdir(file.parent) == ["file"]


def test_a_name_as_long_as_they_may_be_is_replaced(tmp_path: Path) -> None:
    replace_file(tmp_path / ("n" * 255), b"content")
    assert (tmp_path / ("n" * 255)).read_bytes() == b"content"


def test_what_cannot_be_replaced_leaves_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(IsADirectoryError):
        replace_file(tmp_path / "file", b"content")
    assert os.listdir(tmp_path) == ["file"]


def test_a_new_file_takes_nobodys_place_and_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "goal")
    create_file(tmp_path / "file", b"first")
    for name in ("file", "link"):
        with pytest.raises(FileExistsError):
            create_file(tmp_path / name, b"second")
    assert (tmp_path / "file").read_bytes() == b"first"
    assert not (tmp_path / "goal").exists()


FULL = """
import resource, signal, sys
from pathlib import Path
from runner.kit.private_files import create_file, replace_file
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
for write in (create_file, replace_file):
    try:
        write(Path(sys.argv[1], write.__name__), b"x" * 5000)
    except OSError as error:
        print(error.errno)
"""


def test_what_there_is_no_room_for_is_not_written_by_half(tmp_path: Path) -> None:
    (tmp_path / "replace_file").write_bytes(b"before")
    argv = (sys.executable, "-c", FULL, str(tmp_path))
    ran = run(Command(argv=argv, cwd=Path.cwd(), environment=os.environ))
    assert ran.stdout.split() == [b"27", b"27"]
    assert os.listdir(tmp_path) == ["replace_file"]
    assert (tmp_path / "replace_file").read_bytes() == b"before"
