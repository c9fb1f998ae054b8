"""Generated repositories whose graph is known, because it was drawn before a line of code was written.

The oracle is that drawing: what each root reads, as paths. It knows no HCL, so it cannot share a mistake with a parser.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field

LAYOUT = "live/{environment}/{stack}"


@dataclass(frozen=True, slots=True)
class Monorepo:
    """`files` by path; `reads`: root directory -> every path that its plan may depend on."""

    files: dict[str, str]
    reads: dict[str, frozenset[str]]

    def touched(self, paths: Iterable[str]) -> set[str]:
        """The targets (`environment/stack`) whose root reads one of the paths."""
        changed = set(paths)
        return {_target(root) for root, read in self.reads.items() if read & changed}


@dataclass(slots=True)
class _Module:
    directory: str
    files: dict[str, str] = field(default_factory=dict)
    reads: set[str] = field(default_factory=set)


def drawn(
    seed: int, *, environments: int = 3, stacks: int = 6, modules: int = 9, padding: int = 0
) -> Monorepo:
    """`modules` in three levels, each calling some of the level below; roots that call some of any level; files that
    are read by literal paths, beside the code and in `shared`. `padding`: lines of resources a file."""
    chance = random.Random(seed)
    levels: list[list[_Module]] = [[], [], []]
    for number in range(modules):
        level = 0 if number < modules // 2 else 1 if number < modules * 4 // 5 else 2
        below = levels[level - 1] if level else []
        called = chance.sample(below, min(len(below), chance.randint(1, 3)))
        levels[level].append(_module(chance, f"modules/l{level}/{_word(number)}", called, padding))
    everything = [module for level in levels for module in level]
    files = {"runner.yaml": f"layout: ['{LAYOUT}']\nlimits: {{targets: 20000}}\n"}
    files |= {f"shared/{number}.json": "{}\n" for number in range(8)}
    reads: dict[str, frozenset[str]] = {}
    for module in everything:
        files |= module.files
    for environment in range(environments):
        for stack in range(stacks):
            called = chance.sample(everything, min(len(everything), chance.randint(0, 3)))
            root = _module(chance, f"live/env{environment:02}/{_word(stack)}", called, padding, root=True)
            files |= root.files
            reads[root.directory] = frozenset(root.reads)
    return Monorepo(files, reads)


def _word(number: int) -> str:
    names = ("vpc", "db", "web", "queue", "cache", "dns", "iam", "logs", "cdn", "cron")
    return f"{names[number % len(names)]}-{number // len(names)}"


def _target(root: str) -> str:
    _, environment, stack = root.split("/")
    return f"{environment}/{stack}"


def _module(
    chance: random.Random, directory: str, called: list[_Module], padding: int, *, root: bool = False
) -> _Module:
    made = _Module(directory)
    up = "../" * (directory.count("/") + 1)
    main = ['variable "name" {\n  default = "x"\n}\n']
    for number, module in enumerate(called):
        main.append(f'module "m{number}" {{\n  source = "{up}{module.directory}"\n  name   = var.name\n}}\n')
        made.reads |= module.reads
    if chance.random() < 0.2:
        main.append('locals {\n  text = templatefile("${path.module}/text.tpl", { name = var.name })\n}\n')
        made.files[f"{directory}/text.tpl"] = "hello ${name}\n"
    if chance.random() < 0.1:
        main.append('locals {\n  policy = file("${path.module}/policy.json")\n}\n')
        made.files[f"{directory}/policy.json"] = "{}\n"
    if root and chance.random() < 0.1:
        number = chance.randrange(8)
        main.append(f'locals {{\n  shared = jsondecode(file("{up}shared/{number}.json"))\n}}\n')
        made.reads.add(f"shared/{number}.json")
    made.files[f"{directory}/main.tf"] = "".join(main) + _padding(chance, padding)
    made.files[f"{directory}/outputs.tf"] = 'output "name" {\n  value = var.name\n}\n' + _padding(
        chance, padding
    )
    made.files[f"{directory}/versions.tf"] = 'terraform {\n  required_version = ">= 1.5"\n}\n'
    made.reads |= set(made.files)
    return made


def _padding(chance: random.Random, lines: int) -> str:
    return "".join(
        f'resource "terraform_data" "r{number}" {{\n  input = "${{var.name}}-{chance.randrange(1 << 30)}"\n}}\n'
        for number in range(lines)
    )
