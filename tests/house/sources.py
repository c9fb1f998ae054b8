"""The source files of the project, parsed once, and the questions that the rules ask of them."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Source:
    """A Python file: its path in the project, its text, its tree."""

    path: Path
    text: str
    tree: ast.Module

    def at(self, line: int) -> str:
        """A place as an editor takes it."""
        return f"{self.path}:{line}"


@cache
def sources(*tops: str) -> tuple[Source, ...]:
    """Every Python file below these directories, sorted by path."""
    files = sorted(file for top in tops for file in (ROOT / top).rglob("*.py"))
    return tuple(
        Source(file.relative_to(ROOT), text, ast.parse(text, str(file)))
        for file in files
        for text in [file.read_text(encoding="utf-8")]
    )


def everything() -> tuple[Source, ...]:
    """The program and its tests."""
    return sources("runner", "tests")


def functions(source: Source) -> Iterator[Function]:
    """Every function and method, the nested ones too."""
    return (node for node in ast.walk(source.tree) if isinstance(node, Function))


def given_names(source: Source) -> Iterator[tuple[str, int]]:
    """Every name that this file gives to something, with the line; names that it only uses are others' choice."""
    for node in ast.walk(source.tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, node.lineno
            case ast.arg(arg=name):
                yield name, node.lineno
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name, node.lineno
            case ast.alias(asname=str(name)):
                yield name, node.lineno
            case _:
                pass


def words(name: str) -> list[str]:
    """`readHTTPFile_2` → read, http, file, 2."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+", name)]


def decorators(function: Function) -> list[str]:
    """As they are written, without their arguments: `click.option`, `pytest.fixture`."""
    return [
        ast.unparse(each.func if isinstance(each, ast.Call) else each) for each in function.decorator_list
    ]
