"""A plan as bytes, and back: what the next preview of the same shows again."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import json

from runner.model.plan import Plan


def written_plan(plan: Plan) -> bytes:
    """The plan as JSON. It has no secret in it, and is not made for anybody else to read."""
    return json.encode(plan, enc_hook=_written)


def _written(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a kept plan has no {type(value).__name__}")


def read_plan(content: bytes) -> Plan:
    """What `written_plan` was given. ValueError where it was another version's."""
    return json.decode(content, type=Plan)
