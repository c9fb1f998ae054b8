"""Code with its parsers at hand: what the index does not know is parsed."""

from __future__ import annotations

from runner.kit.tree import Tree
from runner.model.code import FileFacts
from runner.source.hcl import parse, parse_template
from runner.source.hcl_json import parse_json
from runner.source.index import Index, MemoryIndex
from runner.source.known_code import KnownCode
from runner.source.project_files import parse_dependencies, parse_listing, parse_project, parse_source
from runner.source.python_program import parse_python

_PARSERS = {
    "hcl": parse,
    "json": parse_json,
    "template": parse_template,
    "python": parse_python,
    "project": parse_project,
    "dependencies": parse_dependencies,
    "source": parse_source,
    "listing": parse_listing,
}


def parsed(kind: str, content: bytes, path: str) -> FileFacts:
    """The facts of one file."""
    return _PARSERS[kind](content, path)


class CodeReader(KnownCode):
    """See KnownCode."""

    def __init__(self, tree: Tree, index: Index | None = None) -> None:
        super().__init__(tree, MemoryIndex() if index is None else index, parsed)
