"""What is written comes back, and Git tells it without us."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from runner.errors import AskedWrongly
from runner.ledger import Writing
from runner.ledger.recorded_values import Values
from runner.model.change import SENSITIVE, Output
from runner.model.entry import EntryKind, Result
from runner.model.names import TargetName
from tests.ledger.ledger_parts import APP, LIVE, NETWORK, Desk, Reversing, deployed, entry, resource


def test_an_opened_ledger_has_one_random_id_for_everybody(desks: Callable[..., Desk]) -> None:
    ada, bob = desks("ada"), desks("bob")
    assert ada.book.identity("prod") == ""
    first = ada.book.open("prod")
    assert len(first) == 32
    assert bob.book.open("prod") == first
    assert ada.checkout.git("ls-remote", "origin", LIVE).count("\n") == 0


def test_two_who_open_a_ledger_at_once_agree(desks: Callable[..., Desk]) -> None:
    ada, bob = desks("ada"), desks("bob")
    ada.book.refresh([])
    ours = bob.book.open("prod")
    assert ada.book._opened("prod", "") == ours  # as if her look had come before his push


def test_an_entry_comes_back_with_its_commit_as_id(ada: Desk) -> None:
    written = entry(approvers=("bob", "eve"), overrides={"break-glass": "fire: now"}, partial=('a["x"]',))
    made = ada.write(written)
    assert list(ada.book.entries("prod")) == [replace(written, id=made)]
    assert ada.book.entry("prod", made[:8]) == replace(written, id=made)
    assert ada.book.live("prod") == {"network": deployed(replace(written, id=made))}


def test_git_log_answers_without_us(ada: Desk) -> None:
    commit = ada.checkout.git("rev-parse", "HEAD")
    first, _, third = ada.write(entry(1, commit=commit)), ada.write(entry(1, APP)), ada.write(entry(2))
    ada.checkout.git("fetch", "-q", "origin", f"{LIVE}:{LIVE}")
    log = ada.checkout.git("log", "--first-parent", "--format=%H %s", LIVE, "--", "targets/network")
    subject = "apply prod/network: succeeded (+1 ~2 -0)"
    assert log.splitlines() == [f"{third} {subject}", f"{first} {subject}"]
    actors = ada.checkout.git("log", "--first-parent", "-1", "--format=%(trailers:key=Actor,valueonly)", LIVE)
    assert actors.strip() == "ada@example.test"
    assert ada.checkout.git("rev-parse", f"{first}^2") == commit


def test_the_good_entry_keeps_its_id_while_later_ones_fail(ada: Desk) -> None:
    good = replace(entry(1), id=ada.write(entry(1)))
    for number in (2, 3):
        failed = entry(number, result=Result.FAILED)
        made = ada.write(failed, deployment=deployed(failed, good))
        live = ada.book.live("prod")["network"]
        assert (live.last.id, live.good) == (made, good)


def test_an_entry_that_was_written_without_knowing_the_id_before_it_still_finds_it(ada: Desk) -> None:
    first = ada.write(entry(1))
    failed = entry(2, result=Result.FAILED)
    ada.write(failed, deployment=deployed(failed, entry(1)))
    good = ada.book.live("prod")["network"].good
    assert good is not None
    assert good.id == first


def test_an_unlock_leaves_what_is_live_and_is_found_below_its_target(ada: Desk) -> None:
    made = ada.write(entry(1))
    unlocked = ada.write(entry(2, kind=EntryKind.UNLOCK, state=None), deployment=None)
    assert ada.book.live("prod")["network"].last.id == made
    assert [each.id for each in ada.book.entries("prod", "network")] == [unlocked, made]


def test_a_target_that_ended_is_not_live(ada: Desk) -> None:
    ada.write(entry(1))
    ended = entry(2, kind=EntryKind.FORGET)
    ada.write(ended, deployment=replace(deployed(ended), ended=True))
    assert ada.book.live("prod") == {}
    assert ada.book.fence(NETWORK) == 2


def test_freezes_stand_until_a_thaw(ada: Desk) -> None:
    place = TargetName(environment="prod", stack="")
    ada.write(entry(1, place, kind=EntryKind.FREEZE, fence=0, because="incident 4711", state=None))
    ada.write(entry(2, place, kind=EntryKind.FREEZE, fence=0, because="audit", state=None))
    assert list(ada.book.freezes("prod")) == ["run-1", "run-2"]
    assert ada.book.freezes("prod")["run-1"].startswith("incident 4711 (ada@example.test, 2026-01-01")
    ada.write(entry(3, place, kind=EntryKind.THAW, fence=0, state=None))
    assert ada.book.freezes("prod") == {}


def test_a_freeze_of_single_targets_is_theirs_alone_and_so_is_its_end(ada: Desk) -> None:
    place = TargetName(environment="prod", stack="")

    def said(number: int, kind: EntryKind, *stacks: str) -> None:
        ada.write(entry(number, place, kind=kind, fence=0, because="audit", state=None, stacks=stacks))

    def frozen() -> set[str]:
        return {str(each) for each in ada.book.frozen_targets("prod")}

    said(1, EntryKind.FREEZE)
    said(2, EntryKind.FREEZE, "network", "eu/app")
    assert list(ada.book.freezes("prod")) == ["run-1"]
    assert frozen() == {"prod/network", "prod/eu/app"}
    said(3, EntryKind.THAW, "network")
    assert (frozen(), list(ada.book.freezes("prod"))) == ({"prod/eu/app"}, ["run-1"])
    said(4, EntryKind.THAW)
    assert (frozen(), ada.book.freezes("prod")) == (set(), {})


def test_two_who_freeze_at_once_do_not_overwrite_each_other(desks: Callable[..., Desk], ada: Desk) -> None:
    place = TargetName(environment="prod", stack="")
    bob = desks("bob")
    bob.book.refresh(["prod"])
    edits = bob.book.record(Writing(entry=entry(1, place, kind=EntryKind.FREEZE, fence=0)))
    ada.write(entry(2, place, kind=EntryKind.FREEZE, fence=0))
    assert type(bob.outbox.submit(edits).wait()).__name__ == "Conflict"


def test_resources_are_sealed_sharded_and_only_the_changed_ones_are_written(
    desks: Callable[..., Desk],
) -> None:
    desk = desks("ada", values=lambda _: Values(mode="sealed", seal=Reversing()))
    desk.book.open("prod")
    first = [resource(f"null.a[{number}]", size=number, secret=dict(SENSITIVE)) for number in range(20)]
    desk.write(entry(1), resources=first)
    again = desk.write(entry(2), resources=[*first[:5], resource("null.a[5]", size=99), *first[6:]])
    touched = desk.checkout.git("show", "--format=", "--name-only", again).splitlines()
    assert len(touched) == 2
    assert [path.count("/") for path in touched] == [2, 4]
    assert '"size":{"$sealed":"prod/network|null.a[5]|size|99"}' in desk.checkout.git(
        "show", f"{again}:{touched[1]}"
    )
    found = {each.address: each for each in desk.book.resources(NETWORK)}
    assert found["null.a[5]"].attributes == {"size": "99"}
    assert found["null.a[4]"].attributes == {"size": "4"}
    assert [each.run for each in desk.book.touching(NETWORK, "null.a[5]")] == ["run-2", "run-1"]
    gone = desk.write(entry(3), resources=[])
    assert desk.checkout.git("ls-tree", "-r", "--name-only", gone) == "targets/network/deployment.json"


def test_values_are_absent_where_no_key_seals_them_and_plain_where_that_is_asked(
    desks: Callable[..., Desk],
) -> None:
    values = {"mode": Values(mode="sealed")}
    desk = desks("ada", values=lambda _: values["mode"])
    desk.book.open("prod")
    outputs = {"id": Output(value="vpc-1"), "password": Output(value="hunter2", sensitive=True)}
    first = desk.write(entry(1), outputs=outputs, resources=[resource("a.b", cidr="10.0.0.0/16")])
    assert "10.0.0.0" not in desk.checkout.git("log", "-p", "-1", "--first-parent", first)
    values["mode"] = Values(mode="plain")
    second = desk.write(entry(2), outputs=outputs, resources=[resource("a.b", cidr="10.0.0.0/16")])
    shown = desk.checkout.git("log", "-p", "-1", "--first-parent", second)
    assert '"cidr":"10.0.0.0/16"' in shown
    assert "vpc-1" in shown
    assert "hunter2" not in shown


def test_an_entry_is_asked_for_by_a_prefix_that_means_one(ada: Desk) -> None:
    ada.write(entry(1))
    with pytest.raises(AskedWrongly):
        ada.book.entry("prod", "0000")
    with pytest.raises(AskedWrongly):
        ada.book.entry("prod", "")


def test_nothing_is_written_into_a_ledger_that_is_not_open(desks: Callable[..., Desk]) -> None:
    with pytest.raises(AskedWrongly):
        desks("ada").book.record(Writing(entry=entry(1)))


def test_names_that_want_to_be_paths_or_trailers_stay_names(ada: Desk) -> None:
    for number, stack in enumerate(("..", ".git", "a\nApproved-by: eve", "x" * 300, "a:b", "ü/%2F")):
        target = TargetName(environment="prod", stack=stack)
        made = ada.write(entry(number, target), resources=[resource(f"../{stack}\n")])
        assert ada.book.entry("prod", made).target == target
        assert ada.book.entry("prod", made).approvers == ()
        assert ada.book.live("prod")[stack].last.id == made
        assert [each.address for each in ada.book.resources(target)] == [f"../{stack}\n"]
    assert ada.checkout.git("fsck", "--strict") == ""
