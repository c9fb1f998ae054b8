"""Whose work a pull request is: who opened it, authored, committed or pushed any of it. None of them approves it."""

from __future__ import annotations

from msgspec import Struct

from runner.model.person import Person, same_person
from runner.model.pull_request import Contributions, PullRequest


class Contributors(Struct, frozen=True, kw_only=True):
    """`parts`: each with what they did. `unknown` says why it is not known who else there is; then nobody's approval
    counts, for it may be anybody's own work. An author that the forge knows no account of is not such a case: a
    commit names whom it likes, and whoever pushed it is known, and is not the one who approves."""

    parts: tuple[tuple[Person, str], ...]
    unknown: str = ""

    def part_of(self, person: Person) -> str:
        """What a person did for it; empty for nothing."""
        return next((what for who, what in self.parts if same_person(who, person)), "")


def contributors(pull: PullRequest, contributions: Contributions) -> Contributors:
    """Everyone of whom the forge tells that something in it is theirs."""
    parts = [(pull.author, "opened it")]
    for each in contributions.commits:
        commit = f"`{each.commit[:12]}`"
        parts += [
            (each.author.account, f"authored {commit}"),
            (each.committer.account, f"committed {commit}"),
            (each.pusher, f"pushed {commit}"),
        ]
    parts += [(who, "pushed to it") for who in contributions.pushers or ()]
    return Contributors(parts=tuple(parts), unknown=_unknown(contributions))


def _unknown(contributions: Contributions) -> str:
    because = f" ({contributions.because})" if contributions.because else ""
    if not contributions.complete:
        return f"the forge does not list every commit of it{because}"
    unpushed = [each for each in contributions.commits if not each.pusher.login]
    if contributions.pushers is None and (unpushed or not contributions.commits):
        return f"the forge does not say who pushed it{because}"
    return ""
