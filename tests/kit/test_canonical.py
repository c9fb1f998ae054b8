"""One spelling for one value."""

from __future__ import annotations

import json
import math
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.kit.canonical import digest, digest_bytes, encode

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_what_is_encoded_reads_back_as_the_same_value(value: object) -> None:
    assert json.loads(encode(value)) == value


@given(st.dictionaries(st.text(), JSON, max_size=6), st.randoms())
def test_the_order_of_keys_changes_nothing(value: dict[str, object], random: object) -> None:
    keys = list(value)
    random.shuffle(keys)  # type: ignore[attr-defined]  # hypothesis hands in a random.Random
    assert encode({key: value[key] for key in keys}) == encode(value)


@given(JSON, JSON)
def test_two_values_share_a_digest_only_if_they_are_spelt_alike(one: object, other: object) -> None:
    assert (digest(one) == digest(other)) == (encode(one) == encode(other))


def test_the_spelling_is_compact_sorted_utf8() -> None:
    value = MappingProxyType({"b": (1, 2.5), "a": "ü", "": None})
    assert encode(value) == '{"":null,"a":"ü","b":[1,2.5]}'.encode()


def test_true_and_one_are_two_values() -> None:
    assert digest(True) != digest(1)


def test_digest_bytes_is_sha256_in_hexadecimal() -> None:
    assert digest_bytes(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize("value", [math.nan, math.inf, [-math.inf], "\ud800"])
def test_what_has_no_single_spelling_is_refused(value: object) -> None:
    with pytest.raises(ValueError):
        encode(value)


@pytest.mark.parametrize("value", [{1: "a"}, {"a": {None: 1}}, {1, 2}, b"bytes", object()])
def test_what_json_does_not_have_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        encode(value)
