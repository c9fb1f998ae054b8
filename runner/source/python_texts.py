"""Expressions of a Python program as texts: what is literal in a path, and what only a run could tell. Pure."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from runner.model.code import UNKNOWN_TEXT, Symbol, SymbolKind, Text, literal

MOST_STEPS = 40
_SAME = frozenset(
    {
        "os.path.abspath", "os.path.realpath", "os.path.normpath", "os.path.expandvars", "os.fspath", "str",
        "pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "pathlib.PurePosixPath",
    }
)  # fmt: skip
_SAME_METHODS = frozenset({"resolve", "absolute", "as_posix", "expanduser"})
_CONVERSION = re.compile(r"%(?:\([^)]*\))?[^a-zA-Z%]*[a-zA-Z%]")
_LISTED = (ast.List, ast.Tuple)
_MODULE = Symbol(kind=SymbolKind.MODULE)
_HERE: Text = (_MODULE, "/__file__")
"""`__file__`: what is known of it is its directory; one file's facts serve wherever its bytes stand."""


class Texts:
    """Evaluates expressions of one module. `aliases`: local name -> what it was imported as."""

    def __init__(self, module: ast.Module, aliases: Mapping[str, str]) -> None:
        self.aliases = aliases
        self._values = _bound_once(module)
        self._known: dict[int, Text] = {}
        self.named = {id(value): name for name, value in self._values.items()}
        """Names by the ids of the expressions that they stand for wherever they are used."""

    def dotted(self, node: ast.expr) -> str:
        """`os.path.join` for whatever it is called here; empty for what is no such name."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        parts.append(self.aliases.get(node.id, node.id))
        return ".".join(reversed(parts))

    def text(self, node: ast.expr, steps: int = 0) -> Text:
        """What `node` evaluates to, as far as its letters are known."""
        if steps > MOST_STEPS:
            return UNKNOWN_TEXT
        if id(node) not in self._known:
            self._known[id(node)] = UNKNOWN_TEXT  # stands for itself while it is worked out
            self._known[id(node)] = self._text(node, steps)
        return self._known[id(node)]

    def _text(self, node: ast.expr, steps: int) -> Text:
        match node:
            case ast.Constant(value=str() | bytes() as written):
                return (written if isinstance(written, str) else written.decode(errors="surrogateescape"),)
            case ast.JoinedStr(values=values):
                return _joined([self.text(each, steps + 1) for each in values])
            case ast.FormattedValue(value=value, conversion=-1, format_spec=None):
                return self.text(value, steps + 1)
            case ast.BinOp():
                return self._joined_by(node, steps)
            case ast.Name(id="__file__"):
                return _HERE
            case ast.Name(id=name) if name in self._values:
                return self.text(self._values[name], steps + 1)
            case ast.Attribute():
                return self._attribute(node, steps)
            case ast.Subscript(
                value=ast.Attribute(value=value, attr="parents"), slice=ast.Constant(value=int() as number)
            ) if 0 <= number < MOST_STEPS:
                return _parent(self.text(value, steps + 1), number + 1)
            case ast.Call():
                return self._called(node, steps)
            case _:
                return UNKNOWN_TEXT

    def _joined_by(self, node: ast.BinOp, steps: int) -> Text:
        left = self.text(node.left, steps + 1)
        match node.op, node.right:
            case ast.Add(), right:
                return _joined([left, self.text(right, steps + 1)])
            case ast.Div(), right:
                return slashed([left, self.text(right, steps + 1)])
            case ast.Mult(), ast.Constant(value=int() as times) if 0 < times < MOST_STEPS:
                return _joined([left] * times)
            case ast.Mod(), _:
                return _until(left, "%")
            case _:
                return UNKNOWN_TEXT

    def _attribute(self, node: ast.Attribute, steps: int) -> Text:
        known = {"os.pardir": "..", "os.sep": "/"}.get(self.dotted(node))
        if known is not None:
            return (known,)
        return _parent(self.text(node.value, steps + 1), 1) if node.attr == "parent" else UNKNOWN_TEXT

    def _called(self, call: ast.Call, steps: int) -> Text:
        name = self.dotted(call.func)
        texts = [self.text(each, steps + 1) for each in self._spread(call.args)]
        if name in ("os.getcwd", "pathlib.Path.cwd"):
            return (Symbol(kind=SymbolKind.WORKING),)
        if name == "pulumi.get_stack":
            return (Symbol(kind=SymbolKind.WORKSPACE),)
        if name == "os.path.dirname" and texts:
            return _parent(texts[0], 1)
        if (name in _SAME or name == "os.path.join") and texts:
            return slashed(texts)
        if not isinstance(call.func, ast.Attribute):
            return UNKNOWN_TEXT
        own = self.text(call.func.value, steps + 1)
        match call.func.attr:
            case "joinpath":
                return slashed([own, *texts])
            case "join" if own in (("/",), ("",)) and call.args and isinstance(call.args[0], _LISTED):
                listed = [self.text(each, steps + 1) for each in call.args[0].elts]
                return slashed(listed) if own == ("/",) else _joined(listed)
            case "with_suffix" | "with_stem" if own[-1:] and isinstance(own[-1], str):
                return (*_parent(own, 1), "/", *UNKNOWN_TEXT, *(texts[0] if texts else ()))
            case "with_name" if texts:
                return slashed([_parent(own, 1), texts[0]])
            case _:
                pass
        if call.func.attr == "format":
            return _until(own, "{")
        if call.func.attr == "replace" and texts and (mark := literal(texts[0])):
            return _replaced(own, mark)
        return own if call.func.attr in _SAME_METHODS else UNKNOWN_TEXT

    def _spread(self, given: Sequence[ast.expr]) -> list[ast.expr]:
        """`*parts` as the parts, where a list of them is spelled out."""
        found: list[ast.expr] = []
        for each in given:
            listed = each.value if isinstance(each, ast.Starred) else None
            if isinstance(listed, ast.Name):
                listed = self._values.get(listed.id, listed)
            found += listed.elts if isinstance(listed, _LISTED) else [each]
        return found


def _bound_once(module: ast.Module) -> dict[str, ast.expr]:
    """The value of each name that one plain assignment at the top binds, and nothing else in the file does."""
    times = Counter(_bindings(module))
    found: dict[str, ast.expr] = {}
    for each in module.body:
        match each:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found[name] = value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                found[name] = value
            case _:
                continue
    return {name: value for name, value in found.items() if times[name] == 1}


def _bindings(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.alias(name=name, asname=other):
                yield other or name.partition(".")[0]
            case ast.ExceptHandler(name=str() as name) | ast.MatchAs(name=str() as name):
                yield name
            case ast.MatchStar(name=str() as name) | ast.MatchMapping(rest=str() as name):
                yield name
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                yield from names
            case _:
                continue


def known(text: Text) -> bool:
    """Whether a run could tell nothing more of it than where the program lies."""
    places = (SymbolKind.MODULE, SymbolKind.WORKING)
    return all(isinstance(part, str) or part.kind in places for part in text)


def slashed(texts: list[Text]) -> Text:
    """As `os.path.join` has it: an absolute piece begins anew."""
    whole: Text = ()
    for text in texts:
        begins = text[0] if text else ""
        anew = isinstance(begins, Symbol) and begins.kind in (SymbolKind.MODULE, SymbolKind.WORKING)
        if not whole or anew or (isinstance(begins, str) and begins.startswith("/")):
            whole = text
        elif text:
            last = whole[-1]
            whole = _joined([whole, () if isinstance(last, str) and last.endswith("/") else ("/",), text])
    return whole


def _joined(texts: list[Text]) -> Text:
    merged: list[str | Symbol] = []
    for part in (each for text in texts for each in text):
        last = merged[-1] if merged else None
        if isinstance(part, str) and isinstance(last, str):
            merged[-1] = last + part
        else:
            merged.append(part)
    return tuple(merged)


def _until(text: Text, mark: str) -> Text:
    """What is filled in later is unknown from the first mark to the last letter after it."""
    at = next((at for at, part in enumerate(text) if isinstance(part, str) and mark in part), None)
    if at is None:
        return text if known(text) else UNKNOWN_TEXT
    first, last = text[at], text[-1]
    assert isinstance(first, str)
    match mark, last:
        case "%", str():
            after = _CONVERSION.split(last)[-1]
        case "{", str():
            after = last.rpartition("}")[2]
        case _, str():
            after = last.rpartition(mark)[2]
        case _:
            after = ""
    return _joined([text[:at], (first.partition(mark)[0],), UNKNOWN_TEXT, (after,)])


def _replaced(text: Text, mark: str) -> Text:
    """A place has letters too: in the name of this very file they are replaced beside it, elsewhere anywhere."""
    if any(isinstance(part, str) and mark in part for part in text) or literal(text) is not None:
        return _until(text, mark)
    return (_MODULE, "/", *UNKNOWN_TEXT) if text == _HERE and "/" not in mark else UNKNOWN_TEXT


def _parent(text: Text, times: int) -> Text:
    if not text:
        return text
    last = text[-1]
    for _ in range(times):
        if isinstance(last, str) and "/" in last.rstrip("/") and not last.rstrip("/").endswith(".."):
            last = last.rstrip("/").rpartition("/")[0]
        elif isinstance(last, str):
            last = last.rstrip("/") + "/.." if last or len(text) > 1 else ".."
        else:
            text, last = (*text, "/.."), "/.."
    return tuple(part for part in (*text[:-1], last) if part != "")
