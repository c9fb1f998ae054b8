"""A Pulumi project on disk: its name, its stack's settings, and the place of its checkpoint in a backend of files.

`StackSettings` of the Automation API is not used to rewrite settings: it drops whatever it does not know (measured).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import yaml
from msgspec import Struct
from msgspec.structs import asdict

from runner.diagnostics import Diagnostic
from runner.engine import Workspace
from runner.engine.loose_json import object_of, text_at
from runner.errors import TargetFailed
from runner.kit.private_files import create_file
from runner.model.code_files import PROJECT_FILES
from runner.model.references import Json

PACK_FILES = ("PulumiPolicy.yaml", "PulumiPolicy.yml", "PulumiPolicy.json")
_OWN_KEYS = ("encryptionsalt", "encryptedkey", "secretsprovider")


class Runtime(Struct, frozen=True, kw_only=True):
    """What a program or a policy pack runs in. `runtime` is its language's name; with Python `virtualenv` is as written
    and `toolchain` pip, poetry or uv. `installed`: it runs in a Python that stands outside the tree; that is its
    owner's, and nothing is installed into it."""

    runtime: str = ""
    virtualenv: str = ""
    toolchain: str = "pip"
    installed: bool = False


class Project(Runtime, frozen=True, kw_only=True):
    """`stack` is the stack's own name in `name`; `settings` the file with its configuration, and `as_written` that file
    before anything was added to it; `backend` the directory of our own backend of files, None where the stack is kept
    elsewhere (`elsewhere`: at this URL, empty for the one that the environment says). `secret` are the keys that the
    project declares secret: Pulumi takes no plain value for them."""

    name: str
    stack: str
    settings: Path
    as_written: Path
    backend: Path | None
    elsewhere: str = ""
    secret: frozenset[str] = frozenset()

    @property
    def checkpoint(self) -> Path:
        """Where a backend of files keeps the stack; only with a backend of ours."""
        assert self.backend is not None
        return self.backend / ".pulumi" / "stacks" / self.name / f"{self.stack}.json"

    @property
    def url(self) -> str:
        """The backend's URL. Without side files: they would have to agree with a checkpoint that was put back."""
        return f"file://{quote(str(self.backend))}?metadata=skip" if self.backend else self.elsewhere


def project_of(work: Workspace) -> Project:
    """TargetFailed where the project cannot be read or the workspace names no stack."""
    file = next((found for name in PROJECT_FILES if (found := work.directory / name).is_file()), None)
    if file is None:
        raise _unreadable("there is no Pulumi.yaml")
    told = written_in(file)
    name = told.get("name")
    if not isinstance(name, str) or not name:
        raise _unreadable(f"{file.name} gives no `name`")
    stack = work.backend.workspace
    if not stack:
        raise _unreadable("it has no stack")
    place = told.get("stackConfigDir")
    directory = work.directory / place if isinstance(place, str) else work.directory
    return Project(
        name=name,
        stack=stack,
        settings=directory / f"Pulumi.{stack}{file.suffix}",
        as_written=work.scratch / "settings.yaml",
        backend=work.scratch / "backend" if work.backend.file is not None else None,
        elsewhere=next(iter(work.backend.config), ""),
        secret=frozenset(_declared_secret(name, told.get("config"))),
        **asdict(runtime_of(told.get("runtime"), work.directory, work.root)),
    )


def pack_of(directory: Path) -> Runtime:
    """What the policy pack in `directory` runs in. TargetFailed where it cannot be read."""
    file = next((found for name in PACK_FILES if (found := directory / name).is_file()), None)
    if file is None:
        raise _unreadable(f"there is no {PACK_FILES[0]} in the policy pack `{directory.name}`")
    return runtime_of(written_in(file).get("runtime"), directory, directory)


def _declared_secret(name: str, config: Json) -> Iterator[str]:
    """The whole keys (`app:password`) of what a project's `config` declares secret."""
    for key, declared in config.items() if isinstance(config, dict) else ():
        if isinstance(declared, dict) and declared.get("secret") is True:
            yield key if ":" in key else f"{name}:{key}"


def runtime_of(told: Json, directory: Path, root: Path) -> Runtime:
    """What `runtime:` of a file in `directory` says. With pip and no virtualenv of its own, or one by an absolute path,
    it runs in a Python outside the tree. A toolchain that is not named is that of the lock file in it or above it."""
    written = object_of(told)
    options = object_of(written.get("options"))
    name = told if isinstance(told, str) else text_at(written, "name")
    virtualenv, toolchain = text_at(options, "virtualenv"), text_at(options, "toolchain").lower()
    toolchain = toolchain or (_locked_by(directory, root) if name == "python" else "pip")
    outside = not virtualenv or Path(virtualenv).is_absolute()
    return Runtime(
        runtime=name,
        virtualenv=virtualenv,
        toolchain=toolchain,
        installed=name == "python" and toolchain == "pip" and outside,
    )


def _locked_by(directory: Path, root: Path) -> str:
    above = [place for place in (directory, *directory.parents) if place.is_relative_to(root)]
    return next(
        (tool for tool in ("uv", "poetry") if any((place / f"{tool}.lock").is_file() for place in above)),
        "pip",
    )


def place_checkpoint(project: Project, file: Path) -> None:
    """Moves a checkpoint that lies at `file` to where Pulumi looks for it, and has `file` lead there: Pulumi replaces
    the file with every write, and would replace a link too."""
    checkpoint = project.checkpoint
    checkpoint.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    about = checkpoint.parents[2] / "meta.yaml"
    if not about.exists():
        about.write_text("version: 1\n")  # else it would be taken for a backend of before projects had places
    if file.is_file() and not file.is_symlink():
        shutil.move(file, checkpoint)
    if not file.is_symlink():
        file.symlink_to(checkpoint)


def own_encryption(project: Project) -> bool:
    """Whether the user's settings say how secrets are sealed."""
    file = project.as_written if project.as_written.exists() else project.settings
    return any(name in written_in(file) for name in _OWN_KEYS)


def written_salt(project: Project) -> str:
    """The salt that the user's settings give; empty where they give none."""
    file = project.as_written if project.as_written.exists() else project.settings
    return text_at(written_in(file), "encryptionsalt")


def write_settings(project: Project, salt: str, values: Mapping[str, Json]) -> None:
    """The settings as the user wrote them, with plain `values` (by name, in the project's own namespace unless they
    name one) and the salt of the state. The tree is ours: nothing of it reaches the user's."""
    if not project.as_written.exists():
        written = project.settings.read_bytes() if project.settings.is_file() else b""
        create_file(project.as_written, written)
    told = written_in(project.as_written)
    if salt and not own_encryption(project):
        told["encryptionsalt"] = salt
    config = told.get("config")
    added = {configuration_key(project, name): value for name, value in values.items()}
    if config or added:
        told["config"] = {**(config if isinstance(config, dict) else {}), **added}
    project.settings.unlink(missing_ok=True)
    if told:
        project.settings.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        as_json = project.settings.suffix == ".json"
        text = json.dumps(told) if as_json else yaml.safe_dump(told, allow_unicode=True)
        create_file(project.settings, text.encode())


def configuration_key(project: Project, name: str) -> str:
    """`region` → `app:region`; `aws:region` as it is."""
    return name if ":" in name else f"{project.name}:{name}"


def written_in(file: Path) -> dict[str, Json]:
    """The members of a file of YAML or JSON; none of one that is absent. TargetFailed where it cannot be parsed."""
    if not file.is_file():
        return {}
    try:
        told = json.loads(file.read_bytes()) if file.suffix == ".json" else yaml.safe_load(file.read_bytes())
    except (ValueError, yaml.YAMLError) as problem:
        raise _unreadable(f"{file.name} cannot be parsed") from problem
    return {str(name): each for name, each in told.items()} if isinstance(told, dict) else {}


def _unreadable(problem: str) -> TargetFailed:
    message = f"the Pulumi project cannot be read: {problem}"
    return TargetFailed(Diagnostic(code="pulumi-project", message=message))
