"""A repository whose applies can be watched line by line, and what must hold of it after each mishap."""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from runner.kit.journal import is_held
from tests.checkout import Checkout, git, new_clone
from tests.journeys.stage import Stage, Told
from tests.program import COMMAND, Program, Ran, environment
from tests.waiting import until

TARGET = "prod/slow"

QUICK = """\
variable "n" {}
resource "terraform_data" "a" {
  triggers_replace = var.n
}
resource "terraform_data" "b" {
  triggers_replace = terraform_data.a.id
}
output "b" { value = terraform_data.b.id }
"""

GATED = """\
variable "n" {}
variable "gates" {}
resource "terraform_data" "a" {
  triggers_replace = var.n
}
resource "terraform_data" "b" {
  triggers_replace = terraform_data.a.id
  provisioner "local-exec" {
    command = "touch ${var.gates}/reached-${var.n}; while [ ! -e ${var.gates}/open-${var.n} ]; do sleep 0.05; done"
  }
}
resource "terraform_data" "c" {
  triggers_replace = terraform_data.b.id
}
output "c" { value = terraform_data.c.id }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene(Stage):
    """A stage with one target, `prod/slow`; `gates` is where its provisioner waits for a file `open-<n>`."""

    gates: Path

    def wish(self, number: int | str, *, push: bool = True) -> str:
        """Commits another input, so that everything is to be replaced; the commit."""
        return self.change(self._wished(number), f"wish {number}", push=push)

    def _wished(self, number: int | str) -> dict[str, str | bytes | None]:
        shared = (self.clone.path / "environments/prod.yaml").read_text().split("inputs:")[0]
        return {"environments/prod.yaml": f"{shared}{inputs(number, self.gates)}"}

    def open_gate(self, number: int | str) -> None:
        """Lets the provisioner of that wish end."""
        (self.gates / f"open-{number}").touch()

    def reached(self, number: int | str) -> bool:
        """Whether the provisioner of that wish waits."""
        return (self.gates / f"reached-{number}").exists()

    def start(self, *arguments: str, env: Mapping[str, str] | None = None) -> Watched:
        """Starts a verb that goes at most one line ahead of its reader."""
        return Watched.begin(
            self.program, self.clone.path, (*arguments, "--json"), {**self.environment, **(env or {})}
        )

    def patiently(self, *arguments: str, code: int = 0) -> Told:
        """Runs a verb again until no dead holder's lease is in its way any more."""
        ran: list[Ran] = []

        def answered() -> bool:
            ran.append(self.program(*arguments, "--json", cwd=self.clone.path, env=self.environment))
            return ran[-1].code != 4

        until(answered)
        assert ran[-1].code == code, ran[-1].stdout[-3000:]
        return Told(ran[-1])

    def another(self, name: str) -> Scene:
        """The same in another clone, which has the state's key."""
        clone = new_clone(self.clone.remote, self.clone.path.parent / name, person=name.title())
        clone.git("remote", "set-head", "origin", "main")
        key = self.clone.path / ".git/runner/key"
        if key.exists():
            (clone.path / ".git/runner").mkdir(mode=0o700)
            (clone.path / ".git/runner/key").write_bytes(key.read_bytes())
            (clone.path / ".git/runner/key").chmod(0o600)
        return Scene(clone=clone, program=self.program, environment=self.environment, gates=self.gates)

    def newest_source(self) -> str:
        """The commit that the newest entry at the remote applied."""
        wanted = "--format=%(trailers:key=Source-Commit,valueonly)"
        return git("log", "-1", wanted, "refs/runner/live/prod", cwd=self.clone.remote).strip()

    def ids(self) -> dict[str, str]:
        """Address -> id, of all that the state holds."""
        return {
            f"{each['type']}.{each['name']}": each["instances"][0]["attributes"]["id"]
            for each in self.state(TARGET)["resources"]
        }

    def runs(self) -> list[Path]:
        """The directories of the runs that this clone keeps."""
        top = self.clone.path / ".git/runner/runs"
        return sorted(top.iterdir()) if top.is_dir() else []

    def outbox(self) -> list[Path]:
        """What this clone could not send."""
        return sorted((self.clone.path / ".git/runner/outbox").glob("*.json"))

    def nobody_is_left(self) -> bool:
        """Whether the last process of every run is gone, engines included."""
        return not any(is_held(run) for run in self.runs())

    def goes_on(self) -> list[Told]:
        """What the next person types, until all is live again: `up`, and where something is unknown `state recover`."""
        until(self.nobody_is_left)
        ran = self.program(
            "up", "prod", "--yes", "--json", cwd=self.clone.path, env=self.environment, seconds=120
        )
        assert "Traceback" not in ran.stderr, ran.stderr
        if ran.code == 0:
            return [Told(ran)]
        assert ran.code == 9, f"{ran.code}\n{ran.stdout[-3000:]}\n{ran.stderr}"
        assert "outcome-unknown" in Told(ran).codes
        return [
            Told(ran),
            self.run("state", "recover", TARGET, "--yes"),
            self.run("up", "prod", "--yes"),
        ]

    def all_is_told(self) -> None:
        """Nothing lies about: no lease, no unsent record, no plain state; a stranger believes the record."""
        assert self.run("locks", "prod").rows("lease") == []
        assert self.outbox() == []
        assert [run for run in self.runs() if (run / "work").exists()] == []
        assert self.standing("prod") == {TARGET: "live"}
        stranger = self.another(f"stranger-{time.monotonic_ns()}")
        assert stranger.entries("prod") == self.entries("prod")
        assert stranger.state(TARGET) == self.state(TARGET)
        fences = [each["fence"] for each in self.entries("prod")]
        assert fences == sorted(fences)

    def unknown_ever(self) -> set[str]:
        """The ids that the record names as unknown."""
        named = (text for each in self.entries("prod") for text in each["unknown"])
        return {text.rpartition(" ")[2] for text in named}


def inputs(number: int | str, gates: Path) -> str:
    """The `inputs` of the environment."""
    return f'inputs: {{n: "{number}", gates: "{gates}"}}\n'


def scene_of(
    repository: Checkout, program: Program, gates: Path, *, stack: str = QUICK, settings: str = ""
) -> Scene:
    """`repository` with one target whose code is `stack` and whose environment has these `settings`."""
    if not hasattr(os, "O_DIRECT"):
        pytest.skip("pipes of one packet and /proc are Linux's")
    gates.mkdir()
    gated = "gates" if "var.gates" in stack else ""
    code = stack if gated else 'variable "gates" {}\n' + stack
    repository.commit(
        {
            "runner.yaml": "ledger: {remote: origin}\n",
            "environments/prod.yaml": settings + inputs(0, gates),
            "stacks/slow/main.tf": code,
        },
        "one target",
    )
    repository.push()
    repository.git("remote", "set-head", "origin", "main")
    return Scene(clone=repository, program=program, gates=gates)


class Watched:
    """A run of the program whose standard output is read line by line: it goes at most one line ahead of its reader."""

    def __init__(self, child: subprocess.Popen[bytes], lines: int) -> None:
        self.child = child
        self._lines = lines
        self._rest = b""
        self.told: list[dict[str, Any]] = []

    @classmethod
    def begin(
        cls, program: Program, cwd: Path, arguments: tuple[str, ...], env: Mapping[str, str]
    ) -> Watched:
        """Starts it in a session of its own."""
        # A pipe of one packet: the next write waits until this one was read (pipe(7), O_DIRECT).
        ours, theirs = os.pipe2(os.O_DIRECT | os.O_CLOEXEC)
        fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, 4096)
        errors = (cwd.parent / f"stderr-{time.monotonic_ns()}").open("wb")
        with errors:
            child = subprocess.Popen(
                [*COMMAND, *arguments],
                cwd=cwd,
                env=environment(env),
                stdin=subprocess.DEVNULL,
                stdout=theirs,
                stderr=errors,
                start_new_session=True,
            )
        os.close(theirs)
        program.started.append(child)  # type: ignore[arg-type]  # ended with the others at the test's end
        watched = cls(child, ours)
        watched.errors = Path(errors.name)
        return watched

    errors: Path

    def line(self) -> dict[str, Any] | None:
        """The next object; None at the end."""
        while b"\n" not in self._rest:
            chunk = os.read(self._lines, 1 << 16)
            if not chunk:
                return None
            self._rest += chunk
        line, self._rest = self._rest.split(b"\n", 1)
        found: dict[str, Any] = json.loads(line)
        self.told.append(found)
        return found

    def line_before(self, instant: float) -> bool:
        """Reads a line if one comes before that monotonic instant; whether it may go on reading."""
        if b"\n" not in self._rest:
            left = max(0.0, instant - time.monotonic())
            if not select.select([self._lines], [], [], left)[0]:
                return False
        return self.line() is not None

    def until(self, matches: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first object from here on that matches."""
        while (found := self.line()) is not None:
            if matches(found):
                return found
        raise AssertionError(f"it never came: {self.kinds()}\n{self.errors.read_text()[-2000:]}")

    def kinds(self) -> list[str]:
        """The types of what was told, with the phase of a progress."""
        return [f"{each['type']} {each.get('phase', '')}".strip() for each in self.told]

    def applied_ids(self) -> set[str]:
        """The ids of resources that it said were created."""
        return {
            each["id"]
            for each in self.told
            if each["type"] == "applied" and each["action"] == "create" and each["ok"] and each["id"]
        }

    def first_made(self) -> str:
        """The id of the resource that it said was created first."""
        made: str = next(
            each["id"] for each in self.told if each["type"] == "applied" and each["action"] == "create"
        )
        return made

    def finish(self) -> int:
        """Reads to the end → the exit code."""
        while self.line() is not None:
            pass
        return self.end()

    def end(self) -> int:
        """Waits for its death → the exit code."""
        code = self.child.wait(120)
        with suppress(OSError):
            os.close(self._lines)
        return code

    def signal(self, number: signal.Signals) -> None:
        """Signals the runner alone."""
        self.child.send_signal(number)

    def kill(self, *, engines: bool) -> None:
        """Kills the runner; with `engines` also all that it started, as a machine does that runs out of memory."""
        below = sorted(descendants(self.child.pid)) if engines else []
        # All at once: what is left for an instant would be interrupted by the watchdog, and would end well.
        for pid in below:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        for pid in (self.child.pid, *below):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.finish()  # what was said before the end counts as said


def descendants(pid: int) -> Iterator[int]:
    """All that a process started and what those started, by /proc."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            parents.setdefault(parent, []).append(int(entry.name))
    waiting = [pid]
    while waiting:
        for child in parents.get(waiting.pop(), []):
            yield child
            waiting.append(child)


def ref(remote: Path, name: str) -> str:
    """Where a ref of the bare remote stands; empty where it is not there."""
    return git("for-each-ref", "--format=%(objectname)", name, cwd=remote)
