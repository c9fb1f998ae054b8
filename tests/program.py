"""The real program as a child process, under a listed environment."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

# Not the directory it is run in: a repository under test may hold a `runner/` of its own.
COMMAND = (sys.executable, "-P", "-m", "runner")


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run of the program ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def objects(self) -> list[dict[str, object]]:
        """The lines of `--json`."""
        return [json.loads(line) for line in self.stdout.splitlines()]


@dataclass(slots=True)
class Program:
    """Runs `runner`, and ends at the test's end whatever of it still runs."""

    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def __call__(
        self,
        *arguments: str | Path,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        stdin: str = "",
        seconds: float = 300,
    ) -> Ran:
        """Runs to the end; no terminal. `env` comes on top of the list."""
        child = self.start(*arguments, cwd=cwd, env=env)
        stdout, stderr = child.communicate(stdin, timeout=seconds)
        return Ran(child.returncode, stdout, stderr)

    def start(
        self, *arguments: str | Path, cwd: Path, env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[str]:
        """Starts it as the leader of a group of its own, for tests that interrupt or kill it."""
        child = subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            cwd=cwd,
            env=environment(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(child)
        return child

    def end(self) -> None:
        """Kills the groups of those that still run."""
        for child in self.started:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
            child.communicate()


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """What the program sees: the nets' list without pytest's own, and `more`."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")} | dict(
        more or {}
    )
