"""Which targets: the selectors and the options that narrow or widen them, the same for every verb."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypedDict, TypeVar

import click

from runner.cli.completing import complete_selector
from runner.cli.settings import choice
from runner.model.selection_request import SelectionRequest

Function = TypeVar("Function", bound=Callable[..., object])


class SelectionOptions(TypedDict):
    """As click hands them over."""

    selectors: tuple[str, ...]
    tag: tuple[str, ...]
    stack: tuple[str, ...]
    engine: tuple[str, ...]
    changed: str | None
    with_dependents: bool
    with_dependencies: bool
    all_environments: bool


_OPTIONS = (
    click.argument("selectors", metavar="[SELECTOR]...", nargs=-1, shell_complete=complete_selector),
    choice("--tag", metavar="TAG", multiple=True, help="Only targets with this tag."),
    choice("--stack", metavar="GLOB", multiple=True, help="Only targets of these stacks."),
    choice("--engine", metavar="NAME", multiple=True, help="Only targets of this engine."),
    choice(
        "--changed",
        metavar="[BASE..HEAD]",
        is_flag=False,
        flag_value="",
        default=None,
        help="`preview`, `up`: only what a change touches; `graph`: mark it. Alone: since the default branch.",
    ),
    choice("--with-dependents", is_flag=True, help="And those that need them."),
    choice("--with-dependencies", is_flag=True, help="And those that they need."),
    choice("--all-environments", is_flag=True, help="In every environment."),
)


def choosing(function: Function) -> Function:
    """Gives a verb the selectors and their options."""
    for each in reversed(_OPTIONS):
        function = each(function)
    return function


def selection(given: SelectionOptions) -> SelectionRequest:
    """The request. A word after `--changed` that is no range is a selector: `preview --changed prod` means both."""
    selectors, changed = given["selectors"], given["changed"]
    if changed and ".." not in changed:
        selectors, changed = (changed, *selectors), ""
    return SelectionRequest(
        selectors=selectors,
        tags=given["tag"],
        stacks=given["stack"],
        engines=given["engine"],
        changed=changed,
        with_dependents=given["with_dependents"],
        with_dependencies=given["with_dependencies"],
        all_environments=given["all_environments"],
    )


jobs_option = choice(
    "--jobs",
    "-j",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="How many targets at once; 0: what fits.",
)
