"""Names say what a thing is; the words that say nothing are refused."""

import re
from collections import defaultdict

import pytest

from tests.house.sources import ROOT, everything, given_names, sources, words

_EMPTY_WORDS = frozenset(
    {"manager", "helper", "helpers", "util", "utils", "common", "misc", "base", "data", "info", "handle"}
)
# Terms of the field, which hold one of those words.
_TERMS = (
    "terraform_data",
    "data_source",
    "data_key",
    "data_read",
    "merge_base",
    "secrets_manager",
    "base_ref",
    "base_sha",
    "base_32",
    "base_64",
)

# A verb, its door and its judgement may share a name.
_FLOORS_OF_A_VERB = frozenset({"cli", "decisions", "operations", "server"})


def emptiness(name: str) -> str | None:
    """The word in a name that says nothing, if there is one."""
    parts = words(name)
    spelled = "_".join(parts)
    for term in _TERMS:
        spelled = re.sub(rf"(?<![a-z]){term}s?(?![a-z])", "", spelled)
    if parts[:1] == ["do"] and len(parts) > 1:
        return "do_"
    return next((part for part in spelled.split("_") if part in _EMPTY_WORDS), None)


@pytest.mark.parametrize(
    "name", ["LockManager", "util", "do_apply", "user_info", "baseURL", "_data", "path_helpers"]
)
def test_an_empty_word_is_found(name: str) -> None:
    assert emptiness(name)


@pytest.mark.parametrize(
    "name",
    ["database", "metadata", "terraform_data", "data_sources", "handler", "merge_base", "_base64", "do"],
)
def test_a_term_of_the_field_is_not_taken_for_an_empty_word(name: str) -> None:
    assert emptiness(name) is None


def test_no_name_holds_a_word_that_says_nothing() -> None:
    found = [
        f"{source.at(line)}: `{name}` holds `{word}`"
        for source in everything()
        for name, line in [(source.path.stem, 1), *given_names(source)]
        if (word := emptiness(name))
    ]
    assert not found, "\n".join(found)


def test_no_directory_is_named_by_a_word_that_says_nothing() -> None:
    directories = {parent for source in everything() for parent in source.path.parents}
    assert not [str(each) for each in directories if emptiness(each.name)]


def test_no_two_files_share_a_name() -> None:
    by_name = defaultdict(list)
    for source in everything():
        if source.path.stem not in {"__init__", "__main__", "conftest"}:
            by_name[source.path.stem].append(source.path)
    shared = {
        name: [str(path) for path in paths]
        for name, paths in by_name.items()
        if len(paths) > 1
        and not (
            len({path.parts[1] for path in paths}) == len(paths)
            and all(path.parts[0] == "runner" and path.parts[1] in _FLOORS_OF_A_VERB for path in paths)
        )
    }
    assert not shared


def test_a_room_is_told_from_a_file_of_its_floor() -> None:
    """`model/` and `config/model.py` are two things; `runner/kit.py` beside `runner/kit/` is one too many."""
    assert not [source.path for source in sources("runner") if (ROOT / source.path).with_suffix("").is_dir()]


def test_nothing_is_left_to_do() -> None:
    marks = re.compile(
        r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" + "XX", "NotImplemented" + "Error"]) + r")\b"
    )
    found = [
        f"{source.at(number)}: {line.strip()}"
        for source in everything()
        for number, line in enumerate(source.text.splitlines(), 1)
        if marks.search(line)
    ]
    assert not found, "\n".join(found)
