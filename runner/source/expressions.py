"""HCL expressions as texts: literals, templates of constants, path.module and its kin; all else is unknown."""

from __future__ import annotations

import re

from tree_sitter import Node

from runner.model.code import UNKNOWN_TEXT, Symbol, SymbolKind, Text, literal
from runner.model.references import Json

MOST_STEPS = 64
"""How deep an expression is followed before it counts as unknown."""

_ESCAPE = re.compile(r'\\(n|r|t|"|\\|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})|\$\$\{|%%\{')
_PLAIN = re.compile(rb'"([^"\\$%\n]*)"')
_SIMPLE = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_PATHS = {"module": SymbolKind.MODULE, "root": SymbolKind.ROOT, "cwd": SymbolKind.WORKING}


def words(node: Node) -> str:
    """The text of `node` as written."""
    return (node.text or b"").decode(errors="replace")


def plain_text(node: Node) -> str | None:
    """What a string says in which nothing is escaped or computed, as most are, with the spaces at its ends, which the
    grammar drops; None for any other node."""
    found = _PLAIN.fullmatch(node.text or b"")
    return None if found is None or node.has_error else found[1].decode(errors="replace")


def _unescaped(found: re.Match[str]) -> str:
    letter = found[1]
    if not letter:
        return found[0][1:]
    if letter[0] not in "uU":
        return _SIMPLE[letter]
    number = int(letter[1:], 16)
    return chr(number) if number < 0x110000 else "\ufffd"


def _joined(parts: list[str | Symbol]) -> Text:
    """`parts` with neighbouring literals as one; what follows an unknown stays, for the message."""
    merged: list[str | Symbol] = []
    for part in parts:
        last = merged[-1] if merged else None
        if isinstance(part, str) and isinstance(last, str):
            merged[-1] = last + part
        elif part != "":
            merged.append(part)
    return tuple(merged) or ("",)


def text_of(node: Node, steps: int = 0) -> Text:
    """`node`, an expression or a part of one, as a text."""
    if steps > MOST_STEPS:
        return UNKNOWN_TEXT
    match node.type:
        case "expression":
            named = node.named_children
            if len(named) == 1 and not named[0].type.startswith("comment"):
                return text_of(named[0], steps + 1)
            return _chain(named)
        case "literal_value" | "template_expr":
            return text_of(node.named_children[0], steps + 1) if node.named_children else UNKNOWN_TEXT
        case "string_lit" | "quoted_template" | "heredoc_template":
            plain = plain_text(node)
            return _template(node, steps) if plain is None else (plain,)
        case "variable_expr":
            return _chain([node])
        case "numeric_lit" | "bool_lit":
            return (words(node),)
        case "function_call":
            return _called(node, steps)
        case _:
            return UNKNOWN_TEXT


def _chain(nodes: list[Node]) -> Text:
    """`path.module`, `local.a.b`, `terraform.workspace`; all other traversals are unknown."""
    if not nodes or nodes[0].type != "variable_expr" or any(node.type != "get_attr" for node in nodes[1:]):
        return UNKNOWN_TEXT
    names = [words(nodes[0]), *(words(node).lstrip(".").strip() for node in nodes[1:])]
    match names:
        case ["path", name] if name in _PATHS:
            return (Symbol(kind=_PATHS[name]),)
        case ["local", *inner] if inner:
            return (Symbol(kind=SymbolKind.LOCAL, name=".".join(inner)),)
        case ["terraform" | "tofu", "workspace"]:
            return (Symbol(kind=SymbolKind.WORKSPACE),)
        case _:
            return UNKNOWN_TEXT


def _template(node: Node, steps: int) -> Text:
    parts: list[str | Symbol] = []
    quoted = node.type != "heredoc_template"
    for child in node.children:
        match child.type:
            case "template_literal":
                raw = words(child)
                parts.append(_ESCAPE.sub(_unescaped, raw) if quoted or "{" in raw else raw)
            case "template_interpolation":
                inner = next((each for each in child.named_children if each.type == "expression"), None)
                parts.extend(text_of(inner, steps + 1) if inner else UNKNOWN_TEXT)
            case "template_directive":
                parts.extend(UNKNOWN_TEXT)
            case _:
                continue
    return _joined(parts)


def arguments_of(call: Node) -> list[Node]:
    """The argument expressions of a `function_call`."""
    listed = next((child for child in call.named_children if child.type == "function_arguments"), None)
    return [child for child in listed.named_children if child.type == "expression"] if listed else []


def function_name(call: Node) -> str:
    """The name of the function that `call` calls; `core::` is the engine's own namespace."""
    name = words(call).split("(", 1)[0].strip()
    return name.removeprefix("core::")


def _called(call: Node, steps: int) -> Text:
    arguments = arguments_of(call)
    match function_name(call):
        case "abspath" | "pathexpand" | "trimspace" | "tostring" | "nonsensitive" if len(arguments) == 1:
            return text_of(arguments[0], steps + 1)
        case "join" if len(arguments) == 2:
            return _join(literal(text_of(arguments[0], steps + 1)), arguments[1], steps)
        case "format" if arguments:
            return _formatted(arguments, steps)
        case _:
            return UNKNOWN_TEXT


def _join(separator: str | None, listed: Node, steps: int) -> Text:
    inner = listed
    while len(inner.named_children) == 1 and inner.type in {"expression", "collection_value"}:
        inner = inner.named_children[0]
    if separator is None or inner.type != "tuple":
        return UNKNOWN_TEXT
    parts: list[str | Symbol] = []
    items = [child for child in inner.named_children if child.type == "expression"]
    for number, item in enumerate(items):
        parts.extend([separator] if number else [])
        parts.extend(text_of(item, steps + 1))
    return _joined(parts)


def _formatted(arguments: list[Node], steps: int) -> Text:
    pattern = literal(text_of(arguments[0], steps + 1))
    if pattern is None:
        return UNKNOWN_TEXT
    pieces = re.split(r"%[sv]", pattern)
    if len(pieces) != len(arguments) or any("%" in piece for piece in pieces):
        return UNKNOWN_TEXT
    parts: list[str | Symbol] = [pieces[0]]
    for argument, piece in zip(arguments[1:], pieces[1:], strict=True):
        parts.extend((*text_of(argument, steps + 1), piece))
    return _joined(parts)


def value_of(node: Node, steps: int = 0) -> tuple[bool, Json]:
    """(True, value) of a literal expression: a string, number, bool, null, list or object of these."""
    while node.type in {"expression", "literal_value", "collection_value"} and len(node.named_children) == 1:
        node = node.named_children[0]
    if steps > MOST_STEPS:
        return False, None
    match node.type:
        case "bool_lit":
            return True, words(node) == "true"
        case "null_lit":
            return True, None
        case "numeric_lit":
            return True, _number(words(node))
        case "tuple":
            items = [value_of(each, steps + 1) for each in node.named_children if each.type == "expression"]
            return all(known for known, _ in items), [value for _, value in items]
        case "object":
            return _object(node, steps)
        case _:
            found = literal(text_of(node))
            return found is not None, found


def _number(written: str) -> Json:
    try:
        return int(written)
    except ValueError:
        return float(written)


def _object(node: Node, steps: int) -> tuple[bool, Json]:
    found: dict[str, Json] = {}
    for name, value in object_items(node):
        known, content = value_of(value, steps + 1)
        if not known or name is None:
            return False, None
        found[name] = content
    return True, found


def object_items(node: Node) -> list[tuple[str | None, Node]]:
    """The (key, value expression) pairs of an `object`; the key None where it is computed."""
    pairs: list[tuple[str | None, Node]] = []
    for element in node.named_children:
        key, value = element.child_by_field_name("key"), element.child_by_field_name("val")
        if element.type != "object_elem" or key is None or value is None:
            continue
        written = words(key)
        pairs.append((written if written.isidentifier() else literal(text_of(key)), value))
    return pairs
