"""What a person may push, where a recorded state lies, and what is proposed for what nobody saw end."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from runner.engine.terraform_state import facts_of, renumbered
from runner.model.environment import StateBackend
from runner.model.names import TargetName, encoded
from runner.model.plan import StateFacts
from runner.operations.recovery import Finding
from runner.operations.state_changes import refused_push
from runner.operations.state_places import settings_of_location
from runner.operations.unseen_ends import import_blocks, told

NAME = TargetName(environment="prod", stack="eu/network")
STANDING = StateFacts(lineage="l-1", serial=7, digest="d")
STACKS = st.from_regex(r"[a-z][a-z0-9._-]{0,8}(/[a-z][a-z0-9._-]{0,8}){0,2}", fullmatch=True)
BUCKETS = st.from_regex(r"[a-z0-9]{3,12}", fullmatch=True)
PREFIXES = st.from_regex(r"([a-z0-9]{1,6}(/[a-z0-9]{1,6}){0,2})?", fullmatch=True)


def test_a_state_of_another_lineage_is_not_pushed() -> None:
    refusal = refused_push(replace(STANDING, lineage="l-2", serial=99), STANDING, NAME)
    assert refusal is not None
    assert refusal.code == "state-other-lineage"


@given(st.integers(min_value=0, max_value=7))
def test_a_state_that_is_not_newer_is_not_pushed(serial: int) -> None:
    refusal = refused_push(replace(STANDING, serial=serial), STANDING, NAME)
    assert refusal is not None
    assert refusal.code == "state-not-newer"


@given(st.integers(min_value=8))
def test_a_newer_state_of_the_lineage_is_pushed(serial: int) -> None:
    assert refused_push(replace(STANDING, serial=serial), STANDING, NAME) is None


@given(STACKS, BUCKETS, PREFIXES)
def test_a_location_in_s3_tells_its_bucket_and_prefix(stack: str, bucket: str, prefix: str) -> None:
    name = TargetName(environment="prod", stack=stack)
    before = f"{prefix}/" if prefix else ""
    location = f"s3://{bucket}/{before}prod/{encoded(stack)}/terraform.tfstate.sealed"
    found = settings_of_location(StateBackend.S3, location, name)
    assert (found.bucket, found.prefix) == (bucket, prefix)


@pytest.mark.parametrize(
    "location", ["s3://bucket/prod/other/terraform.tfstate.sealed", "http://bucket/x", ""]
)
def test_a_location_of_another_target_is_not_believed(location: str) -> None:
    with pytest.raises(ValueError, match="no place of a state"):
        settings_of_location(StateBackend.S3, location, NAME)


def test_a_local_location_becomes_a_template_that_leads_back_to_it() -> None:
    location = "/srv/states/prod/eu/network.tfstate"
    path = settings_of_location(StateBackend.LOCAL, location, NAME).path
    assert path.replace("{stack}", NAME.stack) == location
    assert "{stack}" in path


def test_an_address_with_spaces_in_its_index_is_kept_whole() -> None:
    lines = import_blocks(['module.m["a b"].aws_sqs_queue.q["c d"] https://sqs/1'])
    assert '  to = module.m["a b"].aws_sqs_queue.q["c d"]' in lines
    assert '  id = "https://sqs/1"' in lines


def test_what_has_no_id_leaves_a_gap_to_fill() -> None:
    assert '  id = "…"  # not seen' in import_blocks(["aws_sqs_queue.q"])


@given(
    st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1).filter(str.strip)
)
def test_an_id_cannot_leave_its_literal(text: str) -> None:
    lines = import_blocks([f"a.b {text}"])
    written = next(line for line in lines if line.startswith("  id = "))
    literal = written.removeprefix("  id = ")
    inner = literal[1:-1]
    assert literal.startswith('"')
    assert literal.endswith('"')
    assert not re.search(r'(?<!\\)(?:\\\\)*"', inner)
    assert not re.search(r"(?<!\$)\$(?:\$\$)*\{", inner) or "$${" in inner
    assert "\n" not in inner


def test_nothing_unknown_is_nothing_to_tell() -> None:
    assert told(Finding(target=NAME, lease=None, remnant=None, unknown=(), accepted=False)) == []


def test_what_is_unknown_is_named_with_its_import() -> None:
    finding = Finding(
        target=NAME, lease=None, remnant=None, unknown=("aws_sqs_queue.q id-1",), accepted=False
    )
    text = "\n".join(told(finding))
    assert "  aws_sqs_queue.q id-1" in text
    assert '  id = "id-1"' in text


def test_what_the_state_has_is_not_imported_and_made_anew_where_it_is_not_whole() -> None:
    finding = Finding(
        target=NAME,
        lease=None,
        remnant=None,
        unknown=('aws_sqs_queue.q["a b"]', "aws_sqs_queue.r"),
        accepted=False,
        standing=('aws_sqs_queue.q["a b"] id-1',),
    )
    lines = told(finding)
    assert """  runner up prod/eu/network --replace 'aws_sqs_queue.q["a b"]'""" in lines
    assert [line for line in lines if line.startswith("  to = ")] == ["  to = aws_sqs_queue.r"]


def state(serial: int, **more: object) -> bytes:
    written = {"version": 4, "terraform_version": "1.11.4", "serial": serial, "lineage": "l-1", **more}
    return json.dumps(written, indent=2).encode() + b"\n"


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_a_restored_state_differs_by_its_serial_alone(before: int, after: int) -> None:
    old = state(before, resources=[{"type": "x", "instances": [{"attributes": {"serial": 1, "n": 1.50}}]}])
    new = renumbered(old, after)
    assert facts_of(new).serial == after
    assert facts_of(new).lineage == facts_of(old).lineage
    assert new == old.replace(b'  "serial": %d' % before, b'  "serial": %d' % after, 1)


def test_a_state_written_on_one_line_is_renumbered_too() -> None:
    old = json.dumps(json.loads(state(3))).encode()
    assert json.loads(renumbered(old, 9)) == {**json.loads(old), "serial": 9}
