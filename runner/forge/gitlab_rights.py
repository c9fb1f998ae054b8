"""What a token may on GitLab, whether its pipelines are on, and how an environment there is guarded. Only reads.

Source: GitLab's documentation of scopes, of roles, and of what a job's own token can be used for.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from urllib.parse import quote

from runner.forge import Project, TokenIdentity
from runner.forge.asking_leave import teams_seen, tried, unless_refused, untold
from runner.forge.calling import Ask, Caller
from runner.forge.gitlab_wire import IdWire, ProjectWire
from runner.model.forge_rights import JobEnvironment, Need, Pipelines, Right, SettingsPages
from runner.model.person import Permission

_ONE = {"per_page": 1}
_WRITES = (Need.COMMENTS, Need.CHECKS, Need.ROLLOUTS)


def rights_on_gitlab(
    call: Caller, project: Project, who: TokenIdentity, commit: str, teams: Sequence[str]
) -> tuple[Right, ...]:
    """See Forge.rights."""
    web, path = project.web, project.path
    repo = f"projects/{quote(path, safe='')}"
    grant = _grant(web, path, who)
    person = quote(who.person.id)
    asked = {
        Need.PULLS: Ask(what="list merge requests", path=f"{repo}/merge_requests", query=_ONE),
        Need.READ_CHECKS: Ask(
            what="read checks", path=f"{repo}/repository/commits/{quote(commit)}/statuses", query=_ONE
        ),
        Need.PEOPLE: Ask(what="read the permissions of others", path=f"{repo}/members/all/{person}"),
    }
    found = [tried(need, partial(call.ask, ask), grant) for need, ask in asked.items()]
    found += [_written(need, who, grant) for need in _WRITES]

    def see(team: str) -> object:
        group = quote(team.removeprefix("@"), safe="")
        place = f"groups/{group}"
        return call.read(f"see the group {team}", place, IdWire, {"with_projects": "false"})

    return (*found, *teams_seen(teams, see, grant))


def _written(need: Need, who: TokenIdentity, grant: str) -> Right:
    if who.kind == "job":
        if need is Need.ROLLOUTS:
            return untold(
                need, "what a job's own token was given is not told, and nothing was written", grant
            )
        because = "a job's own token (CI_JOB_TOKEN) can be used for neither notes nor statuses"
        return Right(need=need, allowed=False, because=because, grant=grant)
    if need is not Need.COMMENTS and not who.repository.covers(Permission.WRITE):
        because = (
            f"{who.person.login} may {who.repository.value} the project, and this needs the role Developer"
        )
        return Right(need=need, allowed=False, because=because, grant=grant)
    if who.grants is None:
        return untold(need, "the server does not tell the token's scopes, and nothing was written", grant)
    told = ", ".join(who.grants) or "none"
    return Right(need=need, allowed="api" in who.grants, because=f"its scopes: {told}", grant=grant)


def _grant(web: str, path: str, who: TokenIdentity) -> str:
    """A job's own token cannot be given more; another one takes its place."""
    place = f"{web}/{path}/-/settings/access_tokens"
    instead = ", as the protected and masked variable GITLAB_TOKEN" if who.kind == "job" else ""
    return f"{place}: a token of role Maintainer, scope `api`{instead}; for groups a member of them"


def pipelines_on_gitlab(call: Caller, path: str) -> Pipelines:
    """See Forge.pipelines."""
    place = f"projects/{quote(path, safe='')}"
    found, because = unless_refused(lambda: call.read("read the project", place, ProjectWire))
    level = found.builds_access_level if found else None
    if level is None:
        return Pipelines(enabled=None, because=because or "the project does not say so to this token")
    return Pipelines(enabled=level != "disabled")


def environment_on_gitlab(call: Caller, path: str, name: str) -> JobEnvironment:
    """See Forge.job_environment. Protected environments are part of the paid plans: elsewhere none is found."""
    place = f"projects/{quote(path, safe='')}"
    what = f"read the environment `{name}`"
    found, because = unless_refused(
        lambda: call.read(what, f"{place}/environments", list[IdWire], {"name": name})
    )
    if not found:
        there = None if found is None else False
        return JobEnvironment(name=name, there=there, guarded=None, because=because or "there is none")
    asked = Ask(what=what, path=f"{place}/protected_environments/{quote(name, safe='')}", expected=(404,))
    rule, because = unless_refused(lambda: call.ask(asked))
    if rule is None:
        return JobEnvironment(name=name, there=True, guarded=None, because=because)
    words = "it is protected" if rule.ok else "it is not protected, or the plan has no protected environments"
    return JobEnvironment(name=name, there=True, guarded=rule.ok, because=words)


def pages_of_gitlab(project: Project) -> SettingsPages:
    """See Forge.pages."""
    settings = f"{project.web}/{project.path}/-/settings"
    return SettingsPages(
        branches=f"{settings}/repository (Protected branches)",
        checks=f"{settings}/merge_requests (Pipelines must succeed)",
        environments=f"{settings}/ci_cd (Protected environments)",
        pipelines=f"{project.web}/{project.path}/edit (Visibility, project features, permissions: CI/CD)",
    )
