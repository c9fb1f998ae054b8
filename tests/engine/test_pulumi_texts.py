"""What Pulumi said, read: recorded event logs, plans and checkpoints of a real CLI, and lines that none of them has."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from runner.conformance.engine import CANARY
from runner.diagnostics import Severity
from runner.engine import BackendChoice, Workspace
from runner.engine.pulumi_crypter import opener_of, sealer_of, sealer_under
from runner.engine.pulumi_events import Judged, Said, Step, Strange, told_by
from runner.engine.pulumi_plan import Preview, errors_in, planned_of, violations_in
from runner.engine.pulumi_progress import Progress
from runner.engine.pulumi_project import Runtime, runtime_of
from runner.engine.pulumi_state import contents_of, facts_of, renumbered, salt_of
from runner.engine.pulumi_values import parted, path_of
from runner.errors import TargetFailed
from runner.kit.redaction import Redactor
from runner.model.change import SENSITIVE, UNKNOWN, ChangeKind
from runner.model.plan import Planned, StateFacts
from runner.model.references import Json
from tests.engine.pulumi_bench import PASSPHRASE
from tests.engine.unheard import ignored

RECORDED = sorted((Path(__file__).parent / "pulumi_logs").iterdir())
URN = "urn:pulumi:dev::demo::pulumi-python:dynamic:Resource::one"


@pytest.fixture(params=RECORDED, ids=lambda place: place.name)
def recorded(request: pytest.FixtureRequest) -> Path:
    """The recordings of each CLI."""
    place = request.param
    assert isinstance(place, Path)
    return place


def preview_of(recorded: Path, name: str) -> Preview:
    plan = recorded / f"{name}.plan.json"
    salt = salt_of((recorded / "create.state.json").read_bytes())
    return Preview(
        log=(recorded / f"{name}.preview.jsonl").read_bytes(),
        update_plan=plan.read_bytes() if plan.exists() else b"",
        opener=opener_of(salt, PASSPHRASE),
        fingerprint=lambda value: hashlib.sha256(value).hexdigest(),
    )


def planned(recorded: Path, name: str) -> Planned:
    return planned_of(preview_of(recorded, name))


def progress_over(log: bytes) -> Progress:
    place = Path("/nowhere")
    work = Workspace(
        root=place,
        directory=place,
        scratch=place,
        environment={},
        redactor=Redactor(),
        backend=BackendChoice(file=None),
    )
    made = Progress(work, ignored)
    for line in log.split(b"\n"):
        made.line(line)
    return made


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("create", [ChangeKind.CREATE]),
        ("same", []),
        ("update", [ChangeKind.UPDATE]),
        ("replace-delete-first", [ChangeKind.REPLACE]),
        ("replace-create-first", [ChangeKind.REPLACE]),
        ("renamed", [ChangeKind.MOVE]),
        ("delete", [ChangeKind.DELETE] * 2),
        ("destroy", [ChangeKind.DELETE]),
    ],
)
def test_each_operation_is_one_change(recorded: Path, name: str, kinds: list[ChangeKind]) -> None:
    found = planned(recorded, name)
    assert [change.kind for change in found.changes] == kinds
    assert found.changed == bool(kinds)
    assert found.complete
    assert not found.errored


def test_a_replacement_has_its_order_and_the_attribute_that_forces_it(recorded: Path) -> None:
    for order in ("delete-first", "create-first"):
        change = planned(recorded, f"replace-{order}").changes[0]
        assert change.order == order
        assert [each.path for each in change.diff if each.forces_replace] == [("trigger",)]


def test_a_renamed_resource_says_what_it_was_called(recorded: Path) -> None:
    change = planned(recorded, "renamed").changes[0]
    assert change.previous_address == URN
    assert change.name == "other"


def test_a_component_is_told_from_a_resource(recorded: Path) -> None:
    changes = planned(recorded, "component").changes
    made = {change.name: change.mode for change in changes if change.kind is ChangeKind.CREATE}
    assert made == {"group": "component", "one": "managed"}


def test_a_secret_is_marked_and_fingerprinted_and_nowhere_else(recorded: Path) -> None:
    found = planned(recorded, "create")
    assert CANARY not in str(found)
    outputs = {output.name: output for output in found.outputs}
    assert outputs["secret"].after == SENSITIVE
    assert outputs["secret"].sensitive
    assert outputs["secret"].fingerprint == hashlib.sha256(f'[null,"{CANARY}"]'.encode()).hexdigest()
    assert (outputs["count"].after, outputs["words"].after) == (3, ["a", "b"])


def test_two_readings_say_the_same(recorded: Path) -> None:
    assert planned(recorded, "update") == planned(recorded, "update")


def test_outputs_that_go_are_deletions(recorded: Path) -> None:
    assert {output.kind for output in planned(recorded, "destroy").outputs} == {ChangeKind.DELETE}


def test_a_program_that_breaks_is_no_plan(recorded: Path) -> None:
    log = (recorded / "raised.preview.jsonl").read_bytes()
    found = planned_of(Preview(log=log))
    assert found.errored
    assert not found.complete
    assert any("the program breaks" in error.message for error in errors_in(log))
    assert [each.message for each in found.diagnostics if "mind the gap" in each.message]


def test_a_log_without_an_end_is_unreadable(recorded: Path) -> None:
    lines = (recorded / "create.preview.jsonl").read_bytes().split(b"\n")
    short = b"\n".join(line for line in lines if b"summaryEvent" not in line)
    with pytest.raises(TargetFailed):
        planned_of(Preview(log=short))


def test_an_apply_is_followed_resource_by_resource(recorded: Path) -> None:
    log = (recorded / "broken.apply.jsonl").read_bytes()
    applied = progress_over(log).applied(ok=False, stopped=False, because="")
    assert [(address.rpartition("::")[2], action) for address, action, _ in applied.finished] == []
    assert [address.rpartition("::")[2] for address, _ in applied.failed] == ["two"]
    assert not applied.unfinished
    replaced = progress_over((recorded / "replace-create-first.apply.jsonl").read_bytes())
    actions = [action for _, action, _ in replaced.applied(ok=True, stopped=False, because="").finished]
    assert actions == ["create", "delete"]


# ------------------------------------------------------------------------------------------------ what none of them has


def line(op: str, **more: object) -> bytes:
    metadata = {
        "op": op,
        "urn": URN,
        "type": "t:i:T",
        "old": None,
        "new": {"inputs": {}, "custom": True},
        **more,
    }
    return json.dumps({"sequence": 1, "timestamp": 1, "resourcePreEvent": {"metadata": metadata}}).encode()


END = b'{"sequence":9,"summaryEvent":{"maybeCorrupt":false,"resourceChanges":{},"isPreview":true,"result":"succeeded"}}'


@given(st.text(min_size=1, max_size=30))
def test_an_operation_that_nobody_knows_counts_as_change(op: str) -> None:
    known = {"same", "create", "update", "delete", "read", "import", "discard", "refresh", "replace"}
    ours = {*known, "create-replacement", "delete-replaced", "read-replacement", "import-replacement"}
    ours |= {"discard-replaced", "remove-pending-replace"}
    found = planned_of(Preview(log=b"\n".join([line(op), END])))
    if op not in ours:
        assert [change.kind for change in found.changes] == [ChangeKind.UNKNOWN]
        assert found.changed


def test_an_event_that_nobody_knows_is_not_dropped() -> None:
    strange = line("create").replace(b"resourcePreEvent", b"resourceDreamtEvent")
    assert isinstance(told_by(strange), Step)
    dream = b'{"sequence":1,"dreamEvent":{"of":"sheep"}}'
    assert told_by(dream) == Strange(kind="dreamEvent")
    found = planned_of(Preview(log=b"\n".join([dream, END])))
    assert found.changed
    assert [(each.code, each.severity) for each in found.diagnostics] == [
        ("engine-event-unknown", Severity.WARNING)
    ]
    assert not planned_of(Preview(log=END)).changed
    assert isinstance(told_by(b"no JSON at all"), Said)


def test_an_unknown_value_is_unknown_and_not_a_text() -> None:
    new = {"inputs": {"a": "04da6b54-80e4-46f7-96ec-b56ff0331ba9", "b": "x"}, "custom": True}
    old = {"inputs": {"a": "y", "b": "x"}, "urn": URN}
    change = planned_of(Preview(log=b"\n".join([line("update", new=new, old=old), END]))).changes[0]
    assert change.after == {"a": UNKNOWN, "b": "x"}
    assert change.unknown_paths == (("a",),)
    assert [each.path for each in change.diff] == [("a",)]


def test_a_providers_own_difference_is_kept() -> None:
    detailed = {
        'a.b[0]["x.y"]': {"diffKind": "update-replace"},
        "c": {"diffKind": "add"},
        "d": {"diffKind": "delete"},
    }
    old = {"inputs": {}, "urn": URN}
    change = planned_of(
        Preview(log=b"\n".join([line("update", old=old, detailedDiff=detailed), END]))
    ).changes[0]
    assert [(each.path, each.op, each.forces_replace) for each in change.diff] == [
        (("a", "b", 0, "x.y"), "change", True),
        (("c",), "add", False),
        (("d",), "remove", False),
    ]


def test_what_is_kept_in_the_cloud_is_forgotten_and_not_deleted() -> None:
    old = {"inputs": {}, "urn": URN, "retainOnDelete": True}
    found = planned_of(Preview(log=b"\n".join([line("delete", old=old, new=None), END])))
    assert [change.kind for change in found.changes] == [ChangeKind.FORGET]


def test_providers_are_no_changes_but_something_to_apply() -> None:
    told = line("update", type="pulumi:providers:aws", old={"inputs": {}, "urn": URN})
    found = planned_of(Preview(log=b"\n".join([told, END])))
    assert found.changes == ()
    assert found.changed


def test_a_mandatory_policy_is_an_error_and_every_policy_a_check() -> None:
    event = {"resourceUrn": "u", "message": "<{%reset%}>no", "policyName": "p", "policyPackName": "k"}
    told = json.dumps({"policyEvent": {**event, "enforcementLevel": "mandatory"}}).encode()
    assert told_by(told) == Judged(policy="k/p", level="mandatory", text="no", urn="u")
    assert not errors_in(told)
    assert [(each.code, each.message) for each in violations_in(told)] == [
        ("policy-pack-violated", "u: k/p: no")
    ]
    assert planned_of(Preview(log=b"\n".join([told, END]))).checks[0]["message"] == "no"


@given(st.lists(st.one_of(st.integers(0, 99), st.text(min_size=1)), min_size=1))
def test_paths_are_read_back(path: list[str | int]) -> None:
    written = "".join(f"[{step}]" if isinstance(step, int) else f"[{json.dumps(step)}]" for step in path)
    assert path_of(written) == tuple(path)


# ---------------------------------------------------------------------------------------------------------- checkpoints


def test_a_checkpoint_opens_with_its_passphrase_alone(recorded: Path) -> None:
    state = (recorded / "create.state.json").read_bytes()
    contents = contents_of(state, PASSPHRASE)
    assert contents.outputs["secret"].value == CANARY
    assert contents.outputs["secret"].sensitive
    assert not contents.sealed
    assert [(each.address, each.id) for each in contents.resources] == [(URN, "thing-first")]
    assert CANARY not in str(contents.resources)
    other = contents_of(state, "another")
    assert other.sealed == {"secret"}
    assert "secret" not in other.outputs


def test_lineage_stays_and_serial_rises_over_the_life_of_a_stack(recorded: Path) -> None:
    facts = [
        facts_of((recorded / f"{name}.state.json").read_bytes()) for name in ("create", "broken", "destroy")
    ]
    assert facts[0].lineage
    assert len({each.lineage for each in facts}) == 1
    assert sorted({each.serial for each in facts}) == [each.serial for each in facts]
    assert facts_of(b"") == StateFacts()


def test_a_state_can_be_given_another_serial(recorded: Path) -> None:
    state = (recorded / "create.state.json").read_bytes()
    facts = facts_of(state)
    changed = renumbered(state, facts.serial + 1)
    assert facts_of(changed).serial == facts.serial + 1
    assert facts_of(changed).lineage == facts.lineage
    assert contents_of(changed, PASSPHRASE) == replace(
        contents_of(state, PASSPHRASE), facts=facts_of(changed)
    )


def test_what_repeats_a_secret_is_not_recorded_either() -> None:
    secret = {
        "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
        "plaintext": '"sesame, open"',
    }
    resource = {"urn": URN, "type": "t:i:T", "custom": True, "outputs": {"a": secret, "b": "<sesame, open>"}}
    state = json.dumps({"version": 3, "deployment": {"resources": [resource]}}).encode()
    (found,) = contents_of(state).resources
    assert "sesame" not in str(found.attributes)
    assert "a" not in found.attributes


def test_a_state_of_another_kind_is_refused() -> None:
    for text in (b"{}", b"[]", b"no", b'{"version":9,"checkpoint":{}}'):
        with pytest.raises(TargetFailed):
            facts_of(text)


def test_a_secret_in_a_secret_is_opened_once() -> None:
    inner: Json = {
        "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
        "plaintext": '{"a":[1]}',
    }
    found = parted({"x": inner})
    assert found.value == {"x": {"a": [1]}}
    assert found.sensitive == {"x": True}


def test_a_toolchain_is_the_one_that_is_written_or_that_of_the_nearest_lock_file(tmp_path: Path) -> None:
    (place := tmp_path / "stacks/app").mkdir(parents=True)
    written: Json = {"name": "python", "options": {"toolchain": "Poetry", "virtualenv": ".venv"}}
    assert runtime_of(written, place, tmp_path) == Runtime(
        runtime="python", virtualenv=".venv", toolchain="poetry"
    )
    assert runtime_of("python", place, tmp_path).installed, "in the Python that is there"
    somebody_s: Json = {"name": "python", "options": {"virtualenv": "/home/ada/venv"}}
    assert runtime_of(somebody_s, place, tmp_path).installed, (
        "and nothing is installed into it, or made there"
    )
    (tmp_path / "poetry.lock").touch()
    assert runtime_of("python", place, tmp_path) == Runtime(runtime="python", toolchain="poetry")
    assert runtime_of("python", place, place).toolchain == "pip", "what is outside the tree says nothing"
    (place / "uv.lock").touch()
    assert runtime_of("python", place, tmp_path) == Runtime(runtime="python", toolchain="uv")
    assert runtime_of("nodejs", place, tmp_path) == Runtime(runtime="nodejs")


def test_what_we_seal_is_opened_under_its_salt_and_passphrase_alone() -> None:
    salt, seal = sealer_of(PASSPHRASE)
    assert opener_of(salt, PASSPHRASE)(seal(CANARY)) == CANARY
    assert opener_of(salt, "another")(seal(CANARY)) is None
    assert sealer_under(salt, "another") is None
    again = sealer_under(salt, PASSPHRASE)
    assert again is not None
    assert opener_of(salt, PASSPHRASE)(again(CANARY)) == CANARY
    assert again(CANARY) != again(CANARY), "equal secrets are not seen to be equal"
