"""Two runners in two clones on one target: one at a time applies, nothing is lost, nothing is applied twice."""

from collections.abc import Callable, Iterator

from tests.nets.soak import Round
from tests.program import Ran
from tests.rudeness.scene import TARGET, Scene

WAITS = 3
"""How often who was refused tries again."""


def test_of_two_runners_one_applies_and_no_entry_is_lost(
    scene: Scene, rounds: Callable[[int], Iterator[Round]]
) -> None:
    scene.run("up", "prod", "--yes")
    other = scene.another("grace")
    applied = len(scene.entries("prod"))
    for turn in rounds(200):
        commit = scene.wish(turn.seed)
        other.clone.git("pull", "--quiet")
        ended = both(scene, other)
        codes = [each.code for each in ended]
        assert set(codes) <= {0, 4}, [each.stdout[-2000:] + each.stderr for each in ended]
        assert 0 in codes
        outcomes = [_outcome(each) for each in ended]
        assert outcomes.count("succeeded") == 1, outcomes
        applied += 1
        assert scene.newest_source() == commit
    entries = scene.entries("prod")
    assert len(entries) == applied
    assert [each["result"] for each in entries] == ["succeeded"] * applied
    fences = [each["fence"] for each in entries]
    assert fences == sorted(set(fences)), "each apply has a fence of its own, above all before"
    serials = [each["state"]["facts"]["serial"] for each in entries]
    assert serials == sorted(set(serials))
    scene.all_is_told()
    other.all_is_told()


def test_of_two_runners_with_different_commits_who_comes_later_is_judged_by_what_is_live_then(
    scene: Scene, rounds: Callable[[int], Iterator[Round]]
) -> None:
    scene.run("up", "prod", "--yes")
    other = scene.another("grace")
    for turn in rounds(40):
        scene.wish(f"{turn.seed}-1")
        other.clone.git("pull", "--quiet")
        commit = scene.wish(f"{turn.seed}-2")
        ended = both(other, scene)
        assert {each.code for each in ended} <= {0, 2, 3, 4}, [each.stdout[-2000:] for each in ended]
        # Whoever was refused for the other's sake tries again: in the end the newest commit is live.
        for _ in range(WAITS):
            if scene.program("up", "prod", "--yes", "--json", cwd=scene.clone.path).code == 0:
                break
        entries = scene.entries("prod")
        assert entries[-1]["commit"] == commit
        fences = [each["fence"] for each in entries]
        assert fences == sorted(set(fences))
    scene.all_is_told()
    assert scene.standing("prod") == {TARGET: "live"}


def both(one: Scene, other: Scene) -> list[Ran]:
    """Both at once."""
    started = [
        each.program.start("up", "prod", "--yes", "--json", cwd=each.clone.path) for each in (one, other)
    ]
    said = [child.communicate(timeout=120) for child in started]
    return [Ran(child.returncode, *each) for child, each in zip(started, said, strict=True)]


def _outcome(ran: Ran) -> str:
    return next(
        (str(each["outcome"]) for each in ran.objects if each["type"] == "target_finished"), "refused"
    )
