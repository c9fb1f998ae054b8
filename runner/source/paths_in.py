"""Every expression of a file that may name a path: arguments of `file()` and its kin, path.module, bare strings."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from runner.model.code import FileReference, Symbol, SymbolKind, Text
from runner.source.expressions import arguments_of, function_name, text_of, words
from runner.source.spans import Place

PATH_FUNCTIONS = frozenset(
    {
        "file", "filebase64", "filebase64sha256", "filebase64sha512", "fileexists", "filemd5", "fileset", "filesha1",
        "filesha256", "filesha512", "templatefile",
    }
)  # fmt: skip
"""Functions of Terraform and OpenTofu whose first argument is a path that is read at plan time."""

_PASSING = frozenset({"join", "format", "abspath", "pathexpand", "trimspace", "tostring", "nonsensitive"})
_CALL = re.compile(rb"(?<![\w:-])[\d:-]*+([A-Za-z_][\w:-]*)\s*\(")
_SYMBOL = re.compile(rb"\b(?:path\.(?:module|root|cwd)|local\.[A-Za-z_][\w-]*)")
_BARE = re.compile(rb'"((?:\.{1,2}/)*[\w@+-][\w.@+-]*(?:/[\w.@+-]+)*/?)"')
_PATHLIKE = re.compile(rb"/|\.[A-Za-z]")
_PATH_KEYS = ("dir", "directory", "path", "source", "file", "filename", "folder", "root", "context", "chart")
_KEYED = re.compile(rb"(?:%s)\s*[=/#]" % "|".join(_PATH_KEYS).encode())
"""The keys again, as they stand before their values or a comment."""

_OF_A_BLOCK = re.compile(rb'[ \t]*[{"]')
"""What follows the label of a block, and no value."""

_INSIDE = frozenset(
    {"expression", "template_expr", "quoted_template", "heredoc_template", "template_interpolation",
     "function_arguments", "collection_value", "tuple"}
)  # fmt: skip


def references_of(root: Node, place: Place) -> tuple[tuple[FileReference, ...], frozenset[str]]:
    """The references of the tree under `root`, each once, and the names of all functions called."""
    found: dict[tuple[str, Text, Text | None], FileReference] = {}
    functions = set()
    for call in _calls(root, place):
        name = function_name(call)
        functions.add(name)
        arguments = arguments_of(call)
        if name in PATH_FUNCTIONS and arguments:
            pattern = text_of(arguments[1]) if name == "fileset" and len(arguments) > 1 else None
            _keep(found, name, text_of(arguments[0]), place, call, pattern)
    for node in _symbols(root, place):
        _keep(found, "path", text_of(node), place, node, None)
    for node, text in _bare(root, place):
        _keep(found, "literal", (text,), place, node, None)
    return tuple(found.values()), frozenset(functions)


def _keep(
    found: dict[tuple[str, Text, Text | None], FileReference],
    function: str,
    path: Text,
    place: Place,
    node: Node,
    pattern: Text | None,
) -> None:
    key = (function, path, pattern)
    if key not in found:
        found[key] = FileReference(function=function, path=path, span=place.span(node), pattern=pattern)


def _at(root: Node, start: int, end: int) -> Node | None:
    return root.descendant_for_byte_range(start, end)


def _calls(root: Node, place: Place) -> Iterator[Node]:
    for hit in _CALL.finditer(place.content):
        node = _at(root, hit.start(1), hit.end(1))
        while node is not None and node.type == "identifier":
            node = node.parent
        if node is not None and node.type == "function_call" and node.start_byte == hit.start(1):
            yield node


def _symbols(root: Node, place: Place) -> Iterator[Node]:
    """The largest expression around each symbol that is still one text, unless a path function or a local of its own
    takes it (then it is seen there)."""
    for hit in _SYMBOL.finditer(place.content):
        node = _at(root, hit.start(), hit.end())
        if node is None or node.type != "expression":
            continue
        top = node
        while (outer := _around(top)) is not None:
            top = outer
        if not _taken(top):
            yield top


def _around(node: Node) -> Node | None:
    """The next larger expression of which `node` is a part of the text."""
    outer = node.parent
    while outer is not None and (outer.type in _INSIDE - {"expression"} or _is_collection(outer)):
        outer = outer.parent
    if outer is not None and outer.type == "function_call":
        if function_name(outer) not in _PASSING:
            return None
        outer = outer.parent
    return outer if outer is not None and outer.type == "expression" and _is_text(outer) else None


def _is_collection(node: Node) -> bool:
    """The expression around a list literal: `join` looks into it."""
    return node.type == "expression" and [child.type for child in node.named_children] == ["collection_value"]


def _is_text(node: Node) -> bool:
    """Whether more than an unknown is known of `node`."""
    text = text_of(node)
    return len(text) > 1 or text[0] != Symbol(kind=SymbolKind.UNKNOWN)


def _taken(node: Node) -> bool:
    outer = node.parent
    if outer is not None and outer.type == "function_arguments":
        call = outer.parent
        if call is None or call.type != "function_call" or function_name(call) not in PATH_FUNCTIONS:
            return False
        return arguments_of(call)[:1] == [node]
    if outer is None or outer.type != "attribute":
        return False
    block = outer.parent.parent if outer.parent else None
    if block is None or block.type != "block" or not block.named_children:
        return False
    keyword = words(block.named_children[0])
    return keyword == "locals" or (keyword == "module" and words(outer.named_children[0]) == "source")


def _bare(root: Node, place: Place) -> Iterator[tuple[Node, str]]:
    """Bare strings that may be paths: with a slash or an extension, or given to an attribute that is named so."""
    broken = root.has_error
    keyed = broken or _KEYED.search(place.content) is not None
    for hit in _BARE.finditer(place.content):
        pathlike = _PATHLIKE.search(hit[1]) is not None
        if not (pathlike or keyed) or (not broken and _OF_A_BLOCK.match(place.content, hit.end())):
            continue
        attribute = _attribute_of(_at(root, hit.start(1), hit.end(1)))
        if attribute is None or attribute.parent is None:
            continue
        key = words(attribute.named_children[0])
        if not pathlike and not key.endswith(_PATH_KEYS):
            continue
        block = attribute.parent.parent
        keyword = words(block.named_children[0]) if block is not None and block.type == "block" else ""
        if keyword in {"required_providers", "terraform"} or (
            keyword == "module" and key in {"source", "version"}
        ):
            continue
        yield attribute, hit[1].decode(errors="replace")


def _attribute_of(node: Node | None) -> Node | None:
    """The attribute in whose value the string `node` stands by itself."""
    if node is None or node.type != "template_literal":
        return None
    while node is not None and node.type not in {
        "attribute",
        "block",
        "function_call",
        "template_interpolation",
    }:
        node = node.parent
    return node if node is not None and node.type == "attribute" else None
