"""From a request to an exit code for verbs that only compare commits: without what it takes to run or to ask."""

from __future__ import annotations

import os
from collections.abc import Callable

import click

from runner.cli.settings import settings_of
from runner.cli.showing import Request, Result, Showing, told, working_directory
from runner.cli.voice import Voice
from runner.operations.code_tools import CodeTools
from runner.wiring.code_toolbox import CodeToolbox


def looked(
    context: click.Context,
    operation: Callable[[Request, CodeTools], Result],
    request: Request,
    showing: Showing[Result],
) -> int:
    """Runs one verb → its exit code."""
    settings = settings_of(context)
    tools = CodeToolbox(working_directory(settings), dict(os.environ))
    return told(context, Voice(settings), operation(request, tools), showing)
