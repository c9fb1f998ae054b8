"""Real Pulumi, treated badly: lied to, killed, crowded, and given secrets to tell."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from msgspec.structs import replace

from runner.conformance.engine import CANARY, Code
from runner.decisions.digests import changes_form, outputs_form
from runner.engine import BackendChoice, Engine, EngineEvent
from runner.engine.pulumi_state import contents_of
from runner.errors import Denied, TargetFailed
from runner.kit.process import Stop, find_program
from runner.model.change import SENSITIVE
from tests.engine.pulumi_bench import PROVIDER, PulumiBench
from tests.engine.unheard import ignored, planned
from tests.waiting import processes_in, until

pytestmark = [pytest.mark.pulumi, pytest.mark.slow]

PARENT = """
import sys
from pathlib import Path
from runner.engine import PlanOptions
from runner.engine.discovery import EngineProgram
from runner.engine.pulumi import PulumiEngine
from runner.kit.process import Stop
from runner.model.stack import EngineIdentity, EngineName
from runner.conformance.engine import Code
from tests.engine.pulumi_bench import PulumiBench
identity = EngineIdentity(name=EngineName.PULUMI, version="3.0.0", origin="named")
engine = PulumiEngine(EngineProgram(identity=identity, argv=(sys.argv[1],)))
bench = PulumiBench(engine, Path(sys.argv[2]))
work = bench.work(Code.SLOW)
engine.prepare(work, Stop(), print)
engine.plan(work, PlanOptions(), Stop(), print)
engine.apply(work, Stop(), lambda event: print(event, flush=True))
"""


def test_a_program_that_means_something_else_by_now_is_refused_before_anything_changes(
    pulumi: PulumiBench, tmp_path: Path
) -> None:
    said = tmp_path / "said"
    said.write_text("first")
    code = f'Made(Thing(), "one", value=Path("{said}").read_text(), trigger=1)\n'
    work = pulumi.work_on({"__main__.py": PROVIDER + code})
    planned(pulumi, work)
    said.write_text("second")
    with pytest.raises(Denied) as refused:
        pulumi.engine.apply(work, Stop(), ignored)
    assert refused.value.diagnostics[0].code == "preview-differs"
    assert not pulumi.resources()


def test_another_secret_is_another_plan_though_nobody_sees_it(pulumi: PulumiBench, tmp_path: Path) -> None:
    said = tmp_path / "said"
    said.write_text("sesame-one")
    code = f'pulumi.export("word", pulumi.Output.secret(Path("{said}").read_text()))\n'
    work = pulumi.work_on({"__main__.py": PROVIDER + code})
    planned(pulumi, work)
    said.write_text("sesame-two")
    with pytest.raises(Denied):
        pulumi.engine.apply(work, Stop(), ignored)


def test_two_previews_of_one_code_and_state_say_the_same_wherever_they_lie(
    pulumi_engine: Engine, tmp_path: Path
) -> None:
    one, other = (PulumiBench(pulumi_engine, tmp_path / name) for name in ("one", "elsewhere"))
    work = one.work(Code.ONE)
    planned(one, work)
    assert one.engine.apply(work, Stop(), ignored).ok
    other.work(Code.ONE)
    shutil.copyfile(one.file, other.file)
    said = [planned(bench, bench.work(Code.UPDATED)) for bench in (one, other)]
    assert said[0].changes
    assert changes_form(said[0].changes) == changes_form(said[1].changes)
    assert outputs_form(said[0].outputs) == outputs_form(said[1].outputs)


def test_no_secret_comes_to_rest_in_plain(pulumi: PulumiBench, tmp_path: Path) -> None:
    work = pulumi.work(Code.BROKEN)
    planned(pulumi, work)
    told: list[EngineEvent] = []
    applied = pulumi.engine.apply(work, Stop(), told.append)
    assert not applied.ok
    assert CANARY not in f"{applied}{told}"
    found = [
        str(file.relative_to(tmp_path))
        for file in tmp_path.rglob("*")
        if file.is_file() and CANARY.encode() in file.read_bytes()
    ]
    # The engine's own log of an apply repeats what a provider says of its failure; it lies in the private directory,
    # and what is read of it is redacted.
    assert set(found) <= {"scratch/apply.jsonl"}


def test_what_the_user_wrote_of_the_stack_is_kept_and_inputs_are_typed(pulumi: PulumiBench) -> None:
    settings = "config:\n  demo:nested: {list: [1, true, 'x']}\n  demo:size: '1'\n"
    code = (
        'for name in ("nested", "more"):\n    pulumi.export(name, CONFIG.require_object(name))\n'
        'pulumi.export("size", CONFIG.require_int("size"))\n'
    )
    work = pulumi.work_on({"__main__.py": PROVIDER + code, "Pulumi.dev.yaml": settings})
    work = replace(work, inputs={**work.inputs, "size": 7, "more": {"a": ["b", 2]}})
    outputs = {output.name: output.after for output in planned(pulumi, work).outputs}
    assert outputs == {"nested": {"list": [1, True, "x"]}, "more": {"a": ["b", 2]}, "size": 7}


def test_a_program_that_breaks_is_told_in_its_own_words(pulumi: PulumiBench) -> None:
    with pytest.raises(TargetFailed) as failure:
        planned(pulumi, pulumi.work_on({"__main__.py": 'raise Exception("the program breaks")\n'}))
    assert "the program breaks" in str(failure.value)


def test_a_stack_kept_elsewhere_is_left_there_and_opened_with_the_users_passphrase(
    pulumi: PulumiBench, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    theirs = {"PULUMI_BACKEND_URL": f"file://{tmp_path}/elsewhere", "PULUMI_CONFIG_PASSPHRASE": "theirs"}
    work = pulumi.work(Code.ONE)
    backend = BackendChoice(file=None, workspace=work.backend.workspace)
    work = replace(work, backend=backend, environment={**work.environment, **theirs}, passphrase="")
    with pytest.raises(TargetFailed) as failure:
        planned(pulumi, work)
    assert failure.value.diagnostics[0].code == "stack-missing"
    assert pulumi.engine.execute(work, ["stack", "init", "dev", "--no-select"], Stop()) == 0
    shutil.copyfile(
        work.directory / "Pulumi.dev.yaml", work.scratch / "settings.yaml"
    )  # as a user commits it
    assert planned(pulumi, work).changed
    lock = tmp_path / "elsewhere/.pulumi/locks/organization/demo/dev/1234.json"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text('{"pid": 1, "username": "ann", "hostname": "there", "timestamp": "2026-01-01T00:00:00Z"}')
    held = pulumi.engine.apply(work, Stop(), ignored).locked
    assert held is not None
    assert held.code == "engine-locked"
    assert "ann@there" in held.message
    lock.unlink()
    assert pulumi.engine.apply(work, Stop(), ignored).ok
    state = pulumi.engine.state(work, Stop())
    assert len(pulumi.engine.contents(state).resources) == 1
    assert pulumi.engine.outputs(work, Stop())["secret"].value == CANARY
    assert not planned(pulumi, work).changed
    assert (
        pulumi.engine.facts(state).lineage == pulumi.engine.facts(pulumi.engine.state(work, Stop())).lineage
    )
    assert not pulumi.file.exists()


def test_a_program_in_yaml_is_one_like_every_other(pulumi: PulumiBench, pulumi_binary: Path) -> None:
    if find_program("pulumi-language-yaml", f"{pulumi_binary.parent}:{os.environ['PATH']}") is None:
        pytest.skip("Pulumi's host for YAML is not beside its CLI")
    code = "name: demo\nruntime: yaml\nconfig: {password: {type: string, secret: true}}\n"
    outputs = 'outputs: {secret: "${password}", words: ["a", "b"]}\n'
    work = pulumi.work_on({"Pulumi.yaml": code + outputs})
    found = {output.name: output for output in planned(pulumi, work).outputs}
    assert found["words"].after == ["a", "b"]
    assert found["secret"].after == SENSITIVE
    assert pulumi.engine.apply(work, Stop(), ignored).ok
    assert pulumi.engine.outputs(work, Stop())["secret"].value == CANARY
    assert not planned(pulumi, work).changed


def test_eight_stacks_are_brought_up_at_once(pulumi_engine: Engine, tmp_path: Path) -> None:
    benches = [PulumiBench(pulumi_engine, tmp_path / str(number)) for number in range(8)]

    def up(bench: PulumiBench) -> bool:
        work = bench.work(Code.ONE)
        planned(bench, work)
        return bench.engine.apply(work, Stop(), ignored).ok

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(up, benches))
    states = [contents_of(bench.file.read_bytes()) for bench in benches]
    assert all(len(state.resources) == 1 for state in states)
    assert len({state.facts.lineage for state in states}) == 8


def test_what_pulumi_started_dies_with_it(pulumi: PulumiBench, tmp_path: Path) -> None:
    stubborn = PROVIDER.replace('"^C received" in', '"never said" in')
    code = 'Made(Slow(), "two", begun="BEGUN", log="LOG")\n'
    work = pulumi.work_on({"__main__.py": stubborn + code})
    planned(pulumi, work)
    stop = Stop()

    def ask() -> None:
        until((work.root / "begun").exists, "the resource is under way")
        stop.request()
        stop.request()

    asking = threading.Thread(target=ask)
    asking.start()
    applied = pulumi.engine.apply(work, stop, ignored)
    asking.join()
    assert not applied.ok
    assert applied.stopped
    until(lambda: not processes_in(tmp_path), "the program and its provider are gone")


def test_a_killed_runner_leaves_no_pulumi_and_a_whole_checkpoint(pulumi_binary: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(pulumi_binary), str(tmp_path)],
        env=environment,
        stdout=subprocess.DEVNULL,
    ) as parent:
        until((tmp_path / "tree" / "begun").exists, "the second resource is under way")
        parent.kill()
        parent.wait()
    until(lambda: not processes_in(tmp_path), "pulumi is gone")
    state = contents_of((tmp_path / "state.json").read_bytes())
    assert [resource.address.rpartition("::")[2] for resource in state.resources] == ["one"]
