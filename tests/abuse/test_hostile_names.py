"""Names that try to be something else: no trailer, line, cursor, path or command is forged by one."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.checkout import Checkout
from tests.program import Program, Ran

pytestmark = pytest.mark.usefixtures("terraform_binary")

NAMES = {
    "newline": "a\nResult: failed\n\nEngine: evil",
    "carriage return": "a\rother succeeded",
    "ansi": "a\x1b[2J\x1b]0;title\x07b",
    "bidi": "a\u202egnp\u2066b\u2069",
    "workflow": "::add-mask::a",
    "workflow line": "a\n::set-output name=x::y\n##vso[task.setvariable]z",
    "dots": "..a",
    "encoded dots": "%2e%2e%2fa",
    "lock": "a.lock",
    "quotes": "a\"b'c`d",
    "shell": "$(touch marker);`touch marker`&a",
    "option": "--help",
    "markup": "<img src=x onerror=y>[link](javascript:z)",
    "globs": "a*[b]?",
    "references": "${secret:env:HOME}",
}
CI = {"CI": "true", "GITHUB_ACTIONS": "true"}
TRAILERS = re.compile(r"[A-Z][A-Za-z]*(-[A-Z][A-Za-z]*)*")
KEYED = """
resource "terraform_data" "it" {
  for_each = toset(jsondecode(file("${path.module}/keys.json")))
  input    = each.key
}
output "all" {
  value = { for key, it in terraform_data.it : key => it.output }
}
"""


def _quiet(*runs: Ran) -> None:
    """Nothing that was printed moves a cursor, turns letters round, or is a command to a CI runner."""
    for ran in runs:
        for text in (ran.stdout, ran.stderr):
            assert "Traceback" not in text, text
            assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", text), repr(text)
            for line in text.split("\n"):
                assert not line.lstrip().startswith(("::", "##vso[")), line


def _trailers(repository: Checkout, commit: str) -> list[tuple[str, str]]:
    message = repository.git("log", "-1", "--format=%B", commit)
    parsed = subprocess.run(
        ["git", "interpret-trailers", "--parse", "--no-divider"],
        input=message,
        cwd=repository.path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [(key, value) for key, _, value in (line.partition(": ") for line in parsed.splitlines())]


def _checked_record(repository: Checkout, targets: int) -> None:
    """The newest entry has each trailer once, with a true result; the tree has one directory for each target."""
    repository.git("fetch", "--quiet", "origin", "+refs/runner/*:refs/check/*")
    trailers = _trailers(repository, "refs/check/live/prod")
    single = [value for key, value in trailers if key == "Result"]
    assert single == ["succeeded"], trailers
    assert [value for key, value in trailers if key == "Engine"] == [
        value for key, value in trailers if key == "Engine" and value.startswith("terraform ")
    ]
    assert all(TRAILERS.fullmatch(key) for key, _ in trailers), trailers
    paths = repository.git("ls-tree", "-r", "-z", "--name-only", "refs/check/live/prod").split("\0")
    assert len({path.split("/")[1] for path in paths if path.startswith("targets/")}) == targets
    for path in filter(None, paths):
        assert re.fullmatch(r"[A-Za-z0-9%_.,@+=/-]+", path), path
        assert not {".", "..", ".git", ""} & set(path.split("/"))


def _published(repository: Checkout, message: str = "begin") -> None:
    repository.commit({"runner.yaml": "ledger: {remote: origin}\n"}, message)
    repository.push()
    repository.git("fetch", "--quiet", "origin")


def _reading(repository: Checkout, run_runner: Program) -> Iterator[Ran]:
    for words in (("status",), ("log",), ("outputs", "prod")):
        yield run_runner(*words, cwd=repository.path, env=CI)


def test_stacks_whose_directories_have_such_names_are_all_refused_by_name(
    repository: Checkout, run_runner: Program, tmp_path: Path
) -> None:
    refused = [name for kind, name in NAMES.items() if kind not in ("lock", "dots")]
    repository.write(
        {
            "environments/prod.yaml": "",
            **{f"stacks/{name}/main.tf": 'resource "terraform_data" "it" {\n}\n' for name in refused},
        }
    )
    _published(repository)
    ran = run_runner("up", "prod", "--yes", "--json", cwd=repository.path, env=CI)
    plain = run_runner("preview", "prod", cwd=repository.path, env=CI)
    _quiet(ran, plain)
    assert (ran.code, plain.code) == (2, 2), ran
    assert plain.stderr.count("error[stack-name-invalid]") == len(refused)
    assert not list(tmp_path.rglob("marker"))


def test_a_name_that_git_would_take_for_a_lock_file_is_recorded(
    repository: Checkout, run_runner: Program
) -> None:
    repository.write(
        {
            "environments/prod.yaml": "",
            "stacks/a.lock/main.tf": 'resource "terraform_data" "it" {\n}\n',
        }
    )
    _published(repository)
    ran = run_runner("up", "prod", "--yes", cwd=repository.path, env=CI)
    assert ran.code == 0, ran
    _checked_record(repository, 1)


def test_resources_and_outputs_with_such_keys_are_recorded_truly(
    repository: Checkout, run_runner: Program
) -> None:
    names = list(NAMES.values())
    repository.write(
        {
            "environments/prod.yaml": "ledger: {values: plain}\n",
            "stacks/app/main.tf": KEYED,
            "stacks/app/keys.json": json.dumps(names),
        }
    )
    _published(repository)
    plain = run_runner("preview", "prod", cwd=repository.path, env=CI)
    ran = run_runner("up", "prod", "--yes", "--json", cwd=repository.path, env=CI)
    assert ran.code == 0, ran
    shown = [run_runner(verb, "prod/app", cwd=repository.path, env=CI) for verb in ("show", "outputs")]
    raw = run_runner("show", "prod/app", "--raw", cwd=repository.path, env=CI)
    _quiet(plain, ran, raw, *shown, *_reading(repository, run_runner))
    _checked_record(repository, 1)
    paths = repository.git("ls-tree", "-r", "-z", "--name-only", "refs/check/live/prod").split("\0")
    assert len([path for path in paths if path.startswith("targets/app/resources/")]) == len(names)
    pulled = json.loads(run_runner("state", "pull", "prod/app", cwd=repository.path).stdout)
    assert sorted(pulled["outputs"]["all"]["value"]) == sorted(names)


@pytest.mark.parametrize("kind", ["newline", "ansi", "bidi", "workflow line"])
def test_a_person_a_commit_and_a_reason_cannot_write_trailers(
    repository: Checkout, run_runner: Program, kind: str
) -> None:
    evil = NAMES[kind]
    repository.write(
        {
            "environments/prod.yaml": "",
            "stacks/app/main.tf": 'resource "terraform_data" "it" {\n}\n',
        }
    )
    repository.git("config", "user.email", f"eve@example.test{evil}")
    _published(repository, f"{evil}\n\nResult: failed\nFence: 99\n{evil}")
    ran = run_runner("up", "prod", "--yes", "--json", "--emergency", evil, cwd=repository.path, env=CI)
    assert ran.code == 0, ran
    _checked_record(repository, 1)
    by_hand = run_runner("freeze", "prod", "--reason", evil, cwd=repository.path, env=CI)
    assert by_hand.code == 0, by_hand
    repository.write({"stacks/app/main.tf": 'resource "terraform_data" "other" {\n}\n'})
    _published(repository)
    frozen = run_runner("up", "prod", "--yes", cwd=repository.path, env=CI)
    assert frozen.code in (3, 8), frozen
    _quiet(ran, by_hand, frozen, *_reading(repository, run_runner))


@pytest.mark.parametrize("branch", ["a\u202eb", "a'\"b", "$(touch${IFS}marker)", "a`b`"])
def test_a_branch_with_such_a_name_is_applied_as_itself(
    repository: Checkout, run_runner: Program, branch: str, tmp_path: Path
) -> None:
    repository.write(
        {
            "environments/prod.yaml": f"branch: {json.dumps(branch)}\n",
            "stacks/app/main.tf": 'resource "terraform_data" "it" {\n}\n',
        }
    )
    _published(repository)
    repository.git("checkout", "--quiet", "-b", branch)
    behind = run_runner("up", "prod", "--yes", cwd=repository.path, env=CI)
    assert behind.code in (2, 3), behind
    repository.push(branch)
    ran = run_runner("up", "prod", "--yes", "--json", cwd=repository.path, env=CI)
    _quiet(behind, ran, *_reading(repository, run_runner))
    assert ran.code == 0, ran
    _checked_record(repository, 1)
    assert not list(tmp_path.rglob("marker"))
    pasted = re.search(r"^hint: git push (.*)$", behind.stderr, re.MULTILINE)
    assert pasted, behind
    if branch.isascii():
        assert shlex.split(pasted[1]) == ["origin", f"HEAD:{branch}"]
