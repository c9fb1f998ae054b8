"""A disk without room: a clear error, and what an engine had done is recorded as soon as there is room again."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.checkout import Checkout
from tests.program import Program
from tests.rudeness.scene import GATED, Scene, scene_of


@pytest.fixture
def small(
    repository: Checkout, run_runner: Program, tmp_path: Path, terraform_binary: Path
) -> Iterator[Scene]:
    """A clone whose own directory lies on a disk of a few megabytes."""
    place = repository.path / ".git/runner"
    place.mkdir(mode=0o700)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m,mode=0700", "tmpfs", str(place)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here (that needs root)")
    try:
        yield scene_of(repository, run_runner, tmp_path / "gates", stack=GATED)
    finally:
        run_runner.end()
        subprocess.run(["umount", "-l", str(place)], check=True)


def fill(scene: Scene) -> Callable[[], None]:
    """Takes all the room there is; returns what gives it back."""
    filler = scene.clone.path / ".git/runner/filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue
    return filler.unlink


def test_a_disk_that_is_full_from_the_start_is_told_and_nothing_is_changed(small: Scene) -> None:
    small.open_gate(0)
    small.run("up", "prod", "--yes")
    small.wish(1)
    small.open_gate(1)
    before = small.entries("prod")
    empty = fill(small)
    ran = small.program("up", "prod", "--yes", "--json", cwd=small.clone.path)
    assert ran.code not in (0, 9), ran.stdout[-2000:]
    assert "Traceback" not in ran.stderr, ran.stderr
    assert '"type":"applied"' not in ran.stdout
    empty()
    assert small.entries("prod") == before
    small.run("up", "prod", "--yes")
    small.all_is_told()


def test_a_disk_that_fills_while_the_engine_works_loses_nothing(small: Scene) -> None:
    small.open_gate(0)
    small.run("up", "prod", "--yes")
    small.wish(1)
    watched = small.start("up", "prod", "--yes")
    watched.until(lambda each: small.reached(1))
    empty = fill(small)
    small.open_gate(1)
    code = watched.finish()
    assert code in (1, 9, 130), watched.told[-2:]
    assert "Traceback" not in watched.errors.read_text()
    empty()
    small.goes_on()
    # What it said was made is live, or was replaced on the record, or is named.
    a = next(each for each in watched.told if each["type"] == "applied" and each["action"] == "create")
    assert a["address"] == "terraform_data.a"
    assert a["id"] in {*small.ids().values(), *small.unknown_ever()}
    assert os.path.ismount(small.clone.path / ".git/runner")
    small.all_is_told()
