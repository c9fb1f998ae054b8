"""A real clone with a real remote, for tests that need Git's own answers."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# Equal commits get equal ids, so that a failure can be looked at twice.
_DATES = {"GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z", "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z"}


@dataclass(frozen=True, slots=True)
class Checkout:
    """A work tree and the bare remote it was cloned from."""

    path: Path
    remote: Path

    def git(self, *arguments: str, env: Mapping[str, str] | None = None) -> str:
        """What Git printed, without the newline at its end; fails the test where Git fails."""
        return git(*arguments, cwd=self.path, env=env)

    def write(self, files: Mapping[str, str | bytes | None]) -> None:
        """Writes files by their path in the repository; None removes one."""
        for name, content in files.items():
            file = self.path / name
            if content is None:
                file.unlink()
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, files: Mapping[str, str | bytes | None] | None = None, message: str = "a change") -> str:
        """Writes the files, commits all that differs, and returns the commit's id."""
        self.write(files or {})
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message, env=_DATES)
        return self.git("rev-parse", "HEAD")

    def push(self, branch: str = "main") -> None:
        """Pushes HEAD to a branch of the remote."""
        self.git("push", "--quiet", "origin", f"HEAD:refs/heads/{branch}")


def git(*arguments: str, cwd: Path, env: Mapping[str, str] | None = None) -> str:
    """Runs the real Git in a directory, under the nets' environment and `env`."""
    finished = subprocess.run(
        ["git", *arguments],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, f"git {' '.join(arguments)}: {finished.stderr}"
    return finished.stdout.removesuffix("\n")


def new_remote(at: Path) -> Path:
    """A bare repository whose branch is `main`; nothing is in it."""
    at.mkdir(parents=True)
    git("init", "--quiet", "--bare", "--initial-branch=main", cwd=at)
    return at


def new_clone(remote: Path, at: Path, *, person: str = "Ada Example") -> Checkout:
    """A clone with a person of its own in its local configuration."""
    at.parent.mkdir(parents=True, exist_ok=True)
    git("clone", "--quiet", str(remote), str(at), cwd=at.parent)
    clone = Checkout(at, remote)
    mail = person.lower().replace(" ", ".") + "@example.test"
    for key, setting in {"user.name": person, "user.email": mail, "commit.gpgsign": "false"}.items():
        clone.git("config", key, setting)
    return clone
