"""Whose state a `terraform_remote_state` reads: the known target whose backend says the same."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping

from runner.decisions.reaching import templated
from runner.model.code import ModuleFacts, RemoteState
from runner.model.environment import Gates
from runner.model.names import TargetName
from runner.model.references import Json
from runner.model.target import Target

_IDENTITY: dict[str, tuple[str, ...]] = {
    "s3": ("bucket", "key"),
    "gcs": ("bucket", "prefix"),
    "azurerm": ("storage_account_name", "container_name", "key"),
    "http": ("address",),
    "consul": ("path",),
    "pg": ("conn_str", "schema_name"),
    "kubernetes": ("secret_suffix", "namespace"),
    "oss": ("bucket", "prefix", "key"),
    "cos": ("bucket", "prefix", "key"),
    "oci": ("bucket", "namespace", "key"),
    "remote": ("hostname", "organization", "workspaces"),
    "local": ("path",),
}
"""The attributes that name one state in each backend; all others (region, role) say how to get there."""

Key = tuple[str, ...]


class RemoteStates:
    """Looks up owners of states. Attributes that are computed match nothing: an edge that is guessed orders what
    nobody asked to be ordered."""

    def __init__(
        self,
        targets: Mapping[TargetName, Target],
        facts: Mapping[TargetName, ModuleFacts | None],
        gates: Mapping[str, Gates],
    ) -> None:
        self._targets = targets
        self._owners: dict[Key, list[tuple[TargetName, str]]] = {}
        for name, target in sorted(targets.items()):
            module, own = facts[name], gates.get(name.environment)
            if module is None or module.backend is None:
                continue
            config = dict(module.backend.attributes)
            workspace = ""
            if own is not None:
                workspace = templated(own.terraform.workspace, target)
                for each in own.terraform.backend_config:
                    if not isinstance(each, str):
                        config.update({key: templated(value, target) for key, value in each.items()})
            kind = "remote" if module.backend.type == "cloud" else module.backend.type
            if key := _key(kind, config, target.stack.directory):
                self._owners.setdefault(key, []).append((name, workspace))

    def owners(self, reader: TargetName, remote: RemoteState) -> tuple[TargetName, ...]:
        """The targets whose state `remote`, in the code of `reader`, reads: one of the reader's own environment where
        there is one, else all (one stack in many environments writes one backend block)."""
        identity = _IDENTITY.get(remote.backend, ())
        if any(each.split(".")[0] in {*identity, "config"} for each in remote.computed):
            return ()
        key = _key(remote.backend, remote.config, self._targets[reader].stack.directory)
        found = [
            name
            for name, workspace in self._owners.get(key, ())
            if remote.workspace in ("", workspace or "default")
        ]
        here = [name for name in found if name.environment == reader.environment]
        return tuple(here or found)


def state_files(loaded: Iterable[ModuleFacts], directory: str) -> dict[str, RemoteState]:
    """The files that the code of a stack in `directory` reads as states by a relative path -> who reads it. Paths are
    from the repository's root, `../` where they leave it; an absolute one means the same everywhere and is not among
    them. Every module's paths are relative to the stack's directory, where the engine works."""
    found: dict[str, RemoteState] = {}
    for remote in (each for facts in loaded for each in facts.remote_states if each.backend == "local"):
        path = remote.config.get("path", "" if "path" in remote.computed else "terraform.tfstate")
        if remote.workspace not in ("", "default"):
            place = remote.config.get("workspace_dir", "terraform.tfstate.d")
            path = f"{place}/{remote.workspace}/terraform.tfstate"
        if isinstance(path, str) and path and not path.startswith("/"):
            found.setdefault(_from_root(directory, path), remote)
    return found


def _from_root(directory: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(directory, path))


def _key(kind: str, config: Mapping[str, Json], directory: str) -> Key:
    names = _IDENTITY.get(kind, ())
    values = {name: config.get(name) for name in names}
    if kind == "local":
        values["path"] = _from_root(directory, str(config.get("path", "terraform.tfstate")))
    if not any(values.values()):
        return ()
    return (kind, *(repr(values[name]) for name in names))
