"""Reading shared refs: what a remote (or the clone) holds, and that no chain moved back behind what was seen."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from runner.diagnostics import Diagnostic
from runner.errors import HistoryMoved, NoAnswer
from runner.git.local_place import LocalPlace
from runner.git.place import Place, RefNaming, matches
from runner.git.remote_place import RemotePlace
from runner.git.repository import Repository
from runner.git.tree_editing import blob_at, blobs_below

CHAINS = "refs/runner/live/"
"""Refs below it are chains: a new head contains the one before."""

_ROUNDS = 20  # each means that somebody pushed between our listing and our fetching


class Sighting(Struct, frozen=True, kw_only=True):
    """What a place held when it was looked at. `moved_back`: chains whose head does not contain the one remembered;
    for them `heads` has the remembered one. `others`: what is remembered of refs that were not looked at."""

    heads: Mapping[str, str]
    others: Mapping[str, str]
    moved_back: tuple[str, ...] = ()


class Memory:
    """The heads of a place's refs that this clone has seen, kept as refs of the clone under `refs/gitops-runner/seen/`
    (which also keeps their objects from being collected)."""

    def __init__(self, repository: Repository, place: Place) -> None:
        self._repository = repository
        self._place = place
        self._prefix = f"refs/gitops-runner/seen/{place.name}/"

    def remembered(self) -> Mapping[str, str]:
        """Ref -> commit, as last seen."""
        lines = self._repository.command.output(
            "for-each-ref", "--format=%(objectname) %(refname)", self._prefix
        )
        pairs = (line.split(" ", 1) for line in lines.decode(errors="surrogateescape").splitlines())
        return {"refs/" + name.removeprefix(self._prefix): commit for commit, name in pairs}

    def look(self, patterns: Sequence[str]) -> Sighting:
        """Lists what matches, brings what is new, compares chains with what was seen, and remembers. NoAnswer."""
        for turn in range(_ROUNDS):
            # First what was seen, then what is there: what another process sees in between cannot look like going back.
            # Within one look the listing may be the older of the two: what seems to go back is asked for again.
            remembered = self.remembered()
            seen = {ref: commit for ref, commit in remembered.items() if matches(ref, patterns)}
            there = self._place.listed(patterns, anew=turn > 0)
            new = {ref: commit for ref, commit in there.items() if seen.get(ref) != commit}
            if new and not self._place.bring(new):
                continue
            back = self._back(seen, there)
            if not back or turn:
                break
        else:
            raise NoAnswer.of(
                "remote-too-busy", "the refs changed faster than they could be read", hint="run it again"
            )
        changes = {ref: there.get(ref) for ref in {*new, *(seen.keys() - there.keys())} if ref not in back}
        self.remember(changes, seen)
        return Sighting(
            heads={**there, **{ref: seen[ref] for ref in back}},
            others={ref: commit for ref, commit in remembered.items() if ref not in seen},
            moved_back=back,
        )

    def remember(self, heads: Mapping[str, str | None], before: Mapping[str, str]) -> None:
        """Writes down what was seen. Where another process has written meanwhile, its word stands."""
        nothing = self._repository.objects.nothing
        lines = [
            f"update {self._prefix}{ref.removeprefix('refs/')} {commit or nothing} {before.get(ref, nothing)}\n"
            for ref, commit in heads.items()
            if before.get(ref) != commit
        ]
        if not lines or not self._written(lines):
            return
        for line in lines if len(lines) > 1 else ():
            self._written([line])

    def forget(self, ref: str) -> None:
        """For a person who accepts that `ref` moved back, and for a head that did not verify."""
        self._repository.command.run("update-ref", "-d", self.kept_as(ref))

    def kept_as(self, ref: str) -> str:
        """The name under which the clone remembers `ref`."""
        return self._prefix + ref.removeprefix("refs/")

    def _written(self, lines: Sequence[str]) -> bool:
        """True when it failed."""
        answer = self._repository.command.run(
            "update-ref", "--no-deref", "--stdin", stdin="".join(lines).encode()
        )
        return answer.status != 0

    def _back(self, seen: Mapping[str, str], there: Mapping[str, str]) -> tuple[str, ...]:
        """The chains that no longer contain what was seen of them."""
        chains = (ref for ref in sorted(seen) if ref.startswith(CHAINS))
        return tuple(ref for ref in chains if self._is_back(seen[ref], there.get(ref)))

    def _is_back(self, seen: str, there: str | None) -> bool:
        return there is None or (seen != there and not self._repository.is_ancestor(seen, there))


class SharedRefs:
    """See Refs. Before the first `refresh`, reads are of what this clone has seen last."""

    def __init__(self, repository: Repository, place: Place) -> None:
        self._objects = repository.objects
        self._memory = Memory(repository, place)
        self._known: Mapping[str, str] | None = None
        self._looking = threading.Lock()  # a sighting must not be replaced by an older one of another thread

    def refresh(self, patterns: Sequence[str]) -> None:
        """See Refs."""
        with self._looking:
            sighting = self._memory.look(patterns)
            before = sighting.others if self._known is None else self._known
            kept = {ref: commit for ref, commit in before.items() if not matches(ref, patterns)}
            self._known = {**kept, **sighting.heads}
        if sighting.moved_back:
            raise HistoryMoved(tuple(self._diagnostic(ref) for ref in sighting.moved_back))

    def head(self, ref: str) -> str | None:
        """See Refs."""
        return self._heads.get(ref)

    def names(self, prefix: str) -> tuple[str, ...]:
        """See Refs."""
        return tuple(sorted(ref for ref in self._heads if ref.startswith(prefix)))

    def blob(self, ref: str, path: str) -> tuple[str, bytes] | None:
        """See Refs."""
        commit = self._heads.get(ref)
        oid = blob_at(self._objects, self._objects.root(commit), path) if commit else None
        return (oid, self._objects.read(oid)) if oid else None

    def blobs(self, ref: str, prefix: str = "") -> Mapping[str, tuple[str, bytes]]:
        """See Refs."""
        commit = self._heads.get(ref)
        if not commit:
            return {}
        found = blobs_below(self._objects, self._objects.root(commit), prefix)
        contents = self._objects.read_many(found.values())
        return {path: (oid, contents[oid]) for path, oid in found.items()}

    @property
    def _heads(self) -> Mapping[str, str]:
        known = self._known
        if known is None:
            known = self._known = self._memory.remembered()
        return known

    def forget(self, refs: Iterable[str]) -> None:
        """See Refs."""
        for ref in refs:
            self._memory.forget(ref)

    def _diagnostic(self, ref: str) -> Diagnostic:
        head = self._heads[ref]
        return Diagnostic(
            code="history-moved-back",
            message=f"`{ref}` no longer contains {head[:12]}, which this clone has seen: its history was moved back",
            hint=f"push {head[:12]} again; or, if you accept the loss, `git update-ref -d {self._memory.kept_as(ref)}`",
        )


class RemoteRefs(SharedRefs):
    """See Refs: of a remote. AskedWrongly `no-such-remote`."""

    def __init__(self, repository: Repository, remote: str, naming: RefNaming) -> None:
        super().__init__(repository, RemotePlace(repository, remote, naming))


class LocalRefs(SharedRefs):
    """See Refs: of the clone itself."""

    def __init__(self, repository: Repository, naming: RefNaming) -> None:
        place = LocalPlace(repository, naming)
        super().__init__(repository, place)
        self._known = place.listed(("refs/runner/*",))
