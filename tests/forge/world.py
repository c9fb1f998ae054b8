"""The state behind a double of a forge: people, branches, pull requests and what is said on them; no forge's shapes."""

import hashlib
import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

_START = datetime(2026, 1, 1, tzinfo=UTC)
NOTHING = "0" * 40


@dataclass(slots=True)
class Someone:
    """An account, with a token."""

    login: str
    id: int
    token: str
    bot: bool = False


@dataclass(slots=True)
class Commit:
    """A commit and who made it."""

    sha: str
    by: str
    parents: tuple[str, ...]


@dataclass(slots=True)
class Move:
    """A push to a branch of a repository."""

    repository: str
    branch: str
    before: str
    after: str
    by: str
    at: datetime
    id: int


@dataclass(slots=True)
class Pull:
    """A pull request. `versions` are its heads, each with when it came."""

    number: int
    title: str
    by: str
    branch: str
    repository: str
    draft: bool
    versions: list[tuple[str, datetime]]
    state: str = "open"
    labels: list[str] = field(default_factory=list)
    merge_commit: str = ""
    merged_by: str = ""
    squashed: bool = False
    closed_at: datetime | None = None
    into_commit: str = ""

    @property
    def head(self) -> str:
        """The head as it is."""
        return self.versions[-1][0]


@dataclass(slots=True)
class Said:
    """A comment; `edits` are by whom and when."""

    id: int
    number: int
    by: str
    body: str
    at: datetime
    edits: list[tuple[str, datetime]] = field(default_factory=list)

    @property
    def changed_at(self) -> datetime:
        """When it was last written."""
        return self.edits[-1][1] if self.edits else self.at


@dataclass(slots=True)
class Judged:
    """A review; `state` is approved, changes-requested, commented or dismissed."""

    id: int
    number: int
    by: str
    state: str
    body: str
    commit: str
    at: datetime


@dataclass(slots=True)
class Reported:
    """A status, a check run (`run`) or a deployment, with the words that the forge was given."""

    id: int
    commit: str
    name: str
    by: str
    words: dict[str, object]
    at: datetime
    run: bool = False


class World:
    """One repository, `acme/infra`, with `main`, and who may do what."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self._numbers = itertools.count(1)
        self._seconds = itertools.count()
        self.path = "acme/infra"
        self.people: dict[str, Someone] = {}
        self.rights = {"alice": "write", "bob": "write", "robot[bot]": "admin", "carol": "read"}
        for login in self.rights:
            self.people[login] = Someone(login, self.id(), f"token-of-{login}", bot=login.endswith("[bot]"))
        self.teams = {"acme/platform": {"bob"}}
        self.commits: dict[str, Commit] = {}
        self.branches: dict[tuple[str, str], str] = {}
        self.moves: list[Move] = []
        self.forks: dict[str, str] = {}
        self.pulls: dict[int, Pull] = {}
        self.comments: list[Said] = []
        self.reviews: list[Judged] = []
        self.reports: list[Reported] = []
        self.rollouts: list[Reported] = []
        self.protections: dict[str, tuple[str, int]] = {}
        self.environments: dict[str, bool] = {}  # of jobs: whether only some branches' may use it
        self.pipelines = True  # whether the forge's CI is on
        self.scopes: dict[str, str | None] = {}  # what somebody's token tells of itself, None: nothing
        self._moved(self.path, "main", self.commit("alice", ()), "alice")

    def id(self) -> int:
        """A new one, of anything."""
        return next(self._ids)

    def now(self) -> datetime:
        """A second later each time it is asked."""
        return _START + timedelta(seconds=next(self._seconds))

    def commit(self, by: str, parents: tuple[str, ...]) -> str:
        """A new commit."""
        sha = hashlib.sha1(f"{by}{parents}{self.id()}".encode(), usedforsecurity=False).hexdigest()
        self.commits[sha] = Commit(sha, by, parents)
        return sha

    def holder(self, token: str) -> Someone | None:
        """Whose token it is."""
        return next((each for each in self.people.values() if each.token == token), None)

    def may(self, login: str, needed: str) -> bool:
        """Whether someone's rights are enough."""
        order = ("read", "write", "admin")
        return order.index(self.rights.get(login, "read")) >= order.index(needed)

    def push(self, branch: str, by: str) -> str:
        """A new commit on a branch of theirs; pull requests from it follow."""
        repository = self.forks.get(by, self.path)
        start = self.branches.get((repository, branch)) or self.branches[self.path, "main"]
        sha = self.commit(by, (start,))
        self._moved(repository, branch, sha, by)
        for pull in self.pulls.values():
            if pull.state == "open" and (pull.repository, pull.branch) == (repository, branch):
                pull.versions.append((sha, self.now()))
        return sha

    def _moved(self, repository: str, branch: str, sha: str, by: str) -> None:
        before = self.branches.get((repository, branch), NOTHING)
        self.branches[repository, branch] = sha
        self.moves.append(Move(repository, branch, before, sha, by, self.now(), self.id()))

    def open(self, branch: str, by: str, title: str, *, draft: bool) -> int:
        """A pull request into `main`."""
        number = next(self._numbers)
        repository = self.forks.get(by, self.path)
        versions = [(self.branches[repository, branch], self.now())]
        self.pulls[number] = Pull(number, title, by, branch, repository, draft, versions)
        self.pulls[number].into_commit = self.branches[self.path, "main"]
        return number

    def commits_of(self, pull: Pull) -> list[Commit]:
        """Those that `main` had not when it was opened, the oldest first."""
        found: list[Commit] = []
        known = self.history(pull.into_commit)
        waiting = [pull.head]
        while waiting:
            commit = self.commits[waiting.pop()]
            if commit.sha not in known:
                found.append(commit)
                waiting += commit.parents
        return found[::-1]

    def history(self, sha: str) -> set[str]:
        """A commit and all before it."""
        found: set[str] = set()
        waiting = [sha]
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting += self.commits[one].parents
        return found

    def merge(self, pull: Pull, by: str, kind: str) -> str:
        """As a merge commit or a squash."""
        tip = self.branches[self.path, "main"]
        parents = (tip,) if kind == "squash" else (tip, pull.head)
        pull.squashed = kind == "squash"
        pull.merge_commit = self.commit(by, parents)
        pull.state, pull.merged_by, pull.closed_at = "merged", by, self.now()
        self._moved(self.path, "main", pull.merge_commit, by)
        return pull.merge_commit

    def pulls_of(self, sha: str) -> list[Pull]:
        """Which brought a commit to `main`."""
        merged = [pull for pull in self.pulls.values() if pull.state == "merged"]
        return [
            pull
            for pull in merged
            if sha == pull.merge_commit
            or (not pull.squashed and sha in {c.sha for c in self.commits_of(pull)})
        ]

    def say(self, number: int, by: str, body: str) -> Said:
        """A comment."""
        said = Said(self.id(), number, by, body, self.now())
        self.comments.append(said)
        return said

    def rewrite(self, id: int, by: str, body: str) -> Said:
        """An edit of it."""
        said = self.comment(id)
        assert said is not None
        said.body = body
        said.edits.append((by, self.now()))
        return said

    def comment(self, id: int) -> Said | None:
        """One by its id."""
        return next((each for each in self.comments if each.id == id), None)

    def judge(self, number: int, by: str, state: str, body: str) -> None:
        """A review of the head as it is."""
        head = self.pulls[number].head
        self.reviews.append(Judged(self.id(), number, by, state, body, head, self.now()))

    def report(
        self, commit: str, name: str, by: str, words: dict[str, object], *, run: bool = False
    ) -> Reported:
        """A status or a check run."""
        made = Reported(self.id(), commit, name, by, words, self.now(), run)
        self.reports.append(made)
        return made
