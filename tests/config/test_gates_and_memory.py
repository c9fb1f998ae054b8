"""Gates come from the law's tree, and what did not change is not checked again."""

import subprocess
import sys
from pathlib import Path

import pytest

from runner.config import Checked, FileKind
from runner.config.configuration import BranchFacts
from runner.config.reading_gates import read_gates
from runner.config.reading_wishes import read_wishes
from runner.config.remembering import ConfigurationReader
from runner.config.schema.checking import check
from runner.kit.tree import DictTree
from runner.model.stack import EngineName
from tests.config.believing import STACKS, believe

E = "environments/prod.yaml"


def test_gates_of_the_head_are_ignored_and_said_to_be() -> None:
    law = {**STACKS, E: "apply: manual\nrequires: {reviews: {count: 2}}\ninputs: {a: 1}\n"}
    head = {
        **STACKS,
        E: "apply: on-merge\ninputs: {a: 2}\nkey: {env: X}\n",
        "runner.yaml": "limits: {targets: 9}\n",
    }
    believed = believe(head, law)
    assert believed.environments["prod"].apply == "manual"
    assert believed.environments["prod"].key is None
    assert believed.limits.targets == 2000
    assert believed.wishes["prod"].inputs["a"].value == 2
    told = {str(each.span): each.message for each in believed.warnings}
    assert set(told) == {f"{E}:1:1", f"{E}:3:1", "runner.yaml:1:1"}
    assert any("`requires` is gone" in each.message for each in believed.warnings)


def test_an_environment_that_the_law_does_not_know_is_named_and_has_the_defaults() -> None:
    believed = believe({**STACKS, E: "apply: manual\n"}, {**STACKS})
    assert believed.unknown == {"prod"}
    assert believed.environments["prod"].apply == "on-merge"
    assert believed.environments["prod"].branch == "main"
    runner = {"runner.yaml": 'branches: {"env/{environment}": "{environment}"}\n'}
    believed = believe({**STACKS, **runner, E: ""}, {**STACKS, **runner})
    assert believed.environments["prod"].branch == "env/prod"


def test_an_environment_that_is_gone_at_the_head_keeps_its_gates() -> None:
    believed = believe({**STACKS}, {**STACKS, E: "apply: manual\n"})
    assert believed.environments["prod"].apply == "manual"
    assert dict(believed.targets) == {}


@pytest.mark.parametrize(
    ("written", "closed"),
    [
        ("apply: before-merge", ()),
        ("apply: manual", ()),
        ("deferred: wait", ()),
        ("deferred: apply-if-policy-passes", ("deferred",)),
        ("requires: {}", ()),
        ("requires: {undiverged: false}", ()),
        ("requires: {undiverged: true}", ()),
        ("requires: {destroys: 0}", ()),
        ("allow: {providers: [], modules: [], code: []}", ()),
        ("allow: {secrets: [], environments: []}", ()),
        ("policies: []", ()),
        ("policies: [{path: packs/house, input: pulumi, tags: [a]}]", ()),
        ("policies: [{path: packs/house, input: pulumi, level: approve}]", ("policies",)),
        ("policies: [{path: packs/house, input: pulumi}, {path: rules}]", ("policies",)),
        ("credentials: {apply: {files: {A: b}}}", ("credentials.apply.files",)),
        ("drift: {every: 6h}", ("drift",)),
        ("break_glass: ['@a']", ()),
    ],
)
def test_a_gate_in_use_that_cannot_be_enforced_closes(written: str, closed: tuple[str, ...]) -> None:
    assert believe({**STACKS, E: written + "\n"}).environments["prod"].unenforced == closed


def test_every_setting_of_an_engine_is_enforced() -> None:
    files = {**STACKS, E: "", "runner.yaml": "engines: {pulumi: {plans: true, version: '>=3.200'}}\n"}
    believed = believe(files)
    assert believed.environments["prod"].unenforced == ()
    assert believed.engines[EngineName.PULUMI].plans


def test_what_has_no_effect_yet_is_told_with_its_place_and_closes_nothing() -> None:
    files = {
        **STACKS,
        E: "",
        "runner.yaml": "limits:\n  commands_per_hour: 5\nforge: {type: github, url: ''}\n",
    }
    believed = believe(files)
    assert believed.environments["prod"].unenforced == ()
    told = [each for each in believed.warnings if each.code == "key-without-effect"]
    assert [(each.span.line, each.span.column) for each in told if each.span] == [(2, 3)]
    assert "`limits.commands_per_hour` has no effect yet" in told[0].message


def test_a_mirror_knows_its_place() -> None:
    files = {**STACKS, E: "", "runner.yaml": "engines:\n  terraform: {providers: {mirror: mirrors/tf}}\n"}
    missing = believe(files).engines[EngineName.TERRAFORM].mirror_missing
    assert missing
    assert str(missing.span) == "runner.yaml:2:35"


class Counting:
    """The true checker, and which files it was asked for."""

    def __init__(self) -> None:
        self.files: list[str] = []

    def __call__(self, kind: FileKind, file: str, content: bytes, limit: int) -> Checked:
        self.files.append(file)
        return check(kind, file, content, limit)


def test_only_a_file_that_nobody_has_seen_is_checked(tmp_path: Path) -> None:
    files = {**STACKS, E: "inputs: {a: '${network.id}'}\n", "stacks/app/stack.yaml": "tags: [x]\n"}
    counting = Counting()

    def read(changed: dict[str, str]) -> object:
        own = ConfigurationReader(lambda: counting, tmp_path)
        gates = read_gates(DictTree(changed), BranchFacts(remote_head="main"), own)
        return gates, read_wishes(DictTree(changed), gates, own)

    cold = read(files)
    assert counting.files == ["runner.yaml", E, "stacks/app/stack.yaml"]
    counting.files.clear()
    assert read(files) == cold
    assert counting.files == []
    read({**files, E: "inputs: {a: 2}\n"})
    assert counting.files == [E]


@pytest.mark.parametrize(
    "harm", [lambda kept: kept[:-20], lambda kept: kept.replace(b'"a"', b'"b"'), lambda kept: b""]
)
def test_a_damaged_memory_is_an_empty_one(tmp_path: Path, harm: object) -> None:
    own = ConfigurationReader(lambda: check, tmp_path)
    own.read({E: (FileKind.ENVIRONMENT, b"inputs: {a: 1}\n")}, 100)
    own.keep()
    (kept,) = tmp_path.iterdir()
    assert callable(harm)
    kept.write_bytes(harm(kept.read_bytes()))
    counting = Counting()
    again = ConfigurationReader(lambda: counting, tmp_path)
    assert (
        again.read({E: (FileKind.ENVIRONMENT, b"inputs: {a: 1}\n")}, 100)[E]
        .section.section("inputs")
        .count("a")
        == 1
    )
    assert counting.files == [E]


def test_a_limit_holds_for_what_is_remembered_too(tmp_path: Path) -> None:
    own = ConfigurationReader(lambda: check, tmp_path)
    files = {E: (FileKind.ENVIRONMENT, b"inputs: {a: [1, 2, 3]}\n")}
    assert own.read(files, 100)[E].mistakes == ()
    assert own.read(files, 3)[E].mistakes[0].diagnostic.code == "yaml-too-large"


def test_reading_believed_configuration_imports_neither_pydantic_nor_yaml() -> None:
    program = (
        "import sys, runner.config.reading_gates, runner.config.reading_wishes, runner.config.proposals\n"
        "print(sorted({'pydantic', 'yaml'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
