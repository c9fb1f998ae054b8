"""How exact `affected` is on the history of a clone that you name: `python -m tests.bench.precision CLONE...`.

Each commit of the first-parent history is compared with its parent, as `runner affected COMMIT` does, for every root of
the repository; the clone is only read. A root is a directory of code that nobody calls, or that has a backend.
"""

from __future__ import annotations

import argparse
import posixpath
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from runner.decisions.affected import Side, affected
from runner.decisions.closure_difference import calls_of
from runner.decisions.footprint import Touched, touched_by
from runner.git.commit_tree import CommitTree
from runner.git.ranges import changed_paths
from runner.git.repository import Repository
from runner.kit.tree import Kind
from runner.model.environment import Gates, Wishes
from runner.model.names import TargetName
from runner.model.stack import EngineName, EngineWish, Stack
from runner.model.target import Target
from runner.operations.known_programs import KnownPrograms, programs_of
from runner.source.facts import CodeReader
from runner.source.index import MemoryIndex
from tests.bench.plain_reading import PlainProgram, PlainReading

_CODE = (".tf", ".tf.json", ".py")
_NO_ROOTS = ("modules/", "examples/", "example/", "test/", "tests/", "fixtures/", "templates/")
HEADING = (
    "repository", "head", "roots", "modules", "commits", "directory rule", "runner", "grep",
    "missed", "more", "computed",
)  # fmt: skip


@dataclass(slots=True)
class Tally:
    """Sums over the commits. `missed`: by us and not by grep; `more`: the other way round, `computed` those of them of
    which we say that a path is computed."""

    commits: int = 0
    roots: int = 0
    modules: int = 0
    ours: int = 0
    beside: int = 0
    plain: int = 0
    missed: int = 0
    more: int = 0
    computed: int = 0
    told: list[str] = field(default_factory=list)


class Commit:
    """One tree, with its roots as targets of one environment."""

    def __init__(self, repository: Repository, tree: str, index: MemoryIndex) -> None:
        self.tree = CommitTree(repository, tree)
        self.code = CodeReader(self.tree, index)
        nodes = [node for node in self.tree.walk(".") if node.kind is not Kind.MODULE]
        self.paths = frozenset(node.path for node in nodes)
        self.modules: set[str] = set()
        self.targets = {target.name: target for target in (*self._terraform(), *self._pulumi())}
        environments = {name.environment for name in self.targets} | {"all"}
        self.side = Side(
            targets=self.targets,
            wishes={name: Wishes(environment=name) for name in environments},
            gates={name: Gates(environment=name, branch="main") for name in environments},
            code=self.code,
        )
        code = self.tree.read_many([path for path in self.paths if path.endswith(_CODE)])
        self.terraform, self.pulumi = PlainReading(self.paths, code), PlainProgram(self.paths, code)
        self.programs = KnownPrograms({})

    def read_programs(self, known: KnownPrograms, touched: Touched) -> None:
        """As `runner affected` does: those anew that the way from a tree where they are known crosses."""
        kept = {
            (target.stack.directory, name.environment): known.found[name]
            for name in known.found.keys() - known.crossed(touched)
            if (target := self.targets.get(name))
        }
        self.programs = programs_of(self.side, self.code, kept)

    def _terraform(self) -> Iterator[Target]:
        places = sorted(
            {posixpath.dirname(path) or "." for path in self.paths if path.endswith((".tf", ".tf.json"))}
        )
        self.code.load(places)
        self.modules = {place for each in places for _, place in calls_of(each, self.code, opentofu=False)}
        for place in places:
            facts = self.code.module(place)
            called = place in self.modules or any(f"/{each}" in f"/{place}/" for each in _NO_ROOTS)
            if facts is not None and (facts.backend is not None or not called):
                yield _target("all", place, EngineName.TERRAFORM)

    def _pulumi(self) -> Iterator[Target]:
        for path in self.paths:
            place, name = posixpath.split(path)
            stem, ending = posixpath.splitext(name)
            if ending == ".yaml" and stem.startswith("Pulumi.") and f"{place}/Pulumi.yaml" in self.paths:
                yield _target(stem.removeprefix("Pulumi."), place, EngineName.PULUMI)

    def plain(self, target: Target) -> PlainReading:
        """What the target is held against."""
        return self.pulumi if target.stack.engine.name is EngineName.PULUMI else self.terraform


def _target(environment: str, place: str, engine: EngineName) -> Target:
    stack = Stack(name=place, directory=place, engine=EngineWish(name=engine))
    return Target(name=TargetName(environment=environment, stack=place), stack=stack)


def measured(clone: Path, commits: int) -> Tally:
    """Compares the newest `commits` commits that change anything, each with its first parent."""
    repository, tally, index = Repository.open(clone), Tally(), MemoryIndex()
    ids = _git(clone, "rev-list", "--first-parent", f"--max-count={commits + 1}", "HEAD").split()
    after: Commit | None = None
    for newer, older in pairwise(ids):
        trees = [repository.tree_of(each) for each in (older, newer)]
        differing = changed_paths(repository, *trees)
        if not differing:
            continue
        if after is None:
            after = Commit(repository, trees[1], index)
            after.read_programs(KnownPrograms({}), touched_by((), after.tree, after.tree))
        before = Commit(repository, trees[0], index)
        changed = {each.path for each in differing}
        touched = touched_by(changed, before.tree, after.tree)
        _compared(before, after, changed, touched, tally)
        before.read_programs(after.programs, touched)
        tally.roots, tally.modules = (
            max(tally.roots, len(after.targets)),
            max(tally.modules, len(after.modules)),
        )
        after = before
    repository.close()
    return tally


def _compared(before: Commit, after: Commit, changed: set[str], touched: Touched, tally: Tally) -> None:
    """Those that stand on both sides: births and ends are no matter of precision."""
    both = before.targets.keys() & after.targets.keys()
    among = both - (after.programs.found.keys() - after.programs.crossed(touched))
    found = affected(before.side, after.side, changed, among=among)
    rows = {name: row for name, row in found.items() if name in both}
    tally.commits += 1
    tally.ours += len(rows)
    for name in both:
        target = after.targets[name]
        stack, sides = target.stack.directory, (before.plain(target), after.plain(target))
        plain = _is_settings(target, changed) or any(
            path in side.paths and side.reads(stack, path) for path in changed for side in sides
        )
        beside = any(path in side.paths and side.beside(stack, path) for path in changed for side in sides)
        tally.plain += plain
        tally.beside += beside or plain
        tally.missed += plain and name not in rows
        if plain and name not in rows:
            tally.told.append(f"missed {name}: {sorted(changed)[:4]}")
        if name in rows and not plain:
            tally.more += 1
            computed = any("computed" in each or "whole" in each for each in rows[name].because)
            tally.computed += computed
            tally.told.append(f"more {name}: {rows[name].because[0]}")


def _is_settings(target: Target, changed: Iterable[str]) -> bool:
    return f"{target.stack.directory}/Pulumi.{target.name.environment}.yaml" in changed


def row_of(clone: Path, tally: Tally) -> Mapping[str, str]:
    """One line of the table; means are of targets a commit."""
    origin = _git(clone, "config", "--default", str(clone), "--get", "remote.origin.url").strip()
    name = "/".join(origin.removesuffix("/repo").removesuffix(".git").replace("+", "/").rsplit("/", 2)[-2:])
    mean = max(tally.commits, 1)
    cells = (
        name, _git(clone, "rev-parse", "--short=9", "HEAD").strip(), f"{tally.roots:,}", f"{tally.modules:,}",
        f"{tally.commits:,}", f"{tally.beside / mean:.2f}", f"{tally.ours / mean:.2f}", f"{tally.plain / mean:.2f}",
        str(tally.missed), str(tally.more), str(tally.computed),
    )  # fmt: skip
    return dict(zip(HEADING, cells, strict=True))


def _git(clone: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=clone, check=True, capture_output=True, text=True).stdout


def main() -> int:
    """Prints the table as markdown."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.precision", description=__doc__)
    parser.add_argument("clones", nargs="+", type=Path, metavar="CLONE")
    parser.add_argument("--commits", type=int, default=200, help="as many of each, the newest first")
    parser.add_argument("--told", action="store_true", help="what grep and runner see differently, on stderr")
    chosen = parser.parse_args()
    print(f"| {' | '.join(HEADING)} |\n|{'---|' * len(HEADING)}", flush=True)
    for clone in chosen.clones:
        tally = measured(clone, chosen.commits)
        print(f"| {' | '.join(row_of(clone, tally).values())} |", flush=True)
        for line in tally.told if chosen.told else ():
            print(line, file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
