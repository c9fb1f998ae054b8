"""What is checked beside us is what would have been checked here, and a checker that is not there is not missed."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.config import Checked, FileKind
from runner.config.schema.checking import check
from runner.wiring.head_start import REMEMBERED, HeadStart

_GOOD = "branch: main\ninputs: {größe: [1, 'zwei']}\nleases: {term: 60s}\n".encode()
_LIMIT = 1000


class _Here:
    """The checker of this process, and what it was asked."""

    def __init__(self) -> None:
        self.files: list[str] = []

    def __call__(self, kind: FileKind, file: str, content: bytes, limit: int) -> Checked:
        self.files.append(file)
        return check(kind, file, content, limit)


@pytest.fixture
def start() -> Iterator[HeadStart]:
    start = HeadStart()
    yield start
    start.end()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "below").mkdir()
    return tmp_path


def test_a_file_is_checked_beside_us_as_it_is_here(start: HeadStart, clone: Path) -> None:
    here = _Here()
    start.begin(clone / "below", os.environ)
    checked = start.checker(here)(FileKind.ENVIRONMENT, "environments/prod.yaml", _GOOD, _LIMIT)
    assert checked == check(FileKind.ENVIRONMENT, "environments/prod.yaml", _GOOD, _LIMIT)
    assert here.files == []


def test_mistakes_are_told_by_the_one_that_asks(start: HeadStart, clone: Path) -> None:
    here = _Here()
    start.begin(clone, os.environ)
    checker = start.checker(here)
    found = checker(FileKind.RUNNER, "runner.yaml", b"limits: {targets: many}\nlimit: \xff\n", _LIMIT)
    assert found.mistakes
    assert checker(FileKind.RUNNER, "again.yaml", b"limits: {targets: 3}\n", _LIMIT).value
    assert here.files == ["runner.yaml"], "a file with a mistake is no reason to check the next one here"


def test_a_checker_that_dies_is_not_missed(start: HeadStart, clone: Path) -> None:
    here, before = _Here(), _children()
    start.begin(clone, os.environ)
    (pid,) = _children() - before
    os.kill(pid, signal.SIGKILL)
    checked = start.checker(here)(FileKind.ENVIRONMENT, "environments/prod.yaml", _GOOD, _LIMIT)
    assert checked.value
    assert here.files == ["environments/prod.yaml"]
    assert _children() == before


def test_nobody_is_started_where_the_configuration_was_checked_before(start: HeadStart, clone: Path) -> None:
    before = _children()
    (clone / ".git" / REMEMBERED).parent.mkdir()
    (clone / ".git" / REMEMBERED).write_text("")
    start.begin(clone, os.environ)
    start.begin(Path("/"), os.environ)
    assert _children() == before


def test_the_checker_ends_with_whoever_started_it(clone: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from runner.wiring.head_start import HeadStart\n"
        "HeadStart().begin(Path(sys.argv[1]), os.environ)\n"
        "print(open(f'/proc/self/task/{os.getpid()}/children').read(), flush=True); os.kill(os.getpid(), 9)"
    )
    ran = subprocess.run([sys.executable, "-c", program, clone], stdout=subprocess.PIPE, check=False)
    try:
        watch = os.pidfd_open(int(ran.stdout))
    except ProcessLookupError:
        return
    try:
        assert select.select([watch], [], [], 30)[0], "it outlived the one that asked"
    finally:
        os.close(watch)


def _children() -> set[int]:
    """Of this process, ended ones that nobody waited for too."""
    listed = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return {int(each) for each in listed}
