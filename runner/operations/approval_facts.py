"""What is asked of the forge before approvals are counted: as little as can still open something.

A review that cannot count whatever else is true (a program's, an author's own, one that says nothing) is not asked
about; nothing is asked at all where no gate wants anybody's word. What was not asked is not known, and counts as no.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from runner.decisions.approvals import ApprovalFacts, NamedApproval, latest_reviews
from runner.decisions.code_owners import PLACES, OwnersFile, ownerships, read_code_owners
from runner.decisions.contributors import contributors
from runner.forge import Forge
from runner.kit.tree import Tree
from runner.model.approval import Showing
from runner.model.environment import Requires
from runner.model.person import Grant, Membership, Permission, Person
from runner.model.pull_request import Contributions, PullRequest, Review, ReviewState

_SPOKEN = frozenset({ReviewState.APPROVED, ReviewState.CHANGES_REQUESTED})
_NOTHING = Contributions(commits=(), complete=True, pushers=())


class Wanted(Struct, frozen=True, kw_only=True):
    """What the gates ask for, and what is known of it without the forge. `requires`: of every environment that is
    touched; `paths`: files of the pull request; `showings`: believed, oldest first."""

    requires: tuple[Requires, ...]
    paths: tuple[str, ...] = ()
    owners: OwnersFile | None = None
    showings: tuple[Showing, ...] = ()
    named: tuple[NamedApproval, ...] = ()


def approval_facts(forge: Forge, pull: PullRequest, wanted: Wanted) -> ApprovalFacts:
    """The facts on which `standing` counts. What the forge refuses to tell of a person is no, with its because.
    NoAnswer where it does not answer."""
    reviews = forge.reviews(pull) if _asks_anybody(wanted) else ()
    spoken = [each for each in latest_reviews(reviews) if each.state in _SPOKEN]
    voices = _voices(spoken, wanted)
    # Whose work it is matters only where there is a word that could count.
    contributions = forge.contributions(pull) if voices else _NOTHING
    own = contributors(pull, contributions)
    asked = [each for each in voices if not each.bot and not own.part_of(each)]
    grants = {each.login.casefold(): forge.permission(each) for each in asked}
    writers = [each for each in asked if grants[each.login.casefold()].permission.covers(Permission.WRITE)]
    return ApprovalFacts(
        pull=pull,
        contributions=contributions,
        reviews=reviews,
        grants={**grants, **_of_objectors(forge, spoken, grants)},
        memberships=dict(_memberships(forge, writers, wanted)),
        showings=wanted.showings,
        named=wanted.named,
        owners=wanted.owners,
    )


def owners_file(law: Tree, brand: str) -> OwnersFile | None:
    """The CODEOWNERS that the forge of that brand would read, from the tree whose gates hold; None where there is
    none, or where the brand has none that we know."""
    language = "gitea" if brand == "forgejo" else brand
    for path in PLACES.get(language, ()):
        if law.node(path) is not None:
            return read_code_owners(law.read(path).decode("utf-8", "replace"), language, path)
    return None


def _asks_anybody(wanted: Wanted) -> bool:
    asking = [each.reviews for each in wanted.requires if each.reviews]
    destroys = any(each.destroys is not None for each in wanted.requires)
    return destroys or any(each.count > 0 or each.codeowners for each in asking)


def _voices(spoken: Iterable[Review], wanted: Wanted) -> list[Person]:
    """Everybody whose word might count, once each."""
    people = [
        *(each.author for each in spoken if each.state is ReviewState.APPROVED),
        *(each.person for each in wanted.named if _asks_anybody(wanted)),
    ]
    return list({each.login.casefold(): each for each in people if each.login}.values())


def _of_objectors(forge: Forge, spoken: Iterable[Review], known: dict[str, Grant]) -> dict[str, Grant]:
    """An objection stands where its author may write: so that is asked of authors of the pull request too."""
    objecting = {
        each.author.login.casefold(): each.author
        for each in spoken
        if each.state is ReviewState.CHANGES_REQUESTED
    }
    return {login: forge.permission(each) for login, each in objecting.items() if login not in known}


def _memberships(
    forge: Forge, writers: Iterable[Person], wanted: Wanted
) -> Iterator[tuple[tuple[str, str], Membership]]:
    teams = sorted(_teams(wanted))
    for person in writers:
        for team in teams:
            yield (person.login.casefold(), team), forge.membership(person, team)


def _teams(wanted: Wanted) -> set[str]:
    """The teams that are named and matter, casefolded, without `@`."""
    named = {team for each in wanted.requires if each.reviews for team in each.reviews.teams}
    owning = any(each.reviews and each.reviews.codeowners for each in wanted.requires)
    if owning and wanted.owners and not wanted.owners.problems:
        named |= {owner for each in ownerships(wanted.owners, wanted.paths) for owner in each.owners}
    plain = {each.removeprefix("@").casefold() for each in named if not each.startswith("@@")}
    return {each for each in plain if "/" in each and "@" not in each}
