"""Of several exit codes one speaks for the run: the gravest, in the published order (README, DESIGN section 3)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from runner import errors
from runner.errors import PRECEDENCE, RunnerError, strongest

CODES = st.lists(st.sampled_from((0, *PRECEDENCE)))


def families(above: type[RunnerError] = RunnerError) -> set[type[RunnerError]]:
    """Every kind of error that a run can end with."""
    return {found for each in above.__subclasses__() for found in ({each} | families(each))}


def test_the_gravest_comes_first() -> None:
    assert PRECEDENCE == (130, 9, 7, 1, 2, 6, 5, 4, 3, 8, 10)
    assert strongest([]) == strongest([0, 0]) == 0


@given(CODES)
def test_what_speaks_for_many_is_one_of_them_and_none_is_graver(codes: list[int]) -> None:
    found = strongest(codes)
    assert found in codes or found == 0
    assert all(PRECEDENCE.index(found) <= PRECEDENCE.index(code) for code in codes if code)


@given(CODES, CODES)
def test_it_does_not_matter_who_is_asked_first(some: list[int], others: list[int]) -> None:
    assert strongest([*some, *others]) == strongest([strongest(others), strongest(some)])


def test_every_family_of_errors_has_its_place() -> None:
    assert {each.exit_code for each in families() if each.__module__ == errors.__name__} <= set(PRECEDENCE)
