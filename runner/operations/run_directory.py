"""The private directory of one run, under the Git directory: journal, logs, and the trees that engines work in.

Layout: `<git directory>/runner/runs/<run>/` holds `journal.jsonl`, `lock`, `logs/<target>.log`,
`plans/<target>.{txt,digest}` and `work/<target>/{tree,scratch}`. `work` holds plain states and inputs: it goes as soon
as all of it is recorded.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from threading import Lock

from msgspec import Struct
from msgspec.structs import replace

from runner.kit.journal import Journal, is_held, read
from runner.model.names import TargetName, encoded
from runner.operations.fixed_trees import FixedTree, claimed


class WorkPlaces(Struct, frozen=True, kw_only=True):
    """Where one target's work happens: `tree` is the materialised closure, `scratch` ours. `descriptors` keep the tree
    ours in whoever inherits them."""

    tree: Path
    scratch: Path
    descriptors: tuple[int, ...] = ()


class RunDirectory:
    """An open run. `id` sorts by time and is unique: `20261123T134501Z-1f2e3d`. `shown`: the targets whose plan it did
    not make but showed, each with the run that made it."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.path = journal.directory
        self.id = journal.directory.name
        self.shown: dict[TargetName, str] = {}
        self._fixed: dict[TargetName, FixedTree] = {}
        self._guard = Lock()

    @classmethod
    def begin(cls, git_directory: Path, at: datetime, verb: str, commit: str) -> RunDirectory:
        """A new run; its first line names the verb."""
        name = f"{at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        run = cls(Journal.create(runs_directory(git_directory) / name))
        run.journal.write({"event": "run", "verb": verb, "commit": commit, "at": at.isoformat()})
        return run

    @property
    def descriptor(self) -> int:
        """Children inherit it: the run counts as alive until the last of them is gone."""
        return self.journal.descriptor

    def places(self, target: TargetName, purpose: str = "", *, fixed: bool = False) -> WorkPlaces:
        """Fresh, empty places for one target's work, mode 0700. `fixed`: the tree lies where it lay in other runs."""
        top = self.work(target) if not purpose else self.path / "work" / f"{purpose}-{encoded(str(target))}"
        shutil.rmtree(top, ignore_errors=True)
        places = WorkPlaces(tree=top / "tree", scratch=top / "scratch")
        for place in (places.tree, places.scratch):
            place.mkdir(parents=True, mode=0o700)
        if fixed and not purpose:
            tree = self._fixed_tree(target)
            return replace(places, tree=tree.emptied(), descriptors=(tree.descriptor,))
        return places

    def _fixed_tree(self, target: TargetName) -> FixedTree:
        with self._guard:
            if target not in self._fixed:
                self._fixed[target] = claimed(self.path.parents[2], target)
            return self._fixed[target]

    def work(self, target: TargetName) -> Path:
        """The target's working directory, whether it is there or not."""
        return self.path / "work" / encoded(str(target))

    def log(self, target: TargetName) -> Path:
        """The file of the engine's whole log, redacted."""
        place = self.path / "logs"
        place.mkdir(mode=0o700, exist_ok=True)
        return place / f"{encoded(str(target))}.log"

    def has_log(self, target: TargetName) -> bool:
        """Whether an engine said something of it."""
        return (self.path / "logs" / f"{encoded(str(target))}.log").exists()

    def plan(self, target: TargetName) -> Path:
        """The file of the plan in the engine's own words, redacted."""
        place = self.path / "plans"
        place.mkdir(mode=0o700, exist_ok=True)
        return place / f"{encoded(str(target))}.txt"

    def clear(self, target: TargetName) -> None:
        """Removes the target's working directory: its plain state and inputs."""
        shutil.rmtree(self.work(target), ignore_errors=True)
        with self._guard:
            tree = self._fixed.pop(target, None)
        if tree:
            tree.release()

    def end(self, outcome: str) -> None:
        """Removes all working directories; journal and logs stay, where the run said anything."""
        self._let_go()
        shutil.rmtree(self.path / "work", ignore_errors=True)
        if not _has_spoken(self.path) and not self.shown:
            self.journal.remove()
            return
        shown = {str(target): run for target, run in self.shown.items()}
        with suppress(OSError):  # a full disk: that `work` is gone says it too
            self.journal.write({"event": "end", "outcome": outcome, "shown": shown})
        self.journal.close()

    def leave(self) -> None:
        """Lets go without clearing: something in it is not recorded yet."""
        self._let_go()
        self.journal.close()

    def _let_go(self) -> None:
        for target in list(self._fixed):
            self._fixed.pop(target).release()


def runs_directory(git_directory: Path) -> Path:
    """Where the runs of a clone are kept."""
    return git_directory / "runner" / "runs"


def kept_runs(git_directory: Path) -> Iterator[Path]:
    """The directories of all runs that are kept, newest first."""
    top = runs_directory(git_directory)
    if top.is_dir():
        yield from sorted((place for place in top.iterdir() if place.is_dir()), reverse=True)


def has_died(git_directory: Path, run: str) -> bool:
    """Whether `run` was one of this clone, and no process of it is left."""
    place = runs_directory(git_directory) / run
    return place.is_dir() and not is_held(place)


def abandoned_runs(git_directory: Path) -> Iterator[Path]:
    """Runs that nobody holds any more, but that still have work which was not recorded; oldest first."""
    for place in reversed(list(kept_runs(git_directory))):
        if (place / "work").is_dir() and not is_held(place):
            yield place


def clear_what_never_began(git_directory: Path) -> None:
    """Removes what dead runs laid out and announced no change with: their plain states and inputs serve nobody."""
    for place in abandoned_runs(git_directory):
        journal = Journal.adopt(place)
        if journal is None:
            continue
        try:
            if not any(line["event"] == "intent" for line in read(place)):
                shutil.rmtree(place / "work", ignore_errors=True)
        finally:
            journal.close()


def forget_old_runs(git_directory: Path, keep: int = 100, keep_silent: int = 20) -> None:
    """Removes the oldest runs that have nothing left to record; those that only showed what others had planned take no
    room from those in which an engine said something."""
    room = {True: keep, False: keep_silent}
    for place in kept_runs(git_directory):
        spoke = _has_spoken(place)
        room[spoke] -= 1
        if room[spoke] < 0 and not (place / "work").exists() and not is_held(place):
            shutil.rmtree(place, ignore_errors=True)


def _has_spoken(place: Path) -> bool:
    return (place / "logs").exists() or (place / "plans").exists()
