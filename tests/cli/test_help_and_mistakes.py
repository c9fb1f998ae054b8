"""The program as it is typed: help for every verb, and one sentence with a way out for every slip."""

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from runner.cli.main import program
from runner.cli.settings import OVERRIDES, Choice
from runner.cli.verbs import VERBS
from tests.program import Program

CONTEXT = click.Context(program, info_name="runner")


def commands(name: str) -> dict[str, click.Command]:
    """A verb, and the words below it: `state pull`."""
    command = program.get_command(CONTEXT, name)
    assert command is not None
    below = command.commands if isinstance(command, click.Group) else {}
    return {name: command, **{f"{name} {word}": inner for word, inner in below.items()}}


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_helps_and_names_all_its_options(name: str) -> None:
    for words, command in commands(name).items():
        text = command.get_help(click.Context(command, parent=CONTEXT, info_name=words))
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert max(parameter.opts, key=len) in text, (words, parameter.opts)
        for standing in ("--json", "-C", "--quiet", "--verbose", "--no-color"):
            assert standing in text, words
        if not isinstance(command, click.Group):
            assert "Exit codes" in text


@pytest.mark.parametrize("name", [name for name, door in VERBS.items() if not door.hidden])
def test_a_summary_is_the_verb_s_own_first_sentence(name: str) -> None:
    first = (commands(name)[name].help or "").strip().split("\n")[0]
    assert first == VERBS[name].summary


@pytest.mark.parametrize("name", VERBS)
def test_every_option_has_its_variable_but_those_that_open_a_gate(name: str) -> None:
    for words, command in commands(name).items():
        for option in command.params:
            if isinstance(option, Choice):
                long = max(option.opts, key=len).lstrip("-")
                variable = "GITOPS_RUNNER_" + long.upper().replace("-", "_")
                assert option.envvar == (None if option.name in OVERRIDES else variable), (words, long)
    assert {"yes", "off_branch", "allow_dirty", "break_glass", "emergency"} <= OVERRIDES


def test_help_comes_from_the_real_program(run_runner: Program, tmp_path: Path) -> None:
    ran = run_runner("--help", cwd=tmp_path)
    assert (ran.code, ran.stderr) == (0, "")
    assert all(name in ran.stdout for name, door in VERBS.items() if not door.hidden)
    assert run_runner("preview", "--help", cwd=tmp_path).code == 0
    assert "dev/network" in run_runner("help", "selectors", cwd=tmp_path).stdout
    assert "130" in run_runner("help", "exit-codes", cwd=tmp_path).stdout
    assert run_runner("--version", cwd=tmp_path).stdout.startswith("runner ")


def test_help_imports_nothing_heavy() -> None:
    looked = (
        "import sys; from runner.cli.main import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", looked], capture_output=True, text=True, check=True, env=os.environ
    )
    loaded = set(ran.stderr.split())
    assert "runner.cli.main" in loaded
    heavy = {
        "rich",
        "yaml",
        "pydantic",
        "cryptography",
        "json",
        "subprocess",
        "tree_sitter",
        "git",
        "dataclasses",
        "msgspec",
    }
    assert not heavy & loaded
    ours = {each for each in loaded if each.startswith("runner.")}
    assert not {each for each in ours if not each.startswith("runner.cli")}


@pytest.mark.parametrize(
    ("arguments", "code", "hint"),
    [
        (["stauts"], "unknown-verb", "runner status"),
        (["state", "pul", "x"], "unknown-verb", "runner state pull"),
        (["up", "--jsn"], "unknown-option", "--json"),
        (["preview", "--no-refersh"], "unknown-option", "--no-refresh"),
        (["up", "--jobs", "many"], "wrong-value", "runner up --help"),
        (["unlock", "dev/network"], "missing-argument", "runner unlock --help"),
        (["show"], "missing-argument", "runner show --help"),
        (["show", "a", "b"], "wrong-usage", "runner show --help"),
        (["-C", "/no/such/place", "explain"], "no-such-directory", "exists"),
        (["\x1b[31mred"], "unknown-verb", "runner --help"),
    ],
)
def test_a_slip_is_one_sentence_with_a_way_out(
    run_runner: Program, tmp_path: Path, arguments: list[str], code: str, hint: str
) -> None:
    ran = run_runner(*arguments, cwd=tmp_path)
    assert ran.code == 2
    assert ran.stdout == ""
    lines = ran.stderr.rstrip("\n").split("\n")
    assert lines[0].startswith(f"error[{code}]: ")
    assert lines[1].startswith("hint: ")
    assert hint in lines[1]
    assert len(lines) == 2
    assert "\x1b" not in ran.stderr


def test_a_slip_in_json_is_the_result_object(run_runner: Program, tmp_path: Path) -> None:
    for arguments in (["--json", "stauts"], ["stauts", "--json"], ["up", "--jsn", "--json"]):
        ran = run_runner(*arguments, cwd=tmp_path)
        assert ran.code == 2
        (result,) = ran.objects
        assert (result["schema"], result["type"], result["exit_code"]) == ("runner/1", "result", 2)
        assert result["diagnostics"][0]["hint"].startswith("did you mean")  # type: ignore[index]


def test_nothing_typed_shows_what_can_be_typed(run_runner: Program, tmp_path: Path) -> None:
    ran = run_runner(cwd=tmp_path)
    assert (ran.code, ran.stdout) == (2, "")
    assert "Preview, ask, apply" in ran.stderr


def test_options_of_every_verb_stand_before_or_after_it(run_runner: Program, tmp_path: Path) -> None:
    before = run_runner("--json", "explain", "bug", cwd=tmp_path)
    after = run_runner("explain", "bug", "--json", cwd=tmp_path)
    by_variable = run_runner("explain", "bug", cwd=tmp_path, env={"GITOPS_RUNNER_JSON": "1"})
    assert before.code == after.code == 0
    assert before.objects == after.objects == by_variable.objects
    assert before.objects[-1]["type"] == "result"


def test_a_variable_gives_an_option_its_value(run_runner: Program, tmp_path: Path) -> None:
    told = run_runner("status", cwd=tmp_path, env={"GITOPS_RUNNER_DIRECTORY": "/no/such/place"})
    assert told.code == 2
    assert "/no/such/place" in told.stderr


def test_explain_has_every_code_of_the_command_line(run_runner: Program, tmp_path: Path) -> None:
    told = run_runner("explain", "unknown-verb", cwd=tmp_path)
    assert told.code == 0
    assert "runner --help" in told.stdout
    assert "unknown-verb" in run_runner("explain", cwd=tmp_path).stdout.split()
    assert run_runner("explain", "unknown-verbs", cwd=tmp_path).code == 2


def test_schema_is_a_document_that_a_program_reads(run_runner: Program, tmp_path: Path) -> None:
    document = json.loads(run_runner("schema", "environment", cwd=tmp_path).stdout)
    assert "properties" in document
    rows = run_runner("schema", "--json", cwd=tmp_path).objects
    assert {row.get("kind") for row in rows[:-1]} == {"environment", "runner", "stack"}


def test_a_reader_who_left_is_no_error(run_runner: Program, tmp_path: Path) -> None:
    child = run_runner.start("explain", cwd=tmp_path)
    assert child.stdout is not None
    child.stdout.close()
    assert child.stderr is not None
    said = child.stderr.read()
    assert child.wait(60) == 0
    assert "Traceback" not in said
    child.stdout = None


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    command = [sys.executable, "-P", "-m", "runner", "explain"]
    with full.open("w") as sink:
        ran = subprocess.run(command, stdout=sink, stderr=-1, text=True, cwd=tmp_path, check=False)
    assert ran.returncode == 1
    assert "could not be written" in ran.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_has_a_script_for_each_shell(run_runner: Program, tmp_path: Path, shell: str) -> None:
    ran = run_runner("completion", shell, cwd=tmp_path)
    assert ran.code == 0
    assert "_RUNNER_COMPLETE" in ran.stdout


def completed(run_runner: Program, cwd: Path, words: str) -> list[str]:
    variables = {
        "_RUNNER_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
    }
    ran = run_runner(cwd=cwd, env=variables)
    assert ran.stderr == ""
    return [each.split(",", 1)[1] for each in ran.stdout.splitlines()]


def test_completion_offers_verbs_environments_and_targets(run_runner: Program, tmp_path: Path) -> None:
    for path in (
        "environments/dev.yaml",
        "environments/prod.yaml",
        "stacks/network/main.tf",
        "stacks/eu/app/Pulumi.yaml",
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    assert completed(run_runner, tmp_path, "runner sta") == ["status", "state"]
    assert completed(run_runner, tmp_path, "runner up d") == ["dev", "dev/eu/app", "dev/network"]
    assert completed(run_runner, tmp_path, "runner freeze p") == ["prod", "prod/eu/app", "prod/network"]
    assert completed(run_runner, tmp_path, "runner key new p") == ["prod"]
    assert "--all-environments" in completed(run_runner, tmp_path, "runner up --al")
