"""One HCL file (`.tf`, `.tofu`) to its facts; pure. 0.3 ms for a usual file, most of it tree-sitter's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import sha256

import tree_sitter_hcl
from msgspec import Struct, field
from msgspec.structs import replace
from tree_sitter import Language, Node, Parser

from runner.model.code import (
    BackendBlock,
    DeclaredOutput,
    FileFacts,
    ModuleCall,
    Provisioner,
    RemoteState,
    RequiredProvider,
    ResourceBlock,
    Symbol,
    SymbolKind,
    Text,
    Variable,
    literal,
)
from runner.model.references import Json
from runner.source.expressions import object_items, plain_text, text_of, value_of, words
from runner.source.paths_in import references_of
from runner.source.spans import Place, beyond_limits, syntax_problem

_LANGUAGE = Language(tree_sitter_hcl.language())
_MODES = {"resource": "managed", "data": "data", "ephemeral": "ephemeral"}


class _Gathered(Struct):
    """What was found so far in one file."""

    place: Place
    variables: list[Variable] = field(default_factory=list)
    outputs: list[DeclaredOutput] = field(default_factory=list)
    calls: list[ModuleCall] = field(default_factory=list)
    locals: dict[str, Text] = field(default_factory=dict)
    backends: list[BackendBlock] = field(default_factory=list)
    versions: list[tuple[str, Node]] = field(default_factory=list)
    required: list[RequiredProvider] = field(default_factory=list)
    providers: list[tuple[str, Node]] = field(default_factory=list)
    resources: list[ResourceBlock] = field(default_factory=list)
    remote: list[RemoteState] = field(default_factory=list)
    provisioners: list[Provisioner] = field(default_factory=list)
    local_sources: list[tuple[int, int]] = field(default_factory=list)


def parse(content: bytes, path: str) -> FileFacts:
    """The facts of the file's bytes. A file that is too large or too deep has one error and nothing else; one with
    errors has what could be read, and a warning `hcl-syntax` at the first."""
    place = Place(path, content)
    if refused := beyond_limits(place):
        return FileFacts(diagnostics=(refused,))
    root = Parser(_LANGUAGE).parse(content).root_node
    found = _Gathered(place)
    for block in _blocks(root):
        if reader := _READERS.get(words(block.named_children[0])):
            reader(found, block, _labels_of(block))
    references, functions = references_of(root, place)
    return FileFacts(
        variables=tuple(found.variables),
        outputs=tuple(found.outputs),
        calls=tuple(found.calls),
        references=references,
        locals=found.locals,
        backends=tuple(found.backends),
        required_version=tuple((text, place.span(node)) for text, node in found.versions),
        required_providers=tuple(found.required),
        providers=tuple((name, place.span(node)) for name, node in found.providers),
        resources=tuple(found.resources),
        remote_states=tuple(found.remote),
        provisioners=tuple(found.provisioners),
        functions=functions,
        diagnostics=(syntax_problem(place, root),) if root.has_error else (),
        shape=_shape(content, found.local_sources),
    )


def _shape(content: bytes, sources: list[tuple[int, int]]) -> str:
    """See FileFacts."""
    if not sources:
        return ""
    digest, at = sha256(), 0
    for start, end in sorted(sources):
        digest.update(content[at:start] + b"\0")
        at = end
    digest.update(content[at:])
    return digest.hexdigest()


def parse_template(content: bytes, path: str) -> FileFacts:
    """What a template calls (`file()` works within templates): references and functions only. `content` is wrapped
    so that the grammar reads it; spans count from the template's own first line."""
    place = Place(path, b"t = <<RUNNER_END_OF_TEMPLATE\n" + content + b"\nRUNNER_END_OF_TEMPLATE\n")
    if refused := beyond_limits(place):
        return FileFacts(diagnostics=(refused,))
    references, functions = references_of(Parser(_LANGUAGE).parse(place.content).root_node, place)
    moved = (
        replace(each, span=replace(each.span, line=each.span.line - 1, end_line=each.span.end_line - 1))
        for each in references
    )
    return FileFacts(
        references=tuple(each for each in moved if each.function != "literal"), functions=functions
    )


def text_in_template(written: str) -> Text:
    """A string of the JSON syntax, which is a template, as a text."""
    if "${" not in written and "%{" not in written:
        return (written,)
    wrapped = b"t = <<RUNNER_END_OF_TEMPLATE\n" + written.encode() + b"\nRUNNER_END_OF_TEMPLATE\n"
    root = Parser(_LANGUAGE).parse(wrapped).root_node
    body = root.named_children[0] if root.named_children else None
    values = [each.named_children[1] for each in _attributes(body)] if body else []
    text = text_of(values[0]) if values else ()
    last = text[-1] if text else ""
    trimmed = (*text[:-1], last.removesuffix("\n")) if isinstance(last, str) else text
    return tuple(part for part in trimmed if part != "")


def _blocks(node: Node) -> Iterator[Node]:
    """The blocks directly below a file, a body or a block."""
    for child in node.named_children:
        if child.type == "block":
            yield child
        elif child.type == "body" or child.type == "ERROR":
            yield from _blocks(child)


def _attributes(node: Node) -> Iterator[Node]:
    for child in node.named_children:
        if child.type == "attribute" and len(child.named_children) > 1:
            yield child
        elif child.type == "body":
            yield from _attributes(child)


def _labels_of(block: Node) -> list[str]:
    labels = []
    for child in block.named_children[1:]:
        if child.type == "string_lit":
            plain = plain_text(child)
            labels.append((literal(text_of(child)) or "") if plain is None else plain)
        elif child.type == "identifier":
            labels.append(words(child))
    return labels


def _values(block: Node) -> dict[str, Node]:
    return {words(each.named_children[0]): each.named_children[1] for each in _attributes(block)}


def _flag(values: dict[str, Node], name: str) -> bool | None:
    """A literal bool; None where it is not set. A computed one counts as False: not promised."""
    if name not in values:
        return None
    known, value = value_of(values[name])
    return known and value in (True, "true")


def _variable(found: _Gathered, block: Node, labels: list[str]) -> None:
    values = _values(block)
    found.variables.extend(
        Variable(
            name=name,
            span=found.place.span(block.named_children[1]),
            sensitive=_flag(values, "sensitive"),
            ephemeral=_flag(values, "ephemeral"),
            has_default="default" in values,
            type=words(values["type"]) if "type" in values else "",
        )
        for name in labels[:1]
    )


def _output(found: _Gathered, block: Node, labels: list[str]) -> None:
    values = _values(block)
    found.outputs.extend(
        DeclaredOutput(
            name=name,
            span=found.place.span(block.named_children[1]),
            sensitive=_flag(values, "sensitive"),
            ephemeral=_flag(values, "ephemeral"),
        )
        for name in labels[:1]
    )


def _module(found: _Gathered, block: Node, labels: list[str]) -> None:
    values = _values(block)
    source = values.get("source")
    if source is not None and (literal(text_of(source)) or "").startswith(("./", "../")):
        found.local_sources.append((source.start_byte, source.end_byte))
    version = literal(text_of(values["version"])) if "version" in values else ""
    found.calls.extend(
        ModuleCall(
            name=name,
            source=text_of(source) if source else None,
            span=found.place.span(source or block),
            version=version or "",
        )
        for name in labels[:1]
    )


def _locals(found: _Gathered, block: Node, _labels: list[str]) -> None:
    for name, node in _values(block).items():
        _local(found, name, node, 0)


def _local(found: _Gathered, name: str, node: Node, depth: int) -> None:
    """Objects are flattened (`paths.a`). A path in one is a reference of its own too: `for` may reach it unseen."""
    inner = node
    while len(inner.named_children) == 1 and inner.type in {"expression", "collection_value"}:
        inner = inner.named_children[0]
    if inner.type == "object" and depth < 4:
        for key, value in object_items(inner):
            if key is not None:
                _local(found, f"{name}.{key}", value, depth + 1)
        return
    text = text_of(node)
    found.locals[name] = text


def _terraform(found: _Gathered, block: Node, _labels: list[str]) -> None:
    values = _values(block)
    if "required_version" in values:
        node = values["required_version"]
        found.versions.append((literal(text_of(node)) or "", node))
    for inner in _blocks(block):
        match words(inner.named_children[0]):
            case "backend" | "cloud" as keyword:
                labels = [keyword] if keyword == "cloud" else _labels_or(inner)
                known, computed = _literals(inner)
                span = found.place.span(inner)
                found.backends.append(
                    BackendBlock(type=labels[0], span=span, attributes=known, computed=computed)
                )
            case "required_providers":
                _required(found, inner)
            case _:
                continue


def _labels_or(block: Node) -> list[str]:
    return _labels_of(block) or [""]


def _literals(block: Node) -> tuple[dict[str, Json], tuple[str, ...]]:
    """The literal attributes of a block, inner blocks as objects, and the names of the computed ones."""
    known: dict[str, Json] = {}
    computed = []
    for name, node in _values(block).items():
        is_known, value = value_of(node)
        if is_known:
            known[name] = value
        else:
            computed.append(name)
    for inner in _blocks(block):
        name = words(inner.named_children[0])
        values, rest = _literals(inner)
        known[name] = values
        computed.extend(f"{name}.{each}" for each in rest)
    return known, tuple(computed)


def _required(found: _Gathered, block: Node) -> None:
    for name, node in _values(block).items():
        known, value = value_of(node)
        inner = node
        while len(inner.named_children) == 1 and inner.type in {"expression", "collection_value"}:
            inner = inner.named_children[0]
        pairs = {key: literal(text_of(each)) or "" for key, each in object_items(inner) if key}
        old_form = str(value) if known and isinstance(value, str) else ""
        found.required.append(
            RequiredProvider(
                name=name,
                span=found.place.span(node),
                source=pairs.get("source", ""),
                version=pairs.get("version", old_form),
            )
        )


def _provider(found: _Gathered, block: Node, labels: list[str]) -> None:
    found.providers.extend((name, block) for name in labels[:1])


def _resource(found: _Gathered, block: Node, labels: list[str]) -> None:
    if len(labels) < 2:
        return
    mode, span, written = _MODES[words(block.named_children[0])], found.place.span(block), block.text or b""
    values = _values(block) if b"provider" in written else {}
    provider = words(values["provider"]).split(".")[0] if "provider" in values else ""
    found.resources.append(
        ResourceBlock(mode=mode, type=labels[0], name=labels[1], span=span, provider=provider)
    )
    if mode == "data" and labels[0] == "terraform_remote_state":
        found.remote.append(_remote_state(block, labels[1], found.place))
    for inner in _blocks(block) if b"provisioner" in written else ():
        if words(inner.named_children[0]) == "provisioner":
            owner = f"{labels[0]}.{labels[1]}"
            found.provisioners.append(
                Provisioner(type=_labels_or(inner)[0], resource=owner, span=found.place.span(inner))
            )


def _remote_state(block: Node, name: str, place: Place) -> RemoteState:
    values = _values(block)
    config: dict[str, Json] = {}
    computed: list[str] = []
    inner = values.get("config")
    while inner is not None and len(inner.named_children) == 1 and inner.type != "object":
        inner = inner.named_children[0]
    for key, node in object_items(inner) if inner is not None and inner.type == "object" else []:
        known, value = value_of(node)
        if known and key is not None:
            config[key] = value
        elif key is not None and (beside := _beside(text_of(node))):
            config[key] = beside
        else:
            computed.append(key or "")
    if inner is not None and inner.type != "object":
        computed.append("config")
    texts = {key: literal(text_of(values[key])) or "" for key in ("backend", "workspace") if key in values}
    return RemoteState(
        name=name,
        backend=texts.get("backend", ""),
        span=place.span(block),
        config=config,
        computed=tuple(computed),
        workspace=texts.get("workspace", ""),
    )


def _beside(text: Text) -> str:
    """`${path.module}/x`, in a stack, is `./x`; empty for what needs more to be known."""
    first, rest = (text[0], literal(text[1:])) if text else ("", None)
    places = {SymbolKind.MODULE, SymbolKind.ROOT, SymbolKind.WORKING}
    return f".{rest}" if isinstance(first, Symbol) and first.kind in places and rest else ""


def _check(found: _Gathered, block: Node, _labels: list[str]) -> None:
    """A `check` may hold a data source of its own."""
    for inner in _blocks(block):
        if words(inner.named_children[0]) == "data":
            _resource(found, inner, _labels_of(inner))


_READERS: dict[str, Callable[[_Gathered, Node, list[str]], None]] = {
    "variable": _variable,
    "output": _output,
    "module": _module,
    "locals": _locals,
    "terraform": _terraform,
    "tofu": _terraform,
    "provider": _provider,
    "resource": _resource,
    "data": _resource,
    "ephemeral": _resource,
    "check": _check,
}
