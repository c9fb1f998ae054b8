"""What infrastructure code says of itself: plain facts of one HCL file, and of a module (one directory).

Everything that could be a path is kept as a `Text`: literal pieces and symbols. A file alone cannot resolve its
locals, because they may stand in the file beside it; a module can (`decisions.modules`).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

from msgspec import Struct, field

from runner.diagnostics import Diagnostic, Span
from runner.model.references import Json


class SymbolKind(StrEnum):
    """`module` is path.module, `root` path.root, `working` path.cwd; `unknown` anything that needs evaluation."""

    MODULE = "module"
    ROOT = "root"
    WORKING = "cwd"
    WORKSPACE = "workspace"
    LOCAL = "local"
    UNKNOWN = "unknown"


class Symbol(Struct, frozen=True, kw_only=True):
    """A piece of a text that is not literal; `name` of a local."""

    kind: SymbolKind
    name: str = ""


Text: TypeAlias = tuple[str | Symbol, ...]
UNKNOWN_TEXT: Text = (Symbol(kind=SymbolKind.UNKNOWN),)


def literal(text: Text) -> str | None:
    """The string that `text` is, None where a part of it is not literal."""
    return "".join(part for part in text if isinstance(part, str)) if _plain(text) else None


def _plain(text: Text) -> bool:
    return all(isinstance(part, str) for part in text)


class Variable(Struct, frozen=True, kw_only=True):
    """A declared input. `type` is its text as written, empty for none. An attribute that the block does not set is
    None (an override file changes only what it sets)."""

    name: str
    span: Span
    sensitive: bool | None = None
    ephemeral: bool | None = None
    has_default: bool = False
    type: str = ""


class DeclaredOutput(Struct, frozen=True, kw_only=True):
    """A declared output."""

    name: str
    span: Span
    sensitive: bool | None = None
    ephemeral: bool | None = None


class ModuleCall(Struct, frozen=True, kw_only=True):
    """A `module` block. `source` None where it has none (an override); `version` as written."""

    name: str
    source: Text | None
    span: Span
    version: str = ""


class FileReference(Struct, frozen=True, kw_only=True):
    """An argument that names a file or directory. `function`: `file`, `templatefile`, `fileset` …, `path` for any
    other expression that begins with path.module or its kin, `literal` for a bare string in a place that may be one.
    `pattern`: the second argument of fileset."""

    function: str
    path: Text
    span: Span
    pattern: Text | None = None


class BackendBlock(Struct, frozen=True, kw_only=True):
    """A `backend` or `cloud` block: `type` is the backend's (`cloud` for the latter), `attributes` the literal ones;
    `computed` the names of the others."""

    type: str
    span: Span
    attributes: Mapping[str, Json] = field(default_factory=lambda: MappingProxyType({}))
    computed: tuple[str, ...] = ()


class RequiredProvider(Struct, frozen=True, kw_only=True):
    """An entry of `required_providers`; `source` as written (`hashicorp/aws`), empty for none."""

    name: str
    span: Span
    source: str = ""
    version: str = ""


class ResourceBlock(Struct, frozen=True, kw_only=True):
    """A `resource`, `data` or `ephemeral` block; `mode` is managed | data | ephemeral; `provider` its explicit one."""

    mode: str
    type: str
    name: str
    span: Span
    provider: str = ""


class RemoteState(Struct, frozen=True, kw_only=True):
    """A `terraform_remote_state`: `backend` empty where computed; `config` its literal attributes."""

    name: str
    backend: str
    span: Span
    config: Mapping[str, Json] = field(default_factory=lambda: MappingProxyType({}))
    computed: tuple[str, ...] = ()
    workspace: str = ""


class Provisioner(Struct, frozen=True, kw_only=True):
    """A `provisioner` block (`local-exec` …) in `resource`."""

    type: str
    resource: str
    span: Span


class FileFacts(Struct, frozen=True, kw_only=True):
    """What one file says. `path` in spans is the file's own. `functions` are all functions that it calls. `shape` is a
    digest of its bytes without the sources of its local module calls, empty where it has none: two files of one shape
    differ in where modules lie, and in nothing else."""

    variables: tuple[Variable, ...] = ()
    outputs: tuple[DeclaredOutput, ...] = ()
    calls: tuple[ModuleCall, ...] = ()
    references: tuple[FileReference, ...] = ()
    locals: Mapping[str, Text] = field(default_factory=lambda: MappingProxyType({}))
    backends: tuple[BackendBlock, ...] = ()
    required_version: tuple[tuple[str, Span], ...] = ()
    required_providers: tuple[RequiredProvider, ...] = ()
    providers: tuple[tuple[str, Span], ...] = ()
    resources: tuple[ResourceBlock, ...] = ()
    remote_states: tuple[RemoteState, ...] = ()
    provisioners: tuple[Provisioner, ...] = ()
    functions: frozenset[str] = frozenset()
    diagnostics: tuple[Diagnostic, ...] = ()
    shape: str = ""


class ModuleFacts(Struct, frozen=True, kw_only=True):
    """What a directory says, as the engine merges its files (override files last). Texts in it have their locals
    resolved. `links` are the symbolic links among its files, `files` what the engine loads."""

    directory: str
    files: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    variables: Mapping[str, Variable] = field(default_factory=lambda: MappingProxyType({}))
    outputs: Mapping[str, DeclaredOutput] = field(default_factory=lambda: MappingProxyType({}))
    calls: tuple[ModuleCall, ...] = ()
    references: tuple[FileReference, ...] = ()
    backend: BackendBlock | None = None
    required_version: tuple[tuple[str, Span], ...] = ()
    required_providers: tuple[RequiredProvider, ...] = ()
    providers: tuple[tuple[str, Span], ...] = ()
    resources: tuple[ResourceBlock, ...] = ()
    remote_states: tuple[RemoteState, ...] = ()
    provisioners: tuple[Provisioner, ...] = ()
    functions: frozenset[str] = frozenset()
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def needs_init(self) -> bool:
        """Whether a plan needs an init first: for a backend, a module, a provider that is not built in."""
        own = any(not _built_in(each) for each in self.resources)
        written = any(name != "terraform" for name, _ in self.providers)
        wanted = any(each.source not in BUILT_IN_SOURCES for each in self.required_providers)
        return own or written or wanted or self.backend is not None or bool(self.calls)


BUILT_IN_SOURCES = frozenset({"terraform.io/builtin/terraform"})


def _built_in(block: ResourceBlock) -> bool:
    return block.type in {"terraform_data", "terraform_remote_state"} and block.provider in {"", "terraform"}
