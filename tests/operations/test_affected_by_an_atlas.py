"""What a clone keeps never changes an answer: warm, cold and by all closures it is the same, whatever was kept."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from collections.abc import Mapping
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from runner.decisions.affected import Affected, Side, affected, with_dependents
from runner.decisions.edges import judged
from runner.decisions.referred_stacks import ReadPrograms
from runner.git.commit_tree import CommitTree
from runner.git.ranges import changed_paths, renamed_paths
from runner.kit.tree import DictTree
from runner.model.names import TargetName
from runner.operations.affected import reached
from runner.operations.charted import charted
from runner.operations.glancing import glance_at
from runner.source.facts import CodeReader
from runner.source.pages import FILE_NAME
from runner.wiring.code_toolbox import CodeToolbox
from tests.checkout import Checkout
from tests.decisions.monorepo import drawn
from tests.operations.histories import History
from tests.operations.program_histories import begun_with_programs

MODULE = "modules/l0/vpc-0/main.tf"
Rows = Mapping[TargetName, Affected]


def kept(clone: Checkout) -> Path:
    return clone.path / ".git" / "runner" / FILE_NAME


def asked(clone: Checkout, fork: str, head: str) -> tuple[Rows, int]:
    """As a new process would answer."""
    tools = CodeToolbox(clone.path, {})
    found = reached(tools, f"{fork}..{head}")
    tools.repository.close()
    return found.rows, found.of


def side_of(tools: CodeToolbox, commit: str) -> Side:
    tree = CommitTree(tools.repository, commit)
    gates = tools.gates(tree)
    wishes = tools.wishes(tree, gates)
    return Side(
        targets=wishes.targets,
        wishes=wishes.wishes,
        gates=gates.environments,
        code=tools.code(tree),
        foreign=wishes.foreign,
    )


def by_all_closures(clone: Checkout, fork: str, head: str) -> tuple[Rows, int]:
    """Without a search: every closure at both commits."""
    tools = CodeToolbox(clone.path, {})
    before, after = side_of(tools, fork), side_of(tools, head)
    changed = {each.path for each in changed_paths(tools.repository, fork, head)}
    old, new = before.targets.keys(), after.targets.keys()
    renames = renamed_paths(tools.repository, fork, head) if old - new and new - old else {}
    rows = affected(before, after, changed, renames=renames)
    graph = judged(after.targets, after.code, after.gates, programs=ReadPrograms(after.code))
    tools.repository.close()
    return with_dependents(rows, graph.edges), len(after.targets)


@pytest.mark.parametrize("seed", range(4))
def test_warm_and_cold_say_what_all_closures_say(repository: Checkout, seed: int) -> None:
    history = History.begun(repository, seed)
    assert compared_on(history, 10) > 1


@pytest.mark.parametrize("seed", range(4))
def test_of_programs_too(repository: Checkout, seed: int) -> None:
    assert compared_on(begun_with_programs(repository, seed), 16) > 4


def compared_on(history: History, steps: int) -> int:
    """Goes on, and asks of two commits each time; how often the atlas answered."""
    repository, looked_up = history.clone, 0
    for _ in range(steps):
        history.go_on()
        fork, head = sorted(history.chance.sample(range(len(history.commits)), 2))
        if history.chance.random() < 0.5:
            fork, head = len(history.commits) - 2, len(history.commits) - 1
        ends = history.commits[fork], history.commits[head]
        expected = by_all_closures(repository, *ends)
        tools = CodeToolbox(repository.path, {})
        looked_up += (
            kept(repository).exists() and charted(tools, tools.repository.tree_of(ends[1])) is not None
        )
        tools.repository.close()
        warm = asked(repository, *ends)
        assert warm == expected, f"warm, {ends}"
        if history.chance.random() < 0.3:
            shutil.rmtree(kept(repository).parent)
            assert asked(repository, *ends) == expected, f"cold, {ends}"
    return looked_up


ROOT = "live/env00/new/main.tf"
OWN = "../../.."
NEW_WAYS = {
    "a module is called": ({ROOT: f'module "m" {{\n  source = "{OWN}/modules/l0/vpc-0"\n}}\n'}, MODULE),
    "a file is read": ({ROOT: f'locals {{\n  a = file("{OWN}/shared/7.json")\n}}\n'}, "shared/7.json"),
    "a module reads a file": (
        {"modules/l0/lone/more.tf": 'locals {\n  a = file("${path.module}/../../../shared/7.json")\n}\n'},
        "shared/7.json",
    ),
    "a path is glued": (
        {ROOT: f'locals {{\n  n = "shared"\n  a = file("{OWN}/${{local.n}}/7.json")\n}}\n'},
        "shared/7.json",
    ),
    "a template begins to read": (
        {"templates/cold.tpl": '${file("../../../shared/7.json")}\n'},
        "shared/7.json",
    ),
    "a template that reads is filled in": (
        {ROOT: f'locals {{\n  a = templatefile("{OWN}/templates/lone.tpl", {{}})\n}}\n'},
        "shared/7.json",
    ),
    "values name a file": (
        {"live/env00/new/terraform.tfvars": f'path = "{OWN}/shared/7.json"\n'},
        "shared/7.json",
    ),
    "a way through a link": (
        {ROOT: f'module "m" {{\n  source = "{OWN}/linked/l0/vpc-0"\n}}\n'},
        MODULE,
    ),
}


@pytest.mark.parametrize("way", NEW_WAYS)
def test_a_way_that_is_newer_than_the_atlas_is_seen(repository: Checkout, way: str) -> None:
    history = History.begun(repository, 9)
    history.put(ROOT, "")
    history.put("live/env00/new/calls.tf", f'module "l" {{\n  source = "{OWN}/modules/l0/lone"\n}}\n')
    cold = f'locals {{\n  t = templatefile("{OWN}/templates/cold.tpl", {{}})\n  f = file(var.path)\n}}\n'
    history.put("live/env00/new/reads.tf", 'variable "path" {}\n' + cold)
    history.put("modules/l0/lone/main.tf", "")
    history.put("templates/cold.tpl", "plain\n")
    history.put("templates/lone.tpl", '${file("../../../shared/7.json")}\n')
    asked(repository, history.commits[0], repository.commit())
    written, read = NEW_WAYS[way]
    for path, text in written.items():
        history.put(path, text)
    fork = repository.commit()
    history.put(read, history.files[read] + "\n")
    head = repository.commit()
    tools = CodeToolbox(repository.path, {})
    chart = charted(tools, tools.repository.tree_of(head))
    assert chart is not None
    assert chart.pages.head["tree"] != chart.id
    tools.repository.close()
    rows, of = asked(repository, fork, head)
    assert TargetName(environment="env00", stack="new") in rows
    assert (rows, of) == by_all_closures(repository, fork, head)


def test_what_is_damaged_lost_or_of_another_program_is_seen(repository: Checkout) -> None:
    history = History.begun(repository, 7)
    history.put(MODULE, history.files[MODULE] + "\n")
    history.commits.append(repository.commit())
    ends = history.commits[0], history.commits[1]
    expected = by_all_closures(repository, *ends)
    assert expected[0]
    for harm in (
        "DELETE FROM page WHERE number = 1",
        "DELETE FROM page WHERE number > 0",
        "UPDATE page SET body = CAST('{}' AS BLOB) WHERE number > 0",
        "UPDATE page SET body = (SELECT body FROM page WHERE number = 0) WHERE number = 1",
        "UPDATE page SET body = substr(body, 1, length(body) - 1) WHERE number = 0",
        "DELETE FROM page",
        "DROP TABLE page",
    ):
        assert asked(repository, *ends) == expected
        with sqlite3.connect(kept(repository)) as connection:
            connection.execute(harm)
        connection.close()
        assert asked(repository, *ends) == expected, harm
    kept(repository).write_bytes(b"no database")
    assert asked(repository, *ends) == expected


def test_an_atlas_whose_tree_is_gone_is_not_asked(repository: Checkout) -> None:
    history = History.begun(repository, 3)
    first = history.commits[0]
    repository.git("switch", "--quiet", "--create", "gone")
    history.put("shared/3.json", "[]\n")
    lost = repository.commit()
    asked(repository, first, lost)
    repository.git("switch", "--quiet", "main")
    repository.git("branch", "--quiet", "-D", "gone")
    repository.git("reflog", "expire", "--expire=now", "--all")
    repository.git("gc", "--quiet", "--prune=now")
    history.put("shared/3.json", "{}\n\n")
    head = repository.commit()
    assert asked(repository, first, head) == by_all_closures(repository, first, head)


def test_two_at_once_say_the_same_while_a_third_drops_what_is_kept(repository: Checkout) -> None:
    history = History.begun(repository, 5)
    for _ in range(3):
        history.put(MODULE, history.files[MODULE] + "\n")
        history.commits.append(repository.commit())
    runs = [
        Popen(
            [sys.executable, "-P", "-m", "runner", "affected", f"{fork}..{head}", "--json"],
            cwd=repository.path,
            stdout=PIPE,
        )
        for fork, head in zip(history.commits, history.commits[1:], strict=False)
        for _ in range(2)
    ]
    for name in ("", "-wal", "-shm"):
        kept(repository).with_name(FILE_NAME + name).unlink(missing_ok=True)
    told = [run.communicate()[0] for run in runs]
    assert all(run.returncode == 0 for run in runs)
    objects = [[json.loads(line) for line in each.splitlines()] for each in told]
    rows = {tuple(each["target"] for each in some if each["type"] == "affected") for some in objects}
    assert len(rows) == 1
    assert rows != {()}


def test_a_glance_at_thousands_of_files_sees_what_one_at_few_sees(repository: Checkout) -> None:
    drawing = drawn(7, environments=6, stacks=50, modules=30, padding=1)
    links = {"linked": "modules"}
    (repository.path / "linked").symlink_to("modules")
    repository.commit({**drawing.files}, "all of it")
    tools = CodeToolbox(repository.path, {})
    tree, listed = CommitTree(tools.repository, "HEAD"), DictTree(drawing.files, links)
    seen, plainly = glance_at(tree, tools.code(tree), ()), glance_at(listed, CodeReader(listed), ())
    tools.repository.close()
    assert (seen.namings, seen.hot, seen.links) == (plainly.namings, plainly.hot, plainly.links)
    assert len(set(drawing.files.values())) > 600  # beyond what is read in one round
