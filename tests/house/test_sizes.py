"""Files that are read in one sitting, functions that are read at one glance."""

import ast

import pytest

from tests.house.sources import Function, Source, decorators, everything, functions

FILE_LINES = 400
FUNCTION_LINES = 40
TEST_LINES = 60
PARAMETERS = 6


def lines(function: Function) -> int:
    """From `def` to the end, without the docstring: what is said about a function does not make it longer."""
    total = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        total -= (first.end_lineno or first.lineno) - first.lineno + 1
    return total


def parameters(function: Function) -> int:
    """Those that a caller gives; `self` and `cls` are not given, and click gives a command its options."""
    if any(
        name.split(".")[0] == "click" or name.endswith((".command", ".group"))
        for name in decorators(function)
    ):
        return 0
    said = function.args
    names = [each.arg for each in (*said.posonlyargs, *said.args, *said.kwonlyargs)]
    extra = sum(each is not None for each in (said.vararg, said.kwarg))
    return len(names) - (names[:1] in (["self"], ["cls"])) + extra


def _function(text: str) -> Function:
    (function,) = functions(Source(path=None, text=text, tree=ast.parse(text)))  # type: ignore[arg-type]
    return function


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("def f(a, /, b, *c, d, **e): ...", 5),
        ("def f(self, a): ...", 1),
        ("@click.option('--a')\ndef f(a, b, c, d, e, f, g): ...", 0),
        ("@pytest.fixture\ndef f(a): ...", 1),
    ],
)
def test_parameters_are_counted_as_a_caller_sees_them(text: str, counted: int) -> None:
    assert parameters(_function(text)) == counted


def test_a_docstring_does_not_make_a_function_longer() -> None:
    assert lines(_function('def f():\n    """One.\n\n    Two.\n    """\n    return 1\n')) == 2


def test_no_file_is_past_the_wall() -> None:
    long = {
        str(source.path): count for source in everything() if (count := source.text.count("\n")) > FILE_LINES
    }
    assert not long


def test_no_function_is_longer_than_a_screen() -> None:
    long = [
        f"{source.at(function.lineno)}: {function.name}: {lines(function)} lines"
        for source in everything()
        for function in functions(source)
        if lines(function) > (TEST_LINES if function.name.startswith("test_") else FUNCTION_LINES)
    ]
    assert not long, "\n".join(long)


def test_no_function_wants_more_than_six_things() -> None:
    greedy = [
        f"{source.at(function.lineno)}: {function.name}: {parameters(function)} parameters"
        for source in everything()
        for function in functions(source)
        if parameters(function) > PARAMETERS
    ]
    assert not greedy, "\n".join(greedy)
