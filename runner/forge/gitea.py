"""Gitea and Forgejo: the calls."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from urllib.parse import quote

from msgspec.structs import replace

from runner.errors import Denied
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
from runner.forge.gitea_payloads import (
    MERGES,
    STATES,
    TITLE,
    comment_of,
    commit_of,
    made_branch,
    number_of,
    permission_of,
    person_of,
    protection_of,
    pull_of,
    pushed_later,
    pushed_to,
    reports_of,
    reviews_of,
    rights_of,
)
from runner.forge.gitea_rights import actions_on_gitea, pages_of_gitea, rights_on_gitea
from runner.forge.gitea_wire import (
    BranchWire,
    CommentWire,
    CommitWire,
    FeedWire,
    PermissionWire,
    PullWire,
    RepositoryWire,
    ReviewWire,
    RuleWire,
    StatusWire,
    TeamsWire,
    TimelineWire,
    UserWire,
)
from runner.model.check import Check, CheckReport, Rollout
from runner.model.forge_rights import NO_TOKEN, JobEnvironment, Pipelines, Right, TokenSource
from runner.model.person import Grant, Membership, Permission, Person
from runner.model.pull_request import Comment, Contributions, Merge, PullRequest, PullState, Review

_PAGE = 50
_LONGEST_COMMENT = 262_144  # Gitea has no limit of its own; what is longer no browser shows well
_RECHECKS = 6  # a mergeability that is not known yet
_FEED = 1000  # events of a repository that are looked through for the pushes to a branch


class GiteaForge:
    """See Forge. `caller` asks `…/api/v1`."""

    def __init__(self, project: Project, caller: Caller, source: TokenSource = NO_TOKEN) -> None:
        self.project = project
        self.token_source = source
        self.pages = pages_of_gitea(project)
        self.limits = ForgeLimits(comment=_LONGEST_COMMENT, title=TITLE, summary=0)
        self._call = caller
        self._repo = f"repos/{quote(project.path)}"

    def close(self) -> None:
        """See Forge."""
        self._call.close()

    def identity(self) -> TokenIdentity:
        """See Forge. Which scopes a token has, Gitea does not tell."""
        return self._identity

    @cached_property
    def _us(self) -> Person:
        return person_of(self._call.read("ask whose token this is", "user", UserWire))

    @cached_property
    def _identity(self) -> TokenIdentity:
        user = self._us
        rights = self._call.read("read the repository", self._repo, RepositoryWire).permissions
        kind = "job" if user.bot else "user"
        return TokenIdentity(person=user, kind=kind, repository=rights_of(rights), grants=None)

    def pull_request(self, number: int) -> PullRequest:
        """See Forge."""
        return pull_of(
            self._call.read(f"read pull request {number}", f"{self._repo}/pulls/{number}", PullWire)
        )

    def open_pull_requests(self, into: str) -> tuple[PullRequest, ...]:
        """See Forge. Servers before 1.24 do not know `base_branch`."""
        query: Query = {"state": "open", "base_branch": into, "limit": _PAGE}
        wires = self._call.pages("list the open pull requests", f"{self._repo}/pulls", PullWire, query)
        found = (pull_of(wire) for wire in wires)
        return tuple(sorted((each for each in found if each.into == into), key=lambda each: each.number))

    def pull_requests_of(self, commit: str) -> tuple[PullRequest, ...]:
        """See Forge. Gitea knows the merge commit only."""
        what = f"find the pull request of {commit[:12]}"
        found = self._call.find(what, f"{self._repo}/commits/{quote(commit)}/pull", PullWire)
        return (pull_of(found),) if found else ()

    def contributions(self, pull: PullRequest) -> Contributions:
        """See Forge."""
        what = f"list the commits of pull request {pull.number}"
        query: Query = {"limit": _PAGE, "verification": "false", "files": "false"}
        path = f"{self._repo}/pulls/{pull.number}/commits"
        wires = tuple(self._call.numbered(what, path, CommitWire, query))
        timeline = self._call.numbered(
            f"read the timeline of pull request {pull.number}",
            f"{self._repo}/issues/{pull.number}/timeline",
            TimelineWire,
            {"limit": _PAGE},
            counted=False,
        )
        later = pushed_later(timeline)
        commits = tuple(commit_of(wire, later) for wire in wires)
        pushers, because = self._pushers(pull, frozenset(each.commit for each in commits))
        everyone = None if pushers is None else tuple(dict.fromkeys((*pushers, *later.values())))
        return Contributions(commits=commits, complete=True, pushers=everyone, because=because)

    def _pushers(self, pull: PullRequest, commits: frozenset[str]) -> tuple[tuple[Person, ...] | None, str]:
        """Who pushed to the head, back to the push that made it. Events of one second come in no order."""
        if not pull.head_repository:
            return None, "the repository that the pull request came from is gone"
        found: list[Person] = []
        made = None
        merged = pull.state is PullState.MERGED and not pull.fork  # by whom, is nobody's work on it
        merges = f"refs/heads/{pull.into}" if merged else ""
        path = f"repos/{quote(pull.head_repository)}/activities/feeds"
        feed = self._call.numbered("read the repository's events", path, FeedWire, {"limit": _PAGE})
        for count, event in enumerate(feed):
            if made and event.created != made:
                return tuple(dict.fromkeys(found)), ""
            if event.ref_name != merges and pushed_to(pull.head, commits, event):
                found.append(person_of(event.act_user))
            if made_branch(pull.head, event):
                made = event.created
            if count > _FEED:
                break
        if made:
            return tuple(dict.fromkeys(found)), ""
        return None, f"the forge's events do not go back to the first push to `{pull.head}`"

    def reviews(self, pull: PullRequest) -> tuple[Review, ...]:
        """See Forge."""
        path = f"{self._repo}/pulls/{pull.number}/reviews"
        what = f"read the reviews of pull request {pull.number}"
        return reviews_of(self._call.numbered(what, path, ReviewWire, {"limit": _PAGE}))

    def comments(self, number: int) -> tuple[Comment, ...]:
        """See Forge. The answer is not paged."""
        path = f"{self._repo}/issues/{number}/comments"
        wires = self._call.pages(f"read the comments of pull request {number}", path, CommentWire)
        return tuple(comment_of(wire) for wire in sorted(wires, key=lambda wire: wire.id))

    def read_comment(self, number: int, id: str) -> Comment | None:
        """See Forge."""
        found = self._call.find(
            f"read comment {id}", f"{self._repo}/issues/comments/{quote(id)}", CommentWire
        )
        return comment_of(found) if found and number_of(found) == number else None

    def own_comment(self, number: int, marker: str) -> Comment | None:
        """See Forge."""
        return own(self.comments(number), self._us, marker)

    def write_comment(self, number: int, body: str) -> Comment:
        """See Forge."""
        path = f"{self._repo}/issues/{number}/comments"
        asked = Ask(what=f"comment on pull request {number}", path=path, method="POST", body={"body": body})
        return written_once(
            lambda: comment_of(self._call.write(asked, CommentWire)),
            lambda: self.comments(number),
            self._us,
            body,
        )

    def edit_comment(self, number: int, comment: Comment, body: str) -> Comment:
        """See Forge."""
        refuse_foreign(comment, self._us)
        path = f"{self._repo}/issues/comments/{quote(comment.id)}"
        asked = Ask(what=f"edit comment {comment.id}", path=path, method="PATCH", body={"body": body})
        return comment_of(self._call.write(asked, CommentWire))

    def last_editor(self, number: int, comment: Comment) -> Person | None:
        """See Forge. Gitea tells that a comment was edited, not by whom."""
        return None

    def permission(self, person: Person) -> Grant:
        """See Forge. Only an administrator of the repository may ask about others."""
        if unnamed(person):
            return Grant(permission=Permission.NONE, because="there is no such account any more")
        path = f"{self._repo}/collaborators/{quote(person.login)}/permission"
        what = f"read the permission of {person.login}"
        return granted(lambda: permission_of(self._call.read(what, path, PermissionWire).permission))

    def membership(self, person: Person, team: str) -> Membership:
        """See Forge."""
        return member(lambda: self._membership(person, team))

    def _membership(self, person: Person, team: str) -> Membership:
        organisation, name = team_path(team)
        what = f"look for the team {team}"
        found = self._call.read(what, f"orgs/{quote(organisation)}/teams/search", TeamsWire, {"q": name})
        ids = [each.id for each in found.teams or () if each.name.casefold() == name.casefold()]
        if not ids:
            return Membership(confirmed=False, because=f"the forge shows no team {team}")
        if unnamed(person):
            return not_a_member(person, team)
        path = f"teams/{ids[0]}/members/{quote(person.login)}"
        there = self._call.find(f"ask whether {person.login} is in {team}", path, UserWire)
        return Membership(confirmed=True) if there else not_a_member(person, team)

    def checks(self, commit: str) -> tuple[CheckReport, ...]:
        """See Forge."""
        path = f"{self._repo}/commits/{quote(commit)}/statuses"
        what = f"read the checks of {commit[:12]}"
        return reports_of(self._call.numbered(what, path, StatusWire, {"limit": _PAGE}))

    def report_check(self, check: Check) -> Check:
        """See Forge. A later status of the same name stands for the earlier; of the words only the title is shown."""
        body = {
            "state": STATES[check.state],
            "context": check.name,
            "description": check.title,
            "target_url": check.link,
        }
        path = f"{self._repo}/statuses/{quote(check.commit)}"
        asked = Ask(
            what=f"report the check `{check.name}`", path=path, method="POST", body=body, repeatable=True
        )
        return replace(check, id=str(self._call.write(asked, StatusWire).id))

    def report_rollout(self, rollout: Rollout) -> Rollout:
        """See Forge. Gitea keeps none."""
        return rollout

    def protection(self, branch: str) -> Protection:
        """See Forge."""
        what = f"read how `{branch}` is protected"
        found = self._call.read(what, f"{self._repo}/branches/{quote(branch, safe='')}", BranchWire)
        if not found.protected:
            return protection_of(found, None)
        name = found.effective_branch_protection_name or branch
        try:
            rule = self._call.find(what, f"{self._repo}/branch_protections/{quote(name, safe='')}", RuleWire)
        except Denied:
            rule = None
        return protection_of(found, rule)

    def rights(self, commit: str, teams: Sequence[str]) -> tuple[Right, ...]:
        """See Forge."""
        return rights_on_gitea(self._call, self.project, self.identity(), commit, teams)

    def pipelines(self) -> Pipelines:
        """See Forge."""
        return actions_on_gitea(self._call, self.project.path)

    def job_environment(self, name: str) -> JobEnvironment:
        """See Forge. Gitea has none."""
        because = "this forge has none: who may push any branch can use every secret of its jobs"
        return JobEnvironment(name=name, there=False, guarded=False, because=because)

    def merge(self, wish: Merge) -> PullRequest:
        """See Forge. Until Gitea knows whether it can be merged, it asks to try again later; it says the same of a
        conflict, so the tries are counted."""
        body = {"do": MERGES[wish.kind], "head_commit_id": wish.head}
        if wish.title:
            body |= {"merge_title_field": wish.title, "merge_message_field": wish.message}
        path = f"{self._repo}/pulls/{wish.number}/merge"
        what = f"merge pull request {wish.number}"
        asked = Ask(what=what, path=path, method="POST", body=body, expected=(405, 409))
        words = ""
        for turn in range(_RECHECKS):
            try:
                answer = self._call.ask(asked)
            except Unsure:
                answer = None
            pull = self.pull_request(wish.number)
            if pull.state is PullState.MERGED and pull.head_commit == wish.head:
                return pull
            words = said(answer) if answer else "its answer was lost, and it is not merged"
            if answer and "try again later" not in words:
                break
            self._call.rest(0.25 * 2**turn)
        raise Denied.of("forge-merge-refused", f"{self._call.host} could not {what}: {words}")


def opened(project: Project, access: Access) -> Forge:
    """See access.Opener."""
    access.redactor.add(access.token, "forge token")
    credential = Token(access.token, scheme="token") if access.token else Anonymous()
    return GiteaForge(
        project, Caller(project.api, credential, access.redactor, access.patience, {}), access.source
    )
