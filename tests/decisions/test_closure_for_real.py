"""Exactly the closure is laid out, and Terraform plans it: nothing that it reads is missing, and no more is needed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from runner.decisions.terraform_closure import closure_of
from runner.kit.tree import DiskTree
from runner.source.facts import CodeReader
from tests.decisions.code_on_paper import gates_of, target_of

TERRAFORM = shutil.which("terraform")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.terraform,
    pytest.mark.skipif(TERRAFORM is None, reason="no `terraform` on PATH"),
]

STACKS = {
    "modules, up and down": {
        "stacks/app/main.tf": 'module "m" {\n  source = "../../modules/m"\n'
        '  file = "${path.module}/../../shared/b.txt"\n}\n'
        'output "x" {\n  value = module.m.x\n}\n',
        "modules/m/main.tf": 'module "n" {\n  source = "../n"\n}\nvariable "file" {}\n'
        'output "x" {\n  value = "${file("${path.module}/files/a.txt")}${module.n.x}${file(var.file)}"\n}\n',
        "modules/m/files/a.txt": "A",
        "modules/n/n.tf.json": json.dumps({"output": {"x": {"value": '${file("${path.module}/c.txt")}'}}}),
        "modules/n/c.txt": "C",
        "shared/b.txt": "B",
        "modules/unused/main.tf": "this is not HCL {",
    },
    "templates that read files": {
        "stacks/app/main.tf": 'locals {\n  dir = "${path.module}/templates"\n  names = ["a"]\n}\n'
        'output "x" {\n  value = [for n in local.names : templatefile("${local.dir}/${n}.tpl", { who = "you" })]\n}\n'
        'output "y" {\n  value = templatefile("templates/b.tpl", {})\n}\n',
        "stacks/app/templates/a.tpl": 'hello ${who} ${file("templates/a.txt")}',
        "stacks/app/templates/a.txt": "A",
        "stacks/app/templates/b.tpl": '${file("other/b.txt")}',
        "stacks/app/other/b.txt": "B",
    },
    "sets of files": {
        "stacks/app/main.tf": 'output "x" {\n  value = { for f in fileset("${path.module}/..", "*/data/**.json") : '
        'f => filesha256("${path.module}/../${f}") }\n}\n'
        'output "y" {\n  value = fileset(path.module, "../../shared/*.{txt,md}")\n}\n',
        "stacks/app/data/1.json": "1",
        "stacks/app/data/deep/2.json": "2",
        "stacks/other/data/3.json": "3",
        "shared/a.txt": "",
        "shared/b.md": "",
    },
    "values and overrides": {
        "stacks/app/main.tf": 'variable "a" {}\nvariable "b" {}\nvariable "c" {}\n'
        'output "x" {\n  value = [var.a, var.b, file(var.c)]\n}\nmodule "m" {\n  source = "./missing"\n}\n',
        "stacks/app/override.tf.json": json.dumps({"module": {"m": {"source": "./here"}}}),
        "stacks/app/here/main.tf": 'resource "terraform_data" "x" {\n  input = abspath(path.root)\n}\n',
        "stacks/app/missing/main.tf": "",
        "stacks/app/terraform.tfvars": 'a = "1"\n',
        "stacks/app/b.auto.tfvars.json": '{"b": "2", "c": "../../shared/named-in-values.txt"}',
        "shared/named-in-values.txt": "C",
    },
    "try and absent files": {
        "stacks/app/main.tf": 'output "x" {\n  value = [fileexists("a.txt"), try(file("b/b.txt"), "none"), '
        'fileexists("${path.root}/c/absent.txt")]\n}\n',
        "stacks/app/a.txt": "",
        "stacks/app/b/b.txt": "B",
    },
}
LINKS = {
    "links": (
        {
            "shared/main.tf": 'output "x" {\n  value = file("${path.module}/linked/x.txt")\n}\n'
            'module "m" {\n  source = "./modules/m"\n}\n',
            "data/x.txt": "X",
            "modules/m/main.tf": 'output "y" {\n  value = file("${path.module}/../n/n.txt")\n}\n',
            "modules/n/n.txt": "N",
        },
        {
            "stacks/app/main.tf": "../../shared/main.tf",
            "stacks/app/linked": "../../data",
            "stacks/app/modules": "../../modules",
        },
    )
}
CASES = {**{name: (files, {}) for name, files in STACKS.items()}, **LINKS}


def lay_out(root: Path, files: dict[str, str], links: dict[str, str]) -> None:
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    for path, target in links.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).symlink_to(target)


def planned(directory: Path, home: Path) -> object:
    """The outputs of a real plan."""
    home.mkdir(exist_ok=True)
    (home / "cli.tfrc").write_text("")
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(home), "TF_CLI_CONFIG_FILE": str(home / "cli.tfrc"),
        "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1",
    }  # fmt: skip

    def run(*arguments: str) -> str:
        assert TERRAFORM is not None
        done = subprocess.run(
            [TERRAFORM, *arguments],
            cwd=directory,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("init", "-input=false", "-no-color")
    run("plan", "-input=false", "-no-color", "-out=plan")
    return {
        name: change["after"]
        for name, change in json.loads(run("show", "-json", "plan"))["output_changes"].items()
    }


@pytest.mark.parametrize("name", CASES)
def test_a_plan_of_exactly_the_closure_is_the_plan_of_the_repository(name: str, tmp_path: Path) -> None:
    files, links = CASES[name]
    whole, part = tmp_path / "whole" / "r", tmp_path / "part" / "r"
    lay_out(whole, files, links)
    closure = closure_of(target_of(), gates_of(), CodeReader(DiskTree(whole)))
    assert not [each for each in closure.diagnostics if each.severity == "error"]
    for path in closure.paths:
        (part / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(whole / path, part / path, follow_symlinks=False)
    assert planned(part / closure.directory, tmp_path / "home") == planned(
        whole / closure.directory, tmp_path / "home"
    )
    assert not any("unused" in path for path in closure.paths)
