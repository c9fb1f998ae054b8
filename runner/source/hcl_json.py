"""One file of HCL's JSON syntax (`.tf.json`, `.tofu.json`) to its facts; pure.

Each string is a template, read by the same grammar. Positions are best effort: where the text stands first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from runner.diagnostics import Diagnostic, Span
from runner.model.code import (
    UNKNOWN_TEXT,
    BackendBlock,
    DeclaredOutput,
    FileFacts,
    FileReference,
    ModuleCall,
    Provisioner,
    RemoteState,
    RequiredProvider,
    ResourceBlock,
    Text,
    Variable,
    literal,
)
from runner.model.references import Json
from runner.source.hcl import parse_template, text_in_template
from runner.source.spans import Place, beyond_limits

_MODES = {"resource": "managed", "data": "data", "ephemeral": "ephemeral"}


class _Document(Struct, frozen=True):
    place: Place
    root: dict[str, Json]

    def at(self, name: str) -> Span:
        """Where `name` stands first as a string."""
        return self.place.at(max(self.place.content.find(json.dumps(name).encode()), 0))

    def labelled(self, keyword: str) -> Iterator[tuple[str, dict[str, Json]]]:
        """(label, body) of each block `keyword "label" {}`."""
        for level in _bodies(self.root.get(keyword)):
            for label, value in level.items():
                for body in _bodies(value):
                    yield label, body

    def twice_labelled(self, keyword: str) -> Iterator[tuple[str, str, dict[str, Json]]]:
        """(type, name, body) of each block `keyword "type" "name" {}`."""
        for kind, level in self.labelled(keyword):
            for name, value in level.items():
                for body in _bodies(value):
                    yield kind, name, body

    def inside(self, keyword: str, inner: str) -> Iterator[dict[str, Json]]:
        """The bodies of the blocks `inner` in each block `keyword`."""
        for level in _bodies(self.root.get(keyword)):
            yield from _bodies(level.get(inner))


def parse_json(content: bytes, path: str) -> FileFacts:
    """The facts of the file's bytes; errors as in `hcl.parse`."""
    place = Place(path, content)
    if refused := beyond_limits(place):
        return FileFacts(diagnostics=(refused,))
    try:
        written = json.loads(content, object_pairs_hook=_all_of)
    except (ValueError, RecursionError) as problem:
        offset = problem.pos if isinstance(problem, json.JSONDecodeError) else 0
        message = f"this is not JSON: {problem}"
        return FileFacts(diagnostics=(Diagnostic(code="hcl-syntax", message=message, span=place.at(offset)),))
    bodies = list(_bodies(written))
    document = _Document(
        place, bodies[0] if len(bodies) == 1 else _all_of([p for b in bodies for p in b.items()])
    )
    references, functions = _references(document)
    return FileFacts(
        variables=tuple(_variables(document)),
        outputs=tuple(_outputs(document)),
        calls=tuple(_calls(document)),
        references=references,
        locals=_locals(document),
        backends=tuple(_backends(document)),
        required_version=tuple(
            (str(body["required_version"]), document.at("required_version"))
            for body in _bodies(document.root.get("terraform"))
            if "required_version" in body
        ),
        required_providers=tuple(_required(document)),
        providers=tuple((label, document.at(label)) for label, _ in document.labelled("provider")),
        resources=tuple(_resources(document)),
        remote_states=tuple(_remote_states(document)),
        provisioners=tuple(_provisioners(document)),
        functions=functions,
    )


def _all_of(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    """An object, a key that stands twice as a list of all: HCL lets blocks repeat so."""
    found: dict[str, Json] = {}
    for key, value in pairs:
        if key not in found:
            found[key] = value
            continue
        before = found[key]
        found[key] = [*(before if isinstance(before, list) else [before]), value]
    return found


def _bodies(value: Json) -> Iterator[dict[str, Json]]:
    match value:
        case dict():
            yield value
        case list():
            yield from (each for each in value if isinstance(each, dict))
        case _:
            return


def _text(value: Json) -> Text:
    return text_in_template(value) if isinstance(value, str) else UNKNOWN_TEXT


def _plain(value: Json) -> str:
    return (literal(_text(value)) or "") if isinstance(value, str) else ""


def _flag(body: dict[str, Json], name: str) -> bool | None:
    return body[name] in (True, "true") if name in body else None


def _variables(document: _Document) -> Iterator[Variable]:
    for name, body in document.labelled("variable"):
        yield Variable(
            name=name,
            span=document.at(name),
            sensitive=_flag(body, "sensitive"),
            ephemeral=_flag(body, "ephemeral"),
            has_default="default" in body,
            type=_plain(body.get("type")),
        )


def _outputs(document: _Document) -> Iterator[DeclaredOutput]:
    for name, body in document.labelled("output"):
        yield DeclaredOutput(
            name=name,
            span=document.at(name),
            sensitive=_flag(body, "sensitive"),
            ephemeral=_flag(body, "ephemeral"),
        )


def _calls(document: _Document) -> Iterator[ModuleCall]:
    for name, body in document.labelled("module"):
        source = body.get("source")
        yield ModuleCall(
            name=name,
            source=_text(source) if "source" in body else None,
            span=document.at(source if isinstance(source, str) else name),
            version=_plain(body.get("version")),
        )


def _locals(document: _Document) -> dict[str, Text]:
    found: dict[str, Text] = {}
    for body in _bodies(document.root.get("locals")):
        for name, value in body.items():
            _local(found, name, value, 0)
    return found


def _local(found: dict[str, Text], name: str, value: Json, depth: int) -> None:
    if isinstance(value, dict) and depth < 4:
        for key, inner in value.items():
            _local(found, f"{name}.{key}", inner, depth + 1)
    else:
        found[name] = _text(value)


def _literals(body: dict[str, Json]) -> tuple[dict[str, Json], tuple[str, ...]]:
    """The attributes without a template in them, and the names of those with one."""
    computed = tuple(name for name, value in body.items() if any("${" in text for text in _strings(value)))
    return {name: value for name, value in body.items() if name not in computed}, computed


def _backends(document: _Document) -> Iterator[BackendBlock]:
    for keyword in ("backend", "cloud"):
        for level in document.inside("terraform", keyword):
            for kind, value in [("cloud", level)] if keyword == "cloud" else list(level.items()):
                for body in _bodies(value):
                    known, computed = _literals(body)
                    span = document.at(keyword)
                    yield BackendBlock(type=kind, span=span, attributes=known, computed=computed)


def _required(document: _Document) -> Iterator[RequiredProvider]:
    for body in document.inside("terraform", "required_providers"):
        for name, value in body.items():
            settings = value if isinstance(value, dict) else {"version": value}
            yield RequiredProvider(
                name=name,
                span=document.at(name),
                source=_plain(settings.get("source")),
                version=_plain(settings.get("version")),
            )


def _resources(document: _Document) -> Iterator[ResourceBlock]:
    for keyword, mode in _MODES.items():
        for kind, name, body in document.twice_labelled(keyword):
            provider = _plain(body.get("provider")).split(".")[0]
            yield ResourceBlock(mode=mode, type=kind, name=name, span=document.at(name), provider=provider)


def _remote_states(document: _Document) -> Iterator[RemoteState]:
    for kind, name, body in document.twice_labelled("data"):
        if kind == "terraform_remote_state":
            config = body.get("config")
            known, computed = _literals(config) if isinstance(config, dict) else ({}, ("config",))
            yield RemoteState(
                name=name,
                backend=_plain(body.get("backend")),
                span=document.at(name),
                config=known,
                computed=computed,
                workspace=_plain(body.get("workspace")),
            )


def _provisioners(document: _Document) -> Iterator[Provisioner]:
    for kind, name, body in document.twice_labelled("resource"):
        for level in _bodies(body.get("provisioner")):
            for type_ in level:
                yield Provisioner(type=type_, resource=f"{kind}.{name}", span=document.at(type_))


def _strings(value: Json) -> Iterator[str]:
    pending: list[Json] = [value]
    while pending:
        item = pending.pop()
        match item:
            case str():
                yield item
            case list():
                pending.extend(item)
            case dict():
                pending.extend(item.values())
            case _:
                continue


def _references(document: _Document) -> tuple[tuple[FileReference, ...], frozenset[str]]:
    """What the templates call, and every string that could be a path by itself."""
    found: dict[str, FileReference] = {}
    functions: set[str] = set()
    sources = {
        value for _, body in document.labelled("module") if isinstance(value := body.get("source"), str)
    }
    for text in dict.fromkeys(_strings(dict(document.root))):
        if "${" in text or "%{" in text:
            facts = parse_template(text.encode(), document.place.path)
            span = document.at(text)
            for each in facts.references:
                found.setdefault(str((each.function, each.path)), replace(each, span=span))
            functions |= facts.functions
        elif text not in sources and "/" in text and not any(mark in text for mark in (" ", "\n", "://")):
            reference = FileReference(function="literal", path=(text,), span=document.at(text))
            found.setdefault(text, reference)
    return tuple(found.values()), frozenset(functions)
