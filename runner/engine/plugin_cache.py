"""Providers shared by the runs of one machine: Terraform's plugin cache, which is not made for two at once.

`init` unpacks into the cache in place, so whoever may write holds it alone; who only reads shares it.
"""

from __future__ import annotations

import contextlib
import fcntl
import re
from collections.abc import Iterator
from pathlib import Path

from runner.kit.process import Stop

_LOCKED = re.compile(rb'provider\s+"([^"]+)"\s*\{\s*version\s*=\s*"([^"]+)"')
# Anything but built-in resources and local modules needs a provider, or may.
_NEEDS = re.compile(
    rb'required_providers|^\s*provider\s+"|(?:resource|data|ephemeral)\s+"(?!terraform_)|source\s*=\s*"(?!\.\.?/)',
    re.MULTILINE,
)
_PATIENCE = 0.05  # seconds between two looks at a cache that somebody holds


def needs_providers(root: Path) -> bool:
    """Whether code in `root` may need a provider that is not built in. In doubt, yes."""
    for pattern in ("*.tf", "*.tofu"):
        if any(_NEEDS.search(file.read_bytes()) for file in root.rglob(pattern) if file.is_file()):
            return True
    return any(True for pattern in ("*.tf.json", "*.tofu.json") for _ in root.rglob(pattern))


def holds_all(cache: Path, lock_file: Path) -> bool:
    """Whether every provider that `lock_file` names is in the cache already."""
    if not lock_file.is_file():
        return False
    locked = _LOCKED.findall(lock_file.read_bytes())
    return all((cache / name.decode() / version.decode()).is_dir() for name, version in locked)


@contextlib.contextmanager
def held(cache: Path, stop: Stop, *, alone: bool) -> Iterator[None]:
    """Holds the cache, shared or alone, while the block runs; waits for those who hold it otherwise. After a stop was
    requested it is not waited for, nor held: whatever the block would start refuses to start then."""
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    wanted = (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB
    with (cache / ".lock").open("a") as lock:
        while True:
            try:
                fcntl.flock(lock, wanted)
                break
            except BlockingIOError:
                if stop.wait(_PATIENCE):
                    break
        yield
