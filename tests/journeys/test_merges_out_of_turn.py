"""Behind is what is live against what is wished, outputs of others included; runs that were lost, late or cancelled end
as if each had run in its turn, and what is older and arrives late is superseded."""

import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.checkout import git, new_clone
from tests.journeys.codes import RUNNER, thing, waiting_for
from tests.journeys.conftest import Setting
from tests.journeys.stage import Files, Stage
from tests.waiting import until

NEEDS = 'variable "a" { type = string }\nresource "terraform_data" "b" { input = "%s ${var.a}" }\n'
OUT = 'output "out" { value = terraform_data.b.input }\n'
SECRET = 'output "out" {\n  value     = "%s"\n  sensitive = true\n}\n'
HIDDEN = NEEDS.replace("{ type = string }", "{\n  type      = string\n  sensitive = true\n}")
PROD = """\
stacks: ["*", "!dns"]
allow: {environments: [shared]}
targets:
  b: {inputs: {a: "${a.out}"}}
  c: {inputs: {a: "${shared:dns.out}"}}
"""
BEGINNING: Files = {
    "runner.yaml": RUNNER,
    "environments/prod.yaml": 'targets: {b: {inputs: {a: "${a.out}"}}}\n',
    "stacks/a/main.tf": thing("1"),
    "stacks/b/main.tf": NEEDS % "1" + OUT,
}
MERGES: tuple[Files, ...] = (
    {"stacks/a/main.tf": thing("2")},
    {"stacks/b/main.tf": NEEDS % "2" + OUT, "stacks/d/main.tf": thing("1")},
    {"stacks/a/main.tf": thing("3"), "stacks/d/main.tf": thing("2")},
)
"""The last one changes `b` only by what `a` gives."""
BEHIND = ("up", "env/prod", "--behind", "--yes")


def test_what_was_applied_with_another_value_of_an_output_is_behind(setting: Setting) -> None:
    stage = setting(
        {
            "runner.yaml": RUNNER,
            "environments/shared.yaml": "stacks: [dns]\n",
            "environments/prod.yaml": PROD,
            "stacks/a/main.tf": thing("1") + 'output "other" { value = 1 }\n',
            "stacks/dns/main.tf": SECRET % "1",
            "stacks/b/main.tf": NEEDS % "b" + OUT,
            "stacks/c/main.tf": HIDDEN % "c",
        }
    )
    stage.run("up", "shared", "--yes")
    stage.run("up", "prod", "--yes")
    assert set(stage.standing().values()) == {"live"}
    stage.change({"stacks/a/main.tf": thing("1") + 'output "other" { value = 2 }\n'})
    assert stage.run("up", "prod/a", "--yes").outcomes == {"prod/a": "succeeded"}
    assert set(stage.standing().values()) == {"live"}, "nobody reads the other output"
    stage.change({"stacks/a/main.tf": thing("2"), "stacks/dns/main.tf": SECRET % "2"})
    stage.run("up", "shared/dns", "--yes")
    stage.run("up", "prod/a", "--yes")
    assert stage.standing() == {
        "prod/a": "live",
        "prod/b": "behind",
        "prod/c": "behind",
        "shared/dns": "live",
    }
    becauses = {row["target"]: row["because"] for row in stage.run("status").rows("status")}
    assert "`prod/a.out` changed" in becauses["prod/b"]
    assert "`shared/dns.out` changed" in becauses["prod/c"]
    assert stage.run(*BEHIND).outcomes == {"prod/b": "succeeded", "prod/c": "succeeded"}
    assert stage.outputs("prod")["prod/b.out"] == "b 2"
    assert set(stage.standing().values()) == {"live"}
    assert stage.run(*BEHIND).outcomes == {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """A stage that applied the beginning, and then took merges; `commits` are theirs, in order."""

    stage: Stage
    commits: tuple[str, ...]

    def at(self, number: int) -> Stage:
        """The stage, as the runner of one merge checks it out."""
        self.stage.clone.git("checkout", "--quiet", self.commits[number - 1])
        return self.stage


def merged(stage: Stage, merges: tuple[Files, ...] = MERGES) -> tuple[str, ...]:
    """Merges branches, one after the other, each with two parents."""
    commits = []
    for number, files in enumerate(merges):
        stage.clone.git("switch", "--quiet", "--create", f"topic-{number}", "main")
        stage.clone.commit(files)
        stage.clone.git("switch", "--quiet", "main")
        stage.clone.git("merge", "--quiet", "--no-ff", "--no-edit", f"topic-{number}")
        commits.append(stage.clone.git("rev-parse", "HEAD"))
    stage.clone.push()
    return tuple(commits)


def ends(stage: Stage) -> dict[str, Any]:
    """What is there in the end: states, where each target stands, and the code that is live."""
    entries = {each["target"]: each for each in stage.entries()}
    return {
        "outputs": stage.outputs("prod"),
        "standing": stage.standing(),
        "digests": {name: each["digests"]["code"] for name, each in entries.items()},
        "results": {name: each["result"] for name, each in entries.items()},
    }


def twin(merges: Merged, place: Path) -> Merged:
    """The same commits in another clone, of another remote that stands where the first one does."""
    origin = place.with_suffix(".git")
    git("clone", "--quiet", "--mirror", str(merges.stage.clone.remote), str(origin), cwd=place.parent)
    clone = new_clone(origin, place)
    directory = clone.path / ".git/runner"
    directory.mkdir(mode=0o700)
    (directory / "key").write_bytes((merges.stage.clone.path / ".git/runner/key").read_bytes())
    (directory / "key").chmod(0o600)
    return Merged(stage=Stage(clone=clone, program=merges.stage.program), commits=merges.commits)


def in_turn(merges: Merged) -> None:
    for number in (1, 2, 3):
        merges.at(number).run(*BEHIND, "--off-branch")


def reordered(merges: Merged) -> None:
    merges.at(2).run(*BEHIND, "--off-branch")
    late = merges.at(1).run(*BEHIND, "--off-branch")
    assert set(late.outcomes.values()) == {"skipped"}
    assert "superseded" in late.codes
    merges.at(3).run(*BEHIND)


def lost_but_for_the_last_which_comes_first(merges: Merged) -> None:
    merges.at(3).run(*BEHIND)
    record = merges.stage.refs()["refs/runner/live/prod"]
    for number in (2, 1):
        late = merges.at(number).run(*BEHIND, "--off-branch")
        assert set(late.outcomes.values()) == {"skipped"}, "what differs from what is live was looked at"
        assert "superseded" in late.codes
    assert merges.stage.refs()["refs/runner/live/prod"] == record


def test_three_merges_end_as_if_each_had_run(setting: Setting, tmp_path: Path) -> None:
    stage = setting(BEGINNING)
    stage.run("up", "prod", "--yes")
    began = Merged(stage=stage, commits=merged(stage))
    found = {}
    for course in (in_turn, reordered, lost_but_for_the_last_which_comes_first):
        merges = twin(began, tmp_path / course.__name__)
        course(merges)
        found[course.__name__] = ends(merges.at(3))
        assert merges.stage.run(*BEHIND).outcomes == {}, "nothing is left to do"
    expected = found.pop("in_turn")
    assert expected["outputs"] == {"prod/a.out": "3", "prod/b.out": "2 3", "prod/d.out": "2"}
    assert set(expected["standing"].values()) == {"live"}
    assert found == dict.fromkeys(found, expected)


def test_a_run_that_is_cancelled_leaves_what_the_next_one_does(setting: Setting, tmp_path: Path) -> None:
    stage = setting(BEGINNING)
    stage.run("up", "prod", "--yes")
    gate, begun = tmp_path / "gate", tmp_path / "begun"
    slow = 'resource "terraform_data" "slow" {\n' + waiting_for(gate, begun) + "}\n"
    first, second = {"stacks/a/main.tf": thing("2") + slow}, {"stacks/a/main.tf": thing("3") + slow}
    commits = merged(stage, (first, second))
    stage.clone.git("checkout", "--quiet", commits[0])
    run = stage.program.start(*BEHIND, "--off-branch", "--json", cwd=stage.clone.path, env=stage.environment)
    until(begun.exists)
    run.send_signal(signal.SIGINT)
    gate.touch()
    run.communicate(timeout=120)
    assert run.returncode == 130
    stage.clone.git("checkout", "--quiet", commits[1])
    stage.run(*BEHIND)
    assert stage.outputs("prod") == {"prod/a.out": "3", "prod/b.out": "1 3"}
    assert set(stage.standing().values()) == {"live"}
