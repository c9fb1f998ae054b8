"""A verb that only looks asks its remote once: it answers when that answers, and says so when it does not."""

from pathlib import Path

import pytest

from tests.checkout import Checkout
from tests.journeys.codes import RUNNER, thing
from tests.journeys.stage import Stage
from tests.program import Program

LOOKING = (("status",), ("log",), ("log", "prod/thing"), ("locks",))
SHORT = {"GITOPS_RUNNER_NETWORK_TIMEOUT": "1"}


@pytest.fixture
def stage(repository: Checkout, run_runner: Program) -> Stage:
    """Two environments, nothing applied; the remote's answers can be counted and held back."""
    made = Stage(clone=repository, program=run_runner)
    made.change(
        {
            "runner.yaml": RUNNER,
            "environments/dev.yaml": "{}\n",
            "environments/prod.yaml": "{}\n",
            "stacks/thing/main.tf": thing("a"),
        }
    )
    return made


def answering(stage: Stage, script: str) -> Path:
    """From now on each connection that reads runs `script`; the file that has a line for each."""
    calls, program = stage.clone.path.parent / "calls", stage.clone.path.parent / "upload-pack"
    calls.write_text("")
    program.write_text(f'#!/bin/sh\necho call >> "{calls}"\n{script}\n')
    program.chmod(0o755)
    stage.clone.git("config", "remote.origin.uploadpack", str(program))
    return calls


def test_the_remote_is_asked_once_however_many_environments_there_are(stage: Stage) -> None:
    calls = answering(stage, 'exec git-upload-pack "$@"')
    for number, words in enumerate(LOOKING, start=1):
        stage.run(*words)
        assert calls.read_text().count("call") == number, words


def test_a_remote_that_does_not_answer_is_waited_for_once_and_nothing_is_told_as_if_it_stood_so(
    stage: Stage,
) -> None:
    calls = answering(stage, "exec sleep 600")
    for number, words in enumerate(LOOKING, start=1):
        told = stage.run(*words, code=6, env=SHORT)
        assert told.codes == {"remote-silent"}, words
        assert told.rows("status") == told.rows("entry") == []
        assert calls.read_text().count("call") == number, words
    answering(stage, 'exec git-upload-pack "$@"')
    assert stage.standing() == {"dev/thing": "never applied", "prod/thing": "never applied"}
