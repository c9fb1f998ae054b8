"""What a token may on GitHub, what its Actions are allowed, and how an environment there is guarded. Only reads.

Source: the permissions that GitHub's REST documentation names of each call; a workflow's own token and a fine-grained
one do not tell what they were given, a classic one tells its scopes, an app its permissions.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from urllib.parse import quote

from runner.forge import Project, TokenIdentity
from runner.forge.asking_leave import teams_seen, tried, unless_refused, untold
from runner.forge.calling import Ask, Caller
from runner.forge.comment_care import team_path
from runner.forge.github_wire import ActionsWire, EnvironmentWire
from runner.model.forge_rights import JobEnvironment, Need, Pipelines, Right, SettingsPages
from runner.model.person import Permission

# What each needs: the word of a workflow and of an app's answer, how the settings' pages call it, and how much.
_NEEDED = {
    Need.PULLS: ("pull_requests", "Pull requests", "read"),
    Need.COMMENTS: ("pull_requests", "Pull requests", "write"),
    Need.CHECKS: ("checks", "Checks", "write"),
    Need.READ_CHECKS: ("statuses", "Commit statuses", "read"),
    Need.PEOPLE: ("metadata", "Metadata", "read"),
    Need.ROLLOUTS: ("deployments", "Deployments", "write"),
    Need.TEAMS: ("members", "Members", "read"),
}
_WRITES = (Need.COMMENTS, Need.CHECKS, Need.ROLLOUTS)
_LEVELS = ("read", "write", "admin")
_WHOLE_SCOPES = ("repo", "public_repo")
_ONE = {"per_page": 1}
_JOB_TEAMS = "by a GitHub App with `Members: Read-only`, `forge: {app: …}` in runner.yaml; no job's own can"


def rights_on_github(
    call: Caller, project: Project, who: TokenIdentity, commit: str, teams: Sequence[str]
) -> tuple[Right, ...]:
    """See Forge.rights."""
    web, path = project.web, project.path
    repo = f"repos/{quote(path)}"
    asked = {
        Need.PULLS: Ask(what="list pull requests", path=f"{repo}/pulls", query=_ONE),
        Need.READ_CHECKS: Ask(
            what="read checks", path=f"{repo}/commits/{quote(commit)}/statuses", query=_ONE
        ),
    }
    found = [tried(need, partial(call.ask, ask), _grant(need, who, web)) for need, ask in asked.items()]
    found.append(_people(call, repo, web, who))
    found += [_written(need, who, web) for need in _WRITES]
    return (*found, *_teams(call, web, who, teams))


def _people(call: Caller, repo: str, web: str, who: TokenIdentity) -> Right:
    """Its own permission stands for the others'. A workflow's and an app's account is nobody's collaborator."""
    if who.kind != "user":
        return Right(need=Need.PEOPLE, allowed=True, because="`metadata: read` is part of every such token")
    login = quote(who.person.login)
    ask = Ask(what="read the permissions of others", path=f"{repo}/collaborators/{login}/permission")
    return tried(Need.PEOPLE, lambda: call.ask(ask), _grant(Need.PEOPLE, who, web))


def _written(need: Need, who: TokenIdentity, web: str) -> Right:
    grant = _grant(need, who, web)
    if who.kind == "user" and need is not Need.COMMENTS and not who.repository.covers(Permission.WRITE):
        because = f"{who.person.login} may {who.repository.value} the repository, and this needs to write it"
        return Right(
            need=need, allowed=False, because=because, grant=f"{web}: Settings → Collaborators: Write"
        )
    if who.grants is None:
        whose = "a workflow's own token" if who.kind == "job" else "a fine-grained token"
        return untold(need, f"{whose} does not tell what it was given, and nothing was written", grant)
    if who.kind == "app":
        return _of_app(need, who, grant)
    scopes = [each for each in _WHOLE_SCOPES if each in who.grants]
    if scopes == ["public_repo"]:
        return untold(need, "the scope `public_repo` is enough for a public repository only", grant)
    told = ", ".join(who.grants) or "none"
    return Right(need=need, allowed=bool(scopes), because=f"its scopes: {told}", grant=grant)


def _of_app(need: Need, who: TokenIdentity, grant: str) -> Right:
    word, name, level = _NEEDED[need]
    has = (who.grants or {}).get(word, "")
    enough = has in _LEVELS and _LEVELS.index(has) >= _LEVELS.index(level)
    return Right(
        need=need, allowed=enough, because=f"the app has `{name}: {has or 'no access'}`", grant=grant
    )


def _teams(call: Caller, web: str, who: TokenIdentity, teams: Sequence[str]) -> tuple[Right, ...]:
    if teams and who.kind == "job":
        because = f"a workflow's own token sees no team, and gates name {', '.join(teams)}"
        return (Right(need=Need.TEAMS, allowed=False, because=because, grant=_JOB_TEAMS),)

    def see(team: str) -> object:
        organisation, slug = team_path(team)
        return call.ask(
            Ask(what=f"see the team {team}", path=f"orgs/{quote(organisation)}/teams/{quote(slug)}")
        )

    return teams_seen(teams, see, _grant(Need.TEAMS, who, web))


def _grant(need: Need, who: TokenIdentity, web: str) -> str:
    """Where it is given: a job's in its file, an app's in its settings, a person's in the token's."""
    word, name, level = _NEEDED[need]
    much = "Read and write" if level == "write" else "Read-only"
    kind = "Organization" if need is Need.TEAMS else "Repository"
    if who.kind == "job":
        return f"`permissions: {{{word.replace('_', '-')}: {level}}}` of the job, in .github/workflows/"
    if who.kind == "app":
        place = f"the app's settings, Permissions & events → {kind} permissions → {name}: {much}"
        return f"{place}; then accept that where it is installed"
    if who.grants is not None:
        return f"{web}/settings/tokens: the scope `{'read:org' if need is Need.TEAMS else 'repo'}`"
    if need is Need.CHECKS:
        name = "Commit statuses"  # a person's token makes no check runs
    place = f"{web}/settings/personal-access-tokens"
    return f"{place}: the token's {kind} permissions → {name}: {much}"


def actions_on_github(call: Caller, path: str) -> Pipelines:
    """See Forge.pipelines."""
    place = f"repos/{quote(path)}/actions/permissions"
    found, because = unless_refused(lambda: call.read("ask whether Actions are on", place, ActionsWire))
    return Pipelines(enabled=found.enabled if found else None, because=because)


def environment_on_github(call: Caller, path: str, name: str) -> JobEnvironment:
    """See Forge.job_environment. A rule that makes people look, or only time pass, restricts no branch."""
    place = f"repos/{quote(path)}/environments/{quote(name, safe='')}"
    what = f"read the environment `{name}`"
    answer, because = unless_refused(lambda: call.ask(Ask(what=what, path=place, expected=(404,))))
    if answer is None:
        return JobEnvironment(name=name, there=None, guarded=None, because=because)
    if answer.status == 404:
        because = "there is none, or this token may not see it (`actions: read`)"
        return JobEnvironment(name=name, there=False, guarded=None, because=because)
    policy = call.decoded(what, answer, EnvironmentWire).deployment_branch_policy
    words = "jobs of every branch may use it"
    if policy:
        words = "of protected branches only" if policy.protected_branches else "of the branches it names only"
    return JobEnvironment(name=name, there=True, guarded=policy is not None, because=words)


def pages_of_github(project: Project) -> SettingsPages:
    """See Forge.pages."""
    settings = f"{project.web}/{project.path}/settings"
    return SettingsPages(
        branches=f"{settings}/rules",
        checks=f"{settings}/rules (Require status checks to pass)",
        environments=f"{settings}/environments (Deployment branches)",
        pipelines=f"{settings}/actions",
    )
