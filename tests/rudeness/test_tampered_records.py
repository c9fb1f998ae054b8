"""A record that was tampered with, truncated, moved back or forged stops everything before it is planned (law 13)."""

import pytest

from tests.checkout import git
from tests.rudeness.scene import Scene, ref

LIVE, STATE, LOCKS = (f"refs/runner/{each}/prod" for each in ("live", "state", "locks"))


@pytest.fixture
def applied(scene: Scene) -> Scene:
    """Applied twice, and a third wish that is not."""
    scene.run("up", "prod", "--yes")
    scene.wish(1)
    scene.run("up", "prod", "--yes")
    scene.wish(2)
    return scene


def refused(scene: Scene) -> None:
    """`up` ends with 7, nothing was planned, and nothing was written but, at most, a lease that was given back."""
    before = {name: head for name, head in scene.refs().items() if name != LOCKS}
    told = scene.run("up", "prod", "--yes", code=7)
    assert told.plans == {}
    assert told.rows("applied") == []
    assert {name: head for name, head in scene.refs().items() if name != LOCKS} == before


def moved(scene: Scene, name: str, commit: str) -> None:
    """What a plain writer can do."""
    git("update-ref", name, commit, cwd=scene.clone.remote)


def parent(scene: Scene, name: str) -> str:
    return git("rev-parse", f"{name}^1", cwd=scene.clone.remote)


def test_a_ledger_that_moved_back_is_refused(applied: Scene) -> None:
    moved(applied, LIVE, parent(applied, LIVE))
    refused(applied)


def test_a_ledger_that_moved_back_is_refused_by_a_stranger_too_whose_states_have_gone_on(
    applied: Scene,
) -> None:
    moved(applied, LIVE, parent(applied, LIVE))
    refused(applied.another("stranger"))


def test_a_ledger_that_is_gone_is_refused(applied: Scene) -> None:
    git("update-ref", "-d", LIVE, cwd=applied.clone.remote)
    refused(applied)


def test_an_entry_that_another_program_wrote_is_refused(applied: Scene) -> None:
    head = ref(applied.clone.remote, LIVE)
    tree = git("rev-parse", f"{head}^{{tree}}", cwd=applied.clone.remote)
    forged = applied.clone.git(
        "commit-tree", tree, "-p", ref(applied.clone.remote, "refs/heads/main"), "-m", "all is well"
    )
    applied.clone.git("push", "--quiet", "--force", "origin", f"{forged}:{LIVE}")
    refused(applied)
    refused(applied.another("stranger"))


@pytest.mark.parametrize("change", ["Fence: 1", "Result: succeeded", "Target: prod/other"])
def test_an_entry_that_was_changed_in_place_is_refused(applied: Scene, change: str) -> None:
    applied.clone.git("fetch", "--quiet", "origin", f"{LIVE}:refs/forge/live")
    message = applied.clone.git("log", "-1", "--format=%B", "refs/forge/live")
    key = change.partition(":")[0]
    lines = [change if line.startswith(f"{key}: ") else line for line in message.splitlines()]
    parents = applied.clone.git("log", "-1", "--format=%P", "refs/forge/live").split()
    tree = applied.clone.git("rev-parse", "refs/forge/live^{tree}")
    options = [part for each in parents for part in ("-p", each)]
    forged = applied.clone.git("commit-tree", tree, *options, "-m", "\n".join([*lines, "Because: forged"]))
    applied.clone.git("push", "--quiet", "--force", "origin", f"{forged}:{LIVE}")
    refused(applied)


def test_states_that_moved_back_are_refused_by_everybody(applied: Scene) -> None:
    newest = ref(applied.clone.remote, STATE)
    applied.run("up", "prod", "--yes")
    applied.wish(5)
    moved(applied, STATE, newest)
    refused(applied)
    refused(applied.another("stranger"))


def test_states_that_are_gone_are_refused_by_everybody(applied: Scene) -> None:
    git("update-ref", "-d", STATE, cwd=applied.clone.remote)
    refused(applied)
    refused(applied.another("stranger"))


def test_ledger_and_states_moved_back_together_are_refused_by_who_has_seen_more(applied: Scene) -> None:
    ledger, states = ref(applied.clone.remote, LIVE), ref(applied.clone.remote, STATE)
    applied.run("up", "prod", "--yes")
    applied.wish(5)
    moved(applied, LIVE, ledger)
    moved(applied, STATE, states)
    refused(applied)


@pytest.mark.parametrize("who", ["the-same", "a-stranger"])
def test_leases_that_are_gone_are_refused_until_a_person_has_looked(applied: Scene, who: str) -> None:
    git("update-ref", "-d", LOCKS, cwd=applied.clone.remote)
    scene = applied if who == "the-same" else applied.another("stranger")
    refused(scene)
    scene.run("state", "recover", "prod/slow", "--yes")
    scene.run("up", "prod", "--yes")
    fences = [each["fence"] for each in scene.entries("prod")]
    assert fences == sorted(set(fences))


def test_leases_that_moved_back_are_refused(applied: Scene) -> None:
    before = ref(applied.clone.remote, LOCKS)
    applied.run("up", "prod", "--yes")
    applied.wish(5)
    moved(applied, LOCKS, before)
    refused(applied)


def test_what_was_put_back_is_believed_again(applied: Scene) -> None:
    head = ref(applied.clone.remote, LIVE)
    moved(applied, LIVE, parent(applied, LIVE))
    refused(applied)
    moved(applied, LIVE, head)
    applied.run("up", "prod", "--yes")
    applied.all_is_told()


def test_a_ledger_that_was_cut_to_nothing_but_its_opening_is_refused(applied: Scene) -> None:
    first = git("rev-list", "--max-parents=0", "--first-parent", LIVE, cwd=applied.clone.remote).split()[-1]
    moved(applied, LIVE, first)
    refused(applied)
