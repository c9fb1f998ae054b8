"""One file of HCL, or a template, to what the static gate wants of it; pure. See model.gate_facts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import TypeAlias, TypeVar
from unicodedata import normalize

import tree_sitter_hcl
from msgspec import Struct, field
from msgspec.structs import replace
from tree_sitter import Language, Node, Parser, Query, QueryCursor

from runner.diagnostics import Span
from runner.model.code import Text, literal
from runner.model.gate_facts import COMPUTED_NAME, OPENING, Call, Setting, WrittenFile
from runner.source.expressions import arguments_of, text_of, words
from runner.source.gate_doubts import doubt, doubts, unread_bytes
from runner.source.paths_in import PATH_FUNCTIONS
from runner.source.spans import Place

_LANGUAGE = Language(tree_sitter_hcl.language())
_QUERY = Query(
    _LANGUAGE,
    "(function_call) @call (comment) @comment (heredoc_template) @heredoc"
    " (quoted_template) @quoted (string_lit) @quoted",
)
_WRAPPED = frozenset({"expression", "collection_value", "literal_value"})
_END = b"RUNNER_END_OF_TEMPLATE"

Path: TypeAlias = tuple[str, ...]
LineSpans: TypeAlias = Callable[[int], Span]
Placed = TypeVar("Placed", Setting, Call)


class _Gathered(Struct):
    place: Place
    settings: list[Setting] = field(default_factory=list)

    def add(self, path: Path, value: Text, node: Node, written: Node | None = None) -> None:
        """`written`: what the digest is of."""
        self.settings.append(
            Setting(
                path=path, value=value, span=self.place.span(node), digest=digest_of((written or node).text)
            )
        )


def digest_of(content: bytes | None) -> str:
    """Sixteen hex digits that stand for `content`."""
    return blake2b(content or b"", digest_size=8).hexdigest()


def written_hcl(content: bytes, path: str) -> WrittenFile:
    """What the file's bytes say."""
    place = Place(path, content)
    if refused := unread_bytes(place):
        return WrittenFile(path=path, doubts=(refused,))
    root = Parser(_LANGUAGE).parse(content).root_node
    nodes = QueryCursor(_QUERY).captures(root)
    if doubtful := doubts(place, root, nodes):
        return WrittenFile(path=path, doubts=doubtful)
    found = _Gathered(place)
    for body in root.named_children:
        _body(found, body, ())
    return WrittenFile(path=path, settings=tuple(found.settings), calls=tuple(_calls(place, nodes)))


def written_template(content: bytes, path: str) -> WrittenFile:
    """What a template calls."""
    place = Place(path, content)
    if refused := unread_bytes(place):
        return WrittenFile(path=path, doubts=(refused,))
    _, calls, reason = read_template(content, lambda line: Span(file=path, line=line, column=1))
    told = (doubt(Span(file=path, line=1, column=1), reason),) if reason else ()
    return WrittenFile(path=path, calls=() if reason else calls, doubts=told)


def read_template(
    content: bytes, place_of: LineSpans, path: Path = ()
) -> tuple[tuple[Setting, ...], tuple[Call, ...], str]:
    """The objects (as settings below `path`) and the calls in a template, and why it cannot be read. `place_of`: the
    span to tell for a line of it."""
    if b"${" not in content and b"%{" not in content:
        return (), (), ""
    if _END in content:
        return (), (), "it holds the word that ends it"
    place = Place("", b"t = <<" + _END + b"\n" + content + b"\n" + _END + b"\n")
    root = Parser(_LANGUAGE).parse(place.content).root_node
    nodes = QueryCursor(_QUERY).captures(root)
    if told := doubts(place, root, nodes):
        return (), (), told[0].message.partition(":")[0]
    found = _Gathered(place)
    _objects(found, path, root)
    settings = tuple(_moved(each, place_of) for each in found.settings)
    return settings, tuple(_moved(each, place_of) for each in _calls(place, nodes)), ""


def _moved(each: Placed, place_of: LineSpans) -> Placed:
    return replace(each, span=place_of(each.span.line - 1))


def _body(found: _Gathered, body: Node, path: Path) -> None:
    for child in body.named_children:
        match child.type:
            case "attribute" if len(child.named_children) > 1:
                name, value = child.named_children[0], child.named_children[-1]
                _value(found, (*path, words(name)), value, child)
            case "block":
                _block(found, child, path)
            case "body":
                _body(found, child, path)
            case _:
                continue


def _block(found: _Gathered, block: Node, path: Path) -> None:
    names = [_name(each) for each in block.named_children if each.type in {"identifier", "string_lit"}]
    if names[0] == "dynamic" and path and len(names) > 1:
        _dynamic(found, block, (*path, names[1]))
        return
    inner = (*path, *names)
    found.add(inner, OPENING, block.named_children[0], block)
    for child in block.named_children:
        if child.type == "body":
            _body(found, child, inner)


def _dynamic(found: _Gathered, block: Node, path: Path) -> None:
    """What it makes stands where it would be made; what it is made from stands there too."""
    found.add(path, OPENING, block.named_children[0], block)
    for body in (child for child in block.named_children if child.type == "body"):
        for child in body.named_children:
            if child.type == "block" and _name(child.named_children[0]) == "content":
                for inner in (each for each in child.named_children if each.type == "body"):
                    _body(found, inner, path)
            elif child.type == "attribute" and len(child.named_children) > 1:
                name, value = child.named_children[0], child.named_children[-1]
                _value(found, (*path, words(name)), value, child)


def _name(node: Node) -> str:
    """A keyword or a label."""
    if node.type == "identifier":
        return words(node)
    return normalize("NFC", literal(text_of(node)) or COMPUTED_NAME)


def _value(found: _Gathered, path: Path, node: Node, told: Node) -> None:
    """An expression below `path`, told where `told` stands."""
    inner = node
    while inner.type in _WRAPPED and len(inner.named_children) == 1:
        inner = inner.named_children[0]
    if len(path) == 4 and path[-1] == "provider":  # a reference by nature, `aws.west`, and in JSON a string
        found.add(path, (words(inner),), told, node)
        return
    match inner.type:
        case "object":
            _object(found, path, inner, told)
        case "tuple":
            for each in inner.named_children:
                if each.type == "expression":
                    _value(found, path, each, each)
        case _:
            text = tuple(normalize("NFC", part) if isinstance(part, str) else part for part in text_of(node))
            found.add(path, text, told, node)
            _objects(found, path, inner)


def _object(found: _Gathered, path: Path, node: Node, told: Node) -> None:
    found.add(path, OPENING, told, node)
    for each in node.named_children:
        key, value = each.child_by_field_name("key"), each.child_by_field_name("val")
        if each.type == "object_elem" and key is not None and value is not None:
            _value(found, (*path, _key(key)), value, each)


def _key(node: Node) -> str:
    """The name of an object's member: a bare word is a name, unless it stands in brackets."""
    written = words(node)
    if node.type == "expression" and [child.type for child in node.children] == ["variable_expr"]:
        return normalize("NFC", written)
    return normalize("NFC", literal(text_of(node)) or COMPUTED_NAME)


def _objects(found: _Gathered, path: Path, node: Node) -> None:
    """The objects within an expression that is none itself: arguments of `merge`, branches of a condition."""
    if found.place.content.find(b"{", node.start_byte, node.end_byte) < 0:
        return
    for child in node.named_children:
        if child.type == "object":
            _object(found, path, child, child)
        elif child.type == "for_object_expr":
            found.add((*path, COMPUTED_NAME), OPENING, child)
            _objects(found, (*path, COMPUTED_NAME), child)
        else:
            _objects(found, path, child)


def _calls(place: Place, found: Mapping[str, Sequence[Node]]) -> Iterator[Call]:
    for node in found.get("call", ()):
        name = words(node.named_children[0]).removeprefix("core::")
        arguments = arguments_of(node) if name in PATH_FUNCTIONS else []
        path = text_of(arguments[0]) if arguments else None
        if path is not None or "::" in name or name == "templatestring":
            yield Call(function=name, span=place.span(node), path=path, digest=digest_of(node.text))
