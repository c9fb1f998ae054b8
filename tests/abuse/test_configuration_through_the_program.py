"""Whatever stands in the configuration: the whole program says what is wrong, and never falls over."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.checkout import Checkout
from tests.program import Program

CONTRACT = Path(__file__).parents[1] / "config" / "contract"
FILES = ("runner.yaml", "environments/prod.yaml", "stacks/app/stack.yaml")
SEEDS = [(CONTRACT / name).read_bytes() for name in ("runner.yaml", "prod.yaml", "stack.yaml")]
PIECES = [
    *(
        b"&a ",
        b"*a",
        b"!!str ",
        b"${",
        b"${app.x}",
        b"${secret:env:X}",
        b"$${",
        b"{",
        b"}",
        b"[",
        b"]",
        b": ",
        b"- ",
    ),
    *(
        b"\n",
        b"\n  ",
        b"\t",
        b'"',
        b"'",
        b"|",
        b"#",
        b"\xff",
        b"\xe2\x80\xae",
        b"\x00",
        b"\x1b[2J",
        b".nan",
        b"1e999",
    ),
    *(
        b"null",
        b"<<: ",
        b"? ",
        b"---\n",
        b"..",
        b"/",
        b"stacks: ",
        b"inputs: ",
        b"targets: ",
        b"layout: ",
        b"{stack}",
    ),
]
CUTS = st.lists(
    st.tuples(st.integers(0, 6000), st.integers(0, 60), st.sampled_from(PIECES)), min_size=1, max_size=4
)
CODE = 'variable "size" {\n  default = 1\n}\n'
VERBS = [("graph", "prod"), ("status",), ("preview", "prod/app"), ("locks",)]


@pytest.fixture
def written(repository: Checkout) -> Checkout:
    """A repository with one stack and a record in the clone; `terraform_data` would be its only resource."""
    repository.commit({"stacks/app/main.tf": CODE})
    return repository


def _cut(seed: bytes, cuts: list[tuple[int, int, bytes]]) -> bytes:
    for start, length, piece in cuts:
        at = start % (len(seed) + 1)
        seed = seed[:at] + piece + seed[at + length :]
    return seed


def _told(
    run_runner: Program, clone: Checkout, contents: list[bytes], verb: tuple[str, ...]
) -> tuple[int, str]:
    # A process of its own each time: what a command opens is closed by its end.
    clone.commit({"stacks/app/main.tf": CODE, **dict(zip(FILES, contents, strict=True))})
    ran = run_runner(*verb, cwd=clone.path)
    return ran.code, ran.stdout + ran.stderr


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2), CUTS, st.sampled_from(VERBS))
@example(0, [(0, 6000, b"ledger: {remote: none}\n")], ("status",))
@example(1, [(0, 6000, b"")], ("preview", "prod/app"))
def test_configuration_that_was_cut_about_is_believed_or_said_to_be_wrong(
    run_runner: Program,
    written: Checkout,
    place: int,
    cuts: list[tuple[int, int, bytes]],
    verb: tuple[str, ...],
) -> None:
    contents = [b"ledger: {remote: none}\n", b"", b""]
    contents[place] = _cut(SEEDS[place], cuts)
    code, told = _told(run_runner, written, contents, verb)
    assert "Traceback" not in told, told
    assert code in (0, 1, 2, 5), (code, told)  # 1: Terraform may find fault; 5: a version that nobody has
    assert "\x1b" not in told
    assert "\u202e" not in told


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2), st.binary(max_size=120), st.sampled_from(VERBS))
def test_any_bytes_are_believed_or_said_to_be_wrong(
    run_runner: Program, written: Checkout, place: int, content: bytes, verb: tuple[str, ...]
) -> None:
    contents = [b"ledger: {remote: none}\n", b"", b""]
    contents[place] = content
    code, told = _told(run_runner, written, contents, verb)
    assert "Traceback" not in told, told
    assert code in (0, 1, 2, 5), (code, told)  # 1: Terraform may find fault; 5: a version that nobody has
