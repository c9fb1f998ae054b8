"""Where it is kept what our comment of a pull request showed: in `refs/runner/plans/<pull request>`, each record under
its own digest.

Who knows the digest from a place that nobody else writes believes the record (law 12); whoever only pushes can neither
change one nor make one count. Several may lie there, so that a writer that was killed leaves the one that counts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from runner import diagnostics
from runner.errors import NoAnswer
from runner.git import Edit, Outbox, Pushed, Refs, Unsent
from runner.kit import canonical
from runner.kit.tagged import Tagged
from runner.model import approval, change, environment, names, plan, previewed, stack, verdict
from runner.model.approval import Showing
from runner.model.previewed import RequestPreview
from runner.model.shown import Shown

_KINDS = Tagged.of(approval, change, diagnostics, environment, names, plan, previewed, stack, verdict)
_RECORDS = "shown/"
_PREVIEWS = "previews/"
_MOST_SHOWINGS = 20
_MOST_BYTES = 8 << 20
_MOST_PREVIEW_BYTES = 32 << 20
_DIGITS = 32


class Showings:
    """The records of all pull requests. Reads are of the last `refresh`."""

    def __init__(self, refs: Refs, outbox: Outbox) -> None:
        self._refs = refs
        self._outbox = outbox

    def refresh(self, numbers: Sequence[int] = ()) -> None:
        """Asks the place of the record: of these pull requests, else of all. NoAnswer."""
        self._refs.refresh([_ref(each) for each in numbers] or [_ref("*")])

    def numbers(self) -> tuple[int, ...]:
        """The pull requests of which something is kept."""
        found = (name.removeprefix(_ref("")) for name in self._refs.names(_ref("")))
        return tuple(sorted(int(each) for each in found if each.isdecimal()))

    def find(self, number: int, digest: str) -> Shown | None:
        """The record of that digest; None where it is not there whole."""
        found = self._refs.blob(_ref(number), f"{_RECORDS}{digest}.json")
        if found is None or _digest(found[1]) != digest:
            return None
        shown = _read(found[1])
        return shown if shown and shown.number == number else None

    def unconfirmed(self, number: int) -> tuple[Shown, ...]:
        """All records as they lie there, the newest first: where to look for one that counts, and no more."""
        found = (_read(content) for _, content in self._refs.blobs(_ref(number), _RECORDS).values())
        return tuple(sorted((each for each in found if each), key=_newest, reverse=True))

    def preview(self, shown: Shown) -> RequestPreview | None:
        """The preview that a believed record names; None where it was not kept, or is not there whole."""
        path = f"{_PREVIEWS}{shown.preview}.json"
        found = self._refs.blob(_ref(shown.number), path) if shown.preview else None
        if found is None or _digest(found[1]) != shown.preview:
            return None
        kept = _opened(found[1])
        return kept if isinstance(kept, RequestPreview) else None

    def keep(self, shown: Shown, preview: RequestPreview | None, counting: str) -> str:
        """Adds a record, and gives its digest. `preview` None: the one that `shown` names stays. `counting` is the
        digest of the one that counts until then: that stays too, all others go. NoAnswer `showing-not-kept`."""
        number = shown.number
        changes: dict[str, bytes | None] = {}
        if preview is not None:
            content = _bytes(preview)
            fits = len(content) <= _MOST_PREVIEW_BYTES
            shown = replace(shown, preview=_digest(content) if fits else "")
            if fits:
                changes[f"{_PREVIEWS}{shown.preview}.json"] = content
        content = _written(shown)
        digest = _digest(content)
        before = self.find(number, counting) if counting else None
        if before and digest == counting:
            return digest
        stay = {f"{_PREVIEWS}{each.preview}.json" for each in (shown, before) if each and each.preview}
        stay |= {f"{_RECORDS}{each}.json" for each in (digest, counting)}
        there = {*self._refs.blobs(_ref(number), _RECORDS), *self._refs.blobs(_ref(number), _PREVIEWS)}
        changes |= dict.fromkeys(there - stay)
        changes[f"{_RECORDS}{digest}.json"] = content
        self._send(number, changes)
        return digest

    def end(self, number: int) -> None:
        """Takes away all that is kept of a pull request, its saved plans too. NoAnswer `showing-not-kept`."""
        self._send(number, {_RECORDS: None, _PREVIEWS: None, "plans/": None})

    def _send(self, number: int, changes: Mapping[str, bytes | None]) -> None:
        edit = Edit(ref=_ref(number), changes=changes, message=f"runner: pull request {number}")
        delivery = self._outbox.submit([edit]).wait()
        if not isinstance(delivery, Pushed):
            said = delivery.message if isinstance(delivery, Unsent) else "somebody else wrote it at once"
            message = f"what pull request {number} was shown could not be recorded: {said}"
            hint = "`git push` to the ledger's remote must work; then run it again"
            raise NoAnswer.of("showing-not-kept", message, hint=hint)


def _ref(number: int | str) -> str:
    return f"refs/runner/plans/{number}"


def _digest(content: bytes) -> str:
    return canonical.digest_bytes(content)[:_DIGITS]


def _newest(shown: Shown) -> float:
    return max((each.at.timestamp() for each in shown.showings), default=0.0)


def _bytes(value: object) -> bytes:
    """Foreign words may hold what UTF-8 cannot: JSON's own escapes can."""
    return json.dumps(_KINDS.written(value), separators=(",", ":"), sort_keys=True).encode()


def _opened(content: bytes) -> object:
    """What `_bytes` wrote; None for bytes that it never writes."""
    try:
        return _KINDS.read(json.loads(content))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _written(shown: Shown) -> bytes:
    """The record's bytes: of showings so many as are of use, the latest ones."""
    kept = shown.showings[-_MOST_SHOWINGS:]
    while len(kept) > 1 and len(_bytes(_flat(kept))) > _MOST_BYTES:
        kept = kept[1:]
    members = {
        "number": shown.number,
        "comment": shown.comment,
        "body": shown.body,
        "showings": _flat(kept),
        "superseded": shown.superseded,
        "preview": shown.preview,
    }
    return _bytes(members)


def _flat(showings: tuple[Showing, ...]) -> tuple[object, ...]:
    return tuple((each.at, each.commit, tuple(each.digests.items())) for each in showings)


def _read(content: bytes) -> Shown | None:
    found = _opened(content)
    try:
        members = dict(found)  # type: ignore[call-overload]
        showings = [
            Showing(at=_moment(at), commit=str(commit), digests=dict(pairs))
            for at, commit, pairs in members.pop("showings")
        ]
        return Shown(**members, showings=tuple(showings))
    except (ValueError, TypeError, KeyError):
        return None


def _moment(written: object) -> datetime:
    if not isinstance(written, datetime) or written.tzinfo is None:
        raise ValueError("no moment")
    return written
