"""Both commits are planned for real: a target whose plan comes out otherwise is in the affected set, and the set holds
nobody who reads none of what changed."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from runner.model.names import TargetName
from runner.model.target import Target
from tests.decisions.code_on_paper import named, target_of
from tests.decisions.two_trees import compared

TERRAFORM = shutil.which("terraform")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.terraform,
    pytest.mark.skipif(TERRAFORM is None, reason="no `terraform` on PATH"),
]
MODULES = ("leaf", "tags", "vpc", "cluster")
TARGETS = ("dev/app", "prod/app", "dev/net")
VALUES = 'name = "{0}"\n'


@dataclass(slots=True)
class Repository:
    """`reads`: directory of code -> paths that it may read itself; `calls`: whom it calls."""

    files: dict[str, str] = field(default_factory=dict)
    reads: dict[str, set[str]] = field(default_factory=dict)
    calls: dict[str, list[str]] = field(default_factory=dict)

    def readers(self, paths: set[str]) -> set[str]:
        """The targets that read one of the paths, by the drawing."""
        return {name for name in TARGETS if self._reads(name) & paths}

    def _reads(self, name: str) -> set[str]:
        environment, _, stack = name.partition("/")
        found, pending = {f"stacks/{stack}/{environment}.tfvars"}, [f"stacks/{stack}"]
        while pending:
            directory = pending.pop()
            found |= self.reads[directory]
            pending += self.calls[directory]
        return found


# What an expression may read: HCL, and the path by which the file is meant (`@` is the directory of the code).
READING = [
    ('file("${path.module}/a.txt")', "@/a.txt"),
    ('templatefile("${path.module}/b.tpl", { name = var.name })', "@/b.tpl"),
    ('join(",", fileset(path.module, "set/*.json"))', "@/set/1.json"),
    ('fileexists("${path.module}/maybe.txt") ? "yes" : "no"', "@/maybe.txt"),
    ('filesha256("${path.module}/${local.place}/c.bin")', "@/deep/c.bin"),
    ('file("../../shared/one.json")', "shared/one.json"),
    ('jsondecode(file("${path.root}/../../shared/two.json")).x', "shared/two.json"),
    ('file("${path.module}/../../shared/links/three.txt")', "shared/links/three.txt"),
    ("var.name", ""),
]
CONTENTS = {
    "b.tpl": "hello ${name}",
    "two.json": '{"x": 1}',
    "b.tpl+": "bye ${name}",
    "two.json+": '{"x": 2}',
}


def drawn(seed: int) -> Repository:
    """Four modules, each calling some before it; two stacks, one in two environments. Whatever is read comes out."""
    chance, made = random.Random(seed), Repository()
    for at, name in enumerate(MODULES):
        _directory(chance, made, f"modules/{name}", list(MODULES[:at]))
    for stack in ("app", "net"):
        _directory(chance, made, f"stacks/{stack}", list(MODULES))
        made.files[f"stacks/{stack}/README.md"] = "nobody reads this"
    for environment, stack in (name.split("/") for name in TARGETS):
        made.files[f"stacks/{stack}/{environment}.tfvars"] = VALUES.format(environment)
    return made


def _directory(chance: random.Random, made: Repository, directory: str, below: list[str]) -> None:
    called = chance.sample(below, min(len(below), chance.randint(0, 2)))
    words, reads = [], {f"{directory}/main.tf", f"{directory}/more.tf"}
    for expression, path in chance.sample(READING, 3):
        words.append(expression)
        if path:
            whole = path.replace("@", directory)
            made.files.setdefault(whole, CONTENTS.get(path.rpartition("/")[2], "begin"))
            reads.add(whole)
    words += [f"module.{each}.x" for each in called]
    calls = [
        f'module "{each}" {{\n  source = "../../modules/{each}"\n  name = var.name\n}}\n' for each in called
    ]
    made.files[f"{directory}/main.tf"] = (
        "".join(calls) + 'variable "name" {}\nlocals {\n  place = "deep"\n}\n'
    )
    made.files[f"{directory}/more.tf"] = f'output "x" {{\n  value = jsonencode([{", ".join(words)}])\n}}\n'
    made.reads[directory], made.calls[directory] = reads, [f"modules/{each}" for each in called]


def steps(made: Repository, chance: random.Random) -> list[tuple[dict[str, str], set[str]]]:
    """Trees that follow, each with the paths in which it differs: every one an edit, a birth or an end."""
    found = []
    for path in chance.sample(sorted(made.files), 5):
        name = path.rpartition("/")[2]
        if path.endswith(".tf"):
            text = made.files[path].replace("jsonencode([", 'jsonencode(["edited", ') + "# edited\n"
        elif path.endswith(".tfvars"):
            text = VALUES.format("edited")
        else:
            text = CONTENTS.get(f"{name}+", "edited")
        found.append(({**made.files, path: text}, {path}))
    for end in (path for path in sorted(made.files) if path.endswith(("set/1.json", "maybe.txt"))):
        found += [({path: text for path, text in made.files.items() if path != end}, {end})]
    sets = sorted(path for path in made.files if path.endswith("set/1.json"))
    for path in sets[:1]:
        born = path.replace("1.json", "2.json")
        found.append(({**made.files, born: "{}"}, {born}))
    return found


def targets_of() -> list[Target]:
    return [target_of(name) for name in TARGETS]


class Checked:
    """One directory, laid out as one commit after the other, planned by Terraform."""

    def __init__(self, root: Path) -> None:
        self.root, self.files = root / "repository", dict[str, str]()
        self.home = root / "home"
        self.home.mkdir()
        (self.home / "cli.tfrc").write_text("")

    def checkout(self, files: dict[str, str]) -> None:
        """What differs is written or taken away."""
        for path in self.files.keys() - files.keys():
            (self.root / path).unlink()
        for path, content in files.items():
            if self.files.get(path) != content:
                (self.root / path).parent.mkdir(parents=True, exist_ok=True)
                (self.root / path).write_text(content)
        self.files = files

    def planned(self, name: str) -> object:
        """What a real plan of the target says of its outputs."""
        environment, _, stack = name.partition("/")
        words = (
            "plan",
            "-input=false",
            "-refresh=false",
            "-lock=false",
            f"-var-file={environment}.tfvars",
            "-out=plan",
        )
        directory = self.root / "stacks" / stack
        if self._run(directory, *words).returncode != 0:
            self._run(directory, "init", "-input=false", "-backend=false")
            done = self._run(directory, *words)
            assert done.returncode == 0, done.stderr
        said = json.loads(self._run(directory, "show", "-json", "plan").stdout)
        return {name: change["after"] for name, change in said["output_changes"].items()}

    def _run(self, directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
        assert TERRAFORM is not None
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.home), "TF_CLI_CONFIG_FILE": str(self.home / "cli.tfrc"),
            "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1",
        }  # fmt: skip
        return subprocess.run(
            [TERRAFORM, *words], cwd=directory, env=environment, capture_output=True, text=True, check=False
        )


@pytest.mark.parametrize("seed", range(4))
def test_every_target_that_plans_otherwise_is_affected_and_nobody_else(seed: int, tmp_path: Path) -> None:
    made = drawn(seed)
    checked = Checked(tmp_path)
    checked.checkout(made.files)
    before = {name: checked.planned(name) for name in TARGETS}
    seen = 0
    for files, paths in steps(made, random.Random(seed)):
        checked.checkout(files)
        otherwise = {name for name in TARGETS if checked.planned(name) != before[name]}
        found: dict[TargetName, object] = dict(compared(made.files, files, targets=targets_of()))
        assert otherwise <= set(map(str, found)), f"{sorted(paths)} changed the plans of {sorted(otherwise)}"
        watched = {each.replace("2.json", "1.json") for each in paths}
        assert set(found) == {named(name) for name in made.readers(watched)}
        seen += len(otherwise)
    assert seen >= 3
