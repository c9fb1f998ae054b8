"""What benches run in: repositories of many small stacks, remotes that take their time, and the program."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.checkout import Checkout, new_clone, new_remote

RUNNER = (sys.executable, "-P", "-m", "runner")
KEY = "c2l4dGVlbiBieXRlcyBhbmQgc2l4dGVlbiBtb3JlISE="
"""The state key of every clone here, so that none has to be made and handed on."""


def variables() -> dict[str, str]:
    """The environment of both sides: without the switch that makes Python compile everything again each time."""
    quiet = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return quiet | {"GITOPS_RUNNER_KEY": KEY}


def run(*words: str | Path, cwd: Path, seconds: float | None = None) -> str:
    """What a program printed; the bench ends where it fails. subprocess.TimeoutExpired after `seconds`."""
    done = subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env=variables(),
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )
    if done.returncode != 0:
        raise SystemExit(
            f"`{' '.join(map(str, words))}` ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        )
    return done.stdout


def started(*words: str | Path, cwd: Path) -> subprocess.Popen[bytes]:
    """A program under way; what it says is in `told` beside its clone."""
    with (cwd / ".git" / "told").open("wb") as told:
        return subprocess.Popen(
            [str(word) for word in words], cwd=cwd, env=variables(), stdout=told, stderr=subprocess.STDOUT
        )


@contextmanager
def place() -> Iterator[Path]:
    """A directory that is gone afterwards."""
    with TemporaryDirectory(prefix="bench-") as top:
        yield Path(top)


def published(files: Mapping[str, str], at: Path) -> Checkout:
    """A clone at `at/origin` of a remote at `at/remote.git`, with `files` pushed to `main`."""
    clone = new_clone(new_remote(at / "remote.git"), at / "origin")
    clone.git("symbolic-ref", "HEAD", "refs/heads/main")
    clone.commit(files, "begin")
    clone.push()
    return clone


def cloned(origin: Checkout, at: Path) -> Path:
    """A fresh clone: nothing is cached in it."""
    shutil.rmtree(at, ignore_errors=True)
    return new_clone(origin.remote, at).path


def slow(remote: Path, seconds: float) -> None:
    """From now on every push takes `seconds` longer."""
    hook = remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\nexec sleep {seconds}\n")
    hook.chmod(0o755)


def forget_caches() -> None:
    """Nothing that the program or Git keeps in the directories of the bench's own, empty HOME is left."""
    home = Path(os.environ["HOME"])
    if home == Path(pwd.getpwuid(os.getuid()).pw_dir):
        raise SystemExit("`scrub()` comes first: these caches are the user's")
    shutil.rmtree(home / ".cache", ignore_errors=True)


def problems(told: str) -> list[str]:
    """The messages in what a run told as JSON lines, and whatever in it is none."""
    lines = told.splitlines()
    words = [line for line in lines if not line.startswith("{")]
    for line in lines:
        each = json.loads(line) if line.startswith("{") else {}
        found = [*each.get("diagnostics", []), *([each["diagnostic"]] if "diagnostic" in each else [])]
        words += [f"{problem['code']}: {problem['message']}" for problem in found]
    return words


def targets(told: str) -> dict[str, str]:
    """Target -> outcome, of what a run told as JSON lines."""
    objects = [json.loads(line) for line in told.splitlines()]
    return {each["target"]: each["outcome"] for each in objects if each["type"] == "target_finished"}
