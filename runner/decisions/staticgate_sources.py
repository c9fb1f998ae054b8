"""Where modules and providers come from: what an address means, whether it is pinned, whether `allow:` admits it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import parse_qsl

from runner.decisions.globs import admitted
from runner.decisions.staticgate_findings import ProviderUse
from runner.diagnostics import Span
from runner.model.code import literal
from runner.model.gate_facts import OPENING, Setting

TERRAFORM_REGISTRY, OPENTOFU_REGISTRY = "registry.terraform.io", "registry.opentofu.org"
BUILT_IN = "terraform.io/builtin/terraform"

_GIT = re.compile(
    r"git::(?:https|http|ssh|git)://(?:[\w.]+@)?(?!-)[\w.-]+(?::\d+)?/[\w.@:/~+-]+"
    r"|(?:git::)?git@(?!-)[\w.-]+:[\w.@/~+-]+|(?:git::)?(?:github\.com|bitbucket\.org)/[\w.@/~+-]+"
)
_OCI = re.compile(r"oci://(?!-)[\w.:-]+/[\w./-]+")
_REGISTRY = re.compile(r"(?:[\w.-]+\.[\w-]+(?::\d+)?/)?[\w-]+/[\w-]+/[\w-]+(?://[\w./-]*)?")
_COMMIT = re.compile(r"(?:[0-9a-fA-F]{40}|[0-9a-fA-F]{64})")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_VERSION = re.compile(r"=?\s*\d+\.\d+\.\d+(?:[-+][\w.+-]+)?")
_HASH = re.compile(r"(?:h1|zh):.+")


def is_local(source: str) -> bool:
    """Whether a module's source is a directory relative to the caller's."""
    return source.startswith(("./", "../"))


def is_pinned(source: str, version: str) -> bool:
    """Whether the source can only ever be one content: a commit of a Git repository by its whole id, an artifact by its
    digest, one version of a registry's module. A branch and a tag move; a source that is not understood is none."""
    place, _, query = source.partition("?")
    asked = parse_qsl(query, keep_blank_values=True)
    if not query and version:
        return _REGISTRY.fullmatch(place) is not None and _VERSION.fullmatch(version.strip()) is not None
    names = [name for name, _ in asked]
    values = dict(asked)
    if _OCI.fullmatch(place):
        return names == ["digest"] and _DIGEST.fullmatch(values["digest"]) is not None
    if not _GIT.fullmatch(place) or ".." in place.split("/"):
        return False
    known = names.count("ref") == 1 and set(names) <= {"ref", "depth"}
    return known and _COMMIT.fullmatch(values["ref"]) is not None


def module_admitted(patterns: Sequence[str], source: str | None, place: str) -> bool:
    """Whether `allow.modules` admits a source. `place`: the module's directory in this repository, empty for none. `./`
    stands for all of the repository; `*` runs over slashes, which mean nothing in an address."""
    if not place and (source is None or is_local(source)):
        return False
    return admitted([_wide(each) for each in patterns], f"./{place}" if place else source or "")


def _wide(pattern: str) -> str:
    """A pattern that ends in a slash is all below."""
    whole = pattern.replace("*", "**") if "**" not in pattern else pattern
    return f"{whole}**" if whole.endswith("/") else whole


def provider_admitted(patterns: Sequence[str], address: str) -> bool:
    """Whether `allow.providers` admits an address. A pattern without a host is of the engine's own registry."""
    host, _, rest = address.partition("/")
    own = host in (TERRAFORM_REGISTRY, OPENTOFU_REGISTRY)
    lowered = [each.lower() for each in patterns]
    return admitted(lowered, address) or (own and admitted(lowered, rest))


def whole_address(source: str, *, opentofu: bool) -> str:
    """A provider's source as written, as a whole address."""
    registry = OPENTOFU_REGISTRY if opentofu else TERRAFORM_REGISTRY
    parts = source.lower().split("/")
    match len(parts):
        case 1:
            return f"{registry}/hashicorp/{source.lower()}"
        case 2:
            return f"{registry}/{source.lower()}"
        case _:
            return source.lower()


def short_address(address: str) -> str:
    """An address as people write it."""
    for registry in (TERRAFORM_REGISTRY, OPENTOFU_REGISTRY):
        address = address.removeprefix(f"{registry}/")
    return address


def providers_in(settings: Sequence[Setting], *, opentofu: bool) -> Iterator[ProviderUse]:
    """The providers that one module needs, as far as its code says; each as often as it is said."""
    named: dict[str, list[tuple[str | None, Span]]] = {}
    used: list[tuple[str, Span]] = []
    for setting in settings:
        match setting.path:
            case ("terraform" | "tofu", "required_providers", name, "source"):
                named.setdefault(name, []).append((literal(setting.value), setting.span))
            case ("terraform" | "tofu", "required_providers", name) | ("provider", name):
                used.append((name, setting.span))
            case ("resource" | "data" | "ephemeral" | "action", kind, _) if setting.value == OPENING:
                used.append((kind.partition("_")[0], setting.span))
            case ("check", _, "data", kind, _) if setting.value == OPENING:
                used.append((kind.partition("_")[0], setting.span))
            case ("resource" | "data" | "ephemeral", _, _, "provider"):
                used.append(((literal(setting.value) or "").partition(".")[0], setting.span))
            case _:
                continue
    for sources in named.values():
        for source, span in sources:
            # A source that is computed is refused by the engine; until then it is nobody's.
            yield ProviderUse(address=whole_address(source, opentofu=opentofu) if source else "", span=span)
    for name, span in used:
        if name and name not in named:
            built_in = name == "terraform"
            yield ProviderUse(
                address=BUILT_IN if built_in else whole_address(name, opentofu=opentofu), span=span
            )


def locked_in(settings: Iterable[Setting]) -> dict[str, tuple[str, ...]]:
    """Address -> its hashes, of a lock file."""
    found: dict[str, tuple[str, ...]] = {}
    for setting in settings:
        match setting.path:
            case ("provider", address):
                found.setdefault(address.lower(), ())
            case ("provider", address, "hashes"):
                value = literal(setting.value) or ""
                if _HASH.fullmatch(value):
                    found[address.lower()] = (*found.get(address.lower(), ()), value)
            case _:
                continue
    return found
