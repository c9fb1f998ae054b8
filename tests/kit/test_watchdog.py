"""The watchdog, asked as its process is: who is interrupted when the words end."""

from __future__ import annotations

import io
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.kit.watchdog import name_of, serve
from tests.waiting import until

_CHILD = "trap 'echo told >> told; exit' INT; echo $$ > pid; while [ ! -e enough ]; do sleep 0.02; done"


@pytest.fixture
def mark() -> Iterator[int]:
    reading, writing = os.pipe()
    os.close(writing)
    yield reading
    os.close(reading)


def _child(at: Path, mark: int, *, leads: bool = True) -> subprocess.Popen[bytes]:
    at.mkdir()
    child = subprocess.Popen(
        ["/bin/sh", "-c", _CHILD], cwd=at, pass_fds=(mark,), start_new_session=leads, env={"PATH": os.defpath}
    )
    until((at / "pid").exists, "the child runs")
    return child


def _was_told(at: Path, child: subprocess.Popen[bytes]) -> bool:
    (at / "enough").touch()
    child.wait()
    return (at / "told").exists()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="no /proc on this system")
def test_a_child_that_nobody_told_of_yet_is_known_by_its_mark(mark: int, tmp_path: Path) -> None:
    child = _child(tmp_path / "own", mark)
    started_by_one = _child(tmp_path / "below", mark, leads=False)
    serve(io.StringIO(""), name_of(mark))
    child.wait()
    assert (tmp_path / "own" / "told").exists()
    assert not _was_told(tmp_path / "below", started_by_one), "it is its leader's to interrupt"


def test_one_that_was_left_is_not_interrupted_though_it_has_the_mark(mark: int, tmp_path: Path) -> None:
    child = _child(tmp_path / "own", mark)
    serve(io.StringIO(f"+{child.pid}\n-{child.pid}\n"), name_of(mark))
    assert not _was_told(tmp_path / "own", child)


def test_a_dismissed_watchdog_interrupts_those_it_was_told_of_alone(mark: int, tmp_path: Path) -> None:
    told, untold = _child(tmp_path / "told", mark), _child(tmp_path / "untold", mark)
    serve(io.StringIO(f"+{told.pid}\n.\n"), name_of(mark))
    assert not _was_told(tmp_path / "untold", untold)
    assert _was_told(tmp_path / "told", told)


def test_a_number_that_somebody_else_has_by_now_is_left_alone(mark: int, tmp_path: Path) -> None:
    child = _child(tmp_path / "own", mark, leads=False)
    serve(io.StringIO(f"+{child.pid}\n"), name_of(mark))
    assert not _was_told(tmp_path / "own", child)
