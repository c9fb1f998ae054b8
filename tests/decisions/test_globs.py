"""Globs, against the standard library's where the two mean the same, and without a way to make them slow."""

from __future__ import annotations

import fnmatch
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.decisions.globs import admitted, matches


@pytest.mark.parametrize(
    ("glob", "text", "expected"),
    [
        ("*.json", "a.json", True),
        ("*.json", "a/b.json", False),
        ("**/*.json", "a.json", True),
        ("**/*.json", "a/b/c.json", True),
        ("a/**", "a/b/c", True),
        ("a/**", "ab", False),
        ("**", "a/b", True),
        ("a?c", "a/c", False),
        ("[!a]b", "cb", True),
        ("[!a]b", "ab", False),
        ("x.{json,y{a,}ml}", "x.yml", True),
        ("x.{json,yaml}", "x.toml", False),
        ("{a", "{a", True),
        ("[", "[", True),
        ("a.b", "axb", False),
        ("a\\b", "a\\b", True),
    ],
)
def test_a_glob_means_what_people_expect(glob: str, text: str, expected: bool) -> None:
    assert matches(glob, text) == expected


@given(st.text("ab*?.", max_size=8).filter(lambda text: "**" not in text), st.text("ab.", max_size=8))
def test_without_slashes_it_agrees_with_fnmatch(glob: str, text: str) -> None:
    assert matches(glob, text) == fnmatch.fnmatchcase(text, glob)


@given(st.text(max_size=20), st.text(max_size=20))
def test_no_glob_is_an_error(glob: str, text: str) -> None:
    assert matches(glob, text) in (True, False)


def test_a_hostile_glob_ends() -> None:
    start = time.monotonic()
    matches("{a,b}" * 12, "a" * 12)
    matches("**/" * 8 + "x", "a/" * 40)
    matches("*a" * 12, "a" * 60 + "b")
    assert time.monotonic() - start < 5


def test_the_last_glob_that_matches_decides() -> None:
    assert admitted(["*", "!legacy-*"], "app")
    assert not admitted(["*", "!legacy-*"], "legacy-app")
    assert admitted(["*", "!legacy-*", "legacy-x"], "legacy-x")
    assert admitted(["!legacy-*"], "app")
    assert not admitted([], "app")
