"""Every package says what it is for, and every problem has its long text in `runner explain`."""

import ast
import re
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.house.sources import ROOT, Source, sources

_HEADING = re.compile(r"^## `?([a-z0-9][a-z0-9-]*)`?\s*$", re.MULTILINE)
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def codes_used(source: Source) -> Iterator[tuple[str, int]]:
    """Codes of diagnostics that are made here: `code="…"`, `Diagnostic("…")` and `Family.of("…", …)`."""
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call):
            continue
        said = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
        if isinstance(node.func, ast.Attribute) and node.func.attr == "of" and len(node.args) > 1:
            said.append(node.args[0])
        for each in said:
            for part in (each.body, each.orelse) if isinstance(each, ast.IfExp) else (each,):
                if (
                    isinstance(part, ast.Constant)
                    and isinstance(part.value, str)
                    and _SLUG.fullmatch(part.value)
                ):
                    yield part.value, node.lineno


def explained() -> Counter[str]:
    """Codes with a section in runner/explanations, and how many sections each has."""
    texts = sorted((ROOT / "runner/explanations").glob("*.md"))
    return Counter(code for text in texts for code in _HEADING.findall(text.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "text",
    [
        'Diagnostic(code="a-b", message="x")',
        'Denied.of("a-b", "x")',
        'Diagnostic(code="a-b" if x else "c", message="")',
    ],
)
def test_a_code_is_found_however_it_is_given(text: str) -> None:
    source = Source(ROOT, text, ast.parse(text))
    assert "a-b" in dict(codes_used(source))


def test_every_code_has_its_explanation() -> None:
    known = explained()
    missing = [
        f"{source.at(line)}: `{code}`"
        for source in sources("runner")
        for code, line in codes_used(source)
        if code not in known
    ]
    assert not missing, "no section `## code` in runner/explanations for:\n" + "\n".join(missing)


def test_every_explanation_explains_a_code_that_is_used() -> None:
    constants = {
        node.value
        for source in sources("runner")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert not sorted(set(explained()) - constants)


def test_no_code_is_explained_twice() -> None:
    assert not [code for code, sections in explained().items() if sections > 1]


def test_an_explanation_has_text_below_its_heading() -> None:
    for text in (ROOT / "runner/explanations").glob("*.md"):
        sections = _HEADING.split(text.read_text(encoding="utf-8"))[1:]
        for code, body in zip(sections[::2], sections[1::2], strict=True):
            assert len(body.split()) >= 10, f"{text.name}: `{code}` is hardly explained"


def test_every_package_says_what_it_is_for() -> None:
    silent = [
        str(source.path)
        for source in sources("runner")
        if source.path.name == "__init__.py" and not ast.get_docstring(source.tree)
    ]
    assert not silent


def test_every_room_says_what_it_refuses() -> None:
    rooms = [
        source
        for source in sources("runner")
        if source.path.name == "__init__.py" and len(source.path.parts) == 3
    ]
    willing = [
        str(source.path) for source in rooms if "refuse" not in (ast.get_docstring(source.tree) or "").lower()
    ]
    assert not willing


def test_what_others_call_has_a_docstring() -> None:
    """Public classes and functions of the program; a method only where its name does not say it."""
    silent = [
        f"{source.at(node.lineno)}: {node.name}"
        for source in sources("runner")
        for node in source.tree.body
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert not silent, "\n".join(silent)
