"""Recorded lines and texts of Terraform and OpenTofu, and what they mean."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from runner.diagnostics import Diagnostic, Severity, Span
from runner.engine import EngineEvent
from runner.engine.terraform_events import diagnostics_in, lock_in, told_by
from runner.engine.terraform_state import contents_of, facts_of

COMPLETE = (
    b'{"@level":"info","@message":"module.m.terraform_data.b[0]: Creation complete after 2s [id=aeb4]",'
    b'"@module":"terraform.ui","hook":{"resource":{"addr":"module.m.terraform_data.b[0]","module":"module.m",'
    b'"resource":"terraform_data.b[0]","resource_key":0},"action":"create","id_key":"id","id_value":"aeb4",'
    b'"elapsed_seconds":2},"type":"apply_complete"}'
)
WARNING = (
    b'{"@level":"warn","@message":"Warning: Check block assertion failed","diagnostic":{"severity":"warning",'
    b'"summary":"Check block assertion failed","detail":"nope","range":{"filename":"main.tf",'
    b'"start":{"line":13,"column":14,"byte":238},"end":{"line":13,"column":41,"byte":265}},'
    b'"snippet":{"context":"check","code":" condition = x","start_line":13}},"type":"diagnostic"}'
)
FRAMED = """\
\x1b[31m╷\x1b[0m
│ Error: Reference to undeclared resource
│
│   on ../modules/a b/main.tf line 3, in output "x":
│    3:   value = nothing.there
│
│ A managed resource "nothing" "there" has not been declared in the root
│ module.
╵
╷
│ Warning: Deprecated
│
│ Use another.
╵
"""


def test_an_event_has_its_resource_and_its_id() -> None:
    assert told_by(COMPLETE) == EngineEvent(
        kind="complete",
        text="module.m.terraform_data.b[0]: Creation complete after 2s [id=aeb4]",
        address="module.m.terraform_data.b[0]",
        action="create",
        id="aeb4",
        seconds=2.0,
    )


def test_a_diagnostic_has_its_place_and_its_line() -> None:
    assert told_by(WARNING) == Diagnostic(
        code="engine-said",
        message="Check block assertion failed: nope",
        span=Span(file="main.tf", line=13, column=14, end_line=13, end_column=41),
        source=" condition = x",
        severity=Severity.WARNING,
    )


def test_framed_text_is_read_without_its_frame() -> None:
    error, warning = diagnostics_in(FRAMED)
    assert error.span == Span(file="../modules/a b/main.tf", line=3, column=1)
    assert error.source == "  value = nothing.there"
    assert error.message == (
        'Reference to undeclared resource: A managed resource "nothing" "there" has not been declared in the root '
        "module."
    )
    assert (warning.severity, warning.message) == (Severity.WARNING, "Deprecated: Use another.")


@given(
    st.binary(max_size=60)
    | st.recursive(st.none() | st.text(max_size=3), st.lists).map(lambda x: json.dumps(x).encode())
)
def test_no_line_is_too_strange(line: bytes) -> None:
    told_by(line)
    diagnostics_in(line.decode("utf-8", "replace"))


@given(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["diagnostic", "apply_complete", "x"])},
        optional={
            "hook": st.none() | st.just({"resource": 1, "elapsed_seconds": "x"}),
            "diagnostic": st.none() | st.just({}) | st.just({"range": {"start": 1}, "snippet": []}),
        },
    )
)
def test_no_event_is_too_strange(event: dict[str, object]) -> None:
    told_by(json.dumps(event).encode())


STATE = {
    "version": 4,
    "serial": 7,
    "lineage": "l-1",
    "outputs": {"pw": {"value": "hunter22", "type": "string", "sensitive": True}},
    "resources": [
        {
            "module": 'module.m["x"]',
            "mode": "managed",
            "type": "aws_db",
            "name": "d",
            "provider": 'module.m.provider["registry.terraform.io/hashicorp/aws"].east',
            "instances": [
                {
                    "index_key": "a/b",
                    "attributes": {
                        "id": "d-1",
                        "password": "s3cret-word",
                        "url": "db://u:s3cret-word@h",
                        "l": [{"k": "abc"}, 1],
                    },
                    "sensitive_attributes": [
                        [{"type": "get_attr", "value": "password"}],
                        [
                            {"type": "get_attr", "value": "l"},
                            {"type": "index", "value": {"value": 0, "type": "number"}},
                            {"type": "get_attr", "value": "k"},
                        ],
                    ],
                },
                {
                    "index_key": 1,
                    "deposed": "00ff",
                    "attributes": {"id": "d-2", "other": "hunter22", "short": "abc"},
                },
            ],
        },
        {"mode": "data", "type": "aws_x", "name": "y", "instances": [{"attributes": {"id": "z"}}]},
    ],
}


def test_a_states_resources_have_no_sensitive_attribute_and_no_repetition_of_one() -> None:
    contents = contents_of(json.dumps(STATE).encode())
    first, second = contents.resources
    assert first.address == 'module.m["x"].aws_db.d["a/b"]'
    assert (first.id, first.provider) == ("d-1", "registry.terraform.io/hashicorp/aws")
    assert first.attributes == {"id": "d-1", "url": "db://u:[secret]@h", "l": [{}, 1]}
    assert second.address == 'module.m["x"].aws_db.d[1] (deposed 00ff)'
    assert second.attributes == {"id": "d-2", "other": "[secret]", "short": "[secret]"}
    assert contents.outputs["pw"].value == "hunter22"
    assert contents.facts == facts_of(json.dumps(STATE).encode())


def test_a_mark_that_leads_nowhere_takes_the_whole_attribute() -> None:
    state = json.loads(json.dumps(STATE))
    instance = state["resources"][0]["instances"][0]
    instance["sensitive_attributes"] = [[{"type": "get_attr", "value": "l"}, {"type": "index", "value": 9}]]
    (first, _) = contents_of(json.dumps(state).encode()).resources
    assert first.attributes["l"] is None


LOCKED = """\
Error: Error acquiring the state lock

Error message: operation error S3: PutObject, https response error StatusCode: 412
Lock Info:
  ID:        8a6f0fa8-6a1f
  Path:      acme/prod/one.tfstate
  Operation: OperationTypeApply
  Who:       eve@elsewhere
  Version:   1.11.4
  Created:   2026-01-01 00:00:00 +0000 UTC
  Info:


Terraform acquires a state lock to protect the state from being written
by multiple users at the same time.
"""


def test_who_has_the_engines_own_lock_is_read_from_its_words() -> None:
    framed = diagnostics_in(LOCKED)
    summary, detail = LOCKED.removeprefix("Error: ").split("\n", 1)
    event = {"type": "diagnostic", "diagnostic": {"severity": "error", "summary": summary, "detail": detail}}
    line = told_by(json.dumps(event).encode())
    assert isinstance(line, Diagnostic)
    for told in (*framed, line):
        locked = lock_in([told])
        assert locked
        assert (
            "locked by eve@elsewhere since 2026-01-01 00:00:00 +0000 UTC (OperationTypeApply on "
            in locked.message
        )
        assert "force-unlock 8a6f0fa8-6a1f`" in locked.hint


def test_a_lock_that_could_not_be_had_for_another_reason_is_nobodys() -> None:
    denied = "Error: Error acquiring the state lock\n\nError message: AccessDenied: not yours\n"
    assert lock_in(diagnostics_in(denied)) is None
