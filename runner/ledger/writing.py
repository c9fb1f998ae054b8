"""What an entry changes in the ledger's tree: its target's own files, and of the resources only what differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from runner.errors import AskedWrongly
from runner.git import Edit, History, Refs
from runner.ledger import Writing
from runner.ledger.chain import OF_ENVIRONMENT, Verified
from runner.ledger.codec import (
    EnvironmentFile,
    TargetFile,
    environment_blob,
    environment_file,
    target_blob,
    target_file,
)
from runner.ledger.ledger_paths import (
    ENVIRONMENT_FILE,
    deployment_path,
    live_ref,
    outputs_path,
    resource_path,
    resources_directory,
)
from runner.ledger.recorded_values import Values, outputs_blob, resource_blob
from runner.ledger.trailers import message_of, opening_message
from runner.model.entry import Entry, EntryKind, Resource
from runner.model.names import TargetName

_WITHOUT_LEASE = OF_ENVIRONMENT | {EntryKind.UNLOCK, EntryKind.CANCEL}
_APPLIED = frozenset({EntryKind.APPLY, EntryKind.DESTROY, EntryKind.ADOPT, EntryKind.RECOVERY})


class Shelf(Struct, frozen=True, kw_only=True):
    """What a writer reads. `fresh`: nothing was written for the target since the last refresh, so what is read there
    is what its files will be when the edit is pushed (we hold its lease)."""

    refs: Refs
    history: History
    values: Values
    fresh: bool


def edit_of(writing: Writing, verified: Verified, shelf: Shelf) -> Edit:
    """The edit that writes an entry after what was verified."""
    entry = replace(writing.entry, id="", signature="")
    ref = live_ref(entry.target.environment)
    expects: dict[str, str | None] = {}
    if entry.target.stack:
        path = deployment_path(entry.target.stack)
        changes = _target_changes(writing, entry, verified, shelf)
    else:
        path = ENVIRONMENT_FILE
        changes = {path: _environment_file(entry, verified, shelf)}
    if entry.kind in _WITHOUT_LEASE and shelf.fresh:
        # No lease keeps others away: what we read must still stand there.
        standing = shelf.refs.blob(ref, path)
        expects[path] = standing[0] if standing else None
    return Edit(
        ref=ref,
        changes=changes,
        expects=expects,
        chained=True,
        message=message_of(entry, verified.ledger),
        opening=opening_message(verified.environment, verified.ledger),
        parents=_applied(entry, shelf.history),
    )


def _applied(entry: Entry, history: History) -> tuple[str, ...]:
    """The source commit, as the second parent of what applied it: who has the ledger has the code."""
    if entry.kind not in _APPLIED or not entry.commit or not history.holds(entry.commit):
        return ()
    return (entry.commit,)


def _target_changes(
    writing: Writing, entry: Entry, verified: Verified, shelf: Shelf
) -> dict[str, bytes | None]:
    target, deployment = entry.target, writing.deployment
    path = deployment_path(target.stack)
    if deployment is None:
        standing = shelf.history.contents([(verified.head, path)]).get((verified.head, path))
        before = target_file(standing) if standing else None
        deployment = before.deployment if before else None
        if deployment and before:
            written_by = verified.marks[target.stack].entry
            last = _known(deployment.last, before.newest, written_by)
            good = _known(deployment.good, before.newest, written_by) if deployment.good else None
            deployment = replace(deployment, last=last, good=good)
    else:
        good = deployment.good
        deployment = replace(
            deployment,
            last=_as_written(deployment.last, entry),
            good=_as_written(good, entry) if good else None,
        )
    changes: dict[str, bytes | None] = {path: target_blob(TargetFile(newest=entry, deployment=deployment))}
    if writing.outputs is not None:
        changes[outputs_path(target.stack)] = outputs_blob(target, writing.outputs, shelf.values)
    if writing.resources is not None:
        changes |= _resource_changes(target, writing.resources, verified.head if shelf.fresh else "", shelf)
    return changes


def _known(entry: Entry, newest: Entry, written_by: str) -> Entry:
    return replace(entry, id=written_by) if entry == newest else entry


def _as_written(entry: Entry, newest: Entry) -> Entry:
    """`entry` as it is compared with the one that is being written, which has no id yet."""
    return newest if replace(entry, id="", signature="") == newest else replace(entry, signature="")


def _resource_changes(
    target: TargetName, resources: Sequence[Resource], head: str, shelf: Shelf
) -> Mapping[str, bytes | None]:
    """Against what stands at `head`; with an empty one everything is written anew."""
    wanted = {
        resource_path(target.stack, resource.address): resource_blob(target, resource, shelf.values)
        for resource in resources
    }
    if not head:
        return {resources_directory(target.stack): None, **wanted}
    paths = shelf.history.paths(head, resources_directory(target.stack))
    standing = shelf.history.contents([(head, path) for path in paths])
    gone = dict.fromkeys(path for path in paths if path not in wanted)
    return gone | {path: content for path, content in wanted.items() if standing.get((head, path)) != content}


def _environment_file(entry: Entry, verified: Verified, shelf: Shelf) -> bytes:
    """A freeze is added to those that stand; a thaw ends those of its stacks, or all."""
    if entry.kind not in OF_ENVIRONMENT:
        raise AskedWrongly.of("not-of-environment", f"an entry of kind {entry.kind} needs a target")
    key = (verified.head, ENVIRONMENT_FILE)
    standing = shelf.history.contents([key]).get(key)
    before = environment_file(standing).freezes if standing else ()
    after = (*before, entry) if entry.kind is EntryKind.FREEZE else tuple(_thawed(before, entry.stacks))
    return environment_blob(EnvironmentFile(newest=entry, freezes=after))


def _thawed(freezes: Sequence[Entry], stacks: Sequence[str]) -> Iterator[Entry]:
    """What of the freezes still stands."""
    for each in freezes if stacks else ():
        left = tuple(stack for stack in each.stacks if stack not in stacks)
        if left or not each.stacks:
            yield replace(each, stacks=left)
