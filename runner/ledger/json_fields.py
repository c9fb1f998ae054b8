"""Reads one JSON object field by field: what is missing has its default, what has another type is not believed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NoReturn

from runner.model.references import Json

SCHEMA = "runner/1"


class NotReadable(ValueError):
    """Bytes of the record that are not what we write; the text says what is wrong with them."""


class Fields:
    """The fields of one object. Each reader raises NotReadable for a value of another type."""

    __slots__ = ("_what", "_written")

    def __init__(self, value: Json, what: str) -> None:
        """`what` names the object in messages. NotReadable where `value` is no object."""
        if not isinstance(value, dict):
            raise NotReadable(f"{what} is no JSON object")
        self._written = value
        self._what = what

    @classmethod
    def of_blob(cls, content: bytes, what: str) -> Fields:
        """The object in `content`, which must be one of ours (`"schema": "runner/1"`)."""
        try:
            fields = cls(json.loads(content), what)
        except (ValueError, RecursionError) as error:
            raise NotReadable(f"{what} is not readable JSON: {error}") from None
        if (schema := fields.text("schema")) != SCHEMA:
            raise NotReadable(f"{what} has the schema {schema!r}, this version reads {SCHEMA!r}")
        return fields

    def __contains__(self, name: str) -> bool:
        return self._written.get(name) is not None

    def text(self, name: str, default: str = "") -> str:
        """A string."""
        value = self._written.get(name, default)
        return value if isinstance(value, str) else self._refuse(name)

    def number(self, name: str, default: int = 0) -> int:
        """A whole number."""
        value = self._written.get(name, default)
        return value if isinstance(value, int) and not isinstance(value, bool) else self._refuse(name)

    def seconds(self, name: str, default: float = 0.0) -> float:
        """A number."""
        value = self._written.get(name, default)
        return (
            float(value)
            if isinstance(value, int | float) and not isinstance(value, bool)
            else self._refuse(name)
        )

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean."""
        value = self._written.get(name, default)
        return value if isinstance(value, bool) else self._refuse(name)

    def instant(self, name: str) -> datetime:
        """An aware instant in ISO 8601; there is no default."""
        return instant(self.text(name), f"`{name}` of {self._what}")

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of strings; empty by default."""
        value = self._written.get(name, [])
        if not isinstance(value, list):
            self._refuse(name)
        return tuple(item if isinstance(item, str) else self._refuse(name) for item in value)

    def below(self, name: str) -> Fields | None:
        """The object in a field, None where there is none."""
        value = self._written.get(name)
        return None if value is None else Fields(value, f"`{name}` of {self._what}")

    def members(self, name: str) -> Mapping[str, Json]:
        """An object as it stands; empty by default."""
        value = self._written.get(name, {})
        return value if isinstance(value, dict) else self._refuse(name)

    def named_texts(self, name: str) -> Mapping[str, str]:
        """An object of strings; empty by default."""
        below = self.below(name)
        return {each: below.text(each) for each in self.members(name)} if below else {}

    def items(self, name: str) -> tuple[Fields, ...]:
        """A list of objects; empty by default."""
        value = self._written.get(name, [])
        if not isinstance(value, list):
            self._refuse(name)
        return tuple(Fields(item, f"an item of `{name}` of {self._what}") for item in value)

    def value(self, name: str) -> Json:
        """Whatever stands there."""
        return self._written.get(name)

    def _refuse(self, name: str) -> NoReturn:
        raise NotReadable(f"`{name}` of {self._what} has a type that we do not write")


def instant(text: str, what: str) -> datetime:
    """An aware instant. NotReadable for text that is none."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise NotReadable(f"{what} is no point in time") from None
    if read.tzinfo is None:
        raise NotReadable(f"{what} has no time zone")
    return read


def instant_text(moment: datetime) -> str:
    """`moment` in UTC, ISO 8601, as `instant` reads it."""
    return moment.astimezone(UTC).isoformat()
