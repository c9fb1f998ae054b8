"""GitLab: the calls, for gitlab.com and one's own."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from urllib.parse import quote

from msgspec.structs import replace

from runner.errors import AskedWrongly, Denied
from runner.forge import Forge, ForgeLimits, Project, Protection, TokenIdentity
from runner.forge.access import Access
from runner.forge.asking_leave import unless_refused
from runner.forge.calling import Ask, Caller, Query
from runner.forge.comment_care import (
    granted,
    member,
    not_a_member,
    own,
    refuse_foreign,
    unnamed,
    written_once,
)
from runner.forge.credentials import Anonymous, Credential, Token
from runner.forge.declined import refusal, said
from runner.forge.gitlab_payloads import (
    COMMENT,
    ROLLOUTS,
    TITLE,
    approved_in_notes,
    comment_of,
    commit_of,
    is_comment,
    level_of,
    person_of,
    protection_of,
    pull_of,
    pushes_of,
    reports_of,
    reviews_of,
    rights_of,
    status_body,
)
from runner.forge.gitlab_rights import (
    environment_on_gitlab,
    pages_of_gitlab,
    pipelines_on_gitlab,
    rights_on_gitlab,
)
from runner.forge.gitlab_wire import (
    AccessWire,
    ApprovalsWire,
    BranchWire,
    CommitWire,
    EventWire,
    GraphAnswer,
    IdWire,
    JobWire,
    NoteWire,
    ProjectWire,
    ProtectedWire,
    PullWire,
    ReviewerWire,
    StatusWire,
    TokenWire,
    UserWire,
    VersionWire,
)
from runner.forge.pushing import pushers_of
from runner.model.check import Check, CheckReport, CheckState, Rollout
from runner.model.forge_rights import NO_TOKEN, JobEnvironment, Pipelines, Right, TokenSource
from runner.model.person import Grant, Membership, Permission, Person
from runner.model.pull_request import (
    Comment,
    Contributions,
    Merge,
    MergeKind,
    PullRequest,
    PullState,
    Review,
)

_PAGE = 100
_UNCHANGED = "Cannot transition status"  # the same state again
_REFUSED_MERGES = frozenset({MergeKind.REBASE, MergeKind.FAST_FORWARD})
_EDITOR = "query($id:NoteID!){note(id:$id){author{username} lastEditedAt lastEditedBy{username}}}"


class GitLabForge:
    """See Forge. `caller` asks `…/api/v4`; `job`: with a CI job's own token, which may do little."""

    def __init__(
        self, project: Project, caller: Caller, *, job: bool = False, source: TokenSource = NO_TOKEN
    ) -> None:
        self.project = project
        self.token_source = source
        self.pages = pages_of_gitlab(project)
        self.limits = ForgeLimits(
            comment=COMMENT, title=TITLE, summary=0, rollouts=True, editors=True, environments=True
        )
        self._call = caller
        self._job = job
        self._repo = f"projects/{quote(project.path, safe='')}"

    def close(self) -> None:
        """See Forge."""
        self._call.close()

    def identity(self) -> TokenIdentity:
        """See Forge."""
        return self._identity

    @cached_property
    def _identity(self) -> TokenIdentity:
        what = "ask whose token this is"
        if self._job:
            person = person_of(self._call.read(what, "job", JobWire).user)
            return TokenIdentity(person=person, kind="job", repository=Permission.NONE, grants=None)
        person = person_of(self._call.read(what, "user", UserWire))
        rights = rights_of(self._call.read("read the project", self._repo, ProjectWire).permissions)
        try:
            token = self._call.find(what, "personal_access_tokens/self", TokenWire)
        except Denied:
            token = None
        scopes = None if token is None else dict.fromkeys(token.scopes, "")
        return TokenIdentity(
            person=person, kind="app" if person.bot else "user", repository=rights, grants=scopes
        )

    def pull_request(self, number: int) -> PullRequest:
        """See Forge."""
        path = f"{self._repo}/merge_requests/{number}"
        return pull_of(self._call.read(f"read merge request {number}", path, PullWire), self.project.path)

    def open_pull_requests(self, into: str) -> tuple[PullRequest, ...]:
        """See Forge."""
        query: Query = {"state": "opened", "target_branch": into, "scope": "all", "per_page": _PAGE}
        wires = self._call.pages(
            "list the open merge requests", f"{self._repo}/merge_requests", PullWire, query
        )
        pulls = (pull_of(wire, self.project.path) for wire in wires)
        return tuple(sorted((each for each in pulls if each.into == into), key=lambda each: each.number))

    def pull_requests_of(self, commit: str) -> tuple[PullRequest, ...]:
        """See Forge."""
        path = f"{self._repo}/repository/commits/{quote(commit)}/merge_requests"
        what = f"find the merge request of {commit[:12]}"
        answer = self._call.ask(Ask(what=what, path=path, query={"per_page": _PAGE}, expected=(404,)))
        if not answer.ok:
            return ()
        wires = self._call.decoded(what, answer, list[PullWire])
        pulls = [pull_of(wire, self.project.path) for wire in wires]
        return tuple(sorted(pulls, key=lambda each: (each.state is not PullState.MERGED, each.number)))

    def contributions(self, pull: PullRequest) -> Contributions:
        """See Forge. GitLab names no account of a commit's author, but that of every push."""
        path = f"{self._repo}/merge_requests/{pull.number}/commits"
        what = f"list the commits of merge request {pull.number}"
        wires = self._call.pages(what, path, CommitWire, {"per_page": _PAGE})
        commits = tuple(commit_of(wire) for wire in wires)
        pushers, because = self._pushers(pull, frozenset(each.commit for each in commits))
        return Contributions(commits=commits, complete=True, pushers=pushers, because=because)

    def _pushers(self, pull: PullRequest, commits: frozenset[str]) -> tuple[tuple[Person, ...] | None, str]:
        if not pull.head_repository:
            return None, "the project that the merge request came from is gone"
        path = f"projects/{quote(pull.head_repository, safe='')}/events"
        query: Query = {"action": "pushed", "per_page": _PAGE}
        try:
            events = self._call.pages(f"read the pushes to `{pull.head}`", path, EventWire, query)
        except (Denied, AskedWrongly) as refused:
            return None, refused.diagnostics[0].message
        found = pushers_of(pull.head_commit, commits, pushes_of(pull.head, events))
        return found, "" if found is not None else f"the forge does not know every push to `{pull.head}`"

    def reviews(self, pull: PullRequest) -> tuple[Review, ...]:
        """See Forge. An approval that was taken back, or reset by a push, is not told."""
        what = f"read the approvals of merge request {pull.number}"
        path = f"{self._repo}/merge_requests/{pull.number}"
        approvals = self._call.read(what, f"{path}/approvals", ApprovalsWire).approved_by
        reviewers = self._call.pages(what, f"{path}/reviewers", ReviewerWire)
        if not approvals:
            return reviews_of((), reviewers, (), {})
        versions = self._call.pages(what, f"{path}/versions", VersionWire, {"per_page": _PAGE})
        dated = all(each.approved_at for each in approvals)
        noted = {} if dated else approved_in_notes(self._notes(pull.number))
        return reviews_of(approvals, reviewers, versions, noted)

    def _notes(self, number: int) -> tuple[NoteWire, ...]:
        path = f"{self._repo}/merge_requests/{number}/notes"
        query: Query = {"sort": "asc", "order_by": "created_at", "per_page": _PAGE}
        return self._call.pages(f"read the comments of merge request {number}", path, NoteWire, query)

    def comments(self, number: int) -> tuple[Comment, ...]:
        """See Forge."""
        notes = (wire for wire in self._notes(number) if is_comment(wire))
        return tuple(comment_of(wire) for wire in sorted(notes, key=lambda wire: wire.id))

    def read_comment(self, number: int, id: str) -> Comment | None:
        """See Forge."""
        path = f"{self._repo}/merge_requests/{number}/notes/{quote(id)}"
        found = self._call.find(f"read comment {id}", path, NoteWire)
        return comment_of(found) if found and is_comment(found) else None

    def own_comment(self, number: int, marker: str) -> Comment | None:
        """See Forge."""
        return own(self.comments(number), self.identity().person, marker)

    def write_comment(self, number: int, body: str) -> Comment:
        """See Forge."""
        path = f"{self._repo}/merge_requests/{number}/notes"
        asked = Ask(what=f"comment on merge request {number}", path=path, method="POST", body={"body": body})
        return written_once(
            lambda: comment_of(self._call.write(asked, NoteWire)),
            lambda: self.comments(number),
            self.identity().person,
            body,
        )

    def edit_comment(self, number: int, comment: Comment, body: str) -> Comment:
        """See Forge."""
        refuse_foreign(comment, self.identity().person)
        path = f"{self._repo}/merge_requests/{number}/notes/{quote(comment.id)}"
        asked = Ask(what=f"edit comment {comment.id}", path=path, method="PUT", body={"body": body})
        return comment_of(self._call.write(asked, NoteWire))

    def last_editor(self, number: int, comment: Comment) -> Person | None:
        """See Forge. Only GraphQL tells."""
        address = f"{self._call.api.removesuffix('/v4')}/graphql"
        body = {"query": _EDITOR, "variables": {"id": f"gid://gitlab/Note/{comment.id}"}}
        what = f"ask who edited comment {comment.id}"
        asked = Ask(what=what, path=address, method="POST", body=body, repeatable=True)
        answer = self._call.write(asked, GraphAnswer).answer
        note = answer.note if answer else None
        if note is None or (note.editor is None and note.edited_at is not None):
            return None
        wrote = note.editor or note.author
        return Person(login=wrote.username) if wrote else None

    def permission(self, person: Person) -> Grant:
        """See Forge. Who is no member may read what is public, which is not confirmed here."""
        if unnamed(person):
            return Grant(permission=Permission.NONE, because="there is no such account any more")
        what = f"read the permission of {person.login}"
        return granted(lambda: level_of(self._member(what, self._repo, person)))

    def _member(self, what: str, of: str, person: Person) -> AccessWire:
        """A member by number: by name GitLab finds accounts only for whom may see them."""
        number = person.id
        if not number:
            found = self._call.read(what, "users", list[IdWire], {"username": person.login})
            if len(found) != 1:
                raise AskedWrongly.of("forge-not-found", f"{self._call.host} knows no account {person.login}")
            number = str(found[0].id)
        return self._call.read(what, f"{of}/members/all/{quote(number)}", AccessWire)

    def membership(self, person: Person, team: str) -> Membership:
        """See Forge. A team is a group."""
        return member(lambda: self._membership(person, team))

    def _membership(self, person: Person, team: str) -> Membership:
        if unnamed(person):
            return not_a_member(person, team)
        group = f"groups/{quote(team.removeprefix('@'), safe='')}"
        found = self._member(f"ask whether {person.login} is in {team}", group, person)
        active = level_of(found) is not Permission.NONE
        return Membership(confirmed=True) if active else not_a_member(person, team)

    def checks(self, commit: str) -> tuple[CheckReport, ...]:
        """See Forge. The jobs of pipelines are among them."""
        path = f"{self._repo}/repository/commits/{quote(commit)}/statuses"
        query: Query = {"all": "true", "per_page": _PAGE}
        return reports_of(self._call.pages(f"read the checks of {commit[:12]}", path, StatusWire, query))

    def report_check(self, check: Check) -> Check:
        """See Forge. GitLab refuses a state that is there already, and some ways back: what stands there is left where
        it is as green as it should be, else that is an error."""
        what = f"report the check `{check.name}`"
        path = f"{self._repo}/statuses/{quote(check.commit)}"
        asked = Ask(
            what=what, path=path, method="POST", body=status_body(check), expected=(400,), repeatable=True
        )
        answer = self._call.ask(asked)
        if answer.ok:
            return replace(check, id=str(self._call.decoded(what, answer, IdWire).id))
        if _UNCHANGED not in said(answer):
            raise refusal(self._call.host, what, answer)
        mine = self.identity().person.login
        there = [each for each in self.checks(check.commit) if (each.name, each.app) == (check.name, mine)]
        green = status_body(check)["state"] == "success"
        if not there or (there[-1].state is CheckState.PASSED) != green:
            raise refusal(self._call.host, what, answer)
        return replace(check, id=there[-1].id)

    def report_rollout(self, rollout: Rollout) -> Rollout:
        """See Forge."""
        what = f"record the deployment to `{rollout.environment}`"
        status = ROLLOUTS[rollout.state]
        path = f"{self._repo}/deployments"
        if rollout.id:
            moved = Ask(
                what=what,
                path=f"{path}/{quote(rollout.id)}",
                method="PUT",
                body={"status": status},
                expected=(400,),
            )
            self._call.ask(moved)
            return rollout
        body = {
            "environment": rollout.environment,
            "sha": rollout.commit,
            "ref": rollout.branch,
            "tag": False,
            "status": status,
        }
        made = self._call.write(Ask(what=what, path=path, method="POST", body=body), IdWire)
        return replace(rollout, id=str(made.id))

    def protection(self, branch: str) -> Protection:
        """See Forge."""
        what = f"read how `{branch}` is protected"
        name = quote(branch, safe="")
        found = self._call.read(what, f"{self._repo}/repository/branches/{name}", BranchWire)
        whole, _ = unless_refused(lambda: self._call.read(what, self._repo, ProjectWire))
        if not found.protected:
            return protection_of(found, None, whole)
        try:
            rule = self._call.find(what, f"{self._repo}/protected_branches/{name}", ProtectedWire)
        except Denied:
            rule = None
        return protection_of(found, rule, whole)

    def rights(self, commit: str, teams: Sequence[str]) -> tuple[Right, ...]:
        """See Forge."""
        return rights_on_gitlab(self._call, self.project, self.identity(), commit, teams)

    def pipelines(self) -> Pipelines:
        """See Forge."""
        return pipelines_on_gitlab(self._call, self.project.path)

    def job_environment(self, name: str) -> JobEnvironment:
        """See Forge."""
        return environment_on_gitlab(self._call, self.project.path, name)

    def merge(self, wish: Merge) -> PullRequest:
        """See Forge. Whether commits are merged, rebased or fast-forwarded is the project's setting in GitLab: only a
        squash can be asked for."""
        what = f"merge merge request {wish.number}"
        words = f"a {wish.kind.value} cannot be asked for: it is the project's merge method"
        if wish.kind not in _REFUSED_MERGES:
            squash = wish.kind is MergeKind.SQUASH
            body: dict[str, object] = {"sha": wish.head, "squash": squash}
            if wish.title:
                text = f"{wish.title}\n\n{wish.message}".strip()
                body["squash_commit_message" if squash else "merge_commit_message"] = text
            path = f"{self._repo}/merge_requests/{wish.number}/merge"
            asked = Ask(what=what, path=path, method="PUT", body=body, expected=(405, 406, 409, 422))
            words = said(self._call.ask(asked))
            pull = self.pull_request(wish.number)
            if pull.state is PullState.MERGED and pull.head_commit == wish.head:
                return pull
        raise Denied.of("forge-merge-refused", f"{self._call.host} could not {what}: {words}")


def opened(project: Project, access: Access) -> Forge:
    """See access.Opener."""
    access.redactor.add(access.token, "forge token")
    credential: Credential = Anonymous()
    if access.token:
        credential = Token(access.token, header="JOB-TOKEN", scheme="") if access.job else Token(access.token)
    caller = Caller(project.api, credential, access.redactor, access.patience, {})
    return GitLabForge(project, caller, job=access.job, source=access.source)
