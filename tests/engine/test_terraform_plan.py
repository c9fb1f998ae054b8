"""What a plan's JSON means: recorded shapes, and any shape at all."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.engine.masking import differences, masked
from runner.engine.terraform_plan import planned_of
from runner.errors import TargetFailed
from runner.model.change import SENSITIVE, UNKNOWN, AttributeDifference, Change, ChangeKind
from runner.model.plan import Planned
from runner.model.references import Json


def print_of(value: bytes) -> str:
    return hashlib.sha256(value).hexdigest()[:8]


def plan(**parts: object) -> Planned:
    document = {"format_version": "1.2", **parts}
    return planned_of(json.dumps(document).encode(), exit_changed=True, fingerprint=print_of)


def change(actions: list[str], *, resource: dict[str, object] | None = None, **told: object) -> Change:
    member = {
        "address": "a.b",
        "type": "a",
        "name": "b",
        **(resource or {}),
        "change": {"actions": actions, **told},
    }
    (found,) = plan(resource_changes=[member]).changes
    return found


@pytest.mark.parametrize(
    ("actions", "kind", "order"),
    [
        (["create"], ChangeKind.CREATE, ""),
        (["read"], ChangeKind.READ, ""),
        (["update"], ChangeKind.UPDATE, ""),
        (["delete"], ChangeKind.DELETE, ""),
        (["forget"], ChangeKind.FORGET, ""),
        (["delete", "create"], ChangeKind.REPLACE, "delete-first"),
        (["create", "delete"], ChangeKind.REPLACE, "create-first"),
        (["create", "forget"], ChangeKind.UNKNOWN, ""),
        (["transmogrify"], ChangeKind.UNKNOWN, ""),
        ([], ChangeKind.UNKNOWN, ""),
    ],
)
def test_actions_have_one_kind_and_a_strange_one_is_unknown(
    actions: list[str], kind: ChangeKind, order: str
) -> None:
    found = change(actions)
    assert (found.kind, found.order, found.actions) == (kind, order, tuple(actions))


def test_nothing_to_do_is_left_out_but_a_move_or_an_import_is_not() -> None:
    assert not plan(resource_changes=[{"address": "a.b", "change": {"actions": ["no-op"]}}]).changes
    moved = change(["no-op"], resource={"previous_address": "a.old"})
    assert (moved.kind, moved.previous_address) == (ChangeKind.MOVE, "a.old")
    imported = change(["no-op"], importing={"id": "i-1"})
    assert (imported.kind, imported.import_id) == (ChangeKind.IMPORT, "i-1")
    assert change(["delete"], resource={"deposed": "00ff"}).deposed == "00ff"


def test_sensitive_values_are_gone_and_another_value_is_another_fingerprint() -> None:
    def updated(secret: str) -> Change:
        return change(
            ["update"],
            before={"p": "old-secret", "l": ["x", "in-list"], "o": 1},
            after={"p": secret, "l": ["x", "in-list"], "o": 2},
            before_sensitive={"p": True, "l": [False, True]},
            after_sensitive={"p": True, "l": [False, True]},
        )

    found = updated("new-secret")
    assert "secret" not in str(found)
    assert "in-list" not in str(found)
    assert found.after == {"p": SENSITIVE, "l": ["x", SENSITIVE], "o": 2}
    assert found.sensitive_paths == (("l", 1), ("p",))
    assert [difference.path for difference in found.diff] == [("o",), ("p",)]
    assert dict(found.fingerprints)['["p"]'] != dict(updated("third-secret").fingerprints)['["p"]']
    assert dict(found.fingerprints)['["l",1]'] == dict(updated("third-secret").fingerprints)['["l",1]']


def test_unknown_values_are_named_wherever_they_are() -> None:
    found = change(
        ["update"],
        before={"a": "1", "b": {"c": "2"}, "l": ["x"]},
        after={"b": {}, "l": ["x"], "z": None},
        after_unknown={"a": True, "b": {"c": True}, "l": [False, True], "n": {"deep": True}, "z": {}},
    )
    assert found.unknown_paths == (("a",), ("b", "c"), ("l", 1), ("n", "deep"))
    assert found.after == {
        "a": UNKNOWN,
        "b": {"c": UNKNOWN},
        "l": ["x", UNKNOWN],
        "n": {"deep": UNKNOWN},
        "z": None,
    }
    assert [(each.path, each.op) for each in found.diff] == [
        (("a",), "change"),
        (("b", "c"), "change"),
        (("l", 1), "add"),
        (("n",), "add"),
    ]


def test_what_forces_a_replacement_is_marked() -> None:
    found = change(
        ["delete", "create"],
        before={"a": 1, "b": {"c": 1}, "d": 1},
        after={"a": 2, "b": {"c": 2}, "d": 1},
        replace_paths=[["b"], ["gone", 0]],
    )
    assert found.diff == (
        AttributeDifference(path=("a",), op="change"),
        AttributeDifference(path=("b", "c"), op="change", forces_replace=True),
        AttributeDifference(path=("gone", 0), op="change", forces_replace=True),
    )


def test_changed_is_what_the_engine_says_and_else_its_exit_code() -> None:
    assert plan(applyable=True).changed
    assert not plan(applyable=False).changed
    assert plan().changed
    assert not planned_of(b'{"format_version":"1.0"}', exit_changed=False).changed


def test_a_plan_that_is_not_complete_says_so() -> None:
    assert plan().complete
    assert not plan(complete=False).complete
    assert not plan(deferred_changes=[{}]).complete
    assert plan(errored=True).errored
    assert not plan(errored=True).complete


def test_outputs_are_masked_and_unknown_ones_known_as_such() -> None:
    found = plan(
        output_changes={
            "s": {
                "actions": ["create"],
                "after": "my-secret",
                "after_unknown": False,
                "after_sensitive": True,
            },
            "u": {"actions": ["update"], "before": 1, "after_unknown": True},
            "k": {"actions": ["no-op"], "before": [1], "after": [1], "after_unknown": False},
        }
    ).outputs
    assert [(each.name, each.kind, each.known, each.sensitive) for each in found] == [
        ("k", ChangeKind.NO_OP, True, False),
        ("s", ChangeKind.CREATE, True, True),
        ("u", ChangeKind.UPDATE, False, False),
    ]
    assert "my-secret" not in str(found)


@pytest.mark.parametrize(
    "document",
    [b"", b"[]", b"{}", b'{"format_version":"2.0"}', b'{"format_version":"1.2","resource_changes":{}}'],
)
def test_what_is_not_understood_is_never_an_empty_plan(document: bytes) -> None:
    with pytest.raises(TargetFailed) as failure:
        planned_of(document, exit_changed=False)
    assert failure.value.diagnostics[0].code == "plan-unreadable"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text("ab", max_size=2),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from("xyz"), below, max_size=3),
    max_leaves=8,
)
MARKS = st.recursive(
    st.booleans(),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from("xyz"), below, max_size=3),
    max_leaves=6,
)


@given(VALUES, VALUES, MARKS, MARKS)
def test_any_plan_can_be_read(before: Json, after: Json, sensitive: Json, unknown: Json) -> None:
    change(["update"], before=before, after=after, after_sensitive=sensitive, after_unknown=unknown)


@given(VALUES)
def test_a_value_wholly_marked_is_wholly_gone(value: Json) -> None:
    found = masked(value, True, False, lambda each: each)
    assert found.value in (None, SENSITIVE)
    assert found.sensitive == {()}


@given(VALUES, VALUES)
def test_there_is_a_difference_exactly_where_values_differ(one: Json, other: Json) -> None:
    assert not differences(one, one, False, ())
    same = json.dumps(_pruned(one), sort_keys=True) == json.dumps(_pruned(other), sort_keys=True)
    assert bool(differences(one, other, False, ())) == (not same)


def _pruned(value: Json) -> Json:
    """Without null attributes and trailing null items: absent and null are one to Terraform."""
    match value:
        case dict():
            return {name: pruned for name, each in value.items() if (pruned := _pruned(each)) is not None}
        case list():
            items = [_pruned(each) for each in value]
            while items and items[-1] is None:
                items.pop()
            return items
        case _:
            return value
