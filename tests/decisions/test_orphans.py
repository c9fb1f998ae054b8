"""Law 11: nothing ends by omission."""

from __future__ import annotations

from datetime import UTC, datetime

from runner.decisions.orphans import Fate, idle_removals, unwished
from runner.model.entry import Actor, Deployment, Entry, EntryKind, Result
from runner.model.environment import Wishes
from tests.decisions.code_on_paper import named, target_of


def live(name: str, *, held: bool = False, ended: bool = False) -> Deployment:
    entry = Entry(
        target=named(name),
        kind=EntryKind.APPLY,
        result=Result.SUCCEEDED,
        commit="",
        law="",
        actor=Actor(name="ann"),
        run="",
        at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    directory = f"stacks/{name.split('/')[1]}"
    return Deployment(
        target=named(name), last=entry, good=entry, outputs={}, directory=directory, held=held, ended=ended
    )


def wishes(**removed: str) -> dict[str, Wishes]:
    return {"dev": Wishes(environment="dev", removed=removed)}


def test_a_live_target_without_a_wish_is_an_orphan_with_the_lines_to_add() -> None:
    (found,) = unwished({named("dev/old"): live("dev/old")}, {}, wishes())
    assert found.fate is Fate.ORPHAN
    assert "removed: {old: destroy}" in found.hint
    assert "environments/dev.yaml" in found.hint


def test_only_removed_ends_a_target_and_a_rename_moves_it() -> None:
    standing = {named(f"dev/{each}"): live(f"dev/{each}") for each in ("a", "b", "c", "d")}
    targets = {
        named("dev/d"): target_of("dev/d"),
        named("dev/new"): target_of("dev/new", renamed_from="c"),
    }
    found = {
        str(each.target): each.fate for each in unwished(standing, targets, wishes(a="destroy", b="forget"))
    }
    assert found == {"dev/a": Fate.DESTROY, "dev/b": Fate.FORGET, "dev/c": Fate.RENAMED}


def test_held_and_ended_targets_have_nothing_to_end() -> None:
    standing = {named("dev/a"): live("dev/a", held=True), named("dev/b"): live("dev/b", ended=True)}
    assert unwished(standing, {}, wishes()) == ()


def test_an_environment_that_is_gone_leaves_orphans_too() -> None:
    (found,) = unwished({named("gone/a"): live("gone/a")}, {}, {})
    assert found.fate is Fate.ORPHAN


def test_a_removed_line_that_ends_nothing_is_said() -> None:
    found = idle_removals([named("dev/app")], wishes(app="destroy", typo="forget"))
    assert [(each.code, str(each.severity)) for each in found] == [("removed-not-live", "note")]
    assert "`typo`" in found[0].message
