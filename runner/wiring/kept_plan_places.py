"""Where this clone keeps plans for its next preview, what seals them, and what stands around the engine."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from runner.engine.child import CREDENTIAL_FILES
from runner.errors import AskedWrongly
from runner.kit.canonical import encode
from runner.kit.crypto import KeyRing, generate, ring_of
from runner.model.environment import Gates
from runner.vault import KeptPlans
from runner.vault.kept_plans import SealedKeptPlans
from runner.vault.keys import read_key, write_key
from runner.wiring.children import ambient_variables

DIRECTORY = Path("runner", "kept")
"""Below the Git directory."""


def kept_plans_of(
    gates: Gates, variables: Mapping[str, str], git_directory: Path, keys: KeyRing | None, ledger: str
) -> KeptPlans:
    """The kept plans of an environment. `keys` None: it has none yet, so a key of this clone does, which seals nothing
    else."""
    directory = git_directory / DIRECTORY
    return SealedKeptPlans(
        directory=directory,
        keys=keys or _key_of_clone(directory / "key"),
        ledger=ledger,
        around=_around(variables, gates),
        max_bytes=gates.plans.max_bytes,
    )


def _around(variables: Mapping[str, str], gates: Gates) -> bytes:
    """What a preview's child gets of the world, before any role is assumed, and which state its credential files are
    in: their region or account may be another one tomorrow."""
    given = ambient_variables(variables, gates, "preview")
    identity = gates.credentials.preview
    names = {*CREDENTIAL_FILES, *(identity.files if identity else ())}
    files: dict[str, list[int]] = {}
    for name in names & given.keys():
        with suppress(OSError):
            about = Path(given[name]).stat()
            files[name] = [about.st_mtime_ns, about.st_size]
    return encode({"variables": _text(given), "files": files})


def _text(given: Mapping[str, str]) -> dict[str, str]:
    """A variable may hold bytes that are no text."""
    return {name: value.encode("utf-8", "surrogateescape").hex() for name, value in given.items()}


def _key_of_clone(path: Path) -> KeyRing:
    """The clone's own key, made where there is none that can be used: what an older one sealed is planned anew. Where
    the disk takes none, one of this command alone does."""
    with suppress(AskedWrongly, OSError):
        if (found := read_key(path)) is not None:
            return ring_of(found)
    made = generate()
    with suppress(
        AskedWrongly, OSError
    ):  # another run was first: then what this one keeps is of no use, once
        path.unlink(missing_ok=True)
        write_key(path, made)
    return ring_of(made)
