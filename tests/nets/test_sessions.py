"""Whole sessions under the nets: what they say at their end, and what fails them."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.nets.skips import spoken
from tests.nets.soak import rounds_of, seed

_PROJECT = Path(__file__).parents[2]


def session(tmp_path: Path, test: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Runs one file of tests in a session of its own, under the same conftest and settings."""
    file = tmp_path / "test_inner.py"
    file.write_text(test)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-c",
        "pyproject.toml",
        "-p",
        "tests.conftest",
        *options,
        str(file),
    ]
    return subprocess.run(command, cwd=_PROJECT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("workers", [(), ("-n", "1")])
def test_skips_are_said_last_with_name_and_reason(tmp_path: Path, workers: tuple[str, ...]) -> None:
    ended = session(
        tmp_path,
        "import pytest\ndef test_a():\n    pytest.skip('no moon')\ndef test_b():\n    pass\n",
        *workers,
    )
    assert ended.returncode == 0, ended.stdout
    *_, reason, name = ended.stdout.splitlines()
    assert reason == "skipped 1, because: no moon"
    assert name.endswith("::test_a")


@pytest.mark.parametrize("workers", [(), ("-n", "1")])
def test_the_last_line_says_how_many_tests_of_pulumi_were_not_run(
    tmp_path: Path, workers: tuple[str, ...]
) -> None:
    ended = session(
        tmp_path,
        "import pytest\npytestmark = pytest.mark.pulumi\n"
        "def test_a():\n    pytest.skip('no CLI')\ndef test_b():\n    pass\n",
        *workers,
    )
    assert ended.stdout.splitlines()[-1] == "Pulumi: 1 of 2 tests were NOT run, because: no CLI (1)"


@pytest.mark.parametrize("workers", [(), ("-n", "1")])
def test_a_process_left_running_fails_the_session(tmp_path: Path, workers: tuple[str, ...]) -> None:
    test = (
        "import subprocess, sys\n"
        "def test_a(tmp_path):\n"
        "    command = [sys.executable, '-c', 'import os, time; os.fork() and os._exit(0); time.sleep(300)']\n"
        "    subprocess.run(command, cwd=tmp_path, check=True)\n"
    )
    ended = session(tmp_path, test, *workers)
    assert ended.returncode == 1, ended.stdout
    assert "still running at the end, and killed" in ended.stdout


@pytest.mark.parametrize(
    "body",
    [
        "import warnings; warnings.warn('old', DeprecationWarning)",
        "import socket, contextlib\n    with contextlib.suppress(Exception): socket.getaddrinfo('example.invalid', 1)",
        "open('/dev/null')",
    ],
    ids=["a warning", "a swallowed refusal of the network", "a file left open"],
)
def test_bad_manners_fail_a_test(tmp_path: Path, body: str) -> None:
    ended = session(tmp_path, f"def test_a():\n    {body}\n")
    assert ended.returncode == 1, ended.stdout


def test_an_unknown_marker_fails_the_session(tmp_path: Path) -> None:
    assert session(tmp_path, "import pytest\n@pytest.mark.sometimes\ndef test_a(): pass\n").returncode != 0


def test_a_missing_part_is_a_skip_on_a_laptop_and_a_failure_where_it_is_required(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITOPS_RUNNER_TEST_CACHE", str(tmp_path / "empty"))
    test = "def test_a(tofu_binary): pass\ndef test_b(provider_mirror): pass\n"
    monkeypatch.delenv("GITOPS_RUNNER_TESTS_REQUIRE_COMPONENTS", raising=False)
    assert "2 skipped" in session(tmp_path, test).stdout
    monkeypatch.setenv("GITOPS_RUNNER_TESTS_REQUIRE_COMPONENTS", "1")
    required = session(tmp_path, test)
    assert required.returncode == 1
    assert "opentofu-1.12.6 is not there: run `make components`" in required.stdout


def test_skips_are_gathered_by_reason() -> None:
    said = list(spoken([("b", "Skipped: no moon"), ("c", "no sun"), ("a", "no moon")]))
    assert said == ["skipped 2, because: no moon", "  a", "  b", "skipped 1, because: no sun", "  c"]
    assert not list(spoken([]))


def test_a_tenth_of_the_rounds_is_run_without_a_journal() -> None:
    assert [turn.number for turn in rounds_of("t", 200, journal=None)] == list(range(20))
    assert len(list(rounds_of("t", 3, journal=None))) == 1


def test_a_soak_goes_on_after_the_last_round_that_passed(tmp_path: Path) -> None:
    journal = tmp_path / "soak/journal"
    for turn in rounds_of("t", 5, journal=journal):
        if turn.number == 3:
            break  # as a failure in its body would
    assert [turn.number for turn in rounds_of("t", 5, journal=journal)] == [3, 4]
    assert not list(rounds_of("t", 5, journal=journal))


def test_a_soak_selects_what_is_repeated_in_rounds(tmp_path: Path) -> None:
    test = "def test_a(rounds): pass\ndef test_b(): pass\n"
    ended = session(tmp_path, test, "-m", "soak")
    assert "1 passed, 1 deselected" in ended.stdout, ended.stdout


def test_a_round_has_the_same_seed_each_time_and_another_than_its_neighbour() -> None:
    assert seed("t", 1) == seed("t", 1) != seed("t", 2)
    assert 0 <= seed("t", 1) < 2**32
