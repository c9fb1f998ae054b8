"""What a shell may offer for a word: environments and targets, found by looking at directories only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from runner.cli.settings import settings_of
from runner.model.code_files import CODE, PROJECT_FILES

_MOST = 400
_DEEPEST = 4


def complete_selector(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Environments, their targets, and stacks that begin with `incomplete`."""
    root = Path(settings_of(context).directory)
    bang = "!" if incomplete.startswith("!") else ""
    wanted = incomplete.removeprefix("!")
    found = (bang + word for word in _words(root) if word.startswith(wanted))
    return [CompletionItem(word) for word in islice(dict.fromkeys(found), _MOST)]


def complete_environment(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Environments that begin with `incomplete`."""
    found = (
        word for word in environments(Path(settings_of(context).directory)) if word.startswith(incomplete)
    )
    return [CompletionItem(word) for word in islice(found, _MOST)]


def environments(root: Path) -> list[str]:
    """The environments that have a file."""
    return sorted(each.stem for each in _entries(root / "environments") if each.suffix in (".yaml", ".yml"))


def _words(root: Path) -> Iterator[str]:
    named = environments(root)
    yield from named
    stacks = list(_stacks(root / "stacks", "", _DEEPEST))
    for environment in named:
        yield from (f"{environment}/{name}" for name in stacks)
    yield from (f"stacks/{name}" for name in stacks)
    yield from (f"env/{environment}" for environment in named)


def _stacks(directory: Path, prefix: str, depth: int) -> Iterator[str]:
    for each in sorted(_entries(directory)):
        if each.is_dir() and not each.name.startswith("."):
            name = prefix + each.name
            if any(entry.name.endswith(CODE) or entry.name in PROJECT_FILES for entry in _entries(each)):
                yield name
            if depth > 1:
                yield from _stacks(each, name + "/", depth - 1)


def _entries(directory: Path) -> list[Path]:
    try:
        with os.scandir(directory) as found:
            return [directory / entry.name for entry in islice(found, _MOST * 5)]
    except OSError:
        return []
