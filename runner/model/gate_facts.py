"""What one file of code says, as flat as the static gate wants it: the two syntaxes of HCL come to the same facts.

A `provisioner "local-exec" { command = "x" }` and its JSON form are both the setting `("resource", …, "provisioner",
"local-exec", "command")`: labels, nested blocks and keys of objects are steps of one path, lists are none, and what a
`dynamic` block makes stands where it would be made. So no way of writing hides a thing from a rule.
"""

from __future__ import annotations

from msgspec import Struct

from runner.diagnostics import Diagnostic, Span
from runner.model.code import Text

COMPUTED_NAME = ""
"""A step of a path whose name is an expression."""

OPENING: Text = ()
"""The value of a block or an object: what stands in it are settings of their own."""


class Setting(Struct, frozen=True, kw_only=True):
    """One thing that is written. `digest` is of the bytes of its value, as written: two values that are computed look
    the same, and are not."""

    path: tuple[str, ...]
    value: Text
    span: Span
    digest: str = ""


class Call(Struct, frozen=True, kw_only=True):
    """A function that is called; `path` is its first argument where the function reads files; `digest` of the bytes of
    the call."""

    function: str
    span: Span
    path: Text | None = None
    digest: str = ""


class WrittenFile(Struct, frozen=True, kw_only=True):
    """All of a file. `doubts` are places where it cannot be read, or where the engine could read it otherwise: of a
    file with one nothing is believed."""

    path: str
    settings: tuple[Setting, ...] = ()
    calls: tuple[Call, ...] = ()
    doubts: tuple[Diagnostic, ...] = ()
