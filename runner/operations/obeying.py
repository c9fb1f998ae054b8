"""What a comment asks of leases and stops: done as by hand, in the name of who the forge says wrote it, and answered.

A job that runs again does nothing twice: the entry names the comment, and is looked for first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct

from runner.decisions.comment_commands import Command, CommandVerb
from runner.diagnostics import Diagnostic
from runner.errors import AskedWrongly, RunnerError
from runner.model.entry import Actor
from runner.model.pull_request import Comment, PullRequest
from runner.model.selection_request import SelectionRequest
from runner.operations.bench import Bench
from runner.operations.cancel import CancelRequest, cancel
from runner.operations.freezing import FreezeRequest, freeze
from runner.operations.request_reach import applies_to, gates_for
from runner.operations.standpoint import Standpoint
from runner.operations.unlock import UnlockRequest, unlock

_REMEMBERED = 500
"""Entries of an environment that are looked at for what was done already."""


class Asking(Struct, frozen=True, kw_only=True):
    """A command with the comment that it stands in, which the forge confirmed, on a pull request."""

    command: Command
    comment: Comment
    pull: PullRequest

    @property
    def mark(self) -> str:
        """What the entry names it by."""
        return f"comment {self.comment.id} on pull request {self.pull.number}"

    @property
    def reason(self) -> str:
        """Why, for the record."""
        return f"{self.command.reason or self.command.verb} ({self.mark})"

    @property
    def actor(self) -> Actor:
        """Who asks, as the forge confirms."""
        return Actor(name=self.comment.author.login, confirmed=True)


def obey(bench: Bench, stand: Standpoint, asking: Asking) -> tuple[str, int]:
    """Does it; the answer, and the exit code: 0 also where it was asked wrongly, which the answer says. NoAnswer,
    HistoryMoved and whatever else is not the asker's to mend end the job after the answer."""
    if _done_already(stand, asking):
        return f"`{asking.command.verb}` is done already, and on the record", 0
    verbs: dict[CommandVerb, Callable[[Bench, Standpoint, Asking], str]] = {
        CommandVerb.LOCK: _frozen,
        CommandVerb.FREEZE: _frozen,
        CommandVerb.THAW: _frozen,
        CommandVerb.UNLOCK: _unlocked,
        CommandVerb.CANCEL: _cancelled,
    }
    try:
        return verbs[asking.command.verb](bench, stand, asking), 0
    except RunnerError as refused:
        code = 0 if isinstance(refused, AskedWrongly) else refused.exit_code
        return f"`{asking.command.verb}` is not done: {_words(refused.diagnostics)}", code


def _done_already(stand: Standpoint, asking: Asking) -> bool:
    ledger = stand.record.ledger
    return any(
        f"({asking.mark})" in entry.because
        for environment in ledger.environments()
        for entry in ledger.entries(environment, limit=_REMEMBERED)
    )


def _frozen(bench: Bench, stand: Standpoint, asking: Asking) -> str:
    """A lock is a freeze of one target."""
    verb, (place,) = asking.command.verb, asking.command.selectors
    if verb is CommandVerb.LOCK and place.removeprefix("env/") in stand.gates.environments:
        raise AskedWrongly.of(
            "not-one-target",
            f"`{place}` is an environment, and a lock is of one target",
            hint=f"`runner freeze {place} REASON` stops all of it",
        )
    thaw = verb is CommandVerb.THAW
    done = freeze(FreezeRequest(place=place, reason=asking.reason, thaw=thaw, actor=asking.actor), bench)
    named = done.target or done.environment
    if not done.entry:
        return f"`{named}` is not frozen by hand: nothing was changed"
    following = f"; `{done.next[0]}`, here or by hand, ends it" if done.frozen else ""
    return (
        f"`{named}` is {'frozen' if done.frozen else 'not frozen any more'}{following} {_entry(done.entry)}"
    )


def _unlocked(bench: Bench, _: Standpoint, asking: Asking) -> str:
    (place,) = asking.command.selectors
    done = unlock(UnlockRequest(target=place, reason=asking.reason, yes=True, actor=asking.actor), bench)
    if done.thawed:
        return f"`{place}` is not frozen any more {_entry(done.entry)}"
    if done.lease is None:
        return f"`{place}` is neither frozen nor held by anybody: nothing was changed"
    return f"the lease of `{place}` that {done.lease.holder} had is broken {_entry(done.entry)}"


def _cancelled(bench: Bench, stand: Standpoint, asking: Asking) -> str:
    """Without a selector: what applies to the branch that the pull request is for."""
    selectors = asking.command.selectors or tuple(_environments(stand, asking.pull))
    selection = SelectionRequest(selectors=selectors, all_environments=True)
    done = cancel(CancelRequest(selection=selection, reason=asking.reason, actor=asking.actor), bench)
    if not done.asked:
        return "no run holds anything of it: nothing was changed"
    runs = ", ".join(f"{lease.run} of {lease.holder} (`{lease.target}`)" for lease in done.asked)
    return f"asked to stop: {runs}. It finishes what it is at {_entry(*done.entries)}"


def _environments(stand: Standpoint, pull: PullRequest) -> Iterable[str]:
    names = sorted(stand.gates.environments)
    return (name for name in names if applies_to(gates_for(stand, name), pull.into, stand.branch))


def _entry(*ids: str) -> str:
    return f"(entry {', '.join(f'`{each[:12]}`' for each in ids if each)})"


def _words(diagnostics: Iterable[Diagnostic]) -> str:
    return "; ".join(f"{each.message}{f' ({each.hint})' if each.hint else ''}" for each in diagnostics)
