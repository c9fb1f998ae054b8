"""What a plan says first, what it folds, and what it never shows."""

from hypothesis import given
from hypothesis import strategies as st

from runner.diagnostics import Diagnostic, Severity
from runner.model.change import SENSITIVE, UNKNOWN, AttributeDifference, Change, ChangeKind, OutputChange
from runner.model.plan import Counts, Plan, PlanKind
from runner.model.references import Json
from runner.report.plan_text import ORDER, counts_text, plan_lines
from runner.report.styled import Style, plain
from tests.report.samples import HOSTILE, change, plan_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.none() | st.dictionaries(st.text(max_size=8), JSON, max_size=5)


def said(plan: Plan, **options: bool) -> str:
    return plain(plan_lines(plan, **options))


def updated(before: dict[str, Json], after: dict[str, Json], **more: object) -> str:
    return said(plan_of(change(ChangeKind.UPDATE, "a.b", before=before, after=after, **more)))


def test_replacements_and_deletions_come_first_and_loud() -> None:
    made = [change(kind, f"r.{kind}") for kind in reversed(ORDER)]
    lines = plan_lines(plan_of(*made))
    heads = [each for each in lines if any(piece.text.startswith("r.") for piece in each)]
    kinds = [next(piece.text for piece in each if piece.text.startswith("r."))[2:] for each in heads]
    assert kinds[:2] == ["replace", "delete"]
    assert [any(piece.style is Style.LOUD for piece in each) for each in heads[:4]] == [
        True,
        True,
        True,
        False,
    ]


def test_what_stays_the_same_is_a_count() -> None:
    text = updated({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 2, "c": 4})
    assert "# (2 unchanged attributes)" in text
    assert "~ c = 3 -> 4" in text
    assert "a = 1" not in text


def test_a_nested_difference_shows_only_its_way() -> None:
    text = updated({"tags": {"x": "1", "y": "2"}}, {"tags": {"x": "1", "y": "3", "z": "4"}})
    assert '~ y = "2" -> "3"' in text
    assert '+ z = "4"' in text
    assert "# (1 unchanged key)" in text


def test_a_document_in_a_string_is_compared_inside() -> None:
    before, after = '{"Action":"sqs:SendMessage","Effect":"Allow"}', '{"Action":"sqs:*","Effect":"Allow"}'
    text = updated({"policy": before}, {"policy": after})
    assert '~ Action = "sqs:SendMessage" -> "sqs:*"' in text
    assert "Effect" not in text


def test_lines_of_a_long_text_are_compared_one_by_one() -> None:
    before = "\n".join(f"line {number}" for number in range(40))
    text = updated({"user_data": before}, {"user_data": before.replace("line 20", "line twenty")})
    assert "- line 20" in text
    assert "+ line twenty" in text
    assert "line 3\n" not in text
    assert "unchanged lines)" in text


def test_long_values_are_cut_with_their_length() -> None:
    text = updated({"v": "a" * 5_000}, {"v": "b" * 6_000})
    assert "5,000 characters" in text
    assert "6,000 characters" in text
    assert len(text) < 1_500


def test_secrets_are_marked_and_a_changed_one_says_so() -> None:
    path = ("password",)
    text = updated(
        {"password": dict(SENSITIVE), "x": 1},
        {"password": dict(SENSITIVE), "x": 2},
        sensitive_paths=(path,),
        diff=(AttributeDifference(path=path, op="change"),),
    )
    assert "password = (sensitive, changed)" in text
    same = updated({"password": dict(SENSITIVE), "x": 1}, {"password": dict(SENSITIVE), "x": 2})
    assert "password" not in same


def test_a_path_marked_sensitive_is_hidden_even_where_its_value_was_left_in_place() -> None:
    text = updated({"a": {"pw": "hunter1"}}, {"a": {"pw": "hunter2"}}, sensitive_paths=(("a", "pw"),))
    assert "hunter" not in text
    text = said(
        plan_of(change(ChangeKind.DELETE, "a.b", before={"name": "canary"}, sensitive_paths=(("name",),)))
    )
    assert "canary" not in text


def test_a_value_marked_sensitive_inside_a_new_one_is_hidden() -> None:
    text = said(
        plan_of(
            change(
                ChangeKind.CREATE, "a.b", after={"c": [{"pw": "canary"}]}, sensitive_paths=(("c", 0, "pw"),)
            )
        )
    )
    assert "canary" not in text


def test_unknown_values_come_later() -> None:
    text = said(plan_of(change(ChangeKind.CREATE, "a.b", after={"id": dict(UNKNOWN), "size": 3})))
    assert "+ id = (known after apply)" in text


def test_what_forces_a_replacement_says_so() -> None:
    made = change(
        ChangeKind.REPLACE,
        "aws_instance.web",
        before={"ami": "a"},
        after={"ami": "b"},
        order="create-first",
        diff=(AttributeDifference(path=("ami",), op="change", forces_replace=True),),
    )
    text = said(plan_of(made))
    assert '"a" -> "b"  # forces replacement' in text
    assert "REPLACED (create-first)" in text


def test_a_difference_that_no_value_shows_is_told_all_the_same() -> None:
    made = change(ChangeKind.UPDATE, "a.b", diff=(AttributeDifference(path=("spec", 0, "x.y"), op="change"),))
    assert 'spec[0]["x.y"] (value not shown)' in said(plan_of(made))


def test_what_will_be_destroyed_is_folded_unless_all_is_asked_for() -> None:
    made = plan_of(change(ChangeKind.DELETE, "a.b", before={"id": "i-1", "size": 3, "none": None}))
    assert "# (1 attribute not shown)" in said(made)
    assert "size" not in said(made)
    assert "size = 3" in said(made, unfolded=True)


def test_a_plan_ends_with_counts_digest_and_what_to_type() -> None:
    text = said(plan_of(change(ChangeKind.CREATE, "a.b"), change(ChangeKind.DELETE, "c.d")))
    assert "plan: 1 to destroy, 1 to create" in text
    assert "c1:9b1d" in text
    assert "runner up dev/network" in text
    assert "runner destroy dev/network" in said(plan_of(change(ChangeKind.DELETE, "c.d"), destroy=True))


def test_plans_that_are_no_plans_say_why() -> None:
    deferred = plan_of(
        kind=PlanKind.DEFERRED, planned=None, digests=None, because="dev/network has no state yet"
    )
    assert "not planned yet: dev/network has no state yet" in said(deferred)
    provisional = said(
        plan_of(change(ChangeKind.CREATE, "a.b"), kind=PlanKind.PROVISIONAL, because="vpc_id may move")
    )
    assert "nobody can approve it: vpc_id may move" in provisional
    assert "runner up" not in provisional
    assert "unchanged: nothing is to be applied" in said(plan_of(changed=False))


def test_nothing_counted_but_something_to_apply_is_no_unchanged_plan() -> None:
    text = said(plan_of(changed=True))
    assert "unchanged" not in text
    assert "no resource changes" in text


def test_warnings_drift_checks_and_an_incomplete_plan_stand_above_the_changes() -> None:
    text = said(
        plan_of(
            change(ChangeKind.CREATE, "a.b"),
            complete=False,
            partial=("a.b",),
            drift=(change(ChangeKind.UPDATE, "drifted.one"),),
            checks=({"address": "check.health", "status": "fail", "message": "503"},),
            diagnostics=(
                Diagnostic(code="code-in-stack", message="runs a program", severity=Severity.WARNING),
            ),
        )
    )
    fold = text.index("will be created")
    for each in (
        "runs a program",
        "incomplete",
        "Partial, only: a.b",
        "drifted.one",
        "check.health fail 503",
    ):
        assert text.index(each) < fold


def test_outputs_are_told_and_sensitive_ones_are_not_shown() -> None:
    outputs = (
        OutputChange(name="vpc", kind=ChangeKind.CREATE, after="vpc-1"),
        OutputChange(name="later", kind=ChangeKind.UPDATE, before="a", known=False),
        OutputChange(
            name="password", kind=ChangeKind.UPDATE, before="canary", after="canary2", sensitive=True
        ),
        OutputChange(name="same", kind=ChangeKind.NO_OP, before=1, after=1),
    )
    text = said(plan_of(outputs=outputs))
    assert '+ vpc = "vpc-1"' in text
    assert '~ later = "a" -> (known after apply)' in text
    assert "password = (sensitive, changed)" in text
    assert "canary" not in text
    assert "same" not in text


def test_hostile_names_stay_on_their_line() -> None:
    hostile = change(
        ChangeKind.UPDATE, HOSTILE, before={HOSTILE: HOSTILE}, after={HOSTILE: "x"}, reason=HOSTILE
    )
    text = plain(plan_lines(plan_of(hostile, because=HOSTILE)), for_ci=True)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert not any(each.lstrip().startswith("::") for each in text.split("\n"))


@given(st.sampled_from(list(ChangeKind)), OBJECTS, OBJECTS)
def test_any_change_can_be_told(kind: ChangeKind, before: Json, after: Json) -> None:
    text = said(plan_of(Change(address="a.b", kind=kind, before=before, after=after)))
    assert text.endswith("\n")
    assert ("a.b" in text) == (kind is not ChangeKind.NO_OP)


@given(JSON, JSON)
def test_an_attribute_that_differs_is_never_folded_away(old: Json, new: Json) -> None:
    text = updated({"it": old, "same": 1}, {"it": new, "same": 1})
    assert ("it = " in text) == (old != new)


def test_counts_name_losses_first() -> None:
    assert (
        counts_text(Counts(create=2, replace=1, outputs=1)) == "1 to replace, 2 to create, 1 output to change"
    )
