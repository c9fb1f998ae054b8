"""What is checked beside us is what would have been checked here, and a checker that is not there is not missed.

Each story is a process of its own: a checker is a twin of its process, which there is not where other threads run, as
they do in a test's.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

_STORY = """
import os, signal, sys
from pathlib import Path
from runner.config import REMEMBERED, FileKind
from runner.config.schema.checking import check
from runner.wiring.head_start import HeadStart

GOOD = "branch: main\\ninputs: {größe: [1, 'zwei']}\\nleases: {term: 60s}\\n".encode()
clone, start, files = Path(sys.argv[1]), HeadStart(), []

def here(kind, file, content, limit):
    files.append(file)
    return check(kind, file, content, limit)

def children():
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()

"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "below").mkdir()
    return tmp_path


def _told(clone: Path, story: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(
        [sys.executable, "-c", _STORY + story, clone], capture_output=True, check=False, env=environment
    )


def _goes_well(clone: Path, story: str) -> None:
    told = _told(clone, story)
    assert told.returncode == 0, told.stderr.decode()


def test_a_file_is_checked_beside_us_as_it_is_here(clone: Path) -> None:
    _goes_well(
        clone,
        """
start.begin(clone / "below")
found = start.checker(here)(FileKind.ENVIRONMENT, "environments/prod.yaml", GOOD, 1000)
assert found == check(FileKind.ENVIRONMENT, "environments/prod.yaml", GOOD, 1000)
assert found.value
assert files == [], files
start.end()
assert children() == []
""",
    )


def test_mistakes_are_told_by_the_one_that_asks(clone: Path) -> None:
    _goes_well(
        clone,
        """
start.begin(clone)
checker = start.checker(here)
assert checker(FileKind.RUNNER, "runner.yaml", b"limits: {targets: many}\\nlimit: \\xff\\n", 1000).mistakes
assert checker(FileKind.RUNNER, "again.yaml", b"limits: {targets: 3}\\n", 1000).value
assert files == ["runner.yaml"], "a file with a mistake is no reason to check the next one here"
""".replace("\\\\", "\\"),
    )


def test_a_checker_that_dies_is_not_missed(clone: Path) -> None:
    _goes_well(
        clone,
        """
start.begin(clone)
(pid,) = children()
os.kill(int(pid), signal.SIGKILL)
assert start.checker(here)(FileKind.ENVIRONMENT, "environments/prod.yaml", GOOD, 1000).value
assert files == ["environments/prod.yaml"]
assert children() == []
""",
    )


def test_nobody_is_started_where_the_configuration_was_checked_before(clone: Path) -> None:
    _goes_well(
        clone,
        """
(clone / ".git" / "runner").mkdir()
(clone / ".git" / "runner" / REMEMBERED).write_text("")
start.begin(clone)
start.begin(Path("/"))
assert children() == []
""",
    )


def test_nobody_is_started_beside_another_thread(clone: Path) -> None:
    _goes_well(
        clone,
        """
import threading
waits = threading.Event()
threading.Thread(target=waits.wait).start()
start.begin(clone)
assert children() == []
waits.set()
""",
    )


def test_what_it_prints_is_nobodys_and_its_end_is_not_waited_for(clone: Path) -> None:
    told = _told(
        clone, "start.begin(clone); print('said')\nprint(*children(), flush=True); os.kill(os.getpid(), 9)"
    )
    *_, said, pid = told.stdout.decode().split()
    assert said == "said"
    _ends(int(pid))


def _ends(pid: int) -> None:
    """The pipe of its output was ours to read to its end; now the process itself."""
    try:
        watch = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        assert select.select([watch], [], [], 30)[0], "it outlived the one that asked"
    finally:
        os.close(watch)
