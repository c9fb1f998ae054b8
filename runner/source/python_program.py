"""One file of a Python program to its facts: what it imports, which files it may read, which stacks it refers to. Pure.

References by function: `import` a module (`a.b`, `..a`, `a.*`), `open` a file or directory, `load` a file as code,
`search` one more place for imports, `stack` of Pulumi, `text` anything that may name a path, `place` a name for one
(the `pattern`), `run` what nobody can follow. An expression that could be several of them is several.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator

from msgspec.structs import replace

from runner.diagnostics import Diagnostic, Severity, Span
from runner.model.code import UNKNOWN_TEXT, FileFacts, FileReference, Symbol, SymbolKind, Text, literal
from runner.source.python_texts import Texts, slashed
from runner.source.spans import Place, beyond_limits

MOST_LETTERS = 255
"""Of a text that may name a path: the longest name that a file can have."""

_IMPORTING = frozenset({"importlib.import_module", "importlib.__import__", "__import__"})
_LOADING = frozenset({"runpy.run_path", "importlib.util.spec_from_file_location"})
_OPENING = frozenset(
    {
        "open", "io.open", "os.open", "codecs.open", "os.listdir", "os.scandir", "os.walk", "os.stat", "glob.glob",
        "glob.iglob", "pulumi.FileAsset", "pulumi.FileArchive", "pulumi.asset.FileAsset", "pulumi.asset.FileArchive",
        "jinja2.FileSystemLoader", "zipfile.ZipFile", "tarfile.open", "shutil.copy", "shutil.copyfile",
        "shutil.copytree", "shutil.make_archive", "fileinput.input", "linecache.getline", "os.path.getmtime",
    }
)  # fmt: skip
_OPENING_METHODS = frozenset(
    {"read_text", "read_bytes", "iterdir", "glob", "rglob", "walk", "is_file", "is_dir", "exists"}
)
_RUNNING = frozenset(
    {
        "exec", "eval", "compile", "os.system", "os.popen", "os.execv", "os.execvp", "os.posix_spawn",
        "subprocess.run", "subprocess.call", "subprocess.check_call", "subprocess.check_output", "subprocess.Popen",
        "subprocess.getoutput", "asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell",
        "pkgutil.iter_modules", "pkgutil.walk_packages", "runpy.run_module",
    }
)  # fmt: skip
_BELONGING = frozenset(
    {
        f"importlib.resources.{name}"
        for name in ("files", "open_text", "open_binary", "read_text", "read_binary")
    }
    | {f"importlib.resources.{name}" for name in ("path", "contents", "is_resource")}
    | {"importlib.util.find_spec", "inspect.getfile", "inspect.getsourcefile", "pkgutil.get_data"}
)
"""What finds the files that lie with a module."""
_OWN_PLACES = ("__file__", "__path__")
_FILLED = ("format", "replace")
_WORDS = re.compile(r"[\w+.-]+://|[\s=,;@\"'()<>]+")
"""What may stand before and after a path in a text that holds more than one."""
_PATHLIKE = re.compile(r"[^/]*(?:/|\.\w).*")
_PLACES = (SymbolKind.MODULE, SymbolKind.WORKING)
_TELLING = _IMPORTING | _LOADING | _OPENING | _BELONGING
"""Their first argument is told by what they do with it."""
_ALL_NAMES = _IMPORTING | _LOADING | _OPENING | _RUNNING
_OF_WORDS = frozenset(
    {
        "split",
        "rsplit",
        "join",
        "replace",
        "startswith",
        "endswith",
        "strip",
        "lstrip",
        "rstrip",
        "partition",
        "rpartition",
    }
)
"""Methods of texts that take a text apart: what they are given as a mark is no path."""
_NO_FILES = ("webbrowser.", "urllib.")
_SEARCHING = frozenset({"sys.path.append", "sys.path.insert", "sys.path.extend", "site.addsitedir"})


def parse_python(content: bytes, path: str) -> FileFacts:
    """The facts of the file's bytes. One that cannot be read has a warning `python-syntax`."""
    place = Place(path, content)
    if refused := beyond_limits(place):
        return FileFacts(diagnostics=(refused,))
    try:
        with warnings.catch_warnings(action="ignore"):
            module = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as problem:
        line = problem.lineno if isinstance(problem, SyntaxError) and problem.lineno else 1
        return FileFacts(diagnostics=(_unread(path, line),))
    found: dict[tuple[str, Text], FileReference] = {}
    program = _Program(module, path)
    for each in program.references():
        known = found.setdefault((each.function, each.path), each)
        if (each.span.line, each.span.column) < (known.span.line, known.span.column):
            found[each.function, each.path] = each
    ordered = sorted(found.values(), key=lambda each: (each.span.line, each.span.column))
    return FileFacts(references=tuple(ordered), functions=frozenset(program.borrowed))


def _unread(path: str, line: int) -> Diagnostic:
    return Diagnostic(
        code="python-syntax",
        message=f"`{path}` is no Python that can be read, so all of the program's directory counts as its code",
        span=Span(file=path, line=line, column=1),
        severity=Severity.WARNING,
    )


class _Program:
    def __init__(self, module: ast.Module, path: str) -> None:
        self.module, self.path = module, path
        self.texts = Texts(module, dict(_aliases(module)))
        self._heads: set[int] = set()
        self._told: set[int] = set()
        self.borrowed: set[str] = set()
        """Names of other modules that are used here."""

    def references(self) -> Iterator[FileReference]:
        """Every reference, without an order."""
        pending: list[ast.AST] = [self.module]
        while pending:
            node = pending.pop()
            match node:
                case ast.Import() | ast.ImportFrom():
                    yield from self._imported(node)
                case ast.Expr(value=ast.Constant()):
                    continue  # a docstring
                case ast.Call():
                    self._heads.add(id(node.func))
                    yield from self._called(node)
                case ast.Compare(left=left, comparators=others):
                    # `".." in path.parts` asks what a path is, and names none.
                    self._told.update(id(each) for each in (left, *others) if _is_dots(each))
                case ast.Name(ctx=ast.Load()) | ast.Attribute(ctx=ast.Load()):
                    yield from self._handed_on(node)
                case ast.Assign(targets=[place]) | ast.AugAssign(target=place):
                    if self.texts.dotted(place) == "sys.path":
                        yield self._reference("search", UNKNOWN_TEXT, node)
                case ast.List(elts=[_, _, *_] as parts) | ast.Tuple(elts=[_, _, *_] as parts):
                    yield from self._listed(parts, node)
                case _:
                    pass
            text = self.texts.text(node) if isinstance(node, ast.expr) else UNKNOWN_TEXT
            if isinstance(node, ast.expr) and text != UNKNOWN_TEXT:
                yield from self._text(text, node)
                pending.extend(self._unknown_below(node))
            else:
                pending.extend(ast.iter_child_nodes(node))

    def _unknown_below(self, node: ast.expr) -> Iterator[ast.AST]:
        """The parts of a text that nothing is known of, where other texts may stand, and what is filled into it."""
        filled = _filled_in(node)
        pending: list[ast.AST] = list(ast.iter_child_nodes(node))
        while pending:
            child = pending.pop()
            part = child.value if isinstance(child, ast.keyword) else child
            if not isinstance(part, ast.expr):
                continue
            if id(part) in filled or (self.texts.text(part) == UNKNOWN_TEXT and id(part) not in self._heads):
                yield part
            elif isinstance(part, ast.BinOp | ast.JoinedStr | ast.FormattedValue | ast.Call | ast.Attribute):
                filled |= _filled_in(part)
                pending.extend(ast.iter_child_nodes(part))

    def _imported(self, node: ast.Import | ast.ImportFrom) -> Iterator[FileReference]:
        if isinstance(node, ast.Import):
            for each in node.names:
                yield self._reference("import", (each.name,), node)
            return
        whole = "." * node.level + (node.module or "")
        yield self._reference("import", (whole,), node)
        for each in node.names:
            self.borrowed.add(each.name)
            dot = "." if node.module else ""
            yield self._reference("import", (f"{whole}{dot}{each.name}",), node)

    def _called(self, call: ast.Call) -> Iterator[FileReference]:
        name = self.texts.dotted(call.func)
        first = call.args[0] if call.args else next((each.value for each in call.keywords), None)
        text = self.texts.text(first) if first is not None else UNKNOWN_TEXT
        if first is not None and name in _TELLING:
            self._told.add(id(first))
        if name in _IMPORTING:
            yield self._reference("import", self._in_package(text, call), call)
            if name.endswith("__import__") and len(call.args) + len(call.keywords) > 1 and literal(text):
                yield self._reference("import", (f"{literal(text)}.*",), call)
        elif name in _BELONGING:
            yield self._beside(first, call)
        elif name in _LOADING:
            place = call.args[1] if name.endswith("location") and len(call.args) > 1 else first
            yield self._reference("load", self.texts.text(place) if place else UNKNOWN_TEXT, call)
        elif name in _OPENING:
            yield self._reference("open", text, call)
        elif name in _RUNNING:
            yield self._reference("run", UNKNOWN_TEXT, call)
        elif name in _SEARCHING:
            yield from self._searched(name, call)
        elif name.endswith("StackReference"):
            named = next((each.value for each in call.keywords if each.arg == "stack_name"), first)
            self._told.add(id(named))
            yield self._reference("stack", self.texts.text(named) if named else UNKNOWN_TEXT, call)
        elif isinstance(call.func, ast.Attribute):
            yield from self._method(call.func, call)

    def _method(self, func: ast.Attribute, call: ast.Call) -> Iterator[FileReference]:
        asked, method = self.texts.dotted(func), func.attr
        if method in _OF_WORDS and asked != "shlex.split":
            self._told.update(map(id, call.args))
            yield from self._taken_apart(func.value, call)
        if method in _OPENING_METHODS or (method == "open" and not asked.startswith(_NO_FILES)):
            yield self._reference("open", self.texts.text(func.value), call)

    def _beside(self, module: ast.expr | None, node: ast.expr) -> FileReference:
        """What lies with a module, whatever it is; its name, or itself."""
        match module:
            case None | ast.Name(id="__package__" | "__name__"):
                return self._reference("import", (".", *UNKNOWN_TEXT), node)
            case _:
                name = literal(self.texts.text(module)) or self.texts.dotted(module)
                return self._reference("import", (f"{name}.", *UNKNOWN_TEXT), node)

    def _taken_apart(self, whole: ast.expr, call: ast.Call) -> Iterator[FileReference]:
        """`"a.json b.json".split()` may name both; `" ".join(…)` names nothing."""
        match whole, self.texts.text(call.args[0]) if call.args else (" ",):
            case ast.Constant(value=str() as written), (str() as mark,):
                self._told.add(id(whole))
                for each in dict.fromkeys((*written.split(mark or None), *written.split())):
                    yield from self._text((each,), call)
            case _:
                return

    def _in_package(self, text: Text, call: ast.Call) -> Text:
        """`import_module(".x", "a.b")` is `a.b.x`; with `__package__` it is as it stands."""
        begins = text[0] if text else ""
        if not isinstance(begins, str) or not begins.startswith("."):
            return text
        package = call.args[1] if len(call.args) > 1 else next((each.value for each in call.keywords), None)
        match package:
            case None | ast.Name(id="__package__" | "__name__"):
                return text
            case ast.Constant(value=str() as written):
                return (written + begins, *text[1:])
            case _:
                return UNKNOWN_TEXT

    def _searched(self, name: str, call: ast.Call) -> Iterator[FileReference]:
        last = call.args[-1] if call.args else None
        places = last.elts if name.endswith("extend") and isinstance(last, ast.List) else [last]
        for each in places:
            self._told.add(id(each))
            yield self._reference("search", self.texts.text(each) if each else UNKNOWN_TEXT, call)

    def _listed(self, parts: list[ast.expr], node: ast.expr) -> Iterator[FileReference]:
        """Segments of a path, which somebody else puts together."""
        words = [
            each.value for each in parts if isinstance(each, ast.Constant) and isinstance(each.value, str)
        ]
        if len(words) == len(parts) and _PATHLIKE.fullmatch(words[-1]) and not _WORDS.search("".join(words)):
            yield from self._text(slashed([(each,) for each in words]), node)
            yield from self._text((*UNKNOWN_TEXT, "/" + "/".join(words)), node)  # of a longer list

    def _handed_on(self, node: ast.Name | ast.Attribute) -> Iterator[FileReference]:
        """What opens, imports or runs, given to somebody else to call; and what is another module's."""
        if isinstance(node, ast.Attribute) and node.attr in _OWN_PLACES:
            yield self._beside(node.value, node)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            self.borrowed.add(node.attr)
        if id(node) not in self._heads and self.texts.dotted(node) in _ALL_NAMES:
            yield self._reference("run", UNKNOWN_TEXT, node)

    def _text(self, text: Text, node: ast.expr) -> Iterator[FileReference]:
        """A text that may name a path; `place` where it only gives a name to one."""
        if id(node) in self._told or isinstance(getattr(node, "ctx", None), ast.Store | ast.Del):
            return
        words = [part for part in text if isinstance(part, str)]
        if words and text[:1] == ("file://",):
            text = text[1:]
        elif (whole := literal(text)) is not None and _WORDS.search(whole):
            for each in dict.fromkeys(_WORDS.split(whole)):
                if _PATHLIKE.fullmatch(each) and len(each) <= MOST_LETTERS and "\0" not in each:
                    yield self._reference("text", (each,), node)
        odd = any(len(part) > MOST_LETTERS or "\n" in part or "\0" in part for part in words)
        if odd or text in ((), ("",)) or "://" in "".join(words[:1]):
            return
        name = self.texts.named.get(id(node))
        if name is None or not (isinstance(text[0], Symbol) and text[0].kind in _PLACES):
            yield self._reference("text", text, node)
        else:
            yield replace(self._reference("place", text, node), pattern=(name,))

    def _reference(self, function: str, path: Text, node: ast.stmt | ast.expr) -> FileReference:
        span = Span(file=self.path, line=node.lineno, column=node.col_offset + 1)
        return FileReference(function=function, path=path, span=span)


def _is_dots(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value in (".", "..")


def _filled_in(node: ast.expr) -> set[int]:
    """The ids of what a pattern is given, of which its text shows nothing."""
    match node:
        case ast.Call(func=ast.Attribute(attr=name), args=args, keywords=keywords) if name in _FILLED:
            return {id(each) for each in (*args, *(each.value for each in keywords))}
        case ast.BinOp(op=ast.Mod(), right=right):
            return {id(right)}
        case _:
            return set()


def _aliases(module: ast.Module) -> Iterator[tuple[str, str]]:
    """Local name -> what it was imported as, wherever in the file."""
    for node in ast.walk(module):
        match node:
            case ast.Import(names=names):
                for each in names:
                    if each.asname:
                        yield each.asname, each.name
            case ast.ImportFrom(module=str() as source, level=0, names=names):
                for each in names:
                    yield each.asname or each.name, f"{source}.{each.name}"
            case _:
                continue
