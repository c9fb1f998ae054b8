"""What this clone has believed already: `<git dir>/runner/verified.json`, so that only what is new is verified."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from runner.errors import HistoryMoved
from runner.kit.private_files import replace_file
from runner.ledger.chain import Mark, Verified
from runner.ledger.json_fields import SCHEMA, Fields, NotReadable
from runner.model.references import Json

FILE = "verified.json"


class VerifiedMemory:
    """The believed heads of one place (`remote/origin`, `local`): each remote has a record of its own."""

    def __init__(self, directory: Path, place: str) -> None:
        """`directory` is `<git dir>/runner`; it is made when something is remembered."""
        self._file = directory / FILE
        self._place = place

    def recall(self, environment: str) -> Verified | None:
        """What was believed of an environment. HistoryMoved `verified-unreadable` when the file is not ours."""
        places = self._places()
        written = places.get(self._place, {}).get(environment)
        if written is None:
            return None
        try:
            return _believed(environment, Fields(written, FILE))
        except NotReadable as error:
            raise self._unreadable(str(error)) from None

    def remember(self, verified: Verified) -> None:
        """Writes it down at once, or not at all. Of two writers the last one stands; each of them was right."""
        places = {place: dict(environments) for place, environments in self._places().items()}
        places.setdefault(self._place, {})[verified.environment] = _written(verified)
        replace_file(self._file, json.dumps({"schema": SCHEMA, "places": places}).encode())

    def _places(self) -> Mapping[str, Mapping[str, Json]]:
        try:
            content = self._file.read_bytes()
        except FileNotFoundError:
            return {}
        try:
            whole = Fields.of_blob(content, FILE).members("places")
            return {place: Fields({"all": whole[place]}, FILE).members("all") for place in whole}
        except NotReadable as error:
            raise self._unreadable(str(error)) from None

    def _unreadable(self, why: str) -> HistoryMoved:
        return HistoryMoved.of(
            "verified-unreadable",
            f"what this clone remembers of the ledger cannot be read: {why}",
            hint=f"remove {self._file}; the whole ledger is verified again then",
        )


def _written(verified: Verified) -> Json:
    marks: dict[str, Json] = {
        stack: {"entry": mark.entry, "fence": mark.fence, "serials": dict(mark.serials)}
        for stack, mark in verified.marks.items()
    }
    return {"ledger": verified.ledger, "head": verified.head, "signed": verified.signed, "marks": marks}


def _believed(environment: str, written: Fields) -> Verified:
    marks: dict[str, Mark] = {}
    for stack, value in written.members("marks").items():
        mark = Fields(value, f"the mark of {stack!r}")
        serials = mark.below("serials")
        marks[stack] = Mark(
            entry=mark.text("entry"),
            fence=mark.number("fence"),
            serials={each: serials.number(each) for each in mark.members("serials")} if serials else {},
        )
    return Verified(
        environment=environment,
        ledger=written.text("ledger"),
        head=written.text("head"),
        marks=marks,
        signed=written.flag("signed"),
    )
