"""What a checkpoint of Pulumi names as begun and not ended."""

import json

from runner.engine.pulumi_state import contents_of, facts_of, settled

URN = "urn:pulumi:dev::app::t:t:T::a"
STATE = {
    "version": 3,
    "checkpoint": {
        "stack": "organization/app/dev",
        "latest": {
            "manifest": {"time": "2026-01-01T00:00:00Z"},
            "resources": [{"urn": "urn:pulumi:dev::app::t:t:T::kept", "type": "t:t:T", "id": "k"}],
            "pending_operations": [
                {"type": "creating", "resource": {"urn": URN, "type": "t:t:T"}},
                {"type": "deleting", "resource": {"urn": URN, "type": "t:t:T", "id": "old"}},
                {"type": "frobnicating", "resource": {"urn": URN}},
            ],
        },
    },
}


def test_pending_operations_are_told_by_what_they_were_about_to_do() -> None:
    contents = contents_of(json.dumps(STATE).encode())
    assert contents.pending == ((URN, "create", ""), (URN, "delete", "old"), (URN, "frobnicating", ""))


def test_settling_takes_them_away_and_nothing_else() -> None:
    state = json.dumps(STATE).encode()
    after = settled(state)
    assert contents_of(after).pending == ()
    assert contents_of(after).resources == contents_of(state).resources
    assert facts_of(after).serial == facts_of(state).serial
    assert settled(after) == after, "byte for byte, where there is nothing to take away"
