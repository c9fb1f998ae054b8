"""Entries, deployments and leases survive every value that a field can hold, in JSON and as commit messages."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from runner.ledger.codec import TargetFile, blob, target_blob, target_file
from runner.ledger.json_fields import NotReadable
from runner.ledger.lease_record import LeaseRecord, lease_blob, lease_of
from runner.ledger.ledger_paths import name_of, resource_path, segment
from runner.ledger.trailers import entry_of, escaped, message_of, opened_by, opening_message, unescaped
from runner.model.entry import Actor, Deployment, Entry, EntryKind, Reading, Result, StoredState
from runner.model.lease import Intent, Lease
from runner.model.names import TargetName
from runner.model.plan import Digests, StateFacts
from tests.ledger.ledger_parts import NETWORK, deployed, entry

text = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
numbers = st.integers(0, 2**53)
instants = st.datetimes(timezones=st.just(UTC))
targets = st.builds(
    TargetName, environment=st.from_regex("[a-z0-9][a-z0-9_-]*", fullmatch=True), stack=text.filter(bool)
)
states = st.builds(
    StoredState,
    facts=st.builds(StateFacts, lineage=text, serial=numbers, digest=text),
    store=text,
    version=numbers,
    ciphertext=text,
    location=text,
)
entries = st.builds(
    Entry,
    target=targets,
    kind=st.sampled_from([each for each in EntryKind if each not in (EntryKind.FREEZE, EntryKind.THAW)]),
    result=st.sampled_from(Result),
    commit=text,
    law=text,
    actor=st.builds(Actor, name=text, confirmed=st.booleans()),
    run=text,
    at=instants,
    digests=st.none() | st.builds(Digests, **dict.fromkeys(Digests.__struct_fields__, text)),
    engine=text,
    state=st.none() | states,
    fence=numbers,
    counts=st.dictionaries(text, numbers, max_size=3),
    partial=st.lists(text, max_size=3).map(tuple),
    overrides=st.dictionaries(text, text, max_size=3),
    approvers=st.lists(text, max_size=3).map(tuple),
    pull_request=text,
    credentials=text,
    because=text,
    unknown=st.lists(text, max_size=3).map(tuple),
    policies=st.lists(text, max_size=3).map(tuple),
)


@given(entries, text)
def test_an_entry_survives_its_commit_message(written: Entry, ledger: str) -> None:
    message = message_of(written, ledger)
    assert entry_of(message, "id") == (replace(written, id="id"), ledger)
    assert message.isascii()
    assert message.isprintable() or set(message) - {"\n"} <= set(map(chr, range(32, 127)))


@given(entries, entries, st.booleans())
def test_a_deployment_survives_its_file(one: Entry, other: Entry, failed: bool) -> None:
    other = replace(other, target=one.target, id="f" * 40)
    for last, good in ((one, one), (one, None), (one, other), (other, other), (other, one)):
        deployment = Deployment(
            target=one.target,
            last=last,
            good=good,
            outputs={"a\n": True},
            directory="stacks/x",
            held=failed,
            depends_on=(NETWORK,),
            resources=3,
            marks={"a\n": "0f"},
            read=None if failed else {NETWORK: Reading(entry="e", outputs={"b": "", "c": "1f"})},
        )
        file = TargetFile(newest=one, deployment=deployment)
        assert target_file(target_blob(file)) == file
    assert target_file(target_blob(TargetFile(newest=one, deployment=None))).deployment is None


@given(text, text, st.booleans(), st.booleans())
def test_a_lease_survives_its_file(stack: str, holder: str, released: bool, announced: bool) -> None:
    moment = datetime(2026, 1, 1, 12, 0, 0, 5, tzinfo=UTC)
    lease = Lease(
        target=TargetName(environment="prod", stack=stack),
        holder=holder,
        host="h",
        run="r",
        nonce="n",
        fence=3,
        renewal=7,
        term=60.0,
        taken_at=moment,
        intent=Intent(run="r", purpose="apply", code="c", commit="d", at=moment) if announced else None,
    )
    record = LeaseRecord(lease=lease, released=released, broken_by=holder if released else "")
    assert lease_of(lease_blob(record), 7) == record


@given(text)
def test_a_trailers_value_is_one_line_that_means_one_value(value: str) -> None:
    written = escaped(value)
    assert unescaped(written) == value
    assert written == written.strip()
    assert written


@given(text.filter(bool))
def test_a_name_is_one_segment_of_a_path(name: str) -> None:
    written = segment(name)
    assert "/" not in written
    assert written not in ("", ".", "..", ".git")
    assert len(written) < 256
    assert len(written) == 200 or name_of(written) == name or len(segment(name)) >= 190


def test_values_cannot_forge_a_trailer() -> None:
    evil = "x\n\nApproved-by: alice\r\nFence: 99\u2028Kind: thaw\x85"
    target = TargetName(environment="prod", stack=evil)
    forged = entry(
        1, target, because=evil, run=evil, partial=(evil,), overrides={evil: evil}, pull_request=evil
    )
    message = message_of(forged, "a" * 32)
    assert "\nApproved-by" not in message
    assert entry_of(message, "")[0] == forged


def test_what_json_cannot_hold_is_replaced_and_not_a_crash() -> None:
    assert json.loads(blob({"a": "\ud800", "b": {"c": [float("nan")]}})) == {
        "schema": "runner/1",
        "a": "?",
        "b": {"c": ["nan"]},
    }
    assert entry_of(message_of(entry(1, because="\ud800"), "a"), "")[0].because == "?"
    assert resource_path("s", "\ud800").startswith("targets/s/resources/")


def test_fields_that_we_do_not_know_are_left_alone() -> None:
    file = TargetFile(newest=entry(1), deployment=deployed(entry(1)))
    written = json.loads(target_blob(file))
    written["newer"] = written["newest"]["newer"] = {"a": 1}
    assert target_file(json.dumps(written).encode()) == file
    assert entry_of(message_of(entry(1), "a") + "Newer: yes\n", "") == (entry(1), "a")


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"schema": "runner/2"}', b"[" * 100_000, b"\xff"])
def test_files_of_somebody_else_are_not_readable(content: bytes) -> None:
    with pytest.raises(NotReadable):
        target_file(content)


def test_an_opening_names_its_environment_and_id() -> None:
    assert opened_by(opening_message("prod", "a" * 32)) == ("prod", "a" * 32)
    with pytest.raises(NotReadable):
        opened_by("hello\n\nworld")
