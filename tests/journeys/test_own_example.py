"""The repository's own example is what `make up` brings up and the README's demo goes through."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checkout import Checkout, git
from tests.journeys.stage import Stage
from tests.program import Program

HERE = Path(__file__).parents[2]
PARTS = ("runner.yaml", "environments", "stacks")
ALL = {"dev/network", "dev/database", "dev/app"}


@pytest.fixture
def example(repository: Checkout, run_runner: Program, terraform_binary: Path) -> Stage:
    """A clone that has the example, as it is in this work tree, and no remote."""
    tracked = git("ls-files", "--", *PARTS, cwd=HERE).splitlines()
    repository.commit({name: (HERE / name).read_text() for name in tracked}, "the example")
    return Stage(clone=repository, program=run_runner)


def test_the_demo_goes_from_nothing_to_a_wider_network_and_away_again(example: Stage) -> None:
    ran = example.plain("up", "env/dev", "--yes")
    said = ran.stdout + ran.stderr
    last = ran.stderr[ran.stderr.index("next:") :]
    assert "runner " in last, "it ends with what to type next"
    assert all(f"{name}" in ran.stdout.rpartition("target")[2] for name in ALL), "and shows what is live"
    assert example.standing() == dict.fromkeys(ALL, "live")
    outputs = example.outputs("dev")
    network = outputs["dev/network.database_subnet_id"]
    assert network in outputs["dev/database.address"], "an output of one is the input of another"
    entries = {each["target"]: number for number, each in enumerate(example.entries())}
    assert entries["dev/network"] < min(entries["dev/database"], entries["dev/app"])
    password = example.state("dev/network")["outputs"]["generated_password"]
    assert password["sensitive"]
    assert password["value"] not in said + example.plain("outputs", "dev").stdout
    told = example.clone.git("log", "--first-parent", "refs/runner/live/dev", "--", "targets/network")
    assert "dev/network" in told

    wider = (HERE / "environments/dev.yaml").read_text().replace("10.20.0.0/16", "10.30.0.0/16")
    example.clone.write({"environments/dev.yaml": wider})
    assert "not committed" in example.plain("preview", "dev").stderr
    refused = example.run("up", "dev", "--yes", code=3)
    assert "environments/dev.yaml" in refused.diagnostics[0]["message"]
    example.change({"environments/dev.yaml": wider}, "A wider network", push=False)
    example.run("up", "dev", "--yes")
    assert example.attributes("dev/network", "terraform_data.vpc")["input"]["value"]["cidr"] == "10.30.0.0/16"
    assert len(example.entries("dev/network")) == 2

    example.run("destroy", "dev", "--yes")
    assert set(example.standing().values()) == {"held"}
    assert example.run("up", "dev", "--yes").outcomes == {}
    example.run("up", *sorted(ALL), "--yes")
    assert set(example.standing().values()) == {"live"}
    assert example.clone.git("status", "--porcelain") == "", "nothing of it lies in the work tree"
