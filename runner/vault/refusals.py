"""What a store says when it will not: one sentence and the way out, the same for every store."""

from __future__ import annotations

from runner.diagnostics import Diagnostic
from runner.errors import AskedWrongly, Denied, HistoryMoved
from runner.model.entry import StoredState
from runner.model.names import TargetName


def names_nothing(named: StoredState | None) -> bool:
    """Whether the record says that the store holds no state: no entry, or one whose target had none yet."""
    return named is None or (not named.version and not named.ciphertext)


def not_authentic(target: TargetName, what: str) -> HistoryMoved:
    """The stored bytes cannot be believed."""
    hint = "find out who wrote it before anything is applied; `runner doctor` says whether the record itself holds"
    message = f"the stored state of `{target}` {what}"
    return HistoryMoved(Diagnostic(code="state-not-authentic", message=message, hint=hint))


def missing(target: TargetName, where: str) -> HistoryMoved:
    """The record names a state that is not there."""
    message = f"the state of `{target}` that the record names is not in {where}"
    hint = f"`runner state versions {target}` shows what is kept; `runner state restore` brings one back, on the record"
    return HistoryMoved(Diagnostic(code="state-missing", message=message, hint=hint))


def not_on_record(target: TargetName, found: str) -> HistoryMoved:
    """The store holds another state than the record names."""
    message = f"the state of `{target}` is not the one on record: {found}"
    hint = f"`runner state recover {target}` shows the difference and records it"
    return HistoryMoved(Diagnostic(code="state-not-on-record", message=message, hint=hint))


def moved_back(target: TargetName, found: int, named: int) -> HistoryMoved:
    """The store holds an older state than the record names."""
    message = f"the state of `{target}` moved back: the store holds version {found}, the record names {named}"
    hint = "somebody put an older state in its place; find out who before anything is applied"
    return HistoryMoved(Diagnostic(code="state-moved-back", message=message, hint=hint))


def check_fence(target: TargetName, fence: int, found: int) -> None:
    """Denied `state-fenced` when somebody with a later lease has written since (law 7)."""
    if fence < found:
        message = f"the state of `{target}` was written under a later lease (fence {found}, ours is {fence})"
        hint = "this run lost its lease: nothing of it is stored; run it again"
        raise Denied(Diagnostic(code="state-fenced", message=message, hint=hint))


def version_unknown(target: TargetName, version: int) -> AskedWrongly:
    """No such version is kept."""
    message = f"version {version} of the state of `{target}` is not kept"
    hint = f"`runner state versions {target}` lists those that are"
    return AskedWrongly(Diagnostic(code="state-version-unknown", message=message, hint=hint))
