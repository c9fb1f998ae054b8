"""GitHub: the calls, for github.com, GitHub Enterprise Cloud with its own addresses, and GitHub Enterprise Server."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from urllib.parse import quote

from msgspec.structs import replace

from runner.errors import AskedWrongly, Denied, NoAnswer
from runner.forge import Forge, ForgeLimits, Project, Protection, TokenIdentity
from runner.forge.access import Access
from runner.forge.calling import Ask, Caller, Query
from runner.forge.comment_care import (
    granted,
    member,
    not_a_member,
    own,
    refuse_foreign,
    team_path,
    unnamed,
    written_once,
)
from runner.forge.credentials import Anonymous, Token
from runner.forge.declined import Unsure, said
from runner.forge.github_app import AppIdentity, caller_of
from runner.forge.github_payloads import (
    BOT,
    COMMENT,
    MERGES,
    MOST_COMMITS,
    ROLLOUTS,
    SUMMARY,
    TITLE,
    check_bodies,
    comment_of,
    commit_of,
    editor_of,
    permission_of,
    person_of,
    protection_of,
    pull_of,
    pushes_of,
    reports_of,
    reviews_of,
    rights_of,
    status_body,
)
from runner.forge.github_rights import (
    actions_on_github,
    environment_on_github,
    pages_of_github,
    rights_on_github,
)
from runner.forge.github_wire import (
    ActivityWire,
    BranchWire,
    CheckRunWire,
    CommentWire,
    CommitWire,
    GraphAnswer,
    GraphWire,
    IdWire,
    MemberWire,
    PermissionWire,
    ProtectionWire,
    PullWire,
    RepositoryWire,
    ReviewWire,
    RuleWire,
    StatusWire,
    UserWire,
)
from runner.forge.pushing import pushers_of
from runner.model.check import Check, CheckReport, Rollout
from runner.model.forge_rights import NO_TOKEN, JobEnvironment, Pipelines, Right, TokenSource
from runner.model.person import Grant, Membership, Permission, Person
from runner.model.pull_request import Comment, Contributions, Merge, PullRequest, PullState, Review

_PAGE = 100
_LAGS = 5  # reads after a merge that do not know of it yet
_EDITOR = "query($id:ID!){node(id:$id){... on IssueComment{lastEditedAt editor{__typename login}}}}"
_VIEWER = "query{viewer{login databaseId}}"


class GitHubForge:
    """See Forge. `caller` asks the REST API; `app` has who we are where we are an app, else None."""

    def __init__(
        self, project: Project, caller: Caller, app: AppIdentity | None = None, source: TokenSource = NO_TOKEN
    ) -> None:
        self.project = project
        self.token_source = source
        self.pages = pages_of_github(project)
        self.limits = ForgeLimits(
            comment=COMMENT,
            title=TITLE,
            summary=SUMMARY,
            annotations=True,
            rollouts=True,
            editors=True,
            environments=True,
        )
        self._call = caller
        self._app = app
        self._repo = f"repos/{quote(project.path)}"

    def close(self) -> None:
        """See Forge."""
        self._call.close()

    def identity(self) -> TokenIdentity:
        """See Forge."""
        return self._identity

    @cached_property
    def _identity(self) -> TokenIdentity:
        """A workflow's own token may not ask `user`, but may ask GraphQL who it is."""
        repository = self._call.read("read the repository", self._repo, RepositoryWire)
        rights = rights_of(repository.permissions)
        if self._app:
            return TokenIdentity(
                person=self._app.person(), kind="app", repository=rights, grants=self._app.grants()
            )
        what = "ask whose token this is"
        answer = self._call.ask(Ask(what=what, path="user", expected=(403,)))
        if answer.status == 403:
            viewer = self._graph(what, _VIEWER, {}).viewer
            login = viewer.login if viewer else ""
            person = Person(login=login, id=str((viewer and viewer.id) or ""), bot=login.endswith(BOT))
            return TokenIdentity(person=person, kind="job", repository=rights, grants=None)
        scopes = answer.headers.get("x-oauth-scopes")
        words = None if scopes is None else {each.strip(): "" for each in scopes.split(",") if each.strip()}
        user = person_of(self._call.decoded(what, answer, UserWire))
        return TokenIdentity(person=user, kind="user", repository=rights, grants=words)

    def _graph(self, what: str, question: str, variables: dict[str, str]) -> GraphWire:
        """A question in GraphQL, whose address is beside REST's."""
        api = self._call.api
        address = f"{api.removesuffix('/v3')}/graphql"
        body = {"query": question, "variables": variables}
        asked = Ask(what=what, path=address, method="POST", body=body, repeatable=True)
        found = self._call.write(asked, GraphAnswer)
        if found.answer is None:
            words = "; ".join(str(each.get("message", "")) for each in found.errors)
            raise NoAnswer.of("forge-refused", f"{self._call.host} could not {what}: {words}")
        return found.answer

    def pull_request(self, number: int) -> PullRequest:
        """See Forge."""
        return pull_of(
            self._call.read(f"read pull request {number}", f"{self._repo}/pulls/{number}", PullWire)
        )

    def open_pull_requests(self, into: str) -> tuple[PullRequest, ...]:
        """See Forge."""
        query: Query = {"state": "open", "base": into, "per_page": _PAGE}
        found = self._call.pages("list the open pull requests", f"{self._repo}/pulls", PullWire, query)
        pulls = (pull_of(wire) for wire in found)
        return tuple(sorted((each for each in pulls if each.into == into), key=lambda each: each.number))

    def pull_requests_of(self, commit: str) -> tuple[PullRequest, ...]:
        """See Forge. GitHub knows every commit of a merge, a squash and a rebase."""
        path = f"{self._repo}/commits/{quote(commit)}/pulls"
        what = f"find the pull request of {commit[:12]}"
        answer = self._call.ask(
            Ask(what=what, path=path, query={"per_page": _PAGE}, expected=(404, 409, 422))
        )
        if not answer.ok:
            return ()
        pulls = [pull_of(wire) for wire in self._call.decoded(what, answer, list[PullWire])]
        return tuple(sorted(pulls, key=lambda each: (each.state is not PullState.MERGED, each.number)))

    def contributions(self, pull: PullRequest) -> Contributions:
        """See Forge."""
        path = f"{self._repo}/pulls/{pull.number}/commits"
        what = f"list the commits of pull request {pull.number}"
        wires = self._call.pages(what, path, CommitWire, {"per_page": _PAGE})
        commits = tuple(commit_of(wire) for wire in wires)
        complete = len(commits) == pull.commit_count if pull.commit_count else len(commits) < MOST_COMMITS
        if not pull.head_repository:
            because = "the repository that the pull request came from is gone"
            return Contributions(commits=commits, complete=complete, pushers=None, because=because)
        pushers, because = self._pushers(pull, frozenset(each.commit for each in commits))
        return Contributions(commits=commits, complete=complete, pushers=pushers, because=because)

    def _pushers(self, pull: PullRequest, commits: frozenset[str]) -> tuple[tuple[Person, ...] | None, str]:
        path = f"repos/{quote(pull.head_repository)}/activity"
        query: Query = {"ref": f"refs/heads/{pull.head}", "per_page": _PAGE}
        try:
            moves = self._call.pages(f"read the pushes to `{pull.head}`", path, ActivityWire, query)
        except (Denied, AskedWrongly) as refused:
            return None, refused.diagnostics[0].message
        found = pushers_of(pull.head_commit, commits, pushes_of(moves))
        return found, "" if found is not None else f"the forge does not know every push to `{pull.head}`"

    def reviews(self, pull: PullRequest) -> tuple[Review, ...]:
        """See Forge."""
        path = f"{self._repo}/pulls/{pull.number}/reviews"
        what = f"read the reviews of pull request {pull.number}"
        return reviews_of(self._call.pages(what, path, ReviewWire, {"per_page": _PAGE}))

    def comments(self, number: int) -> tuple[Comment, ...]:
        """See Forge."""
        path = f"{self._repo}/issues/{number}/comments"
        what = f"read the comments of pull request {number}"
        wires = self._call.pages(what, path, CommentWire, {"per_page": _PAGE})
        return tuple(comment_of(wire) for wire in sorted(wires, key=lambda wire: wire.id))

    def read_comment(self, number: int, id: str) -> Comment | None:
        """See Forge."""
        found = self._comment(number, id)
        return comment_of(found) if found else None

    def _comment(self, number: int, id: str) -> CommentWire | None:
        found = self._call.find(
            f"read comment {id}", f"{self._repo}/issues/comments/{quote(id)}", CommentWire
        )
        return found if found and found.issue_url.rpartition("/")[2] == str(number) else None

    def own_comment(self, number: int, marker: str) -> Comment | None:
        """See Forge."""
        return own(self.comments(number), self.identity().person, marker)

    def write_comment(self, number: int, body: str) -> Comment:
        """See Forge."""
        path = f"{self._repo}/issues/{number}/comments"
        asked = Ask(what=f"comment on pull request {number}", path=path, method="POST", body={"body": body})
        return written_once(
            lambda: comment_of(self._call.write(asked, CommentWire)),
            lambda: self.comments(number),
            self.identity().person,
            body,
        )

    def edit_comment(self, number: int, comment: Comment, body: str) -> Comment:
        """See Forge."""
        refuse_foreign(comment, self.identity().person)
        path = f"{self._repo}/issues/comments/{quote(comment.id)}"
        asked = Ask(what=f"edit comment {comment.id}", path=path, method="PATCH", body={"body": body})
        return comment_of(self._call.write(asked, CommentWire))

    def last_editor(self, number: int, comment: Comment) -> Person | None:
        """See Forge. Asked of GraphQL: a comment's times are whole seconds, and an edit within one does not show."""
        found = self._comment(number, comment.id)
        if found is None:
            return None
        node = self._graph(f"ask who edited comment {comment.id}", _EDITOR, {"id": found.node_id}).node
        if node is None or (node.editor is None and node.edited_at is not None):
            return None
        return editor_of(node.editor) if node.editor else person_of(found.user)

    def permission(self, person: Person) -> Grant:
        """See Forge."""
        if unnamed(person):
            return Grant(permission=Permission.NONE, because="there is no such account any more")
        path = f"{self._repo}/collaborators/{quote(person.login)}/permission"
        what = f"read the permission of {person.login}"
        return granted(lambda: permission_of(self._call.read(what, path, PermissionWire).permission))

    def membership(self, person: Person, team: str) -> Membership:
        """See Forge. A workflow's own token may not read teams: an app with `members: read` may."""
        return member(lambda: self._membership(person, team))

    def _membership(self, person: Person, team: str) -> Membership:
        organisation, slug = team_path(team)
        if unnamed(person):
            return not_a_member(person, team)
        path = f"orgs/{quote(organisation)}/teams/{quote(slug)}/memberships/{quote(person.login)}"
        found = self._call.find(f"ask whether {person.login} is in {team}", path, MemberWire)
        if found is None:
            return Membership(
                confirmed=False, because=f"{person.login} is not in {team}, or this token may not see it"
            )
        return Membership(confirmed=True) if found.state == "active" else not_a_member(person, team)

    def checks(self, commit: str) -> tuple[CheckReport, ...]:
        """See Forge."""
        path = f"{self._repo}/commits/{quote(commit)}"
        what = f"read the checks of {commit[:12]}"
        statuses = self._call.pages(what, f"{path}/statuses", StatusWire, {"per_page": _PAGE})
        return reports_of(self._runs(commit, {}), statuses)

    def _runs(self, commit: str, query: Query) -> Iterable[CheckRunWire]:
        path = f"{self._repo}/commits/{quote(commit)}/check-runs"
        asked: Query = {"filter": "latest", "per_page": _PAGE, **query}
        return self._call.pages(
            f"read the checks of {commit[:12]}", path, CheckRunWire, asked, unwrap="check_runs"
        )

    def report_check(self, check: Check) -> Check:
        """See Forge. Only apps and workflows may make check runs; a person's token makes statuses."""
        what = f"report the check `{check.name}`"
        if self.identity().kind == "user":
            path = f"{self._repo}/statuses/{quote(check.commit)}"
            asked = Ask(what=what, path=path, method="POST", body=status_body(check), repeatable=True)
            return replace(check, id=str(self._call.write(asked, IdWire).id))
        known = check.id or self._own_run(check)
        for body in check_bodies(check):
            if known:
                path = f"{self._repo}/check-runs/{quote(known)}"
                self._call.ask(Ask(what=what, path=path, method="PATCH", body=body))
            else:
                known = self._made_run(check, body)
        return replace(check, id=known)

    def _own_run(self, check: Check) -> str:
        slug = self.identity().person.login.removesuffix(BOT)
        found = self._runs(check.commit, {"check_name": check.name})
        return str(max((run.id for run in found if run.app and run.app.slug == slug), default=""))

    def _made_run(self, check: Check, body: dict[str, object]) -> str:
        path = f"{self._repo}/check-runs"
        whole = {**body, "head_sha": check.commit}
        asked = Ask(what=f"report the check `{check.name}`", path=path, method="POST", body=whole)
        try:
            return str(self._call.write(asked, IdWire).id)
        except Unsure:
            return self._own_run(check) or str(self._call.write(asked, IdWire).id)

    def report_rollout(self, rollout: Rollout) -> Rollout:
        """See Forge."""
        what = f"record the deployment to `{rollout.environment}`"
        path = f"{self._repo}/deployments"
        known = rollout.id
        if not known:
            body = {
                "ref": rollout.commit,
                "environment": rollout.environment,
                "auto_merge": False,
                "required_contexts": [],
            }
            known = str(self._call.write(Ask(what=what, path=path, method="POST", body=body), IdWire).id)
        said_of = {"state": ROLLOUTS[rollout.state], "description": rollout.description[:TITLE]}
        if rollout.link:
            said_of["log_url"] = rollout.link
        status = f"{path}/{quote(known)}/statuses"
        self._call.ask(Ask(what=what, path=status, method="POST", body=said_of, repeatable=True))
        return replace(rollout, id=known)

    def protection(self, branch: str) -> Protection:
        """See Forge."""
        what = f"read how `{branch}` is protected"
        name = quote(branch, safe="")
        found = self._call.read(what, f"{self._repo}/branches/{name}", BranchWire)
        rules = self._call.pages(what, f"{self._repo}/rules/branches/{name}", RuleWire, {"per_page": _PAGE})
        try:
            classic = self._call.find(what, f"{self._repo}/branches/{name}/protection", ProtectionWire)
        except Denied:
            classic = None
        return protection_of(found, rules, classic)

    def rights(self, commit: str, teams: Sequence[str]) -> tuple[Right, ...]:
        """See Forge."""
        return rights_on_github(self._call, self.project, self.identity(), commit, teams)

    def pipelines(self) -> Pipelines:
        """See Forge. Only administrators are told."""
        return actions_on_github(self._call, self.project.path)

    def job_environment(self, name: str) -> JobEnvironment:
        """See Forge."""
        return environment_on_github(self._call, self.project.path, name)

    def merge(self, wish: Merge) -> PullRequest:
        """See Forge. GitHub has no fast forward: one that is asked for is refused here."""
        what = f"merge pull request {wish.number}"
        words = "it knows no fast-forward merges"
        if wish.kind in MERGES:
            body = {"sha": wish.head, "merge_method": MERGES[wish.kind]}
            if wish.title:
                body |= {"commit_title": wish.title, "commit_message": wish.message}
            path = f"{self._repo}/pulls/{wish.number}/merge"
            asked = Ask(what=what, path=path, method="PUT", body=body, expected=(405, 409, 422))
            answer = self._call.ask(asked)
            words = said(answer)
            for turn in range(_LAGS if answer.ok else 1):
                pull = self.pull_request(wish.number)
                if pull.state is PullState.MERGED and pull.head_commit == wish.head:
                    return pull
                if answer.ok:
                    self._call.rest(0.25 * 2**turn)
        raise Denied.of("forge-merge-refused", f"{self._call.host} could not {what}: {words}")


def opened(project: Project, access: Access) -> Forge:
    """See access.Opener."""
    access.redactor.add(access.token, "forge token")
    if access.app:
        app = AppIdentity(project, access, access.app)
        return GitHubForge(project, caller_of(project, access, app.token), app, access.source)
    credential = Token(access.token) if access.token else Anonymous()
    return GitHubForge(project, caller_of(project, access, credential), source=access.source)
