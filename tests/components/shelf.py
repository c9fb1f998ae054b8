"""Where parts are kept: one directory of the user's cache, filled under a lock and by renames only."""

import contextlib
import fcntl
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# Set by whoever empties HOME, so that the children still find the shelf.
LOCATION = "GITOPS_RUNNER_TEST_CACHE"


class Unobtainable(Exception):
    """A part cannot be had on this machine; the text says why."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """The cache directory. A part is there when its note is, and its note is written after the part was run."""

    root: Path

    @classmethod
    def of_this_user(cls) -> "Shelf":
        """`$GITOPS_RUNNER_TEST_CACHE`, else `$XDG_CACHE_HOME/gitops-runner-tests`, else the same under ~/.cache."""
        if named := os.environ.get(LOCATION):
            return cls(Path(named))
        caches = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        return cls(Path(caches) / "gitops-runner-tests")

    @property
    def mirror(self) -> Path:
        """What Terraform's `filesystem_mirror` and OpenTofu's may point at: HOST/NAMESPACE/TYPE/VERSION/PLATFORM/."""
        return self.root / "mirror"

    def holds(self, part: str) -> bool:
        """Whether the part was obtained, run and put in place."""
        return self._note(part).is_file()

    def mark(self, part: str, said: str) -> None:
        """Notes that the part is in place, with what it said when it was run."""
        self._note(part).parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=self.root, delete=False) as note:
            note.write(said.strip() + "\n")
        os.replace(note.name, self._note(part))

    def place(self, made: Path, at: Path) -> None:
        """Renames what was made to where it belongs; what is already there without its note was never finished."""
        if at.exists():
            shutil.rmtree(at)
        at.parent.mkdir(parents=True, exist_ok=True)
        os.rename(made, at)

    @contextlib.contextmanager
    def bench(self) -> Iterator[Path]:
        """A directory on the shelf's own file system to make a part in; it is gone afterwards."""
        made = Path(tempfile.mkdtemp(prefix="making-", dir=self.root))
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """One maker at a time, also between checkouts."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print(
                    "components: another run is obtaining them, waiting for it", file=sys.stderr, flush=True
                )
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _note(self, part: str) -> Path:
        return self.root / "complete" / part


def platform_name() -> str:
    """As Terraform's directories are named: `linux_amd64`, `darwin_arm64`."""
    machine = platform.machine().lower()
    return f"{sys.platform}_{ {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(machine, machine) }"
