"""Whether what Pulumi programs open is in their closures: `python -m tests.bench.program_runs CLONE`.

Every stack's program is run as its head has it, with all that is not of the repository stood in for (standing_in), and
each file of the repository that it opens, or hands to another program, must be in the closure.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from runner.decisions.lookup import located
from runner.decisions.pulumi_closure import pulumi_closure
from runner.git.repository import Repository
from runner.model.stack import EngineName
from runner.model.target import Target
from runner.source.index import MemoryIndex
from tests.bench import standing_in
from tests.bench.precision import Commit

_SECONDS = 300


def _written(commit: Commit, top: Path) -> None:
    """The files of a commit, as far as the clone has them."""
    for path, content in commit.tree.read_many(commit.paths).items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_bytes(content)


def _ran(target: Target, top: Path, places: str) -> dict[str, Any]:
    words = (top, target.stack.directory, target.name.environment, places)
    done = subprocess.run(
        [sys.executable, standing_in.__file__, *map(str, words)],
        capture_output=True,
        text=True,
        check=True,
        timeout=_SECONDS,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _runs(clone: Path, places: str) -> Iterator[tuple[Target, dict[str, Any], set[str]]]:
    """Each target, how its program ran, and what it opened that its closure lacks."""
    repository = Repository.open(clone)
    commit = Commit(repository, repository.tree_of("HEAD"), MemoryIndex())
    with TemporaryDirectory(prefix="bench-") as place:
        top = Path(place).resolve()
        _written(commit, top)
        for name, target in sorted(commit.targets.items(), key=str):
            if target.stack.engine.name is EngineName.PULUMI:
                closure = pulumi_closure(target, commit.side.gates[name.environment], commit.code)
                read = {located(commit.code, path).path for path in closure.paths}
                ran = _ran(target, top, places)
                yield target, ran, set(ran["opened"]) - read
    repository.close()


def main() -> int:
    """Prints what is missing of each, and sums; 1 where anything is."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.program_runs", description=__doc__)
    parser.add_argument("clone", type=Path, metavar="CLONE")
    parser.add_argument(
        "--places", default=".:src", help="where modules are installed from, with `:` between"
    )
    chosen = parser.parse_args()
    stacks = statements = failed = opened = lacking = 0
    for target, ran, missing in _runs(chosen.clone, chosen.places):
        stacks, statements, failed = stacks + 1, statements + ran["statements"], failed + ran["failed"]
        opened, lacking = opened + len(ran["opened"]), lacking + len(missing)
        for path in sorted(missing):
            print(f"{target.name} opens {path}, which its closure lacks")
    print(
        f"{stacks} stacks, {statements} statements, of which {failed} failed, opened {opened} files; {lacking} lacking"
    )
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
