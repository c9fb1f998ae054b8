"""Whether an environment is open for an apply: each gate's verdict with its because and its way out.

All facts are handed in. What is not known closes (law 10).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from shlex import quote

from msgspec import Struct

from runner.decisions.calendar import freeze_span, in_words, is_open, next_opening
from runner.decisions.globs import admitted, matches
from runner.model.entry import Actor, Deployment
from runner.model.environment import Gates
from runner.model.names import TargetName
from runner.model.references import OutputReference, Reference, SecretReference
from runner.model.target import Target
from runner.model.verdict import Answer, Verdict

NEVER_SECRET = ("GITOPS_RUNNER_*", "*_TOKEN", "ACTIONS_*", "CI_*", "AWS_*")
"""Names that no `${secret:env:…}` may read, whatever `allow.secrets` says: ours, a forge's, a cloud's."""

BREAKABLE = frozenset({"windows", "freezes", "freeze", "requires", "promote", "apply", "approval-missing"})
"""Gates that `--break-glass` opens. It never opens what cannot be known (a foreign engine, a stale plan, a secret)."""


CALENDAR = frozenset({"windows", "freezes", "freeze"})
"""Gates that `--emergency` opens: those that say when."""


class BranchFacts(Struct, frozen=True, kw_only=True):
    """Where the checked-out commit stands. `head`: the environment's branch as `remote` has it (with a local ledger,
    `remote` is empty and it is the clone's own), None where there is no such branch. `ahead`/`behind`: commits that
    only the checked-out one, only the head has. `dirty` are changed paths that are in a closure of the run."""

    commit: str
    head: str | None
    remote: str = ""
    ahead: int = 0
    behind: int = 0
    dirty: tuple[str, ...] = ()


def opened(gate: str, because: str) -> Verdict:
    """An open gate."""
    return Verdict(gate=gate, answer=Answer.ALLOW, because=because)


def _closed(gate: str, code: str, because: str, hint: str = "", *, waits: bool = False) -> Verdict:
    answer = Answer.WAIT if waits else Answer.DENY
    return Verdict(gate=gate, answer=answer, code=code, because=because, hint=hint)


def branch_verdict(gates: Gates, facts: BranchFacts, *, off_branch: bool = False) -> Verdict:
    """Is the checked-out commit what the environment's branch holds?"""
    if gates.branch == "*":
        return opened("branch", f"`{gates.environment}` takes any commit")
    found = _branch(gates, facts)
    if found.answer is Answer.ALLOW or not off_branch:
        return found
    return Verdict(
        gate="branch", answer=Answer.WARN, code="off-branch", because=f"{found.because}; --off-branch given"
    )


def _branch(gates: Gates, facts: BranchFacts) -> Verdict:
    place = f"{facts.remote}/{gates.branch}" if facts.remote else gates.branch
    commit = facts.commit[:12]
    if facts.head is None:
        hint = (
            f"git push {facts.remote} {quote(f'HEAD:{gates.branch}')}"
            if facts.remote
            else f"git branch {quote(gates.branch)}"
        )
        return _closed(
            "branch", "branch-missing", f"there is no branch `{place}`, whose merges apply here", hint
        )
    if facts.head == facts.commit:
        return opened("branch", f"`{commit}` is the head of `{place}`")
    if facts.ahead and facts.behind:
        because = f"`{commit}` and `{place}` have gone apart ({facts.ahead} and {facts.behind} commits)"
        return _closed(
            "branch", "not-on-branch", because, f"git switch {quote(gates.branch)} && git pull --ff-only"
        )
    if facts.ahead:
        because = f"`{commit}` is not on `{place}`, which lacks {_commits(facts.ahead)} of it"
        hint = (
            f"git push {facts.remote} {quote(f'HEAD:{gates.branch}')}"
            if facts.remote
            else f"git branch -f {quote(gates.branch)} HEAD"
        )
        return _closed("branch", "not-pushed", because, hint)
    if facts.behind:
        because = f"`{commit}` is {_commits(facts.behind)} behind `{place}`"
        return _closed(
            "branch", "behind-branch", because, f"git switch {quote(gates.branch)} && git pull --ff-only"
        )
    because = f"`{commit}` has no history in common with `{place}`"
    return _closed("branch", "not-on-branch", because, f"git switch {quote(gates.branch)}")


def _commits(count: int) -> str:
    return f"{count} commit" + ("" if count == 1 else "s")


def dirty_verdict(facts: BranchFacts, *, allow_dirty: bool = False) -> Verdict:
    """Is what would be applied in a commit?"""
    if not facts.dirty:
        return opened("dirty", "all that is read is committed")
    shown = ", ".join(f"`{path}`" for path in facts.dirty[:5]) + ("…" if len(facts.dirty) > 5 else "")
    because = f"uncommitted changes would be applied: {shown}"
    if allow_dirty:
        return Verdict(
            gate="dirty", answer=Answer.WARN, code="dirty", because=f"{because}; --allow-dirty given"
        )
    return _closed(
        "dirty", "dirty", because, "commit them, or give --allow-dirty, which makes a commit of them"
    )


def window_verdict(gates: Gates, now: datetime) -> Verdict:
    """Is a window open? None configured is always open."""
    if not gates.windows:
        return opened("windows", "no windows are set")
    try:
        if any(is_open(window, now) for window in gates.windows):
            return opened("windows", "a window is open")
        opening = next_opening(gates.windows, now)
    except (KeyError, ValueError) as problem:
        return _closed(
            "windows", "zone-unknown", f"the zone of a window is not known: {problem}", "install tzdata"
        )
    if opening is None:
        return _closed("windows", "window-never-opens", "no window ever opens", "give the windows days")
    when = in_words(opening, gates.windows[0].zone)
    because = f"no window of `{gates.environment}` is open; the next opens {when}"
    return _closed("windows", "window-closed", because, "wait, or --break-glass REASON", waits=True)


def freeze_verdict(gates: Gates, now: datetime) -> Verdict:
    """Does a configured freeze hold?"""
    for freeze in gates.freezes:
        try:
            start, end = freeze_span(freeze)
        except (KeyError, ValueError) as problem:
            return _closed(
                "freezes", "zone-unknown", f"the zone of a freeze is not known: {problem}", "install tzdata"
            )
        if start <= now < end:
            because = f"`{gates.environment}` is frozen until {in_words(end, freeze.zone)}: {freeze.reason}"
            return _closed("freezes", "frozen", because, "wait, or --break-glass REASON", waits=True)
    return opened("freezes", "no freeze holds")


def hand_freeze_verdict(environment: str, freezes: Sequence[str]) -> Verdict:
    """Does a freeze on the record hold? `freezes`: who froze it, when and why, oldest first."""
    if not freezes:
        return opened("freeze", "nobody froze it")
    because = f"`{environment}` is frozen: {freezes[-1]}"
    return _closed("freeze", "frozen-by-hand", because, f"runner thaw env/{environment}", waits=True)


def hand_lock_verdict(name: TargetName, frozen: Mapping[TargetName, str]) -> Verdict:
    """Does a freeze on the record hold of that one target? `frozen`: who froze each, when and why."""
    if name not in frozen:
        return opened("freeze", "nobody froze it")
    because = f"`{name}` is locked: {frozen[name]}"
    return _closed(
        "freeze", "frozen-by-hand", because, f"leave it out (`'!{name}'`), or: runner thaw {name}", waits=True
    )


def superseded_verdict(name: TargetName, commit: str, live: str) -> Verdict:
    """`commit` is an ancestor of `live`, which was applied last as a whole. History goes forward (law 13): nothing
    opens this, for a commit that goes forward can always be made."""
    because = f"superseded: `{live[:12]}`, which contains `{commit[:12]}`, is live in `{name}`"
    hint = f"to go back, go forward: `git revert` on top of `{live[:12]}`, and apply that commit"
    return _closed("superseded", "superseded", because, hint)


def unenforced_verdict(gates: Gates, verb: str) -> Verdict:
    """Keys that this version cannot enforce: `up` is closed, `preview` warns."""
    if not gates.unenforced:
        return opened("unenforced", "every gate in use is enforced")
    keys = ", ".join(f"`{key}`" for key in gates.unenforced)
    because = f"`{gates.environment}` uses {keys}, which this version cannot enforce yet"
    if verb == "preview":
        return Verdict(gate="unenforced", answer=Answer.WARN, code="gate-not-enforced", because=because)
    return _closed(
        "unenforced",
        "gate-not-enforced",
        because,
        "take them out, or use a version that enforces them",
    )


def requires_verdict(gates: Gates, why: str = "") -> Verdict:
    """By hand, where the forge cannot be asked, and `why`: nobody has shown that what is required is met."""
    requires = gates.requires
    wanted = requires and [
        name
        for name, asked in (
            ("reviews", bool(requires.reviews and (requires.reviews.count or requires.reviews.codeowners))),
            ("checks", bool(requires.checks)),
            ("destroys", requires.destroys is not None),
        )
        if asked
    ]
    if not wanted:
        return opened("requires", "nothing is required")
    keys = ", ".join(f"`requires.{name}`" for name in wanted)
    because = f"`{gates.environment}` asks for {keys}, which the forge confirms of pull requests"
    because += f", and it cannot be asked: {why}" if why else ""
    hint = "merge a pull request, and CI applies it; or --break-glass REASON"
    return _closed("requires", "approval-missing", because, hint)


def held_verdict(target: Target, live: Deployment | None, *, named: bool) -> Verdict:
    """Was the target destroyed by hand? Then only an `up` that names it (no glob, no environment) brings it back."""
    if live is None or not live.held:
        return opened("held", "it is not held")
    if named:
        return Verdict(
            gate="held", answer=Answer.WARN, code="held", because=f"`{target.name}` was destroyed by hand"
        )
    because = f"`{target.name}` was destroyed by hand, and is held"
    return _closed("held", "held", because, f"runner up {target.name}")


def secret_verdict(gates: Gates, reference: SecretReference) -> Verdict:
    """May the environment read this secret?"""
    written = str(reference)
    if reference.scheme == "env" and any(matches(glob, reference.name.upper()) for glob in NEVER_SECRET):
        because = (
            f"`{written}` is never a secret of a stack: the name belongs to the runner, a forge or a cloud"
        )
        return _closed("allow.secrets", "secret-forbidden", because, "give the value under another name")
    # A secret's name has slashes that mean nothing to a glob: `ssm:/prod/*` is all below.
    allowed = [each.replace("*", "**") for each in gates.allow.secrets or ()]
    if admitted(allowed, written) or admitted(allowed, f"{reference.scheme}:{reference.name}"):
        return opened("allow.secrets", f"`allow.secrets` admits `{written}`")
    because = f"`allow.secrets` of `{gates.environment}` does not admit `{written}`"
    hint = f'add it on the default branch: `allow: {{secrets: ["{reference.scheme}:{reference.name}"]}}`'
    return _closed("allow.secrets", "secret-not-allowed", because, hint)


def environment_verdict(gates: Gates, reference: OutputReference) -> Verdict:
    """May the environment read another one's outputs?"""
    other = reference.target.environment
    if other == gates.environment:
        return opened("allow.environments", "it is its own")
    if admitted(gates.allow.environments or (), other):
        return opened("allow.environments", f"`allow.environments` admits `{other}`")
    because = f"`{gates.environment}` may not read outputs of `{other}` (`{reference}`)"
    hint = f"add it on the default branch: `allow: {{environments: [{other}]}}`"
    return _closed("allow.environments", "environment-not-allowed", because, hint)


def reference_verdicts(gates: Gates, references: Iterable[Reference]) -> tuple[Verdict, ...]:
    """The closed verdicts on what inputs refer to, each once."""
    found: dict[str, Verdict] = {}
    for reference in references:
        match reference:
            case SecretReference():
                verdict = secret_verdict(gates, reference)
            case OutputReference():
                verdict = environment_verdict(gates, reference)
            case _:
                continue
        if verdict.answer is not Answer.ALLOW:
            found.setdefault(verdict.because, verdict)
    return tuple(found.values())


def broken_glass(
    gates: Gates,
    verdicts: Iterable[Verdict],
    reason: str,
    actor: Actor,
    *,
    opens: frozenset[str] = BREAKABLE,
) -> tuple[Verdict, ...]:
    """`verdicts` with those of the gates in `opens` as warnings, where there is a `reason`. `actor` must be one of
    `break_glass` where that names anybody; a team's members are unknown here and do not count (law 10). By hand a name
    is what Git says, which nobody has confirmed: that is said, here and in the entry."""
    listed = tuple(verdicts)
    if not reason:
        return listed
    who = f"`{actor.name}`" if actor.confirmed else f"`{actor.name}`, whom nobody has confirmed"
    if gates.break_glass and actor.name not in gates.break_glass:
        names = ", ".join(gates.break_glass)
        denied = _closed("break_glass", "break-glass-denied", f"{who}, is not one of {names}")
        return (*listed, denied)
    return tuple(
        Verdict(
            gate=each.gate,
            answer=Answer.WARN,
            code="break-glass",
            because=f"{each.because}; glass broken by {who}: {reason}",
        )
        if each.gate in opens and each.answer in (Answer.DENY, Answer.WAIT)
        else each
        for each in listed
    )
