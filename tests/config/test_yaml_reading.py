"""YAML 1.2: words stay words, places are exact, and nothing grows without a limit."""

import re
import tracemalloc

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from runner.config import yaml_reader
from runner.config.yaml_reader import read_yaml
from runner.errors import AskedWrongly
from runner.model.references import Json


def value(text: str) -> Json:
    document = read_yaml("x.yaml", text.encode(), 10_000)
    assert document.mistakes == ()
    return document.value


@pytest.mark.parametrize(
    "word", ["no", "yes", "on", "off", "08:00", "2026-12-20", "1_000", "0b1", "1.2.3", "=", "-"]
)
def test_words_of_older_yaml_are_words(word: str) -> None:
    assert value(f"a: {word}" if word != "-" else "a: '-'") == {"a": word}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("~", None), ("", None), ("null", None), ("true", True), ("FALSE", False), ("12", 12), ("-3", -3), ("+3", 3),
        ("0o17", 15), ("0x1F", 31), ("017", 17), ("1.5", 1.5), ("1e3", 1000.0), (".5", 0.5), ("'1'", "1"),
        ("!!str 1", "1"), ('"true"', "true"), ("1.10", 1.1), ("-", None),
    ],
)  # fmt: skip
def test_plain_values_are_those_of_the_core_schema(text: str, meant: Json) -> None:
    if text == "-":
        assert value("- ") == [None]
    else:
        assert value(f"a: {text}") == {"a": meant}
        assert type(value(f"a: {text}")["a"]) is type(meant)  # type: ignore[call-overload, index]


def test_keys_are_words_whatever_they_could_mean() -> None:
    assert value("no: 1\n1: 2\ntrue: 3\n") == {"no": 1, "1": 2, "true": 3}


def test_every_key_and_value_has_its_place() -> None:
    document = read_yaml("x.yaml", "a:\n  - b: é\n    c: |\n      two\n      lines\n".encode(), 100)
    assert str(document.places.span(("a", 0, "b"), key=True)) == "x.yaml:2:5"
    assert str(document.places.span(("a", 0, "b"))) == "x.yaml:2:8"
    inside = document.places.inside(("a", 0, "c"), "lines", 4, 6)
    assert (inside.line, inside.column) == (5, 9)


def test_an_alias_bomb_is_a_limit_in_bounded_memory() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 60)]
    tracemalloc.start()
    with pytest.raises(AskedWrongly) as error:
        read_yaml("x.yaml", "\n".join(lines).encode(), 100_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert error.value.diagnostics[0].code == "yaml-too-large"
    assert "100000" in error.value.diagnostics[0].message
    assert peak < 20_000_000


@pytest.mark.parametrize("text", ["[" * 500 + "]" * 500, "a: " + "{b: " * 200 + "}" * 200])
def test_depth_is_refused(text: str) -> None:
    with pytest.raises(AskedWrongly) as error:
        read_yaml("x.yaml", text.encode(), 10_000)
    assert error.value.diagnostics[0].code == "yaml-too-large"


def test_an_alias_to_itself_is_a_mistake() -> None:
    (found,) = read_yaml("x.yaml", b"&a [*a]", 10_000).mistakes
    assert (found.code, str(found.span)) == ("yaml-alias", "x.yaml:1:5")


def test_a_file_of_many_bytes_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(AskedWrongly) as error:
        read_yaml("x.yaml", b"#" * (yaml_reader.BYTES + 1), 10)
    assert error.value.diagnostics[0].code == "yaml-too-large"


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_places_are_the_same_with_every_line_end_and_a_byte_order_mark(line_end: str) -> None:
    document = read_yaml("x.yaml", f"\ufeffa: 1{line_end}b: 2{line_end}".encode(), 100)
    assert document.value == {"a": 1, "b": 2}
    assert str(document.places.span(("b",))) == "x.yaml:2:4"
    assert document.places.line(2) == "b: 2"


# PyYAML writes for readers of YAML 1.1, to whom `0E0` and `0o7` are words: it would not quote them.
_NUMBER = re.compile(r"[-+]?(?:0o[0-7]+|0x[0-9a-fA-F]+|(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)")

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), max_size=8).filter(
        lambda text: not _NUMBER.fullmatch(text)
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abc", min_size=1, max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(JSON)
def test_what_a_writer_of_yaml_wrote_is_read_back(written: Json) -> None:
    text = yaml.safe_dump(written, allow_unicode=True)
    assert read_yaml("x.yaml", text.encode(), 10_000).value == written
