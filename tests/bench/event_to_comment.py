"""From a pull request's event to the comment on it, with 40 affected targets: what of the time is our own, and what is
asked of the forge. A real Gitea, real Terraform with a provider in each stack, the two jobs of the pipeline; what runs
beside us is written down with its times, by who starts it."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.bench.scoreboard import Row
from tests.bench.stacks_of import with_provider
from tests.bench.yard import RUNNER, forget_caches, place, variables
from tests.checkout import git
from tests.components import gitea_build
from tests.components.gitea_server import serving
from tests.components.mirror_parts import LOCAL, LOCAL_VERSION
from tests.components.shelf import Shelf, platform_name
from tests.forge.gitea_bench import GiteaBench, GiteaPeople
from tests.forge.loopback_forge import Reply, Request
from tests.forge.published_request import PublishedRequest
from tests.forge.watched_forge import WatchedForge, watched

TARGETS = 40
_REPETITIONS = 3
_MOST = 0.1
_CALLS = 8 + 4
"""8, and 4 for each affected environment: here it is one."""

Interval = tuple[float, float]


def event_to_comment() -> Iterator[Row]:
    """Cold each time: a fresh clone for each job, no cache of ours."""
    terraform = shutil.which("terraform")
    shelf = Shelf.of_this_user()
    if terraform is None or not all(map(shelf.holds, (gitea_build.NAME, LOCAL))):
        raise SystemExit("this bench needs `terraform` on PATH, and what `make components` builds")
    os.environ["GIT_ALLOW_PROTOCOL"] = "file:http"
    with place() as top:
        (top / "gitea").mkdir()
        program, static = gitea_build.program(shelf), gitea_build.static_files(shelf)
        with serving(program, static, top / "gitea") as server:
            gitea = GiteaBench(GiteaPeople(server))
            with watched(gitea) as seen:
                course = _Course(gitea, seen, top, Path(terraform))
                found = [course.run(number) for number in range(_REPETITIONS)]
            gitea.leave()
    own, whole, calls = (statistics.median(each) for each in zip(*found, strict=True))
    what = f"event to comment, {TARGETS} targets: our part"
    yield Row(
        what=what, ours=own, other=whole, against="the whole: Terraform, forge and remote too", must=_MOST
    )
    what = "what the forge is asked for it"
    yield Row(what=what, ours=calls, other=_CALLS, against="8, and 4 an environment", must=1, unit="calls")


class _Course:
    """A repository of as many stacks as are asked for, and what happens in it, written down with its times."""

    def __init__(self, gitea: GiteaBench, seen: WatchedForge, top: Path, terraform: Path) -> None:
        self._gitea = gitea
        self._seen = seen
        self._top = top
        self._outside = top / "outside"
        self._asked: list[Interval] = []
        binaries = top / "bin"
        binaries.mkdir()
        git_itself = shutil.which("git")
        self._watch(binaries / "terraform", f'{terraform} "$@"', "*")
        self._watch(binaries / "git", f'{git_itself} "$@"', "*' fetch '* | *' ls-remote '* | *' push '*")
        self._path = f"{binaries}{os.pathsep}{os.environ['PATH']}"
        seen.server.routes.clear()
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            seen.server.route(method, "{path+}", self._timed)
        forge = f"forge: {{type: gitea, url: {seen.server.url}}}\n"
        shelf = Shelf.of_this_user()
        files = with_provider(TARGETS - 1, shelf.mirror, LOCAL_VERSION)  # one more is the scene's own
        files["runner.yaml"] += forge
        lock = _locked(files["stacks/s00/main.tf"], top / "lock", shelf.mirror)
        files |= {f"stacks/s{number:02d}/.terraform.lock.hcl": lock for number in range(TARGETS - 1)}
        self.scene = PublishedRequest(gitea, top / "clone", files)
        self._robot = gitea.accounts["robot"]

    def _watch(self, program: Path, command: str, when: str) -> None:
        """Writes down when the program runs, if its words are like `when`."""
        note = f'{{ read -r end _ </proc/uptime; echo "$begun $end" >>{self._outside}; }}'
        ended = f'{command}\ncode=$?\ncase " $* " in {when}) {note} ;; esac\nexit $code'
        program.write_text(f"#!/bin/sh\nread -r begun _ </proc/uptime\n{ended}\n")
        program.chmod(0o755)

    def _timed(self, request: Request) -> Reply:
        begun = _now()
        try:
            return self._seen.passed_on(request)
        finally:
            self._asked.append((begun, _now()))

    def run(self, number: int) -> tuple[float, float, int]:
        """Our seconds, all seconds, and calls, of one pull request."""
        inputs = f"inputs: {{region: eu-west-{number}}}\n"
        pull = self.scene.open(2 + number, {"environments/prod.yaml": inputs})
        payload = {
            "action": "opened",
            "number": pull.number,
            "pull_request": {
                "number": pull.number,
                "base": {"ref": "main"},
                "head": {"sha": pull.head_commit},
            },
        }
        event, artifact = self._top / "event.json", self._top / "preview.json"
        event.write_text(json.dumps(payload))
        told = {
            "GITHUB_ACTIONS": "true",
            "GITEA_ACTIONS": "true",
            "GITHUB_EVENT_NAME": "pull_request",
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_REPOSITORY": self.scene.gitea.path,
            "PATH": self._path,
        }
        forget_caches()
        self._outside.unlink(missing_ok=True)
        self._asked.clear()
        self._seen.calls()
        clones = [self._cloned(self._top / stage) for stage in ("plan", "publish")]
        words = ("--artifact", str(artifact))
        whole = self._job("plan", clones[0], told, *words)
        whole += self._job("publish", clones[1], told | {"GITEA_TOKEN": self._robot.token}, *words)
        [comment] = self.scene.comments(pull)
        assert f"{TARGETS} targets affected, {TARGETS} planned" in comment.body, comment.body[:2_000]
        outside = [_interval(line) for line in self._outside.read_text().splitlines()]
        return whole - _covered([*outside, *self._asked]), whole, len(self._seen.calls())

    def _cloned(self, at: Path) -> Path:
        shutil.rmtree(at, ignore_errors=True)
        remote = self._gitea.server.remote(self._robot, self._gitea.path)
        git("clone", "--quiet", remote, str(at), cwd=self._top)
        return at

    def _job(self, stage: str, clone: Path, told: dict[str, str], *words: str) -> float:
        begun = _now()
        ended = subprocess.run(
            [*RUNNER, "ci", "--stage", stage, *words],
            cwd=clone,
            env=variables() | told,
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode != 0:
            raise SystemExit(
                f"the stage {stage} ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}"
            )
        return _now() - begun


def _locked(code: str, at: Path, mirror: Path) -> str:
    """The lock file of a stack: without one its provider is anybody's."""
    at.mkdir()
    (at / "main.tf").write_text(code)
    words = ("terraform", "providers", "lock", f"-fs-mirror={mirror}", f"-platform={platform_name()}")
    subprocess.run(words, cwd=at, check=True, capture_output=True)
    return (at / ".terraform.lock.hcl").read_text()


def _now() -> float:
    """The clock that the shell has too: seconds since the machine was started."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _interval(line: str) -> Interval:
    begun, ended = line.split()
    return float(begun), float(ended)


def _covered(intervals: Iterable[Interval]) -> float:
    """The seconds that lie in any of them."""
    total, until = 0.0, float("-inf")
    for begun, ended in sorted(intervals):
        total += max(0.0, ended - max(begun, until))
        until = max(until, ended)
    return total
