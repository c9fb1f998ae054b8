"""Every verb on every engine: what it says, what it leaves in the cloud, the refs and the state."""

import json
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from runner.cli.verbs import VERBS
from tests.checkout import Checkout
from tests.journeys.codes import RUNNER
from tests.journeys.conftest import Engine
from tests.journeys.stage import Files, Stage, Told
from tests.program import Program, Ran
from tests.rudeness.scene import descendants

LOOKS = frozenset(
    [
        "init",
        "doctor",
        "preview",
        "up",
        "apply",
        "approve",
        "reject",
        "status",
        "log",
        "show",
        "outputs",
        "logs",
        "graph",
        "affected",
        "why",
        "freeze",
        "thaw",
        "destroy",
    ]
)
CARES = frozenset(["key", "state"])
BREAKS = frozenset(["locks", "unlock", "cancel"])
NO_ENGINE = frozenset(["ci", "explain", "schema", "completion", "help"])
"""Toured elsewhere: they know no engine."""
STATES = frozenset(["list", "pull", "push", "versions", "restore", "migrate", "recover"])
KEYS = frozenset(["new", "export", "rotate", "retire"])

ENVIRONMENT = """\
targets:
  network: {inputs: {cidr: 10.0.0.0/16}}
  app: {inputs: {net: "${network.id}"}}
"""


@dataclass(frozen=True, slots=True)
class Tour:
    """A stage that remembers which verbs were run on it."""

    stage: Stage
    typed: set[str] = field(default_factory=set)

    def run(self, *words: str | Path, code: int = 0) -> Told:
        """See Stage."""
        self._note(words)
        return self.stage.run(*words, code=code)

    def plain(self, *words: str | Path) -> Ran:
        """See Stage."""
        self._note(words)
        return self.stage.plain(*words)

    def _note(self, words: tuple[str | Path, ...]) -> None:
        self.typed.add(str(words[0]))
        if words[0] in ("state", "key"):
            self.typed.add(str(words[1]))


@pytest.fixture
def tour(repository: Checkout, run_runner: Program, any_engine: Engine) -> Tour:
    """`prod` with `network`, and `app` that needs its output; committed and pushed, nothing is applied."""
    files: Files = {
        "runner.yaml": RUNNER,
        "environments/prod.yaml": ENVIRONMENT,
        **any_engine.codes.files,
        **any_engine.wish("network"),
        **any_engine.wish("app"),
    }
    stage = Stage(clone=repository, program=run_runner, environment=any_engine.environment)
    stage.change(files, "begin")
    repository.git("remote", "set-head", "origin", "main")
    return Tour(stage)


def test_the_tours_leave_no_verb_out() -> None:
    assert set(VERBS) == LOOKS | CARES | BREAKS | NO_ENGINE


def test_the_way_from_init_to_destroy(tour: Tour, any_engine: Engine) -> None:
    stage = tour.stage
    tour.run("init", "--yes")
    checks = {row["name"]: row for row in tour.run("doctor").rows("check")}
    assert checks[any_engine.name]["ok"] is True
    previewed = tour.run("preview", "prod")
    assert previewed.plans["prod/app"]["kind"] == "deferred"
    assert stage.refs().keys() == {"refs/heads/main"}, "a preview writes nothing outside the clone"

    assert tour.run("up", "prod", "--yes").outcomes == {"prod/network": "succeeded", "prod/app": "succeeded"}
    assert {row["state"] for row in tour.run("status").rows("status")} == {"live"}
    entries = tour.run("log", "prod").rows("entry")
    assert [each["target"] for each in entries] == ["prod/app", "prod/network"]
    assert stage.on_remote("rev-list", "--first-parent", "--count", "refs/runner/live/prod") == "3"
    (shown,) = tour.run("show", entries[0]["id"]).rows("entry")
    assert shown["engine"].startswith(any_engine.name)
    assert any_engine.codes.created("app") in tour.plain("show", entries[0]["id"], "--raw").stdout
    outputs = {
        row["target"]: row["value"]
        for row in tour.run("outputs", "prod").rows("output")
        if row["name"] != "cidr"
    }
    assert outputs["prod/app"] == outputs["prod/network"]
    said = tour.run("logs", entries[0]["run"], "prod/app").rows("log")
    assert "app" in json.dumps(said)
    edges = {row["target"]: row for row in tour.run("graph", "prod").rows("node")}
    assert "prod/network" in json.dumps(edges["prod/app"])

    assert "nothing-pending" in tour.run("approve", "prod/app", "c1:00000000", code=2).codes
    assert "nothing-pending" in tour.run("reject", "prod/app", "--reason", "no", code=2).codes
    tour.run("freeze", "prod", "--reason", "an incident")
    assert tour.run("apply", "prod", "--yes", code=8).outcomes == {}
    tour.run("thaw", "prod")
    stage.change({"environments/prod.yaml": ENVIRONMENT.replace("10.0", "10.1")})
    touched = tour.run("affected", "HEAD~1..HEAD").rows("affected")
    assert "prod/network" in {row["target"] for row in touched}
    assert "cidr" in tour.plain("why", "prod/network", "HEAD~1..HEAD").stdout
    assert tour.run("apply", "prod/network", "--yes").outcomes == {"prod/network": "succeeded"}
    assert stage.outputs("prod/network")["prod/network.cidr"] == "10.1.0.0/16"
    assert set(tour.run("destroy", "prod", "--yes").outcomes.values()) == {"succeeded"}
    assert _held(tour, "prod/network") == _held(tour, "prod/app") == set()
    assert set(stage.standing().values()) == {"held"}
    assert tour.typed == LOOKS


def _held(tour: Tour, target: str) -> set[str]:
    """The addresses of what the state holds."""
    return {row["address"] for row in tour.stage.run("state", "list", target).rows("row")}


def test_states_and_keys(tour: Tour, any_engine: Engine, tmp_path: Path) -> None:
    stage = tour.stage
    made = tour.run("key", "new", "prod").result["key_id"]
    tour.run("up", "prod", "--yes")
    net = any_engine.codes.address("net")
    rows = tour.run("state", "list", "prod/network").rows("row")
    assert [row["address"] for row in rows] == [net]
    before = json.loads(tour.plain("state", "pull", "prod/network").stdout)
    less = tmp_path / "less.tfstate"
    less.write_text(json.dumps(any_engine.codes.emptied(before)))
    tour.run("state", "push", "prod/network", less, "--yes")
    assert _held(tour, "prod/network") == set()
    versions = [row["version"] for row in tour.run("state", "versions", "prod/network").rows("row")]
    tour.run("state", "restore", "prod/network", str(max(versions) - 1), "--yes")
    assert _held(tour, "prod/network") == {net}
    assert tour.run("preview", "prod/network").plans["prod/network"]["changed"] is False

    place = tmp_path / "states"
    there = f"{ENVIRONMENT}state: {{backend: local, path: '{place}/{{stack}}.tfstate'}}\n"
    stage.change({"environments/prod.yaml": there})
    for target in ("prod/network", "prod/app"):
        tour.run("state", "migrate", target, "--yes")
    assert (place / "network.tfstate").is_file()
    assert set(tour.run("up", "prod", "--yes").outcomes.values()) == {"unchanged"}
    old = tour.plain("key", "export", "prod", "--yes").stdout
    rotated = tour.run("key", "rotate", "prod", "--yes").result["key_id"]
    assert rotated != made
    assert tour.plain("key", "export", "prod", "--yes").stdout != old
    assert "key-in-use" in tour.run("key", "retire", "prod", rotated, "--yes", code=2).codes
    told = tour.run("state", "recover", "prod/network", "--yes")
    assert told.result["exit_code"] == 0, "nothing is unknown"
    assert tour.typed >= CARES | STATES | KEYS


def test_what_a_killed_run_left_is_seen_refused_and_recovered(
    tour: Tour, any_engine: Engine, tmp_path: Path
) -> None:
    stage, begun, ends = tour.stage, tmp_path / "begun", tmp_path / "ends"
    first, last = map(any_engine.codes.address, ("first", "last"))
    stage.change(any_engine.codes.slow(begun, ends))
    run = stage.program.start(
        "up", "prod/network", "--yes", "--json", cwd=stage.clone.path, env=stage.environment
    )
    # OpenTofu writes its local state when a resource ends more than 20 s after the last write, or at the end.
    written = {"refs/runner/state/prod"} if any_engine.name != "opentofu" else set()
    while not begun.exists() or not written <= stage.refs().keys():
        assert run.poll() is None, run.communicate()
        time.sleep(0.02)
    assert [row["target"] for row in tour.run("locks").rows("lease")] == ["prod/network"]
    asked = tour.run("cancel", "prod/network", "--reason", "too late")
    assert [row["target"] for row in asked.rows("lease")] == ["prod/network"]
    below = sorted(descendants(run.pid))
    for number in (signal.SIGSTOP, signal.SIGKILL):  # as one, so that none sees another die
        for pid in (run.pid, *below):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
    run.wait(60)
    ends.touch()
    assert (
        "lease-with-intent" in tour.run("unlock", "prod/network", "--reason", "gone", "--yes", code=2).codes
    )
    unknown = tour.run("up", "prod/network", "--yes", code=9).diagnostic("outcome-unknown")["message"]
    assert last in unknown
    assert (first in unknown) == (not written)
    tour.run("state", "recover", "prod/network", "--yes")
    if written:
        assert first in _held(tour, "prod/network")
    tour.run("unlock", "prod/network", "--reason", "nobody has it", "--yes")
    assert set(tour.run("up", "prod", "--yes").outcomes.values()) == {"succeeded"}
    assert tour.run("locks").rows("lease") == []
    assert tour.typed >= BREAKS
