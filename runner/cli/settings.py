"""The options that every verb takes, before it or after it, and what they said."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar

import click

OVERRIDES = frozenset({"yes", "off_branch", "allow_dirty", "break_glass", "emergency", "force"})
"""What opens a gate is typed, never inherited from an environment variable (DESIGN, section 3)."""

Function = TypeVar("Function", bound=Callable[..., object])


class Settings:
    """What the options of every verb said so far; one that stands after the verb wins. `verbosity` is -1 for `-q`."""

    # No dataclass and no `Path`: `--help` imports this file, and little else.
    __slots__ = ("color", "directory", "json", "verbosity")

    def __init__(self) -> None:
        self.directory = "."
        self.json = False
        self.verbosity = 0
        self.color = not os.environ.get("NO_COLOR")


class Choice(click.Option):
    """An option that is also read from `GITOPS_RUNNER_<OPTION>`, unless it is an override."""

    def __init__(self, declarations: list[str], /, **attributes: object) -> None:
        super().__init__(declarations, **attributes)  # type: ignore[arg-type]
        if self.name and self.name not in OVERRIDES and not self.envvar:
            self.envvar = "GITOPS_RUNNER_" + _long(self).replace("-", "_").upper()


def choice(*declarations: str, **attributes: object) -> Callable[[Function], Function]:
    """`click.option`, as a `Choice`."""
    return click.option(*declarations, cls=Choice, **attributes)


def settings_of(context: click.Context) -> Settings:
    """The settings of this command line."""
    return context.find_root().ensure_object(Settings)


def standing_options() -> list[click.Parameter]:
    """Fresh options that every verb and the program itself take."""
    return [
        Choice(
            ["-C", "--directory"],
            metavar="DIR",
            help="Work as if started in DIR.",
            expose_value=False,
            callback=_directory,
        ),
        Choice(
            ["--json"],
            is_flag=True,
            help="One JSON object a line on stdout.",
            expose_value=False,
            callback=_json,
        ),
        Choice(["-q", "--quiet"], is_flag=True, help="Only the answer.", expose_value=False, callback=_quiet),
        Choice(
            ["-v", "--verbose"],
            is_flag=True,
            help="All there is to say.",
            expose_value=False,
            callback=_verbose,
        ),
        Choice(
            ["--no-color"],
            is_flag=True,
            help="No colours; NO_COLOR does it too.",
            expose_value=False,
            callback=_plain,
        ),
    ]


def _long(option: click.Option) -> str:
    return max(option.opts, key=len).lstrip("-")


def _directory(context: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None:
        settings_of(context).directory = value


def _json(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        settings_of(context).json = True


def _quiet(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        settings_of(context).verbosity = -1


def _verbose(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        settings_of(context).verbosity = 1


def _plain(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        settings_of(context).color = False
