"""Real bare remotes and real clones of them."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from runner.git.repository import Repository


def git(directory: Path, *arguments: str, env: Mapping[str, str] | None = None, stdin: str = "") -> str:
    """Runs git as a user would, and gives its output."""
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", *identity, *arguments],
        cwd=directory,
        capture_output=True,
        text=True,
        env=env,
        check=False,
        input=stdin,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def hook(bare: Path, name: str, script: str) -> None:
    """Sets a hook of a remote."""
    place = bare / "hooks" / name
    place.parent.mkdir(exist_ok=True)
    place.write_text(f"#!/bin/sh\n{script}\n")
    place.chmod(0o755)


class Remote:
    """A bare repository with one commit on `main`, and clones beside it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._open: list[Repository] = []
        self.path = directory / "remote.git"
        git(directory, "init", "-q", "--bare", "-b", "main", str(self.path))
        git(directory, "clone", "-q", str(self.path), str(directory / "seed"))
        write(directory / "seed", {"stacks/network/main.tf": "# network\n"})
        git(directory / "seed", "switch", "-q", "-c", "main")
        commit(directory / "seed", "first")
        git(directory / "seed", "push", "-q", "origin", "main")

    def clone(self, name: str, *, network_timeout: float = 60.0) -> Repository:
        """A new clone."""
        place = self._directory / name
        git(self._directory, "clone", "-q", str(self.path), str(place))
        repository = Repository.open(place, network_timeout=network_timeout)
        self._open.append(repository)
        return repository

    def close(self) -> None:
        """Ends what the clones keep running."""
        for repository in self._open:
            repository.close()


def write(root: Path, files: Mapping[str, str]) -> None:
    """Writes files."""
    for path, content in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content)


def commit(root: Path, message: str) -> str:
    """Commits all that is there, and gives the commit."""
    git(root, "add", "-A")
    git(root, "commit", "-q", "--allow-empty", "-m", message)
    return git(root, "rev-parse", "HEAD")
