"""Histories of small repositories, with most of what code can do to name a path, each step drawn by chance."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from tests.checkout import Checkout
from tests.decisions.monorepo import drawn

STATE = 'terraform {\n  backend "s3" {\n    bucket = "b"\n    key    = "%s"\n  }\n}\n'
READS_STATE = (
    'data "terraform_remote_state" "n" {\n  backend = "s3"\n  config  = { bucket = "b", key = "%s" }\n}\n'
)
BODIES = (
    'module "more" {\n  source = "../../../modules/l0/vpc-0"\n}\n',
    'module "odd" {\n  source = "../../../linked/l0/db-0"\n}\n',
    'locals {\n  a = file("${path.module}/../../../shared/2.json")\n}\n',
    'locals {\n  n = "shared"\n  b = file("../../../${local.n}/4.json")\n}\n',
    'locals {\n  c = fileset("../../../shared", "*.json")\n}\n',
    'locals {\n  d = templatefile("../../../templates/hot.tpl", {})\n}\n',
    'locals {\n  e = file(var.path)\n}\nvariable "path" {}\n',
    'variable "region" {}\n',
    STATE % "one",
    READS_STATE % "one",
    "",
    "# nothing\n",
)
BEGINNING: dict[str, str | bytes | None] = {
    "runner.yaml": "layout: ['live/{environment}/{stack}']\ndefault_branch: main\n",
    "environments/env00.yaml": "inputs: {path: ../../../shared/1.json, region: eu}\n",
    "environments/env01.yaml": "targets:\n  db-0: {depends_on: [vpc-0]}\n",
    "environments/env02.yaml": "settings:\n  terraform: {var_files: ['envs/{environment}.tfvars']}\n",
    "envs/env02.tfvars": 'x = "../../../shared/5.json"\n',
    "templates/hot.tpl": '${file("../../../shared/3.json")}\n',
    "live/env01/vpc-0/state.tf": STATE % "net",
    "live/env01/db-0/state.tf": READS_STATE % "net",
}


@dataclass(slots=True)
class History:
    """A repository that goes on; `commits` oldest first."""

    clone: Checkout
    chance: random.Random
    files: dict[str, str]
    commits: list[str]
    steps: tuple[Callable[[History], None], ...] = ()

    @classmethod
    def begun(cls, clone: Checkout, seed: int) -> History:
        """With the drawing of `seed` and what a drawing has not."""
        files = {**drawn(seed, environments=3, stacks=4, modules=9).files, **BEGINNING}
        (clone.path / "linked").symlink_to("modules")
        made = cls(clone, random.Random(seed), {path: str(text) for path, text in files.items()}, [])
        made.commits.append(clone.commit(files))
        return made

    def go_on(self) -> None:
        """One more commit."""
        for _ in range(self.chance.choice((1, 1, 2, 4))):
            step = self.chance.choice(self.steps or STEPS)
            step(self)
        self.commits.append(self.clone.commit())

    def put(self, path: str, text: str | None) -> None:
        """Writes a file, or removes it."""
        self.clone.write({path: text})
        if text is None:
            del self.files[path]
        else:
            self.files[path] = text

    def any_of(self, *ends: str, below: str = "") -> str:
        """One of the files."""
        return self.chance.choice(
            sorted(path for path in self.files if path.endswith(ends) and path.startswith(below))
        )


def _edit(history: History) -> None:
    path = history.any_of(".tf", ".json", ".tpl", ".tfvars")
    history.put(path, history.files[path] + "\n")


def _say(history: History) -> None:
    place = history.any_of("main.tf", below="live/").rpartition("/")[0]
    history.put(f"{place}/{history.chance.choice('abc')}.tf", history.chance.choice(BODIES))


def _unsay(history: History) -> None:
    path = history.any_of("outputs.tf", "versions.tf", "/a.tf", "/b.tf", "/text.tpl")
    history.put(path, None)


def _stack(history: History) -> None:
    name = f"live/env0{history.chance.randrange(3)}/new-{history.chance.randrange(4)}/main.tf"
    history.put(name, None if name in history.files else history.chance.choice(BODIES))


def _module(history: History) -> None:
    name = f"modules/l0/new-{history.chance.randrange(2)}/main.tf"
    history.put(name, None if name in history.files else "# a module\n")


def _configure(history: History) -> None:
    name = f"environments/env0{history.chance.randrange(3)}.yaml"
    history.put(name, history.files[name] + f"# {history.chance.random()}\n")
    if history.chance.random() < 0.5:
        history.put("environments/env00.yaml", f"inputs: {{region: {history.chance.choice('abc')}}}\n")


def _link(history: History) -> None:
    link = history.clone.path / "linked"
    link.unlink()
    link.symlink_to(history.chance.choice(("modules", "shared", "nowhere")))


def _template(history: History) -> None:
    path = history.any_of(".tpl")
    history.put(path, history.chance.choice(("plain\n", '${file("../../../shared/6.json")}\n')))


STEPS: tuple[Callable[[History], None], ...] = (
    _edit, _edit, _edit, _edit, _edit, _say, _say, _unsay, _stack, _module, _configure, _link, _template,
)  # fmt: skip
