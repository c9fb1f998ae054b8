"""Pulumi projects for tests, short to write."""

from __future__ import annotations

from collections.abc import Mapping

from runner.decisions.closure import CONTENT, Closure
from runner.model.stack import EngineName
from tests.decisions.code_on_paper import closed, target_of

PROJECT = "name: app\nruntime: python\n"


def program(
    files: Mapping[str, str], links: Mapping[str, str] | None = None, project: str = PROJECT, **target: object
) -> Closure:
    """The closure of `dev/app`, whose project is in `stacks/app`."""
    whole = {"stacks/app/Pulumi.yaml": project, "stacks/app/__main__.py": "", **files}
    return closed(whole, target_of(engine=EngineName.PULUMI, **target), links=links)  # type: ignore[arg-type]


def read_by(
    files: Mapping[str, str], links: Mapping[str, str] | None = None, project: str = PROJECT, **target: object
) -> set[str]:
    """Paths in it, without those that every project has."""
    found = program(files, links, project, **target)
    own = {"stacks/app/Pulumi.yaml", "stacks/app/__main__.py"}
    return {item.name for item in found.items if item.kind in CONTENT} - own
