"""`affected` over what a stranger can enlarge or lead astray: a limit is named, soon, in bounded memory; and nothing
outside the repository is read."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.abuse.test_enlarged_trees import ALIASES, BEGINNING, NESTED_HCL
from tests.checkout import Checkout
from tests.program import Program

MEGABYTES = 400
"""What a run may take at most; the limits below are met long before."""

_MEGABYTE = 1 << 20

_MEASURED = """
import resource, subprocess, sys
done = subprocess.run([sys.executable, "-P", "-m", "runner", *sys.argv[1:]])
print("peak", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024, file=sys.stderr)
sys.exit(done.returncode)
"""


def measured(*words: str, at: Path) -> tuple[int, list[dict[str, Any]], str]:
    """Exit code, the JSON objects and what else was said; the run is held to `MEGABYTES`."""
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, *words, "--json"],
        cwd=at,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    peak = int(done.stderr.rpartition("peak ")[2])
    assert peak < MEGABYTES, f"{peak} MB"
    assert "Traceback" not in done.stderr
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


@pytest.mark.parametrize("verb", [("affected",), ("why", "prod/app"), ("affected", "HEAD~1..HEAD")])
def test_a_bomb_of_aliases_is_a_named_limit(repository: Checkout, verb: tuple[str, ...]) -> None:
    repository.commit(BEGINNING)
    repository.commit(
        {"environments/prod.yaml": "inputs:\n" + "".join(f"  {line}\n" for line in ALIASES.split("\n"))}
    )
    code, told, said = measured(*verb, at=repository.path)
    assert code == 2
    assert "limits.yaml_nodes" in json.dumps(told) + said


def test_a_bomb_that_main_has_already_makes_every_target_count(repository: Checkout) -> None:
    repository.commit({**BEGINNING, "stacks/app/stack.yaml": ALIASES})
    repository.commit({"stacks/app/stack.yaml": ""})
    code, told, _ = measured("affected", "HEAD~1..HEAD", at=repository.path)
    assert code == 0
    assert {row["target"] for row in told if row["type"] == "affected"} == {"prod/app"}
    assert "base-not-believed" in json.dumps(told)


def test_nesting_of_four_hundred_is_affected_and_said(repository: Checkout) -> None:
    repository.commit(BEGINNING)
    repository.commit(
        {
            "modules/m/main.tf": NESTED_HCL,
            "stacks/app/main.tf": 'module "m" {\n  source = "../../modules/m"\n}\n',
        }
    )
    repository.commit({"modules/m/more.txt": "born beside what cannot be read"})
    for words in (("affected", "HEAD"), ("why", "prod/app", "HEAD~2..HEAD")):
        code, told, _ = measured(*words, at=repository.path)
        assert code == 0
        rows = [row for row in told if row["type"] in ("affected", "why")]
        assert [row["target"] for row in rows] == ["prod/app"], "what cannot be read counts"


@pytest.mark.parametrize(
    "text",
    [
        "a" * _MEGABYTE,
        "name: " + " " * _MEGABYTE + "!",
        "main:" * (_MEGABYTE // 5),
        "members=[" * (_MEGABYTE // 9),
        "StackReference" * (_MEGABYTE // 14),
        "file" * (_MEGABYTE // 4),
    ],
    ids=lambda text: text[:10].strip(),
)
def test_a_megabyte_of_one_word_is_searched_like_any_other(repository: Checkout, text: str) -> None:
    files = dict.fromkeys(("Pulumi.dev.yaml", "pyproject.toml", "x.json", "x.go"), text)
    code = 'locals { a = templatefile("../app/x.json", {}) }\n'
    project = {"Pulumi.yaml": "name: app\nruntime: python\n", "__main__.py": "open('x.json')\n"}
    repository.commit(
        {
            "environments/dev.yaml": "{}\n",
            "stacks/tf/main.tf": code,
            "stacks/go/Pulumi.yaml": "name: go\nruntime: go\n",
            "stacks/go/x.go": text,
            **{f"stacks/app/{path}": each for path, each in (project | files).items()},
        }
    )
    repository.commit({"stacks/app/x.json": text + "\n"})
    code_of_exit, told, _ = measured("affected", "HEAD", at=repository.path)
    assert code_of_exit == 0
    assert {row["target"] for row in told if row["type"] == "affected"} == {"dev/app", "dev/tf"}


def test_links_and_reads_out_of_the_tree_lead_nowhere(repository: Checkout, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("canary")
    code = 'locals {\n  a = file("${path.module}/out")\n  b = file("../../../secret.txt")\n}\n'
    repository.write(
        {
            **BEGINNING,
            "stacks/app/main.tf": code,
            "stacks/loop/main.tf": 'module "m" {\n  source = "./me"\n}\n',
        }
    )
    (repository.path / "stacks/app/out").symlink_to(secret)
    (repository.path / "stacks/loop/me").symlink_to("../loop")
    repository.commit()
    repository.push()
    secret.write_text("another canary")
    exit_code, told, said = measured("affected", at=repository.path)
    assert (exit_code, [row for row in told if row["type"] == "affected"]) == (0, [])
    repository.commit({"stacks/app/more.tf": ""})
    exit_code, told, said = measured("affected", "HEAD", at=repository.path)
    assert [row["target"] for row in told if row["type"] == "affected"] == ["prod/app"]
    assert "canary" not in json.dumps(told) + said
    repository.commit({"stacks/app/stack.yaml": 'reads: ["../../../secret.txt"]\n'})
    exit_code, told, said = measured("affected", "HEAD", at=repository.path)
    assert exit_code == 2
    (problem,) = told[-1]["diagnostics"]
    assert (problem["code"], problem["span"]["file"]) == ("path-outside", "stacks/app/stack.yaml")


def test_five_thousand_stacks_in_one_pull_request_are_a_named_limit_and_with_a_higher_one_an_answer(
    repository: Checkout, run_runner: Program
) -> None:
    repository.commit(BEGINNING)
    repository.git("update-ref", "refs/heads/base", "HEAD")
    born = "".join(f"M 100644 inline stacks/s{number}/main.tf\ndata 0\n\n" for number in range(5000))
    raised = "limits: {targets: 6000}\n"
    stream = (
        "commit refs/heads/many\ncommitter a <a@example.test> 1767225600 +0000\ndata 4\nmany\nfrom refs/heads/base\n"
        f"{born}commit refs/heads/raised\ncommitter a <a@example.test> 1767225601 +0000\ndata 6\nraised\n"
        f"from refs/heads/many\nM 100644 inline runner.yaml\ndata {len(raised)}\n{raised}\n"
    )
    subprocess.run(["git", "fast-import", "--quiet"], input=stream.encode(), cwd=repository.path, check=True)
    code, told, said = measured("affected", "base..many", at=repository.path)
    assert code == 2
    assert "limits.targets" in json.dumps(told) + said
    code, told, _ = measured("affected", "base..raised", at=repository.path)
    assert code == 0
    assert sum(row["type"] == "affected" for row in told) == 5000
    ran = run_runner("affected", "base..raised", "--matrix", "github", cwd=repository.path)
    assert ran.code == 2, "256 jobs are the most, and a part of them would be green without a plan"
    assert "256" in ran.stderr
