"""What `doctor` looks at in this repository: its configuration, keys, record, remote and signatures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from runner.git.probing import rehearsed_push
from runner.model.entry import NOBODY
from runner.model.environment import Gates, StateBackend
from runner.operations.bench import Bench
from runner.operations.checkup import Check, Checked, looked
from runner.operations.survey import Survey

SKEW = timedelta(seconds=60)
"""An entry this far in the future: one of two clocks is wrong."""


def of_repository(bench: Bench, whole: Survey) -> Iterator[Checked]:
    """What the believed configuration leads to."""
    yield looked("configuration", lambda: _believed(whole))
    yield looked("record", lambda: _record(whole))
    yield looked("remote", lambda: _remote(bench, whole), code=6)
    yield looked("hidden refs", lambda: _protection(whole))
    yield looked("clock", lambda: _clock(bench, whole))
    yield looked("signing", lambda: _signing(bench, whole), code=2)
    yield looked("actor", lambda: _actor(bench))
    for name, gates in sorted(whole.believed.environments.items()):
        yield looked(f"key of {name}", partial(_key, bench, whole, name, gates), code=2)


def _believed(whole: Survey) -> Check:
    warnings = len(whole.notes)
    environments, targets = len(whole.believed.environments), len(whole.wishes.targets)
    found = f"{_many(environments, 'environment')}, {_many(targets, 'target')}, {_many(warnings, 'warning')}"
    hint = whole.notes[0].message if whole.notes else ""
    return Check(
        name="configuration",
        ok=True if not warnings else None,
        found=found,
        hint=hint,
    )


def _many(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _reason(refused: str) -> str:
    """What was wrong, of the lines in which Git and a forge say that something was: the first names it, the others ask
    for patience."""
    return next((line.strip() for line in refused.splitlines() if line.strip()), "Git did not say why")


def _record(whole: Survey) -> Check:
    """Fetches and verifies all chains; HistoryMoved where one does not hold."""
    ledger = whole.record.ledger
    ledger.refresh([])
    names = ledger.environments()
    where = f"`{whole.record.remote}`" if whole.record.remote else "this clone"
    if not names:
        return Check(name="record", ok=None, found=f"nothing was applied yet; it will be kept in {where}")
    return Check(name="record", ok=True, found=f"verified in {where}: {', '.join(names)}")


def _remote(bench: Bench, whole: Survey) -> Check:
    remote = whole.record.remote
    known = bench.tools.repository.remotes()
    if not remote:
        hint = (
            "`ledger: {remote: NAME}` in runner.yaml shares the record; without it only this clone knows it"
        )
        if known and whole.gates.ledger.remote != "none":
            return Check(
                name="remote", ok=False, found="runner.yaml does not say where the record goes", hint=hint
            )
        return Check(name="remote", ok=None, found="the record stays in this clone", hint=hint)
    ref = (
        "refs/heads/runner/doctor/probe"
        if whole.gates.ledger.refs == "branches"
        else "refs/runner/doctor/probe"
    )
    refused = rehearsed_push(bench.tools.repository, remote, whole.revision.commit, ref)
    if refused:
        return Check(
            name="remote",
            ok=False,
            found=f"`{remote}` does not take {ref.rsplit('/', 2)[0]}/*: {_reason(refused)}",
            hint="`git push` must work; `ledger: {refs: branches}` keeps the record under refs/heads/runner/",
        )
    return Check(
        name="remote", ok=True, found=f"`{remote}` lets us push below {ref.rsplit('/', 2)[0]}/ (rehearsed)"
    )


def _protection(whole: Survey) -> Check:
    """What somebody who may only push could do to the record."""
    settings, remote = whole.gates.ledger, whole.record.remote
    if not remote:
        return Check(
            name="hidden refs", ok=None, found="the record is in this clone: who writes its files, writes it"
        )
    if settings.refs == "branches":
        return Check(
            name="hidden refs",
            ok=None,
            found="the record is on branches, which the forge can protect; whether it does was not asked",
            hint="protect `runner/**` there: no deletion, no force push but by the runner's account",
        )
    signed = settings.sign == "required"
    can = "delete leases, states and plans, and cut the record's end off"
    cannot = "cannot write entries, for they must be signed" if signed else "can write entries"
    return Check(
        name="hidden refs",
        ok=None,
        found=f"who may push to `{remote}` can {can}, and {cannot}; every clone that has seen more notices (exit 7)",
        hint="forges cannot protect refs/runner/*; `ledger: {refs: branches, sign: required}` closes this",
    )


def _clock(bench: Bench, whole: Survey) -> Check:
    now = bench.clock.now()
    newest = max(
        (
            entry.at
            for name in whole.record.ledger.environments()
            for entry in whole.record.ledger.entries(name, limit=1)
        ),
        default=None,
    )
    if newest is None:
        return Check(
            name="clock", ok=None, found=f"{now:%Y-%m-%d %H:%M:%SZ}; there is nothing to compare it with"
        )
    ahead = newest - now
    return Check(
        name="clock",
        ok=ahead <= SKEW,
        found=f"{now:%Y-%m-%d %H:%M:%SZ}; the newest entry is of {newest:%Y-%m-%d %H:%M:%SZ}",
        hint="this clock is behind, or that of whoever wrote the entry was ahead: set it by NTP",
    )


def _signing(bench: Bench, whole: Survey) -> Check:
    setup, wanted = bench.tools.repository.signing(), whole.gates.ledger.sign
    if wanted == "never":
        return Check(name="signing", ok=None, found="`ledger.sign: never`: entries are not signed")
    if setup is None:
        return Check(
            name="signing",
            ok=False if wanted == "required" else None,
            found="Git is not set up to sign, so entries are not signed",
            hint="`git config gpg.format ssh && git config user.signingkey ~/.ssh/id_ed25519.pub`",
        )
    tree = bench.tools.repository.tree_of(whole.revision.commit)
    # Made and left lying: in no ref, so that Git collects it.
    bench.tools.repository.commit_tree(tree, (), "runner doctor: a signature was tried", sign=True)
    signers = f", believed from `{whole.gates.ledger.signers}`" if whole.gates.ledger.signers else ""
    return Check(name="signing", ok=True, found=f"{setup.format} works{signers}")


def _actor(bench: Bench) -> Check:
    actor = bench.tools.actor()
    return Check(
        name="actor",
        ok=None if actor.name == NOBODY else True,
        found="entries will name nobody" if actor.name == NOBODY else actor.name,
        hint="`git config user.email YOU@EXAMPLE.ORG`",
    )


def _key(bench: Bench, whole: Survey, name: str, gates: Gates) -> Check:
    """The key's id, never the key."""
    label = f"key of {name}"
    places = bench.tools.key_places(gates, whole.record)
    whole.record.refs.refresh([places.ref])
    identity = whole.record.ledger.identity(name)
    ring = places.ring(identity)
    if ring is not None:
        old = f", {len(ring.old)} old" if ring.old else ""
        return Check(name=label, ok=True, found=f"{ring.current.id} is at hand{old}")
    plain = gates.ledger_values != "sealed" and gates.state is not None
    if plain and gates.state and gates.state.backend in (StateBackend.LOCAL, StateBackend.AS_WRITTEN):
        return Check(name=label, ok=None, found="none, and nothing here needs one")
    if not identity:
        return Check(
            name=label, ok=None, found="none yet; the first `runner up` makes one in the Git directory"
        )
    return Check(
        name=label,
        ok=False,
        found="there is a record, and no key at hand: its states cannot be read here",
        hint=f"`runner key export {name}` prints it where it is kept; `GITOPS_RUNNER_KEY` takes it",
    )
