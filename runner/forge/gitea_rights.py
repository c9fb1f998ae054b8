"""What a token may on Gitea and Forgejo, and whether their Actions are on. Only reads.

Neither tells which scopes a token has; a refusal names the missing one. Neither has protected environments.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from runner.errors import AskedWrongly
from runner.forge import Project, TokenIdentity
from runner.forge.asking_leave import teams_seen, tried, unless_refused, untold
from runner.forge.calling import Ask, Caller
from runner.forge.comment_care import team_path
from runner.forge.gitea_wire import RepositoryWire, TeamsWire
from runner.model.forge_rights import Need, Pipelines, Right, SettingsPages
from runner.model.person import Permission

_ONE = {"limit": 1}


def rights_on_gitea(
    call: Caller, project: Project, who: TokenIdentity, commit: str, teams: Sequence[str]
) -> tuple[Right, ...]:
    """See Forge.rights."""
    repo = f"repos/{quote(project.path)}"
    tokens = f"{project.web}/user/settings/applications: the token's scope"
    comments = Ask(what="read comments", path=f"{repo}/issues/comments", query=_ONE)
    writes = f"{tokens} `write:issue`"
    listed = tried(Need.COMMENTS, lambda: call.ask(comments), writes)
    unwritten = "it may read them; whether it may write, Gitea does not tell, and nothing was written"
    if listed.allowed:
        listed = untold(Need.COMMENTS, unwritten, writes)
    return (
        tried(
            Need.PULLS,
            lambda: call.ask(Ask(what="list pull requests", path=f"{repo}/pulls", query=_ONE)),
            f"{tokens} `read:repository`",
        ),
        listed,
        *_checks(call, project, who, commit, tokens),
        _people(call, project),
        *teams_seen(
            teams, lambda team: _team(call, team), f"{tokens} `read:organization`; and be a member there"
        ),
    )


def _checks(
    call: Caller, project: Project, who: TokenIdentity, commit: str, tokens: str
) -> tuple[Right, Right]:
    asked = Ask(
        what="read checks", path=f"repos/{quote(project.path)}/commits/{quote(commit)}/statuses", query=_ONE
    )
    read = tried(Need.READ_CHECKS, lambda: call.ask(asked), f"{tokens} `read:repository`")
    if who.kind == "user" and not who.repository.covers(Permission.WRITE):
        because = f"{who.person.login} may {who.repository.value} the repository, and this needs to write it"
        grant = f"{project.web}/{project.path}/settings/collaboration: Write"
        return read, Right(need=Need.CHECKS, allowed=False, because=because, grant=grant)
    because = "which scopes a token has, Gitea does not tell, and nothing was written"
    return read, untold(Need.CHECKS, because, f"{tokens} `write:repository`")


def _people(call: Caller, project: Project) -> Right:
    """Asked about the owner, which may be an organisation: what matters is whether the question is allowed."""
    owner = project.path.partition("/")[0]
    place = f"repos/{quote(project.path)}/collaborators/{quote(owner)}/permission"
    asked = Ask(what="read the permissions of others", path=place, expected=(404,))
    settings = f"{project.web}/{project.path}/settings/collaboration"
    grant = f"{settings}: Administrator for the token's account; no other is told"
    return tried(Need.PEOPLE, lambda: call.ask(asked), grant)


def _team(call: Caller, team: str) -> None:
    organisation, name = team_path(team)
    what = f"see the team {team}"
    found = call.read(what, f"orgs/{quote(organisation)}/teams/search", TeamsWire, {"q": name})
    if name.casefold() not in [each.name.casefold() for each in found.teams or ()]:
        raise AskedWrongly.of("forge-not-found", f"{call.host} shows no team {team}")


def actions_on_gitea(call: Caller, path: str) -> Pipelines:
    """See Forge.pipelines. Servers that do not say it have no Actions, or are older than these."""
    place = f"repos/{quote(path)}"
    found, because = unless_refused(lambda: call.read("read the repository", place, RepositoryWire))
    if found is None or found.has_actions is None:
        return Pipelines(enabled=None, because=because or "the server does not say so")
    return Pipelines(enabled=found.has_actions)


def pages_of_gitea(project: Project) -> SettingsPages:
    """See Forge.pages."""
    settings = f"{project.web}/{project.path}/settings"
    return SettingsPages(
        branches=f"{settings}/branches",
        checks=f"{settings}/branches (Enable Status Check)",
        pipelines=f"{settings} (Advanced Settings: Actions)",
    )
