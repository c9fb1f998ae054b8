"""The ledger in Git: verifies what it reads, and says which edits write an entry."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from runner.errors import AskedWrongly, HistoryMoved, NoAnswer
from runner.git import Edit, History, LoggedCommit, Outbox, Refs, Unsent
from runner.ledger import Writing
from runner.ledger.chain import Verified, broken
from runner.ledger.codec import environment_file, target_file
from runner.ledger.entry_index import EntryIndex
from runner.ledger.json_fields import NotReadable
from runner.ledger.ledger_paths import (
    ENVIRONMENT_FILE,
    LIVE,
    TARGETS,
    deployment_path,
    live_ref,
    name_of,
    outputs_path,
    resource_path,
    resources_directory,
    together,
)
from runner.ledger.recorded_values import Values, outputs_of, resource_of
from runner.ledger.trailers import entry_of, escaped, opening_message, told_target
from runner.ledger.verification import Signing, Verification
from runner.ledger.verified_memory import VerifiedMemory
from runner.ledger.writing import Shelf, edit_of
from runner.model.change import Output
from runner.model.entry import Deployment, Entry, Resource
from runner.model.names import TargetName, decoded

_SHORTEST_PREFIX = 4


class Place(Struct, frozen=True, kw_only=True):
    """Where a record lives: `name` is `remote/<remote>` or `local`; `directory` is `<git dir>/runner`, for what this
    clone remembers."""

    name: str
    directory: Path


def _without_values(_: str) -> Values:
    return Values()


class Book:
    """See Ledger. Safe to read from several threads between refreshes; `values` says how an environment's are kept."""

    def __init__(
        self,
        refs: Refs,
        history: History,
        outbox: Outbox,
        place: Place,
        *,
        signing: Signing | None = None,
        values: Callable[[str], Values] = _without_values,
    ) -> None:
        self._refs = refs
        self._history = history
        self._outbox = outbox
        self._signing = signing or Signing()
        self._verification = Verification(history, self._signing)
        self._memory = VerifiedMemory(place.directory, place.name)
        self._index = EntryIndex(place.directory, place.name, history)
        self._values = values
        self._believed: dict[str, Verified] = {}
        self._live: dict[str, tuple[str, Mapping[str, Deployment]]] = {}
        self._recorded: set[TargetName] = (
            set()
        )  # never emptied: when a push of ours has arrived is not known here
        self._lock = threading.RLock()

    def refresh(self, environments: Sequence[str]) -> None:
        """See Ledger."""
        # Not under our lock: a run that plans goes on reading while the remote is asked.
        self._refs.refresh([pattern for each in environments or ["*"] for pattern in together(each)])
        with self._lock:
            for environment in environments or self.environments():
                self._verified(environment)

    def environments(self) -> tuple[str, ...]:
        """See Ledger."""
        return tuple(decoded(ref.removeprefix(LIVE)) for ref in self._refs.names(LIVE))

    def identity(self, environment: str) -> str:
        """See Ledger."""
        verified = self._verified(environment)
        return verified.ledger if verified else ""

    def open(self, environment: str, identity: str = "") -> str:
        """See Ledger."""
        with self._lock:
            if not self.identity(environment):
                self.refresh([environment])
            return self.identity(environment) or self._opened(environment, identity)

    def _opened(self, environment: str, identity: str) -> str:
        message = opening_message(environment, identity or secrets.token_hex(16))
        edit = Edit(
            ref=live_ref(environment),
            changes={},
            chained=True,
            message="",
            opening=message,
            sign=self._signing.write,
        )
        match self._outbox.submit([edit]).wait():
            case Unsent(moved_back=ref) if ref:
                broken(
                    environment, "ledger-truncated", f"`{ref}` no longer holds what this clone has seen of it"
                )
            case Unsent(message=said):
                raise NoAnswer.of(
                    "ledger-not-sent",
                    f"the ledger of {environment} could not be opened: {said}",
                    hint="`git push` to the ledger's remote must work (`runner doctor`)",
                )
            case _:
                self.refresh([environment])
        return self.identity(environment)

    def live(self, environment: str) -> Mapping[str, Deployment]:
        """See Ledger."""
        verified = self._verified(environment)
        if verified is None:
            return {}
        read = self._live.get(environment)
        if read is None or read[0] != verified.head:
            # Each of a thousand targets of a run asks for it.
            read = self._live[environment] = (verified.head, MappingProxyType(self._read_live(verified)))
        return read[1]

    def _read_live(self, verified: Verified) -> dict[str, Deployment]:
        environment = verified.environment
        stacks = [name_of(each) for each in self._history.names(verified.head, TARGETS)]
        places = [(verified.head, deployment_path(stack)) for stack in stacks]
        found: dict[str, Deployment] = {}
        for (_, path), content in self._history.contents(places).items():
            try:
                file = target_file(content)
            except NotReadable as error:
                broken(environment, "ledger-unreadable", f"`{path}`: {error}")
            stack = file.newest.target.stack
            if file.deployment and not file.deployment.ended:
                found[stack] = self._with_ids(file.deployment, file.newest, verified.marks[stack].entry)
        return found

    def entries(self, environment: str, stack: str = "", limit: int = 0) -> Iterator[Entry]:
        """See Ledger."""
        verified = self._verified(environment)
        if verified is None:
            return
        found = self._of_target(verified, stack, limit) if stack else self._of_all(verified)
        yield from islice(found, limit or None)

    def _of_all(self, verified: Verified) -> Iterator[Entry]:
        for commit, message in self._history.messages(verified.head):
            if told_target(message):
                yield self._entry(verified.environment, commit, message)

    def _of_target(self, verified: Verified, stack: str, limit: int) -> Iterator[Entry]:
        # Not `git log -- path`: without a commit graph that reads every tree.
        environment = verified.environment
        target = escaped(f"{environment}/{stack}")
        ids = self._index.entries(verified, target)[: limit or None]
        try:
            for commit in self._history.commits(ids):
                if told_target(commit.message) == target:
                    yield self._entry(environment, commit.id, commit.message)
        except KeyError as lost:
            broken(environment, "ledger-truncated", f"this clone lost {lost.args[0][:12]}, which was there")

    def entry(self, environment: str, id: str) -> Entry:
        """See Ledger. Its signature is looked at: `signature` is Git's letter and the signer, empty without one."""
        verified = self._verified(environment)
        found = [] if len(id) < _SHORTEST_PREFIX or verified is None else self._called(verified, id)
        if len(found) != 1:
            several = (
                f"{len(found)} entries of {environment} are called"
                if found
                else f"{environment} has no entry"
            )
            raise AskedWrongly.of(
                "no-such-entry", f"{several} `{id}`", hint=f"`runner log {environment}` lists the entries"
            )
        entry = self._entry(environment, found[0].id, found[0].message)
        if not found[0].signed:
            return entry
        signature = self._history.signatures([entry.id], self._signing.signers)[entry.id]
        return replace(entry, signature=f"{signature.status} {signature.signer}".strip())

    def record(self, writing: Writing) -> tuple[Edit, ...]:
        """See Ledger."""
        target = writing.entry.target
        verified = self._verified(target.environment)
        if verified is None:
            raise AskedWrongly.of(
                "ledger-not-open",
                f"{target.environment} has no ledger to write to",
                hint=f"`runner up env/{target.environment}` opens it",
            )
        shelf = Shelf(
            refs=self._refs,
            history=self._history,
            values=self._values(target.environment),
            fresh=target not in self._recorded,
        )
        edit = edit_of(writing, verified, shelf)
        self._recorded.add(target)
        return (replace(edit, sign=self._signing.write),)

    def freezes(self, environment: str) -> Mapping[str, str]:
        """See Ledger. The id is the run that froze."""
        return {entry.run: _why(entry) for entry in self._freezes(environment) if not entry.stacks}

    def frozen_targets(self, environment: str) -> Mapping[TargetName, str]:
        """See Ledger."""
        return {
            TargetName(environment=environment, stack=stack): _why(entry)
            for entry in self._freezes(environment)
            for stack in entry.stacks
        }

    def _freezes(self, environment: str) -> Sequence[Entry]:
        content = self._content(environment, ENVIRONMENT_FILE)
        try:
            return environment_file(content).freezes if content else ()
        except NotReadable as error:
            broken(environment, "ledger-unreadable", f"`{ENVIRONMENT_FILE}`: {error}")

    def written_by(self, edits: Sequence[Edit]) -> Entry | None:
        """See Ledger."""
        for edit in edits:
            if edit.ref.startswith(LIVE) and edit.chained:
                with suppress(NotReadable):
                    return entry_of(edit.message, "")[0]
        return None

    def fence(self, target: TargetName) -> int:
        """See Ledger."""
        verified = self._verified(target.environment)
        mark = verified.marks.get(target.stack) if verified else None
        return mark.fence if mark else 0

    def outputs(self, target: TargetName) -> Mapping[str, Output]:
        """See Ledger."""
        content = self._content(target.environment, outputs_path(target.stack))
        try:
            return outputs_of(target, content, self._values(target.environment)) if content else {}
        except NotReadable as error:
            broken(target.environment, "ledger-unreadable", f"outputs of {target}: {error}")

    def resources(self, target: TargetName, id: str = "") -> Sequence[Resource]:
        """See Ledger."""
        verified = self._verified(target.environment)
        if verified is None:
            return ()
        commit = self.entry(target.environment, id).id if id else verified.head
        paths = self._history.paths(commit, resources_directory(target.stack))
        values = self._values(target.environment)
        contents = self._history.contents([(commit, path) for path in paths])
        try:
            found = [resource_of(target, content, values) for content in contents.values()]
            return tuple(sorted(found, key=lambda resource: resource.address))
        except NotReadable as error:
            broken(target.environment, "ledger-unreadable", f"a resource of {target}: {error}")

    def touching(self, target: TargetName, address: str) -> Iterator[Entry]:
        """See Ledger."""
        verified = self._verified(target.environment)
        if verified:
            path = resource_path(target.stack, address)
            for commit in self._history.log(verified.head, path=path):
                yield self._entry(target.environment, commit.id, commit.message)

    def verify(self, environment: str) -> int:
        """See Ledger."""
        verified = self._verified(environment)
        if verified is None:
            return 0
        self._verification.believe(environment, verified.head, None, whole=True)
        return sum(1 for commit in self._history.log(verified.head) if commit.parents)

    def _verified(self, environment: str) -> Verified | None:
        """What is believed of the head as last refreshed; None where there is no ledger."""
        with self._lock:
            head = self._refs.head(live_ref(environment))
            before = self._believed.get(environment) or self._memory.recall(environment)
            if head is None:
                if before:
                    broken(environment, "ledger-truncated", f"it is gone; {before.head[:12]} was there")
                return None
            try:
                verified = self._verification.believe(environment, head, before)
            except HistoryMoved:
                # A head that does not verify was not seen: once the remote is mended, it must not look rewound.
                self._refs.forget([live_ref(environment)])
                raise
            if verified is not before:
                self._memory.remember(verified)
            self._believed[environment] = verified
            return verified

    def _entry(self, environment: str, commit: str, message: str) -> Entry:
        try:
            return entry_of(message, commit)[0]
        except NotReadable as error:
            broken(environment, "ledger-unreadable", f"commit {commit[:12]}: {error}")

    def _called(self, verified: Verified, id: str) -> list[LoggedCommit]:
        ids = [commit for commit in self._index.entries(verified) if commit.startswith(id)]
        return list(self._history.commits(ids))

    def _content(self, environment: str, path: str) -> bytes | None:
        verified = self._verified(environment)
        return (
            self._history.contents([(verified.head, path)]).get((verified.head, path)) if verified else None
        )

    def _with_ids(self, deployment: Deployment, newest: Entry, written_by: str) -> Deployment:
        """An entry stands without its id in the commit that it is; later ones were written by who knew it."""

        own = replace(newest, id=written_by)

        def identified(entry: Entry) -> Entry:
            if entry.id:
                return entry
            if entry is newest or entry == newest:
                return own
            known = self.entries(entry.target.environment, entry.target.stack)
            return next((each for each in known if replace(each, id="") == entry), entry)

        return replace(
            deployment,
            last=identified(deployment.last),
            good=identified(deployment.good) if deployment.good else None,
        )


def _why(freeze: Entry) -> str:
    return f"{freeze.because} ({freeze.actor.name}, {freeze.at:%Y-%m-%d %H:%M} UTC)"
