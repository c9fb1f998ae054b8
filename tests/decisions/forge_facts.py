"""Pull requests, reviews and comments as a forge would tell of them, small, and ready to be bent."""

from datetime import UTC, datetime, timedelta

from runner.decisions.approvals import ApprovalFacts, Approving
from runner.decisions.comment_commands import CommandFacts
from runner.model.approval import Showing
from runner.model.change import Change, ChangeKind
from runner.model.environment import Requires, Reviews
from runner.model.names import TargetName
from runner.model.person import Grant, Permission, Person
from runner.model.plan import Digests, Planned
from runner.model.pull_request import (
    Comment,
    Contributions,
    PullCommit,
    PullRequest,
    PullState,
    Review,
    ReviewState,
    Signature,
)

HEAD = "a" * 40
OTHER = "b" * 40
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
WRITE = Grant(permission=Permission.WRITE)
READ = Grant(permission=Permission.READ)
ALICE, BOB, CAROL, DAVE = (
    Person(login=each, id=str(at)) for at, each in enumerate(("alice", "bob", "carol", "dave"), 1)
)
NETWORK = TargetName(environment="prod", stack="network")
APP = TargetName(environment="prod", stack="app")
DIGESTS = Digests(
    changes="c1:c",
    outputs="c1:o",
    code="c1:k",
    inputs="c1:i",
    engine="c1:e",
    lineage="c1:l",
    plan="c1:abcdef12",
)


def minutes(number: float) -> datetime:
    """So long after noon."""
    return NOON + timedelta(minutes=number)


def pull(**more: object) -> PullRequest:
    """A pull request of alice's own branch."""
    made = {
        "number": 7,
        "title": "x",
        "author": ALICE,
        "into": "main",
        "head": "topic",
        "head_commit": HEAD,
        "state": PullState.OPEN,
        "fork": False,
    }
    return PullRequest(**{**made, **more})  # type: ignore[arg-type]


def commit(author: Person = ALICE, committer: Person = ALICE, pusher: Person = ALICE) -> PullCommit:
    """A commit of these three."""
    return PullCommit(
        commit=HEAD,
        author=Signature(name="x", email="x@x", account=author),
        committer=Signature(name="x", email="x@x", account=committer),
        pusher=pusher,
    )


def contributions(*commits: PullCommit, **more: object) -> Contributions:
    """All that went in: alice's commit where none is named."""
    made = {"commits": commits or (commit(),), "complete": True, "pushers": (ALICE,)}
    return Contributions(**{**made, **more})  # type: ignore[arg-type]


def review(author: Person = BOB, **more: object) -> Review:
    """An approval of the head, five minutes past noon."""
    made = {"author": author, "state": ReviewState.APPROVED, "commit": HEAD, "submitted_at": minutes(5)}
    return Review(**{**made, **more})  # type: ignore[arg-type]


def showing(at: float = 0, commit: str = HEAD, **digests: Digests) -> Showing:
    """The comment from then on; stacks of `prod` with their digests."""
    shown = digests or {"network": DIGESTS}
    return Showing(
        at=minutes(at),
        commit=commit,
        digests={TargetName(environment="prod", stack=stack): each for stack, each in shown.items()},
    )


def facts(*reviews: Review, **more: object) -> ApprovalFacts:
    """What the forge says: all four may write."""
    made = {
        "pull": pull(),
        "contributions": contributions(),
        "reviews": reviews,
        "grants": {each.login: WRITE for each in (ALICE, BOB, CAROL, DAVE)},
        "memberships": {},
        "showings": (showing(),),
    }
    return ApprovalFacts(**{**made, **more})  # type: ignore[arg-type]


def approving(count: int = 1, **more: object) -> Approving:
    """One target whose plan stands as it was shown; members of Reviews by name."""
    asked = {key: more.pop(key) for key in ("teams", "codeowners") if key in more}
    requires = Requires(reviews=Reviews(count=count, **asked), destroys=more.pop("destroys", None))  # type: ignore[arg-type]
    changes = more.pop("changes", (Change(address="a.b", kind=ChangeKind.CREATE),))
    made = {
        "target": NETWORK,
        "digests": DIGESTS,
        "planned": Planned(changes=changes, outputs=(), changed=True, complete=True),  # type: ignore[arg-type]
        "requires": requires,
    }
    return Approving(**{**made, **more})  # type: ignore[arg-type]


def comment(body: str, author: Person = BOB, **more: object) -> Comment:
    """A new comment."""
    made = {"id": "c1", "author": author, "body": body, "created_at": NOON, "updated_at": NOON}
    return Comment(**{**made, **more})  # type: ignore[arg-type]


def asked(body: str, author: Person = BOB, **more: object) -> CommandFacts:
    """A comment, and what the forge says about it."""
    written = {key: more.pop(key) for key in ("edited", "updated_at") if key in more}
    made = {
        "comment": comment(body, author, **written),
        "pull": pull(),
        "grant": WRITE,
        "created": True,
        "stranger": False,
    }
    return CommandFacts(**{**made, **more})  # type: ignore[arg-type]
