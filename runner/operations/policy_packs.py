"""Policy packs that Pulumi itself holds against a plan: those that the gates name, as the law's commit has them."""

from __future__ import annotations

from pathlib import Path

from runner.errors import Denied
from runner.git.commit_tree import CommitTree
from runner.git.export import export
from runner.model.environment import PolicySource
from runner.model.stack import EngineName
from runner.model.target import Target
from runner.operations.session import Session
from runner.operations.survey import of_commit

PACK_FILES = ("PulumiPolicy.yaml", "PulumiPolicy.yml", "PulumiPolicy.json")
INPUT = "pulumi"


def packs_laid_out(session: Session, target: Target, scratch: Path) -> tuple[Path, ...]:
    """The directories of the packs that bind `target`, laid out below `scratch`: from the commit whose gates hold,
    never from the code that is judged (law 2). Denied `policy-pack-missing` where a path is no pack (law 10)."""
    sources = [each for each in session.gates(target.name.environment).policies if each.input == INPUT]
    if not sources or target.stack.engine.name is not EngineName.PULUMI:
        return ()
    law = CommitTree(session.bench.tools.repository, session.survey.law)
    found = []
    for number, source in enumerate(sources):
        if not _binds(session, source, target):
            continue
        top = "" if source.path in (".", "./") else f"{source.path.removeprefix('./').rstrip('/')}/"
        if all(law.node(f"{top}{name}") is None for name in PACK_FILES):
            raise Denied.of(
                "policy-pack-missing",
                f"`policies` of `{target.name.environment}` names `{source.path}`, and {session.survey.law[:12]}, "
                "whose gates hold, has no PulumiPolicy.yaml there",
                hint="add the pack on the default branch, or name the directory that holds its PulumiPolicy.yaml",
            )
        place = scratch / "packs" / str(number)
        export(law, [node.path for node in law.walk(top.rstrip("/") or ".")], place)
        found.append(place / top)
    return tuple(found)


def _binds(session: Session, source: PolicySource, target: Target) -> bool:
    """By the tags of both sides: what the code takes away still binds."""
    whole, wanted = session.survey, set(source.tags)
    if not wanted or wanted & set(target.stack.tags):
        return True
    if whole.law == whole.revision.commit:
        return False
    before = of_commit(session.bench, whole, whole.law).wishes.targets.get(target.name)
    return before is not None and bool(wanted & set(before.stack.tags))
