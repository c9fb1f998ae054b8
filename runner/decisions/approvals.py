"""Whose approval counts for a target's plan, whose does not, and what is missing: each with its because.

An approval is the forge's review, for what the comment showed when it was submitted (law 1). It counts when the forge
confirms that its author may write and is one of those who are asked, when nothing of the pull request is the author's
own, and as long as the digests stand. What the forge did not tell is no (law 10).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from runner.decisions.binding import holds
from runner.decisions.code_owners import OwnersFile, Ownership, ownerships
from runner.decisions.contributors import Contributors, contributors
from runner.model.approval import ReviewCounted, Showing, Standing
from runner.model.environment import Requires, Reviews
from runner.model.names import TargetName
from runner.model.person import Grant, Membership, Permission, Person
from runner.model.plan import Digests, Planned, counted
from runner.model.pull_request import Contributions, PullRequest, Review, ReviewState
from runner.model.verdict import Answer

_ROLES = {"@@developer": Permission.WRITE, "@@maintainer": Permission.ADMIN}


class NamedApproval(Struct, frozen=True, kw_only=True):
    """`runner approve TARGET DIGEST`, as the record has it: somebody read that very plan."""

    person: Person
    target: TargetName
    digest: str
    at: datetime


class ApprovalFacts(Struct, frozen=True, kw_only=True):
    """All that was asked of the forge and of our own record about one pull request. `grants` by login, casefolded;
    `memberships` by (login, team), both casefolded, the team without `@`. `showings` oldest first. `owners` None: there
    is no CODEOWNERS on the default branch."""

    pull: PullRequest
    contributions: Contributions
    reviews: tuple[Review, ...]
    grants: Mapping[str, Grant]
    memberships: Mapping[tuple[str, str], Membership]
    showings: tuple[Showing, ...]
    named: tuple[NamedApproval, ...] = ()
    owners: OwnersFile | None = None


class Approving(Struct, frozen=True, kw_only=True):
    """One target, and its plan as it is now. `paths`: changed files that reach it. `code_approved`: what the base has
    since become came through approved pull requests of its own (law 1)."""

    target: TargetName
    digests: Digests
    planned: Planned
    requires: Requires
    paths: tuple[str, ...] = ()
    code_approved: bool = False


def standing(approving: Approving, facts: ApprovalFacts) -> Standing:
    """What is approved of one target's plan, whose word does not count and why, and what is missing."""
    reviews = approving.requires.reviews or Reviews()
    excluded = contributors(facts.pull, facts.contributions)
    looked_at = [
        *(_review(review, approving, facts, excluded) for review in latest_reviews(facts.reviews)),
        *(
            _named(named, approving, facts, excluded)
            for named in facts.named
            if named.target == approving.target
        ),
    ]
    counting = _once([each for each in looked_at if each.counts])
    asked = reviews.count > 0 or reviews.codeowners
    missing = [
        *([excluded.unknown] if asked and excluded.unknown else []),
        *(_objections(facts) if asked else []),
        *_reviews_missing(reviews, counting),
        *(_owners_missing(approving, facts, counting) if reviews.codeowners else ()),
        *_destroys_missing(approving, facts, excluded),
    ]
    return Standing(
        target=approving.target,
        needed=reviews.count,
        reviews=tuple(looked_at),
        missing=tuple(dict.fromkeys(missing)),
        digest=approving.digests.plan,
    )


def latest_reviews(reviews: Sequence[Review]) -> list[Review]:
    """Each person's last word. A comment is none; of a review without an instant nobody knows what came after it."""
    last: dict[str, Review] = {}
    for review in sorted(reviews, key=lambda each: each.submitted_at or datetime.min.replace(tzinfo=UTC)):
        if review.state is not ReviewState.COMMENTED and review.author.login:
            last[review.author.login.casefold()] = review
    return list(last.values())


def _review(
    review: Review, approving: Approving, facts: ApprovalFacts, excluded: Contributors
) -> ReviewCounted:
    why = _not_an_approval(review) or _may_not(review.author, approving, facts, excluded)
    if not why:
        why = _outdated(review, approving, facts)
    because = why or f"for `{review.commit[:12]}`, and its digests stand"
    return ReviewCounted(login=review.author.login, counts=not why, because=because, commit=review.commit)


def _not_an_approval(review: Review) -> str:
    match review.state:
        case ReviewState.APPROVED:
            return ""
        case ReviewState.CHANGES_REQUESTED:
            return "asks for changes"
        case ReviewState.DISMISSED:
            return "was dismissed"
        case _:
            return "says nothing"


def _may_not(person: Person, approving: Approving, facts: ApprovalFacts, excluded: Contributors) -> str:
    """Why a person's word does not count, whatever was looked at; empty where it does."""
    if person.bot:
        return "is a program"
    if part := excluded.part_of(person):
        return part
    if excluded.unknown:
        return excluded.unknown
    grant = facts.grants.get(person.login.casefold())
    if grant is None or not grant.permission.covers(Permission.WRITE):
        why = f" ({grant.because})" if grant and grant.because else ""
        return f"may not write here, as far as the forge confirms{why}"
    teams = (approving.requires.reviews or Reviews()).teams
    if teams and not any(belongs(person, each, facts) for each in teams):
        return f"is none of {', '.join(f'`{each}`' for each in teams)}, as far as the forge confirms"
    return ""


def belongs(person: Person, owner: str, facts: ApprovalFacts) -> bool:
    """Whether the forge confirms that a person is `@login`, in `@org/team`, or has a `@@role`. An address is never
    confirmed: everybody can write it."""
    login = person.login.casefold()
    if owner.startswith("@@"):
        needed, grant = _ROLES.get(owner.casefold().removesuffix("s")), facts.grants.get(login)
        return needed is not None and grant is not None and grant.permission.covers(needed)
    name = owner.removeprefix("@").casefold()
    if "@" in name:
        return False
    found = facts.memberships.get((login, name))
    return (found is not None and found.confirmed) or ("/" not in name and login == name)


def _outdated(review: Review, approving: Approving, facts: ApprovalFacts) -> str:
    """Why an approval does not stand for the plan as it is now; empty where it does."""
    if review.submitted_at is None:
        return "the forge does not say when, so nobody knows what was shown"
    shown = [each for each in facts.showings if each.at <= review.submitted_at]
    if not shown:
        return "was given before anything was shown"
    showing = shown[-1]
    if showing.commit != review.commit:
        return f"is for `{review.commit[:12]}`, while the comment showed `{showing.commit[:12]}`"
    approved = showing.digests.get(approving.target)
    if approved is None:
        return f"`{approving.target}` was not shown in full, or had no plan to approve"
    verdict = holds(approved, approving.digests, approving.planned, code_approved=approving.code_approved)
    return "" if verdict.answer is Answer.ALLOW else f"is outdated: {verdict.because}"


def _named(
    named: NamedApproval, approving: Approving, facts: ApprovalFacts, excluded: Contributors
) -> ReviewCounted:
    why = _may_not(named.person, approving, facts, excluded)
    if not why and named.digest != approving.digests.plan:
        why = f"is outdated: it names `{named.digest[:15]}`"
    because = why or f"names `{named.digest[:15]}`"
    return ReviewCounted(login=named.person.login, counts=not why, because=because)


def _once(counting: Sequence[ReviewCounted]) -> list[ReviewCounted]:
    """One a person: who approved in two ways is one."""
    return list({each.login.casefold(): each for each in counting}.values())


def _objections(facts: ApprovalFacts) -> list[str]:
    """Those who ask for changes, and may."""
    found = [each for each in latest_reviews(facts.reviews) if each.state is ReviewState.CHANGES_REQUESTED]
    grants = [(each, facts.grants.get(each.author.login.casefold())) for each in found]
    return [
        f"`{review.author.login}` asks for changes"
        for review, grant in grants
        if grant is not None and grant.permission.covers(Permission.WRITE)
    ]


def _reviews_missing(reviews: Reviews, counting: Sequence[ReviewCounted]) -> list[str]:
    left = reviews.count - len(counting)
    if left <= 0:
        return []
    by = f" by {' or '.join(f'`{each}`' for each in reviews.teams)}" if reviews.teams else ""
    return [f"{left} more approval{'' if left == 1 else 's'}{by}"]


def _owners_missing(
    approving: Approving, facts: ApprovalFacts, counting: Sequence[ReviewCounted]
) -> list[str]:
    if facts.owners is None:
        return ["`codeowners` is required, and the default branch has no CODEOWNERS"]
    if facts.owners.problems:
        return [f"{facts.owners.path} cannot be believed: {facts.owners.problems[0]}"]
    people = [Person(login=each.login) for each in counting]
    return [
        _owner_missing(each)
        for each in ownerships(facts.owners, approving.paths)
        if sum(any(belongs(person, owner, facts) for owner in each.owners) for person in people) < each.count
    ]


def _owner_missing(each: Ownership) -> str:
    number = "an approval" if each.count == 1 else f"{each.count} approvals"
    owners = " or ".join(f"`{owner}`" for owner in each.owners)
    return f"{number} by {owners}, who owns `{each.paths[0]}` ({each.because})"


def _destroys_missing(approving: Approving, facts: ApprovalFacts, excluded: Contributors) -> list[str]:
    """Of more deletions and replacements than `destroys` an approval that names this plan is wanted; what is not known
    may be one."""
    most = approving.requires.destroys
    counts = counted(approving.planned)
    lost = counts.delete + counts.replace + counts.unknown
    if most is None or lost <= most:
        return []
    for named in facts.named:
        if named.target == approving.target and _named(named, approving, facts, excluded).counts:
            return []
    line = f"runner approve {approving.target} {approving.digests.plan}"
    return [f"an approval of its own, for {lost} would be destroyed or replaced (`{line}`)"]
