"""What `doctor --forge` looks at: whose token asks the forge, what it may, and what the forge guards. Only reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from runner.config.configuration import GatesConfiguration
from runner.errors import NoAnswer, RunnerError
from runner.forge import Forge, TokenIdentity
from runner.model.environment import Gates
from runner.model.forge_rights import Right
from runner.model.person import Permission
from runner.operations.bench import Bench
from runner.operations.checkup import Check, Checked, looked
from runner.operations.guard_checks import of_guards
from runner.operations.standpoint import Standpoint, standpoint

_DENIED = 3


def of_forge(bench: Bench) -> Iterator[Checked]:
    """What stands against reading the gates is itself a finding."""
    stand = _stood(bench)
    if isinstance(stand, Checked):
        yield stand
        return
    forge = bench.tools.forge(stand.gates, stand.remote, bench.stop)
    try:
        yield from told_by(forge, stand)
    finally:
        forge.close()


def told_by(forge: Forge, stand: Standpoint) -> Iterator[Checked]:
    """As far as one leads to the next: without a forge, a token, or an answer, there is nothing more to ask."""
    yield looked("forge", partial(_where, forge), code=2)
    if forge.project.brand == "none":
        return
    found = looked("token", partial(_token, forge), code=_DENIED)
    yield found
    if found.exit_code == 0:
        yield from _answered(forge, stand)


def _stood(bench: Bench) -> Standpoint | Checked:
    """Where CI would stand; what stands against it is itself a finding."""
    try:
        return standpoint(bench)
    except RunnerError as error:
        failure = error

    def look() -> Check:
        raise failure

    return looked("configuration", look)


def _where(forge: Forge) -> Check:
    project = forge.project
    if project.brand == "none":
        return Check(
            name="forge",
            ok=False,
            found=f"there is none: {forge.pipelines().because}",
            hint="`forge: {type: github, url: https://…}` in runner.yaml on the default branch, where the remote"
            " does not tell",
        )
    return Check(name="forge", ok=True, found=f"{project.brand}, `{project.path}` at {project.web}")


def _token(forge: Forge) -> Check:
    """Which was found, and whose it is; the forge is asked for the first time."""
    source = forge.token_source
    if not source.found:
        places = f"; looked in {', '.join(source.looked)}" if source.looked else ""
        hint = f"set {source.looked[0]} to a token of an account that may write here" if places else ""
        return Check(name="token", ok=False, found=f"none was found{places}", hint=hint)
    who = forge.identity()
    kinds = {"user": "a person's", "app": "an app's", "job": "a CI job's own", "nobody": "nobody's"}
    may = "" if _untold(who) else f", who may {who.repository.value} the repository"
    login = who.person.login or "somebody whom it does not name"
    found = f"from {source.found}: {kinds.get(who.kind, who.kind)}, of `{login}`{may}"
    return Check(name="token", ok=True, found=found)


def _untold(who: TokenIdentity) -> bool:
    """A job's own token is not told what it may do with the repository as a whole."""
    return who.kind == "job" and who.repository is Permission.NONE


def _answered(forge: Forge, stand: Standpoint) -> Iterator[Checked]:
    teams = teams_of(stand.gates)
    try:
        rights = forge.rights(stand.law, teams)
    except NoAnswer as error:
        failure = error

        def look() -> Check:
            raise failure

        yield looked("permissions", look)
        return
    for right in rights:
        yield looked(right.need.value, partial(_right, right), code=_DENIED)
    yield from of_guards(forge, stand)


def _right(right: Right) -> Check:
    words = {True: "yes", False: "no", None: "not known"}
    return Check(
        name=right.need.value,
        ok=right.allowed,
        found=f"{words[right.allowed]}: {right.because}",
        hint="" if right.allowed else _given(right),
    )


def _given(right: Right) -> str:
    verb = "if it lacks it" if right.allowed is None else "grant it"
    return f"{verb}: {right.grant}" if right.grant else ""


def teams_of(gates: GatesConfiguration) -> Sequence[str]:
    """The teams that any gate names, in order; a name without a slash is a person's."""
    found = {
        name.removeprefix("@")
        for each in (*gates.environments.values(), gates.defaults)
        for name in _named(each)
        if "/" in name
    }
    return sorted(found)


def _named(gates: Gates) -> Iterator[str]:
    yield from gates.break_glass
    for policy in gates.policies:
        yield from policy.approvers
    if gates.requires and gates.requires.reviews:
        yield from gates.requires.reviews.teams
