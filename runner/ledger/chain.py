"""What a ledger's chain must be like: pure rules over commits that were read, oldest first.

Each entry follows the one before it; names its own ledger and environment; changes nothing but its own target's files;
and writes there what its trailers say. Fences never go back for a target, nor serials within a lineage.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NoReturn

from msgspec import Struct, field
from msgspec.structs import replace

from runner.errors import HistoryMoved
from runner.git import LoggedCommit
from runner.ledger.codec import environment_file, target_file
from runner.ledger.json_fields import NotReadable
from runner.ledger.ledger_paths import ENVIRONMENT_FILE, deployment_path, target_directory
from runner.ledger.trailers import entry_of, opened_by, told_target, unescaped
from runner.model.entry import Entry, EntryKind

MAY_GO_BACK = frozenset({EntryKind.SURGERY, EntryKind.RECOVERY, EntryKind.MIGRATE})
"""Kinds after which a state's serial may be lower: a person restored, recovered or moved it, and it says so."""

OF_ENVIRONMENT = frozenset({EntryKind.FREEZE, EntryKind.THAW})


class Mark(Struct, frozen=True, kw_only=True):
    """What is remembered of one target: `entry` its newest entry's commit, the highest `fence`, the highest serial of
    each lineage."""

    entry: str
    fence: int = 0
    serials: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


class Verified(Struct, frozen=True, kw_only=True):
    """A chain that was believed up to `head`. `marks`: stack -> mark; the empty stack is the environment itself.
    `signed`: whether a signed commit has been met."""

    environment: str
    ledger: str
    head: str
    marks: Mapping[str, Mark]
    signed: bool = False


class Step(Struct, frozen=True, kw_only=True):
    """One commit of the chain with what it touched; `written` is the file that tells of its entry, as it stands in its
    tree, None where there is none."""

    commit: LoggedCommit
    touched: tuple[str, ...]
    written: bytes | None


def broken(environment: str, code: str, message: str, hint: str = "") -> NoReturn:
    """Raises HistoryMoved for the ledger of `environment`."""
    raise HistoryMoved.of(
        code,
        f"the ledger of {environment} does not verify: {message}",
        hint=hint
        or "nothing is applied until a person decides; compare with another clone (`runner explain`)",
    )


def opened(environment: str, commit: LoggedCommit, empty_tree: str) -> Verified:
    """Believes the commit that opens a ledger: no parent, an empty tree, the environment's name and a ledger id."""
    try:
        named, ledger = opened_by(commit.message)
    except NotReadable as error:
        broken(environment, "ledger-forged", f"its first commit {commit.id[:12]} is not ours: {error}")
    if commit.parents or commit.tree != empty_tree:
        broken(environment, "ledger-forged", f"its first commit {commit.id[:12]} is not an empty beginning")
    if named != environment:
        broken(environment, "ledger-forged", f"it was opened for {named!r}")
    return Verified(environment=environment, ledger=ledger, head=commit.id, marks={}, signed=commit.signed)


def file_told(message: str) -> str:
    """The file in which the entry of a commit message should stand, without reading all of the message."""
    stack = unescaped(told_target(message)).partition("/")[2]
    return deployment_path(stack) if stack else ENVIRONMENT_FILE


def file_of(entry: Entry) -> str:
    """The file in which an entry stands."""
    return deployment_path(entry.target.stack) if entry.target.stack else ENVIRONMENT_FILE


def extended(before: Verified, steps: Iterable[Step], *, must_sign: bool = False) -> Verified:
    """Believes further commits, oldest first. HistoryMoved for the first one that breaks a rule. `must_sign`: what
    follows a signed commit carries a signature too (older ones are vouched for by the first that was signed)."""
    environment, head, signed = before.environment, before.head, before.signed
    marks = dict(before.marks)
    for step in steps:
        entry = _entry(environment, before.ledger, step.commit)
        _follows(environment, step.commit, head, entry)
        _touches_its_own(environment, step, entry)
        _says_what_it_wrote(environment, step, entry)
        if must_sign and signed and not step.commit.signed:
            broken(environment, "ledger-unsigned", f"{_named(entry)} is not signed, but earlier ones are")
        marks[entry.target.stack] = _moved_on(environment, marks.get(entry.target.stack), entry)
        head, signed = step.commit.id, signed or step.commit.signed
    return replace(before, head=head, marks=marks, signed=signed)


def _entry(environment: str, ledger: str, commit: LoggedCommit) -> Entry:
    try:
        entry, written_for = entry_of(commit.message, commit.id)
    except NotReadable as error:
        broken(environment, "ledger-forged", f"commit {commit.id[:12]} is not one of ours: {error}")
    if written_for != ledger:
        broken(environment, "ledger-forged", f"{_named(entry)} was written for another ledger")
    if entry.target.environment != environment:
        broken(environment, "ledger-forged", f"{_named(entry)} belongs to {entry.target.environment!r}")
    if (entry.kind in OF_ENVIRONMENT) != (not entry.target.stack):
        broken(environment, "ledger-forged", f"{_named(entry)} cannot be about {str(entry.target)!r}")
    return entry


def _follows(environment: str, commit: LoggedCommit, head: str, entry: Entry) -> None:
    if commit.parents[:1] != (head,):
        broken(environment, "ledger-forged", f"{_named(entry)} does not follow {head[:12]}")
    if commit.parents[1:] not in ((), (entry.commit,)):
        broken(environment, "ledger-forged", f"{_named(entry)} merges a commit that it did not apply")


def _touches_its_own(environment: str, step: Step, entry: Entry) -> None:
    if entry.target.stack:
        own = target_directory(entry.target.stack)
        foreign = next((path for path in step.touched if not path.startswith(own)), None)
    else:
        foreign = next((path for path in step.touched if path != ENVIRONMENT_FILE), None)
    if foreign is not None:
        broken(environment, "ledger-forged", f"{_named(entry)} changes {foreign!r}, which is not its own")


def _says_what_it_wrote(environment: str, step: Step, entry: Entry) -> None:
    if step.written is None or file_of(entry) not in step.touched:
        broken(environment, "ledger-forged", f"{_named(entry)} wrote no {file_of(entry)}")
    try:
        file = target_file(step.written) if entry.target.stack else environment_file(step.written)
    except NotReadable as error:
        broken(environment, "ledger-forged", f"{_named(entry)} wrote a file that is not ours: {error}")
    if file.newest != replace(entry, id=""):
        broken(environment, "ledger-forged", f"{_named(entry)} has other trailers than its {file_of(entry)}")


def _moved_on(environment: str, mark: Mark | None, entry: Entry) -> Mark:
    fence, serials = (mark.fence, mark.serials) if mark else (0, {})
    if entry.fence < fence:
        broken(
            environment,
            "ledger-fence-back",
            f"{_named(entry)} of {entry.target} has fence {entry.fence} after {fence}",
            "somebody wrote after losing the lease; compare the state with the cloud before anything is applied",
        )
    if entry.state and entry.state.facts.lineage:
        lineage, serial = entry.state.facts.lineage, entry.state.facts.serial
        if serial < serials.get(lineage, 0) and entry.kind not in MAY_GO_BACK:
            broken(
                environment,
                "ledger-serial-back",
                f"{_named(entry)} of {entry.target} has serial {serial} after {serials[lineage]}",
                "an old state was put back without saying so; `runner state versions` lists what there is",
            )
        serials = {**serials, lineage: serial}
    return Mark(entry=entry.id, fence=entry.fence, serials=serials)


def _named(entry: Entry) -> str:
    return f"entry {entry.id[:12]}"
