"""Keys, envelopes and sealed values: what goes in comes out, and nothing else ever does."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from runner.errors import AskedWrongly, HistoryMoved
from runner.kit.crypto import KeyRing, generate, joined, key_of, parse, printable, ring_of
from runner.kit.envelope import Context, Purpose, open_object, read_header, seal_object
from runner.kit.sealing import Sealer

KEY = key_of(bytes(range(32)))
RING = ring_of(KEY)
CONTEXT = Context(
    purpose=Purpose.STATE, ledger="l1", environment="prod", target="prod/network", lineage="abc", serial=7
)
RECORDED_ENVELOPE = (
    "R1JFAWtWQ/gyYH0beqJAzFvZHbl2N5mU9NommPLm4bqc5FdaVw9c78mhI2GOrlTTt7qqqaCqTs0s1YNi"
    "fB28X+2vWzm3bU3d28r6UtUdDug="
)
RECORDED_VALUE = "sealed:v1:6b5643f832607d1b:PaCJ4P4Tc9ROALiDqCfb/BGgRiLXHvX2LfnHsS7+3V4="
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.binary(max_size=4096))
def test_an_envelope_opens_to_what_was_put_in(plain: bytes) -> None:
    assert open_object(RING, CONTEXT, seal_object(KEY, CONTEXT, plain)) == plain


def test_every_single_flipped_bit_of_an_envelope_is_noticed() -> None:
    sealed = seal_object(KEY, CONTEXT, b'{"password": "canary"}')
    for bit in range(len(sealed) * 8):
        flipped = bytearray(sealed)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises((HistoryMoved, AskedWrongly)) as caught:
            open_object(RING, CONTEXT, bytes(flipped))
        expected = {3: "envelope-version"} | dict.fromkeys(range(4, 12), "key-unknown")
        assert caught.value.diagnostics[0].code == expected.get(bit // 8, "state-not-authentic")


def test_every_shortened_envelope_is_noticed() -> None:
    sealed = seal_object(KEY, CONTEXT, b"state")
    for length in range(len(sealed)):
        with pytest.raises(HistoryMoved):
            open_object(RING, CONTEXT, sealed[:length])
    with pytest.raises(HistoryMoved):
        open_object(RING, CONTEXT, sealed + b"\0")


@pytest.mark.parametrize(
    "other",
    [
        replace(CONTEXT, purpose=Purpose.PLAN),
        replace(CONTEXT, ledger="l2"),
        replace(CONTEXT, environment="dev"),
        replace(CONTEXT, target="prod/app"),
        replace(CONTEXT, lineage="abd"),
        replace(CONTEXT, serial=8),
        replace(CONTEXT, target="prod/networka", lineage="bc"),
    ],
)
def test_an_envelope_opens_in_no_other_context(other: Context) -> None:
    with pytest.raises(HistoryMoved) as caught:
        open_object(RING, other, seal_object(KEY, CONTEXT, b"state"))
    assert caught.value.exit_code == 7


def test_another_key_is_asked_for_by_its_id() -> None:
    other = generate()
    with pytest.raises(AskedWrongly, match=KEY.id) as caught:
        open_object(ring_of(other), CONTEXT, seal_object(KEY, CONTEXT, b"state"))
    assert caught.value.diagnostics[0].code == "key-unknown"


def test_a_key_that_claims_anothers_id_opens_nothing() -> None:
    impostor = replace(generate(), id=KEY.id)
    with pytest.raises(HistoryMoved):
        open_object(ring_of(impostor), CONTEXT, seal_object(KEY, CONTEXT, b"state"))


def test_an_old_key_still_opens_what_it_sealed() -> None:
    current = generate()
    ring = KeyRing(current=current, old={KEY.id: KEY}, sealing=KEY)
    assert open_object(ring, CONTEXT, seal_object(KEY, CONTEXT, b"state")) == b"state"


def test_the_key_id_of_an_envelope_is_read_without_a_key() -> None:
    assert read_header(seal_object(KEY, CONTEXT, b""), CONTEXT).key_id == KEY.id


def test_one_object_sealed_twice_looks_different_everywhere() -> None:
    one, other = (seal_object(KEY, CONTEXT, b"x" * 64) for _ in range(2))
    assert read_header(one, CONTEXT).salt != read_header(other, CONTEXT).salt
    assert one[56:] != other[56:]


@given(JSON, st.text(), st.text(), st.text())
def test_a_sealed_value_opens_at_its_place(value: object, target: str, address: str, path: str) -> None:
    sealer = Sealer(RING, "l1", "prod")
    sealed = sealer.seal(target, address, path, value)  # type: ignore[arg-type]  # it is JSON
    assert sealed == sealer.seal(target, address, path, value)  # type: ignore[arg-type]
    assert sealer.open(target, address, path, sealed) == value


@settings(max_examples=50)
@given(
    st.lists(st.text(max_size=4), min_size=3, max_size=3),
    st.lists(st.text(max_size=4), min_size=3, max_size=3),
)
def test_a_sealed_value_opens_at_no_other_place(place: list[str], other: list[str]) -> None:
    sealer = Sealer(RING, "l1", "prod")
    sealed = sealer.seal(place[0], place[1], place[2], "value")
    if place != other:
        with pytest.raises(HistoryMoved):
            sealer.open(other[0], other[1], other[2], sealed)
        assert sealed != sealer.seal(other[0], other[1], other[2], "value")


def test_every_flipped_bit_of_a_sealed_value_is_noticed() -> None:
    sealer = Sealer(RING, "l1", "prod")
    sealed = sealer.seal("t", "a", "p", True)
    for place in range(len("sealed:v1:"), len(sealed)):
        for bit in range(7):
            text = sealed[:place] + chr(ord(sealed[place]) ^ (1 << bit)) + sealed[place + 1 :]
            with pytest.raises((HistoryMoved, AskedWrongly)):
                sealer.open("t", "a", "p", text)


def test_true_and_false_cannot_be_told_apart_by_length() -> None:
    sealer = Sealer(RING, "l1", "prod")
    assert len({len(sealer.seal("t", "a", "p", value)) for value in (True, False, None, 0, "abcdefgh")}) == 1


def test_other_ledgers_and_environments_seal_differently() -> None:
    sealers = [
        Sealer(RING, "l1", "prod"),
        Sealer(RING, "l2", "prod"),
        Sealer(RING, "l1", "dev"),
        Sealer(RING, "l", "1prod"),
    ]
    assert len({each.seal("t", "a", "p", 1) for each in sealers}) == 4
    assert len({each.fingerprint(b"secret") for each in sealers}) == 4


def test_values_and_fingerprints_keep_their_looks_when_the_key_is_rotated() -> None:
    rotated = KeyRing(current=generate(), old={KEY.id: KEY}, sealing=KEY)
    before, after = Sealer(RING, "l1", "prod"), Sealer(rotated, "l1", "prod")
    assert before.seal("t", "a", "p", 1) == after.seal("t", "a", "p", 1)
    assert before.fingerprint(b"s") == after.fingerprint(b"s")


def test_a_value_of_another_key_is_named_as_such() -> None:
    sealed = Sealer(RING, "l1", "prod").seal("t", "a", "p", 1)
    with pytest.raises(AskedWrongly, match=KEY.id):
        Sealer(ring_of(generate()), "l1", "prod").open("t", "a", "p", sealed)


def test_a_key_survives_being_written_down() -> None:
    key = generate()
    assert parse(f" {printable(key)}\n", "here") == key
    assert len(printable(key)) == 44


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "0 bytes"),
        ("not base64!", "not base64"),
        (base64.b64encode(bytes(31)).decode(), "31 bytes"),
        (base64.b64encode(bytes(32)).decode(), "zeros"),
        ("ключ", "not base64"),
    ],
)
def test_a_malformed_key_is_refused_with_what_is_wrong(text: str, wrong: str) -> None:
    with pytest.raises(AskedWrongly, match=wrong) as caught:
        parse(text, "GITOPS_RUNNER_KEY")
    assert caught.value.diagnostics[0].code == "key-malformed"
    assert "GITOPS_RUNNER_KEY" in str(caught.value)


def test_a_key_does_not_show_itself() -> None:
    key = generate()
    shown = repr(ring_of(key)) + str(key)
    assert printable(key) not in shown
    assert repr(key.secret) not in shown
    assert key.id in shown


def test_ids_envelopes_and_values_of_earlier_versions_can_still_be_read() -> None:
    assert KEY.id == "6b5643f832607d1b"
    assert open_object(RING, CONTEXT, base64.b64decode(RECORDED_ENVELOPE)) == b"recorded"
    assert Sealer(RING, "l1", "prod").seal("t", "a", "p", {"b": 1}) == RECORDED_VALUE


@given(st.lists(st.text(max_size=3)), st.lists(st.text(max_size=3)))
def test_no_two_lists_are_joined_alike(one: list[str], other: list[str]) -> None:
    assert (joined(*one) == joined(*other)) == (one == other)
