"""What a closure asked of a tree: a change that touches nothing of it makes no difference, whatever came or went."""

from __future__ import annotations

import random
from collections.abc import Mapping

import pytest

from runner.decisions.closure import Closure
from runner.decisions.footprint import Footprint, Touched, touched_by
from runner.decisions.pulumi_closure import traced_closure
from runner.kit.tree import DictTree
from runner.model.stack import EngineName
from runner.source.facts import CodeReader
from tests.decisions.code_on_paper import gates_of, target_of
from tests.decisions.drawn_programs import drawn

PROJECT = {"stacks/app/Pulumi.yaml": "name: app\nruntime: python\n"}
YAML = {"stacks/app/Pulumi.yaml": "name: app\nruntime: yaml\nvariables:\n  a: ${b}/../../shared/x.json\n"}
NAMES = (
    "net.py", "net/__init__.py", "lib.py", "common/__init__.py", "common.py", "single/__init__.py", "x.json", "x",
    "Pulumi.dev.yml", "Pulumi.prod.yaml", "Pulumi.yml", "requirements.txt", "pyproject.toml", "uv.lock", "names.so",
    "data/c.json", "a.json", "more/dev.txt", "thirdparty.py", "zones.json", "plain/module/__init__.py", "os.py",
)  # fmt: skip
PLACES = (
    ".",
    "src",
    "stacks",
    "stacks/app",
    "stacks/app/src",
    "stacks/app/lib",
    "stacks/app/data",
    "shared",
    "shared/common",
)


def read(files: Mapping[str, str], links: Mapping[str, str]) -> tuple[Closure, Footprint]:
    target = target_of(engine=EngineName.PULUMI)
    closure, trace = traced_closure(target, gates_of("dev"), CodeReader(DictTree(files, links)))
    return closure, trace.footprint


def touched(
    before: tuple[dict[str, str], dict[str, str]], after: tuple[dict[str, str], dict[str, str]]
) -> Touched:
    one, other = (
        {**files, **{path: f"-> {to}" for path, to in links.items()}} for files, links in (before, after)
    )
    paths = {path for path in one.keys() | other.keys() if one.get(path) != other.get(path)}
    return touched_by(paths, DictTree(*before), DictTree(*after))


def changed(
    chance: random.Random, files: dict[str, str], links: dict[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """A file is edited, ends, is born, becomes a directory or a link; a directory ends, or a link leads elsewhere."""
    files, links = dict(files), dict(links)
    path = chance.choice(sorted(files))
    match chance.randrange(7):
        case 0:
            files[path] += "\n# edited\n"
        case 1:
            del files[path]
        case 2:
            del files[path]
            files[f"{path}/inner.py"] = ""
        case 3 if "/" in path:
            whole = path.rpartition("/")[0] + "/"
            files = {each: text for each, text in files.items() if not each.startswith(whole)}
        case 4:
            del files[path]
            links[path] = chance.choice(["../../shared/x.json", "../net.py", "../../../../away", "data"])
        case 5 if links:
            links[chance.choice(sorted(links))] = chance.choice(["../../shared", ".", "lib/../data/../lib"])
        case _:
            born = f"{chance.choice(PLACES)}/{chance.choice(NAMES)}".removeprefix("./")
            above = {born[:at] for at, each in enumerate(born) if each == "/"}
            if not (above & (files.keys() | links.keys())) and not any(
                p.startswith(born + "/") for p in (*files, *links)
            ):
                links.pop(born, None)
                files[born] = chance.choice(
                    ["import os\n", "{}", "-e ../../shared\n", "open('data/a.json')\n"]
                )
    return files, links


@pytest.mark.parametrize("seed", range(16))
def test_what_crosses_no_footprint_changes_no_closure(seed: int) -> None:
    chance = random.Random(seed)
    files = {**drawn(seed)[0], **(YAML if seed % 8 == 7 else PROJECT)}
    links = (
        {"stacks/app/through": "lib/../data", "stacks/app/common": "../../shared/common"} if seed % 2 else {}
    )
    before = files, links
    crossed = 0
    for _ in range(25):
        after = changed(chance, *before)
        (old, footprint), (new, _) = read(*before), read(*after)
        change = touched(before, after)
        crossed += footprint.crosses(change)
        if not footprint.crosses(change):
            assert old == new, change
        else:
            other = read(*after)[1]
            # Either tree's footprint tells: it does not matter which of the two was read.
            assert old == new or other.crosses(change)
        if after[0].get("stacks/app/Pulumi.yaml"):
            before = after
    assert crossed


def test_the_birth_of_a_file_that_only_a_text_names_crosses_it() -> None:
    files = {**PROJECT, "stacks/app/__main__.py": "load('data/born.json')\n", "stacks/app/data/a.json": "{}"}
    born = {**files, "stacks/app/data/born.json": "{}"}
    closure, footprint = read(files, {})
    assert closure != read(born, {})[0]
    assert footprint.crosses(touched((files, {}), (born, {})))
    away = {**files, "stacks/app/data/a.json": "[]"}
    assert not footprint.crosses(touched((files, {}), (away, {})))
