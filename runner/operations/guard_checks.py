"""What a forge guards, for `doctor --forge`: its CI, the branches whose merges apply, the places of the apply identity,
and the refs of the record. What it does not tell is said to be unknown."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from urllib.parse import quote

from runner.errors import AskedWrongly
from runner.forge import Forge, Protection
from runner.operations.checkup import Check, Checked, looked
from runner.operations.standpoint import Standpoint

REQUIRED = "runner"
"""The check that always reports, and that branches are to require."""
_PLACES = ("runner-preview", "runner-apply")  # as `init --ci` writes them
_DENIED = 3


def of_guards(forge: Forge, stand: Standpoint) -> Iterator[Checked]:
    """Each is asked by itself: what one of them does not tell stops no other."""
    yield looked("pipelines", partial(_pipelines, forge), code=_DENIED)
    for name in _branches(stand):
        yield from _of_branch(forge, stand, name)
    for place in _PLACES:
        yield looked(f"environment {place}", partial(_place, forge, place), code=_DENIED)
    yield from _of_refs(forge, stand)


def _branches(stand: Standpoint) -> list[str]:
    """The default branch, whose tip has the gates, then those whose merges apply."""
    named = sorted({each.branch for each in stand.gates.environments.values()} - {"*", stand.branch})
    return [stand.branch, *named]


def _pipelines(forge: Forge) -> Check:
    found = forge.pipelines()
    words = {True: "the forge's CI is on", False: "the forge's CI is off for this repository"}
    said = f"not known: {found.because}" if found.enabled is None else words[found.enabled]
    return Check(
        name="pipelines",
        ok=found.enabled,
        found=said,
        hint="" if found.enabled else f"it is switched on at {forge.pages.pipelines}",
    )


def _of_branch(forge: Forge, stand: Standpoint, name: str) -> Iterator[Checked]:
    told: list[Protection] = []

    def guarded() -> Check:
        found = _asked(forge, name)
        if found is None:
            return Check(name=f"branch {name}", ok=None, found="the forge has no such branch yet")
        told.append(found)
        return _guarded(forge, stand, found)

    yield looked(f"branch {name}", guarded, code=_DENIED)
    if told:
        yield looked(f"check on {name}", partial(_required, forge, told[0]), code=_DENIED)


def _asked(forge: Forge, name: str) -> Protection | None:
    try:
        return forge.protection(name)
    except AskedWrongly:
        return None


def _guarded(forge: Forge, stand: Standpoint, found: Protection) -> Check:
    name = f"branch {found.branch}"
    why = "gates come from its tip" if found.branch == stand.branch else "what is merged there is applied"
    hint = f"protect it at {forge.pages.branches}: changes by pull request only, no force push, no deletion"
    if found.protected is None:
        return Check(name=name, ok=None, found=f"not known: {found.because}", hint=hint)
    if not found.protected:
        return Check(
            name=name, ok=False, found=f"unprotected: who may push can rewrite it, and {why}", hint=hint
        )
    holes = ["who may push can push to it past every pull request"] if found.pushes else []
    holes += ["it can be forced back"] if found.rewinds else []
    if holes:
        return Check(name=name, ok=False, found=f"protected, but {' and '.join(holes)}; {why}", hint=hint)
    dark = ["plain pushes"] if found.pushes is None else []
    dark += ["force pushes"] if found.rewinds is None else []
    if dark:
        because = found.because if found.checks is not None else "this token is not told"
        unknown = (
            f"protected; whether against {' and '.join(dark)}, is not known: {because or 'it is not told'}"
        )
        return Check(name=name, ok=None, found=unknown, hint=hint)
    approvals = f", {found.approvals} approvals" if found.approvals else ""
    return Check(name=name, ok=True, found=f"protected: no plain push, no force push{approvals}")


def _required(forge: Forge, found: Protection) -> Check:
    """A check by its name, or all of the pipeline where the forge requires that."""
    name, hint = f"check on {found.branch}", f"require the check `{REQUIRED}` at {forge.pages.checks}"
    if found.checks is None:
        hint = f"require it at {forge.pages.checks}"
        if found.pipelines is None:
            return Check(name=name, ok=None, found=f"not known: {found.because}", hint=hint)
        words = "a merge needs a green pipeline, `runner` among it" if found.pipelines else ""
        return Check(
            name=name,
            ok=found.pipelines,
            found=words or "a merge needs no green pipeline: what nobody saw planned can be merged",
            hint=hint,
        )
    apps = [app for check, app in found.checks if check == REQUIRED]
    if apps:
        whose = "" if any(apps) else "; from anybody who may write statuses"
        return Check(name=name, ok=True, found=f"`{REQUIRED}` is required{whose}")
    return Check(
        name=name,
        ok=False,
        found=f"`{REQUIRED}` is not required: what nobody saw planned can be merged",
        hint=hint,
    )


def _place(forge: Forge, name: str) -> Check:
    label, hint = (
        f"environment {name}",
        f"set it up at {forge.pages.environments} as `runner init --ci` names it: its branches only",
    )
    found = forge.job_environment(name)
    if not forge.limits.environments:
        hint = "give the apply identity to a machine that only protected branches' jobs reach, or trust who may push"
        return Check(name=label, ok=None, found=found.because, hint=hint)
    if found.there is None or (found.there and found.guarded is None):
        return Check(name=label, ok=None, found=f"not known: {found.because}", hint=hint)
    if not found.there:
        return Check(name=label, ok=False, found=found.because, hint=hint)
    return Check(name=label, ok=found.guarded, found=found.because, hint="" if found.guarded else hint)


def _of_refs(forge: Forge, stand: Standpoint) -> Iterator[Checked]:
    """What who may only push can do to the record, and what stands against it."""
    if stand.gates.ledger.refs == "branches":
        for environment in sorted(stand.gates.environments):
            for kind in ("live", "locks", "state"):
                branch = f"runner/{kind}/{quote(environment, safe='')}"
                yield looked(f"branch {branch}", partial(_record_branch, forge, branch), code=_DENIED)
    yield looked("plain writer", partial(_plain_writer, stand))


def _record_branch(forge: Forge, branch: str) -> Check:
    """The runner's account pushes there, and forces what are leases and states; nobody else is to."""
    name = f"branch {branch}"
    hint = (
        f"protect `runner/**` at {forge.pages.branches}: pushes and force pushes by the runner's account only"
    )
    found = _asked(forge, branch)
    if found is None:
        return Check(
            name=name, ok=None, found="it is not there yet; whether a rule waits for it is not known"
        )
    if found.protected is None:
        return Check(name=name, ok=None, found=f"not known: {found.because}", hint=hint)
    if not found.protected or found.pushes or found.rewinds:
        return Check(name=name, ok=False, found="who may push can write, rewind and delete it", hint=hint)
    if found.pushes is None or found.rewinds is None:
        because = found.because or "it is not told"
        return Check(name=name, ok=None, found=f"protected; against whom is not known: {because}", hint=hint)
    return Check(name=name, ok=True, found="protected: no plain push, no force push")


def _plain_writer(stand: Standpoint) -> Check:
    settings = stand.gates.ledger
    signed = settings.sign == "required" and bool(settings.signers)
    entries = "write no entry that is believed, for entries must be signed" if signed else "write entries"
    believed = "nothing is believed before its signature is checked (law 12); " if signed else ""
    against = (
        f"{believed}states and plans are sealed, and a forged one is refused (exit 7);"
        " a clone that has seen more stops everything at a record that moved back (law 13, exit 7);"
        " a fresh clone, as a CI job's is, sees nothing missing"
    )
    if settings.refs == "branches":
        return Check(
            name="plain writer",
            ok=None,
            found=f"where the branches `runner/*` are not protected, who may push can {entries}, delete leases,"
            f" states and plans, and cut the record's end off. Against it: {against}",
            hint=""
            if signed
            else "`ledger: {sign: required, signers: environments/allowed_signers}` in runner.yaml",
        )
    return Check(
        name="plain writer",
        ok=None,
        found=f"no forge can protect refs/runner/*: who may push to `{stand.remote}` can {entries}, delete leases,"
        f" states and plans, and cut the record's end off. Against it: {against}",
        hint="`ledger: {refs: branches, sign: required, signers: FILE}` in runner.yaml,"
        " and `runner/**` protected on the forge",
    )
