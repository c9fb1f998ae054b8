"""Plans that a clone keeps for itself: sealed, bounded, and of no use to anybody who changed them."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json
from msgspec.structs import replace

from runner.conformance.state_store import NESTED, NETWORK
from runner.diagnostics import Diagnostic, Severity, Span
from runner.kit.crypto import generate, ring_of
from runner.kit.envelope import Context, Purpose, open_object, seal_object
from runner.kit.keyring import KeyRing
from runner.model.change import AttributeDifference, Change, ChangeKind, OutputChange
from runner.model.plan import Digests, Plan, PlanKind, Planned, StateFacts
from runner.model.stack import EngineIdentity, EngineName
from runner.vault import KeptPlan
from runner.vault.kept_plans import MOST_BYTES, MOST_DAYS, MOST_OF_A_TARGET, PLANS, SealedKeptPlans
from tests.vault.store_benches import KEYS

STATE = StateFacts(lineage="l", serial=3, digest="d")
PLAN = Plan(
    target=NETWORK,
    kind=PlanKind.PLANNED,
    engine=EngineIdentity(name=EngineName.TERRAFORM, version="1.11.4", origin="PATH"),
    planned=Planned(changes=(), outputs=(), changed=False, complete=True),
    digests=None,
    state=STATE,
    commit="4" * 40,
    made_at=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
)
KEPT = KeptPlan(plan=PLAN, moved_by="`timestamp()` is called")
BASIS = "ab" * 32


def plans(
    top: Path, *, keys: KeyRing = KEYS, ledger: str = "ledger-1", around: bytes = b"", most: int = 1 << 20
) -> SealedKeptPlans:
    return SealedKeptPlans(top / "kept", keys, ledger, around, most)


def files(top: Path) -> list[Path]:
    return sorted(path for path in (top / "kept").rglob("*") if path.is_file())


def made(struct: Callable[..., Any], /, **members: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """As `st.builds`, which resolves the types of all members first: that of JSON holds itself."""
    return st.fixed_dictionaries(members).map(lambda given: struct(**given))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
paths = st.lists(st.text() | st.integers(), max_size=3).map(tuple)
spans = made(Span, file=st.text(), line=st.integers(1, 9), column=st.integers(1, 9))
changes = made(
    Change,
    address=st.text(),
    kind=st.sampled_from(ChangeKind),
    actions=st.lists(st.text(), max_size=2).map(tuple),
    before=json_values,
    after=json_values,
    unknown_paths=st.lists(paths, max_size=2).map(tuple),
    sensitive_paths=st.lists(paths, max_size=2).map(tuple),
    diff=st.lists(made(AttributeDifference, path=paths, op=st.text()), max_size=2).map(tuple),
    fingerprints=st.lists(st.tuples(st.text(), st.text()), max_size=2).map(tuple),
)
planned = made(
    Planned,
    changes=st.lists(changes, max_size=3).map(tuple),
    outputs=st.lists(
        made(OutputChange, name=st.text(), kind=st.sampled_from(ChangeKind), before=json_values),
        max_size=2,
    ).map(tuple),
    changed=st.booleans(),
    complete=st.booleans(),
    drift=st.lists(changes, max_size=1).map(tuple),
    diagnostics=st.lists(
        made(
            Diagnostic,
            code=st.text(),
            message=st.text(),
            span=st.none() | spans,
            severity=st.sampled_from(Severity),
        ),
        max_size=2,
    ).map(tuple),
    checks=st.lists(st.dictionaries(st.text(), st.text(), max_size=2), max_size=2).map(tuple),
)
digests = st.none() | made(Digests, **dict.fromkeys(Digests.__struct_fields__, st.text()))


@given(planned=planned, digests=digests, partial=st.lists(st.text(), max_size=2).map(tuple))
def test_a_plan_comes_back_as_it_was(
    planned: Planned, digests: Digests | None, partial: tuple[str, ...]
) -> None:
    plan = replace(PLAN, planned=planned, digests=digests, partial=partial, because="b")
    assert PLANS.read(json.decode(json.encode(PLANS.written(plan)))) == plan


def test_a_kept_plan_is_found_by_what_it_was_made_of_and_by_nothing_else(tmp_path: Path) -> None:
    plans(tmp_path).keep(BASIS, KEPT)
    assert plans(tmp_path).find(NETWORK, STATE, BASIS) == KEPT
    assert plans(tmp_path).find(NESTED, STATE, BASIS) == ""
    assert plans(tmp_path).find(NETWORK, STATE, "cd" * 32) == ""
    for state in (replace(STATE, lineage="m"), replace(STATE, serial=4)):
        assert "damaged" in str(plans(tmp_path).find(NETWORK, state, BASIS))
    for strange in (plans(tmp_path, ledger="ledger-2"), plans(tmp_path, keys=ring_of(generate()))):
        assert "damaged" in str(strange.find(NETWORK, STATE, BASIS))
    (file,) = files(tmp_path)
    assert b"timestamp" not in file.read_bytes()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_basis_hangs_on_the_content_and_on_everything_around_it(tmp_path: Path) -> None:
    one = plans(tmp_path).basis(NETWORK, b"content")
    assert one == plans(tmp_path).basis(NETWORK, b"content")
    others = {
        plans(tmp_path).basis(NETWORK, b"contents"),
        plans(tmp_path, around=b"x").basis(NETWORK, b"content"),
        plans(tmp_path, around=b"content").basis(NETWORK, b""),
        plans(tmp_path, ledger="ledger-2").basis(NETWORK, b"content"),
        plans(tmp_path, keys=ring_of(generate())).basis(NETWORK, b"content"),
    }
    assert len(others - {one}) == 5


def test_what_was_cut_short_changed_or_moved_is_not_used(tmp_path: Path) -> None:
    kept = plans(tmp_path)
    kept.keep(BASIS, KEPT)
    (file,) = files(tmp_path)
    whole = file.read_bytes()
    for at in range(0, len(whole), 7):
        for harmed in (whole[:at], whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]):
            file.write_bytes(harmed)
            assert isinstance(kept.find(NETWORK, STATE, BASIS), str)
    for other in (file.with_name("cd" * 32), tmp_path / "kept" / "prod%2Fother" / BASIS):
        other.parent.mkdir(exist_ok=True)
        other.write_bytes(whole)
    assert isinstance(kept.find(NETWORK, STATE, "cd" * 32), str)
    assert isinstance(kept.find(replace(NETWORK, stack="other"), STATE, BASIS), str)
    file.write_bytes(whole)
    assert kept.find(NETWORK, STATE, BASIS) == KEPT


def test_a_plan_in_the_words_of_an_older_version_is_planned_anew(tmp_path: Path) -> None:
    kept = plans(tmp_path)
    kept.keep(BASIS, KEPT)
    (file,) = files(tmp_path)
    context = Context(
        purpose=Purpose.KEPT_PLAN,
        ledger="ledger-1",
        environment="prod",
        target=f"{NETWORK} {BASIS}",
        lineage=STATE.lineage,
        serial=STATE.serial,
    )
    now = open_object(KEYS, context, file.read_bytes())
    before = now[: now.index(b"{")] + json.encode(PLAN)
    for plain, found in ((now, KEPT), (before, "it was damaged, or somebody else wrote it")):
        file.write_bytes(seal_object(KEYS.current, context, plain))
        assert kept.find(NETWORK, STATE, BASIS) == found


@pytest.mark.parametrize("kind", ["link", "pipe", "directory", "enormous"])
def test_what_is_no_plain_file_of_ours_is_none(tmp_path: Path, kind: str) -> None:
    kept = plans(tmp_path)
    kept.keep(BASIS, KEPT)
    (file,) = files(tmp_path)
    aside = file.replace(tmp_path / "aside")
    match kind:
        case "link":
            file.symlink_to(aside)
        case "pipe":
            os.mkfifo(file)
        case "directory":
            file.mkdir()
        case _:
            file.touch()
            os.truncate(file, 2 << 20)
    assert kept.find(NETWORK, STATE, BASIS) == ""


def test_no_plan_is_kept_that_is_too_large_and_no_half_of_one(tmp_path: Path) -> None:
    large = replace(KEPT, plan=replace(PLAN, because="x" * 5000))
    plans(tmp_path, most=4000).keep(BASIS, large)
    assert not (tmp_path / "kept").exists()
    plans(tmp_path).keep(BASIS, large)
    (file,) = files(tmp_path)
    file.unlink()
    file.mkdir()
    with pytest.raises(OSError, match="directory"):
        plans(tmp_path).keep(BASIS, large)
    assert [path.name for path in file.parent.iterdir()] == [BASIS]


def test_a_target_has_few_kept_plans_and_all_together_do_not_grow(tmp_path: Path) -> None:
    kept, now = plans(tmp_path), time.time() - 100
    for number in range(MOST_OF_A_TARGET + 3):
        kept.keep(f"{number:064x}", KEPT)
        os.utime(tmp_path / "kept/prod%2Fnetwork" / f"{number:064x}", (now + number, now + number))
    names = [int(path.name, 16) for path in files(tmp_path)]
    assert names == list(range(3, MOST_OF_A_TARGET + 3)), "the newest stay"
    old, *others = files(tmp_path)
    os.utime(old, (now - MOST_DAYS * 86400 - 1,) * 2)
    kept.tidy()
    assert files(tmp_path) == others
    other = tmp_path / "kept/prod%2Fother"
    other.mkdir()
    (other / BASIS).touch()
    os.truncate(other / BASIS, MOST_BYTES)
    os.utime(other / BASIS, (now, now))
    kept.tidy()
    assert files(tmp_path) == others, "the oldest that was too much went"


def test_many_at_once_find_whole_plans_or_none(tmp_path: Path) -> None:
    def work(number: int) -> list[KeptPlan | str]:
        kept, found = plans(tmp_path), []
        for turn in range(20):
            basis = f"{(number + turn) % 6:064x}"
            kept.keep(basis, KEPT)
            found.append(kept.find(NETWORK, STATE, basis))
            kept.tidy()
        return found

    with ThreadPoolExecutor(8) as pool:
        found = [each for some in pool.map(work, range(8)) for each in some]
    assert set(map(repr, found)) <= {repr(KEPT), "''"}
    assert KEPT in found
