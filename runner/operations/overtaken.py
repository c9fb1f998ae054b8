"""Records that an earlier command could not send and nobody can send any more: named, and let go when nothing of them
is lost."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import assert_never

from msgspec import Struct

from runner.diagnostics import Diagnostic, Severity
from runner.errors import NoAnswer
from runner.git import Conflict, Pushed, Unsent
from runner.git.keeping import Keeping, KeptSubmission
from runner.model.entry import Entry, EntryKind
from runner.model.happening import Noted
from runner.model.names import TargetName
from runner.operations.bench import Bench
from runner.operations.survey import Survey

_ONLY_HERE = (EntryKind.SURGERY, EntryKind.MIGRATE)
"""What a person put in a state's place may lie nowhere else; what an engine wrote lies in its run's directory too."""


class Overtaken(Struct, frozen=True, kw_only=True):
    """A kept submission whose expectations do not hold, and the entry that it would write (None: nobody knows)."""

    kept: KeptSubmission
    entry: Entry | None

    @property
    def target(self) -> TargetName | None:
        """Whose record it is."""
        return self.entry.target if self.entry else None

    @property
    def words(self) -> str:
        """What it is, and why it lies there."""
        name, entry = self.kept.file.name, self.entry
        if entry is None:
            return f"`{name}` in the outbox cannot be sent any more, and names no entry that this version can read"
        serial = f", state serial {entry.state.facts.serial}" if entry.state else ""
        what = f"what run {entry.run} wrote of `{entry.target}` ({entry.kind}: {entry.result}{serial})"
        return (
            f"{what} lies unsent in this clone, and can never be sent: the lease it was made under has ended"
        )


def sent_again(bench: Bench, whole: Survey) -> tuple[tuple[Overtaken, ...], bool]:
    """Sends what earlier commands of this clone kept; what has been overtaken, and whether there was anything.

    NoAnswer `remote-silent` where the remote still does not answer.
    """
    answers = bench.tools.resend(whole.record)
    overtaken: list[Overtaken] = []
    for kept, delivery in answers:
        match delivery:
            case Pushed():
                _tell(bench, "record-sent", "what an earlier command could not send is on the record now")
            case Conflict():
                overtaken.append(Overtaken(kept=kept, entry=whole.record.ledger.written_by(kept.edits)))
            case Unsent(message=message):
                raise NoAnswer.of(
                    "remote-silent",
                    f"what an earlier command changed is still not on the record: {message}",
                    hint="nothing new is begun before that; try again when the remote answers",
                )
            case _:
                assert_never(delivery)
    return tuple(overtaken), bool(answers)


def let_go_or_told(
    bench: Bench, whole: Survey, overtaken: Sequence[Overtaken], left: Collection[TargetName]
) -> tuple[Overtaken, ...]:
    """Those that a person has to look at, told; the others are dropped, loudly: a higher fence is on record, so that
    they can never hold again, and nothing that a run left of their target is unsettled (`left`)."""
    staying = []
    for each in overtaken:
        entry = each.entry
        behind = entry is not None and whole.record.ledger.fence(entry.target) > entry.fence
        if entry and behind and entry.target not in left and entry.kind not in _ONLY_HERE:
            dropped(bench, each)
        else:
            staying.append(each)
            name = str(each.target) if each.target else "TARGET"
            hint = f"`runner state recover {name}` records what stands, and lets go of it"
            if each.entry is None:
                hint = f"move `{each.kept.file}` away when you have looked at it"
            _tell(bench, "record-overtaken", each.words, hint=hint, target=each.target)
    return tuple(staying)


def dropped(bench: Bench, each: Overtaken) -> None:
    """Removes it from the outbox, and says so."""
    if Keeping.discard(each.kept.file):
        _tell(
            bench,
            "record-dropped",
            f"{each.words}; the record has gone on, and it is dropped",
            target=each.target,
        )


def _tell(bench: Bench, code: str, message: str, *, hint: str = "", target: TargetName | None = None) -> None:
    diagnostic = Diagnostic(code=code, message=message, hint=hint, severity=Severity.WARNING)
    bench.tell(Noted(diagnostic=diagnostic, target=target))
