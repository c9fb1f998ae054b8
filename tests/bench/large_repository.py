"""`affected` in a repository of 5,000 root modules in 50 environments over 500 shared modules."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from tests.bench.scoreboard import Row, best, in_turns, seconds_of
from tests.bench.yard import RUNNER, place, run
from tests.checkout import git
from tests.decisions.monorepo import Monorepo, drawn

CHANGED = ("modules/l0/web-0/main.tf", "shared/3.json")
"""A leaf module, and a file that expressions read."""

_REPETITIONS = 3
_COMMITS = 200
_MEGABYTES = 100.0


def large(environments: int = 50) -> Monorepo:
    """The repository that this bench and its peers are asked about."""
    return drawn(1, environments=environments, stacks=100, modules=500, padding=8)


def large_repository() -> Iterator[Row]:
    """One leaf module and one shared file are touched, after 199 commits; the answer is held to the drawing: cold,
    warm, and of commits that the clone was never asked about."""
    repository, paths = large(), CHANGED
    edits = [path for path in sorted(repository.files) if path.endswith("outputs.tf")][
        :: len(repository.files) // 600
    ]
    with place() as top:
        clone = top / "clone"
        git("init", "--quiet", "--initial-branch=main", str(clone), cwd=top)
        earlier = [{path: repository.files[path] + "\n"} for path in edits[: _COMMITS - 2]]
        edited = {path: repository.files[path] + "\n" for path in paths}
        imported(clone, [repository.files, *earlier, edited])
        expected = repository.touched(paths)
        cold = best(lambda: asked(clone, expected, cold=True), _REPETITIONS)
        peak = _peak_of(clone)
        warm = best(lambda: asked(clone, expected, cold=False), _REPETITIONS)
        new = min(
            asked(clone, repository.touched(each), cold=False, commit=f"HEAD~{steps}")
            for steps, each in enumerate(reversed(earlier[-_REPETITIONS:]), 1)
        )
    said = "runner affected, 5,000 roots, 500 modules"
    yield Row(what=f"{said}, cold", ours=cold, other=1.0, against="allowed", must=1.0)
    yield Row(what=f"{said}, warm", ours=warm, other=0.2, against="allowed", must=1.0)
    yield Row(what=f"{said}, warm, a new commit", ours=new, other=0.2, against="allowed", must=1.0)
    yield Row(what=f"{said}, memory", ours=peak, other=_MEGABYTES, against="allowed", must=1.0, unit="MB")


def two_sizes() -> Iterator[Row]:
    """The same change, which touches as many targets, in a repository of 1,000 and in one of 5,000 roots: warm, the
    greater one must not cost more than half as much again."""
    sizes = [large(environments=each) for each in (10, 50)]
    with place() as top:
        asking = []
        for number, repository in enumerate(sizes):
            clone = top / str(number)
            git("init", "--quiet", "--initial-branch=main", str(clone), cwd=top)
            path = next(iter(sorted(repository.reads))) + "/main.tf"
            imported(clone, [repository.files, {path: repository.files[path] + "\n"}])
            asking.append(partial(asked, clone, repository.touched([path]), cold=False))
            asking[-1]()
        small, great = in_turns(asking, _REPETITIONS)
    what = "runner affected, warm, 5,000 roots"
    yield Row(what=what, ours=great, other=small, against="1,000 roots, the same change", must=1.5)


def _peak_of(clone: Path) -> float:
    """Megabytes that a cold run takes at most, or a git that it starts; by a process that starts nothing else."""
    shutil.rmtree(clone / ".git" / "runner", ignore_errors=True)
    return float(run(sys.executable, "-c", _WEIGHED, *RUNNER, "affected", "HEAD", cwd=clone)) / 1024


_WEIGHED = """import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"""


def asked(clone: Path, expected: set[str], *, cold: bool, commit: str = "HEAD") -> float:
    """Seconds of one run; the bench ends where an answer is wrong."""
    if cold:
        shutil.rmtree(clone / ".git" / "runner", ignore_errors=True)
    told: list[str] = []
    spent = seconds_of(lambda: told.append(run(*RUNNER, "affected", commit, "--json", cwd=clone)))
    rows = [json.loads(line) for line in told[0].splitlines()]
    found = {row["target"] for row in rows if row["type"] == "affected"}
    if found != expected:
        raise SystemExit(f"affected told {len(found)} targets, and {len(expected)} were drawn")
    return spent


def imported(clone: Path, commits: list[Mapping[str, str]]) -> None:
    """Commits on `main`, through one `git fast-import`: nothing is checked out."""
    parts = []
    for number, files in enumerate(commits, 1):
        parts.append(
            f"commit refs/heads/main\nmark :{number}\ncommitter a <a@example.test> {1767225600 + number} +0000\n"
        )
        parts.append("data 5\nbegin\n" + (f"from :{number - 1}\n" if number > 1 else ""))
        parts += [f"M 100644 inline {path}\ndata {len(text)}\n{text}\n" for path, text in files.items()]
    subprocess.run(["git", "fast-import", "--quiet"], input="".join(parts).encode(), cwd=clone, check=True)
