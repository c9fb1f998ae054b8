"""CODEOWNERS as each forge reads it: the examples of their documentation, and what they drop and we do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.decisions.code_owners import PLACES, OwnersFile, ownerships, read_code_owners
from runner.decisions.code_owners_patterns import Unreadable, gitea_expression, github_pattern, gitlab_pattern


def owners_of(text: str, brand: str, path: str) -> list[tuple[str, ...]]:
    """Whose approval a change of one path asks for."""
    file = believed(text, brand)
    return [each.owners for each in ownerships(file, [path])]


def believed(text: str, brand: str) -> OwnersFile:
    file = read_code_owners(text, brand, "CODEOWNERS")
    assert not file.problems
    return file


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("*", ["a", "a/b/.c"], []),
        ("*.js", ["a.js", "b/c/a.js", "a.js/x"], ["a.jsx"]),
        ("/build/logs/", ["build/logs/a", "build/logs/b/c"], ["x/build/logs/a", "build/logs"]),
        ("docs/*", ["docs/a.md"], ["docs/b/a.md", "x/docs/a.md"]),
        ("apps/", ["apps/a", "x/apps/b/c"], ["apps"]),
        ("/docs/", ["docs/a/b"], ["x/docs/a"]),
        ("/scripts", ["scripts", "scripts/a"], ["x/scripts", "scripts2"]),
        ("**/logs", ["logs/a", "a/b/logs/c", "logs"], ["logs2/a"]),
        ("/apps/github", ["apps/github", "apps/github/x"], ["apps/githubs"]),
        ("a/**/b", ["a/b", "a/x/y/b", "a/b/c"], ["x/a/b"]),
        ("file?.tf", ["file1.tf", "x/file2.tf"], ["file.tf", "file12.tf"]),
        ("/*", ["a"], ["a/b"]),
        ("a.b", ["a.b"], ["axb"]),
    ],
)
def test_github_reads_patterns_nearly_as_gitignore_does(pattern: str, yes: list[str], no: list[str]) -> None:
    found = github_pattern(pattern)
    assert all(found.fullmatch(path) for path in yes)
    assert not any(found.fullmatch(path) for path in no)


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("*", ["a", "a/b"], []),
        ("README.md", ["README.md", "docs/README.md"], ["README.md/x"]),
        ("/README.md", ["README.md"], ["docs/README.md"]),
        ("/docs/", ["docs/a", "docs/a/b.md"], ["x/docs/a"]),
        ("lib/", ["lib/a", "x/lib/b/c"], ["lib"]),
        ("/docs/*", ["docs/a"], ["docs/a/b"]),
        ("/docs/**/*.md", ["docs/a.md", "docs/a/b/c.md"], ["docs/a.txt"]),
        ("*.rb", ["a.rb", "x/y/a.rb"], ["a.rbx"]),
        ("/[ab].tf", ["a.tf"], ["c.tf"]),
        (r"path\ with\ spaces/", ["path with spaces/a"], ["path"]),
        (r"\#hash", ["#hash"], ["hash"]),
        ("docs", ["docs"], ["docs/a"]),
    ],
)
def test_gitlab_reads_patterns_as_fnmatch_does(pattern: str, yes: list[str], no: list[str]) -> None:
    found = gitlab_pattern(pattern)
    assert all(found.fullmatch(path) for path in yes)
    assert not any(found.fullmatch(path) for path in no)


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        (r".*\\.go", ["a.go", "b/a.go"], ["a.gox", "ago"]),
        (r"docs/(aws|google)/[^/]*\\.(md|txt)", ["docs/aws/a.md"], ["docs/aws/b/a.md"]),
        ("/assets/.*", ["assets/x"], ["xassets/x"]),
        (r"dir/with\#hash", ["dir/with#hash"], []),
    ],
)
def test_gitea_reads_patterns_as_expressions(pattern: str, yes: list[str], no: list[str]) -> None:
    found = gitea_expression(pattern)
    assert all(found.search(path) for path in yes)
    assert not any(found.search(path) for path in no)


def test_on_github_the_last_line_that_matches_decides_and_may_name_nobody() -> None:
    text = "* @all\n*.tf @infra @acme/team # why\n/stacks/free/\n"
    assert owners_of(text, "github", "README.md") == [("@all",)]
    assert owners_of(text, "github", "stacks/a/main.tf") == [("@infra", "@acme/team")]
    assert owners_of(text, "github", "stacks/free/main.tf") == []


def test_on_gitlab_each_section_has_a_last_word_defaults_and_exclusions() -> None:
    text = "* @general\n[Docs] @docs\ndocs/\nREADME.md @readme\n!docs/free/\n^[Optional]\n*.md @nice\n"
    text += "[docs][2]\n*.txt @two\n"
    assert owners_of(text, "gitlab", "a.tf") == [("@general",)]
    assert owners_of(text, "gitlab", "docs/a.tf") == [("@general",), ("@docs",)]
    assert owners_of(text, "gitlab", "README.md") == [("@general",), ("@readme",)]
    assert owners_of(text, "gitlab", "docs/free/a") == [("@general",)]
    two = ownerships(believed(text, "gitlab"), ["docs/x.txt"])
    assert [(each.owners, each.count) for each in two] == [(("@general",), 1), (("@two",), 2)]


def test_on_gitea_every_line_that_matches_counts_and_a_negative_one_is_about_all_else() -> None:
    text = ".* @all\n" + r".*\\.tf @infra" + "\n!docs/.* @code\n"
    assert owners_of(text, "gitea", "a.tf") == [("@all",), ("@infra",), ("@code",)]
    assert owners_of(text, "gitea", "docs/a.md") == [("@all",)]


@pytest.mark.parametrize(
    ("line", "brand"),
    [
        ("!a @b", "github"),
        ("[ab].tf @b", "github"),
        ("a b", "github"),
        ("a", "gitea"),
        ("(a @b", "gitea"),
        ("(a+)+ @b", "gitea"),
        ("(a|a)* @b", "gitea"),
        ("*a" * 20 + " @b", "gitlab"),
        ("a not-an-owner", "gitlab"),
    ],
)
def test_a_line_that_a_forge_would_drop_is_a_problem_with_its_place(line: str, brand: str) -> None:
    file = read_code_owners(f"# why\n\n{line}\n", brand, "CODEOWNERS")
    [problem] = file.problems
    assert problem.code == "code-owners-unreadable"
    assert problem.span
    assert problem.span.line == 3


def test_every_forge_has_its_places() -> None:
    assert {brand: places[0] for brand, places in PLACES.items()} == {
        "github": ".github/CODEOWNERS",
        "gitlab": "CODEOWNERS",
        "gitea": "CODEOWNERS",
    }


@given(st.text(), st.sampled_from(sorted(PLACES)), st.text("ab/.*", max_size=12))
def test_any_text_is_read_or_named_as_a_problem(text: str, brand: str, path: str) -> None:
    file = read_code_owners(text, brand, "CODEOWNERS")
    for each in ownerships(file, [path]):
        assert each.owners
        assert each.paths == (path,)


@given(st.text("ab/*?.", min_size=1, max_size=10), st.text("ab/.", max_size=10))
def test_no_pattern_fails_in_another_way_than_by_being_named(pattern: str, path: str) -> None:
    for reader in (github_pattern, gitlab_pattern, gitea_expression):
        try:
            reader(pattern).fullmatch(path)
        except Unreadable:
            continue
