"""Configuration as its results show it: mistakes at their places, values by their precedence, references, secrets."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.journeys.codes import ONE, RUNNER, thing
from tests.journeys.conftest import Setting
from tests.journeys.stage import Stage


def test_all_mistakes_are_told_at_once_each_at_its_place(setting: Setting) -> None:
    stage = setting(
        {
            "runner.yaml": "ledger: {remote: origin, colour: red}\n",
            "environments/prod.yaml": "inputs:\n  cidr: 1\ninputs: {}\nwindow: []\n",
            "environments/dev.yaml": "targets:\n  netwrk: {}\n  network: {inputs: {cidr: '${nowhere.id}'}}\n",
            "stacks/network/main.tf": ONE["stacks/network/main.tf"],
        }
    )
    before = stage.refs()
    told = stage.run("up", "prod", "--yes", code=2)
    places = {
        (each["span"]["file"], each["span"]["line"], each["span"]["column"])
        for each in told.diagnostics
        if each["span"]
    }
    assert ("runner.yaml", 1, 26) in places
    assert ("environments/prod.yaml", 3, 1) in places
    assert ("environments/prod.yaml", 4, 1) in places
    assert ("environments/dev.yaml", 2, 3) in places
    assert "windows" in str([each for each in told.diagnostics if "`window`" in each["message"]])
    assert all(each["hint"] for each in told.diagnostics if each["severity"] == "error")
    words = stage.plain("up", "prod", "--yes", code=2)
    assert "environments/prod.yaml:4:1" in words.stderr
    assert "window: []\n" in words.stderr, "the source line is shown"
    assert "^" in words.stderr
    assert stage.refs() == before


def test_a_cycle_is_shown_as_its_path(setting: Setting) -> None:
    code = 'variable "in" {}\noutput "out" { value = var.in }\n'
    stage = setting(
        {
            "runner.yaml": RUNNER,
            "environments/prod.yaml": """\
targets:
  a: {inputs: {in: "${b.out}"}}
  b: {inputs: {in: "${c.out}"}}
  c: {depends_on: [a]}
""",
            **{f"stacks/{name}/main.tf": code for name in "abc"},
        }
    )
    told = stage.run("up", "prod", "--yes", code=2)
    (message,) = [each["message"] for each in told.diagnostics]
    assert all(f"prod/{name}" in message for name in "abc"), message


def test_a_reference_to_an_output_that_is_not_there_names_those_that_are(three: Stage) -> None:
    yaml = (three.clone.path / "environments/prod.yaml").read_text()
    three.change({"environments/prod.yaml": yaml.replace("${network.id}", "${network.idd}")})
    told = three.run("up", "prod", "--yes", code=2)
    problem = next(each for each in told.diagnostics if "idd" in each["message"])
    assert "`cidr`" in problem["message"] + problem["hint"]
    assert "`id`" in problem["message"] + problem["hint"]
    assert problem["span"]["file"] == "environments/prod.yaml"


def test_an_input_that_no_stack_declares_is_a_mistake(setting: Setting) -> None:
    stage = setting({**ONE, "environments/prod.yaml": ONE["environments/prod.yaml"] + "inputs: {zone: a}\n"})
    assert "`zone`" in str(stage.run("up", "prod", "--yes", code=2).diagnostics)
    stage.change({"environments/prod.yaml": "targets: {network: {inputs: {cidr: 10.0.0.0/16, zone: a}}}\n"})
    told = stage.run("up", "prod", "--yes", code=2)
    assert "`zone`" in str(told.diagnostics)
    assert stage.entries() == []


LEVELS = ("code", "auto", "var_file", "beside", "environment", "target")
"""Weakest first."""


def test_a_variable_that_nothing_gives_a_value_is_told_before_anything_starts(setting: Setting) -> None:
    code = "".join(f'variable "{name}" {{}}\n' for name in ("a", "b", "c", "d")) + thing("1")
    stage = setting({"runner.yaml": RUNNER, "environments/prod.yaml": "", "stacks/s/main.tf": code})
    for verb in (("up", "prod", "--yes"), ("preview", "prod")):
        told = stage.run(*verb, code=2, env={"TF_VAR_a": "x"})
        assert told.rows("target_started") == []
        missing = [each for each in told.diagnostics if each["code"] == "input-missing"]
        places = [(each["span"]["file"], each["span"]["line"], each["span"]["column"]) for each in missing]
        assert places == [("stacks/s/main.tf", line, 10) for line in (1, 2, 3, 4)]
        assert "environments/prod.yaml" in missing[0]["hint"]
    given = {
        "environments/prod.yaml": "inputs: {a: 1}\nsettings: {terraform: {var_files: [values/all.txt]}}\n",
        "stacks/s/x.auto.tfvars.json": '{"b": 1}',
        "stacks/s/prod.tfvars": "c = 1\n",
        "stacks/s/values/all.txt": "d = 1\n",
    }
    stage.change(given)
    assert stage.run("up", "prod", "--yes").outcomes == {"prod/s": "succeeded"}


def test_the_nearest_value_wins(setting: Setting) -> None:
    """Variable N is given at the levels 0..N: what comes out is the level N."""

    def values(level: int) -> str:
        return "".join(f'v{n} = "{LEVELS[level]}"\n' for n in range(level, len(LEVELS)))

    def inputs(level: int) -> str:
        return ", ".join(f"v{n}: {LEVELS[level]}" for n in range(level, len(LEVELS)))

    code = "".join(
        f'variable "v{n}" {{ default = "code" }}\noutput "v{n}" {{ value = var.v{n} }}\n'
        for n in range(len(LEVELS))
    )
    stage = setting(
        {
            "runner.yaml": f'{RUNNER}settings: {{terraform: {{var_files: ["vars/{{environment}}.tfvars"]}}}}\n',
            "environments/prod.yaml": f"inputs: {{{inputs(4)}}}\ntargets: {{s: {{inputs: {{{inputs(5)}}}}}}}\n",
            "stacks/s/main.tf": code,
            "stacks/s/some.auto.tfvars": values(1),
            "stacks/s/vars/prod.tfvars": values(2),
            "stacks/s/vars/dev.tfvars": 'v0 = "wrong"\n',
            "stacks/s/prod.tfvars": values(3),
        }
    )
    stage.run("up", "prod", "--yes")
    assert stage.outputs("prod") == {f"prod/s.v{n}": level for n, level in enumerate(LEVELS)}


def test_values_keep_their_types(setting: Setting) -> None:
    code = """\
variable "all" { type = any }
variable "zone" {}
output "all" { value = var.all }
output "zone" { value = var.zone }
"""
    stage = setting(
        {
            "runner.yaml": RUNNER,
            "environments/prod.yaml": """\
targets:
  up: {inputs: {all: {list: [1, "2", null], no: no, big: 1.5}, zone: "$${literally}"}}
  down: {inputs: {all: "${up.all}", zone: "z-${up.all.list.1}-${runner.environment}"}}
""",
            "stacks/up/main.tf": code,
            "stacks/down/main.tf": code,
        }
    )
    stage.run("up", "prod", "--yes")
    everything = {"list": [1, "2", None], "no": "no", "big": 1.5}
    assert stage.outputs("prod") == {
        "prod/down.all": everything,
        "prod/down.zone": "z-2-prod",
        "prod/up.all": everything,
        "prod/up.zone": "${literally}",
    }


def test_another_environments_outputs_are_read_only_where_the_gates_allow_it(setting: Setting) -> None:
    reader = 'targets: {app: {inputs: {zone: "${shared:dns.out}"}}}\nstacks: [app]\n'
    stage = setting(
        {
            "runner.yaml": RUNNER,
            "environments/shared.yaml": "stacks: [dns]\n",
            "environments/prod.yaml": reader,
            "stacks/dns/main.tf": thing("example.test"),
            "stacks/app/main.tf": 'variable "zone" {}\noutput "zone" { value = var.zone }\n',
        }
    )
    stage.run("up", "shared", "--yes")
    told = stage.run("up", "prod", "--yes", code=3)
    assert "environment-not-allowed" in told.codes
    assert stage.entries("prod") == []
    stage.change({"environments/prod.yaml": f"{reader}allow: {{environments: [shared]}}\n"})
    stage.run("up", "prod", "--yes")
    assert stage.outputs("prod") == {"prod/app.zone": "example.test"}


SECRET = "c4n4ry-s3cret"
SECRETIVE = """\
variable "password" {{
  type      = string
  sensitive = true
}}
resource "terraform_data" "db" {{
  input = var.password
  provisioner "local-exec" {{ command = "touch {begun}; while [ ! -e {file} ]; do sleep 0.05; done" }}
}}
output "password" {{
  value     = var.password
  sensitive = true
}}
"""


def _secretive(tmp_path: Path) -> dict[str, str]:
    return {
        "runner.yaml": RUNNER,
        "environments/prod.yaml": (
            'allow: {secrets: ["env:DB_*"]}\ntargets: {db: {inputs: {password: "${secret:env:DB_PASSWORD}"}}}\n'
        ),
        "stacks/db/main.tf": SECRETIVE.format(begun=tmp_path / "begun", file=tmp_path / "go-on"),
    }


@pytest.mark.skipif(sys.platform != "linux", reason="argument lists are read from /proc")
def test_a_secret_is_on_no_command_line_in_no_ref_object_or_log(setting: Setting, tmp_path: Path) -> None:
    stage = setting(_secretive(tmp_path))
    run = stage.program.start(
        "up", "prod", "--yes", "--json", cwd=stage.clone.path, env={"DB_PASSWORD": SECRET}
    )
    while not (tmp_path / "begun").exists():
        assert run.poll() is None, run.communicate()
        time.sleep(0.02)
    lists = _argument_lists()
    assert any("terraform" in each and "apply" in each for each in lists), "the engine is running now"
    assert not [each for each in lists if SECRET in each]
    (tmp_path / "go-on").touch()
    stdout, stderr = run.communicate(timeout=120)
    assert run.returncode == 0, stderr
    assert SECRET not in stdout + stderr
    for place in (stage.clone.path, stage.clone.remote):
        assert _files_with(place, SECRET) == []
        assert SECRET.encode() not in _all_objects(place)
    logs = stage.plain("logs", stage.entries()[0]["run"])
    assert SECRET not in logs.stdout
    for row in stage.run("outputs", "prod").rows("output"):
        assert SECRET not in str(row)
    assert stage.outputs("prod", "--reveal") == {"prod/db.password": SECRET}


def _argument_lists() -> list[str]:
    lists = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lists.append(process.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return lists


def _files_with(place: Path, words: str) -> list[Path]:
    return [
        file
        for root, _, names in os.walk(place)
        for name in names
        if (file := Path(root) / name).is_file() and words.encode() in file.read_bytes()
    ]


def _all_objects(place: Path) -> bytes:
    """Every object's content, reachable or not."""
    command = ["git", "cat-file", "--batch-all-objects", "--batch", "--unordered", "--buffer"]
    return subprocess.run(command, cwd=place, capture_output=True, check=True).stdout


def test_a_secret_that_is_not_allowed_or_not_there_stops_the_run(setting: Setting, tmp_path: Path) -> None:
    files = _secretive(tmp_path)
    yaml = files["environments/prod.yaml"]
    stage = setting({**files, "environments/prod.yaml": yaml.replace("env:DB_*", "env:OTHER_*")})
    told = stage.run("up", "prod", "--yes", code=3, env={"DB_PASSWORD": SECRET})
    assert "secret-not-allowed" in told.codes
    stage.change({"environments/prod.yaml": yaml})
    told = stage.run("up", "prod", "--yes", code=2)
    assert "`DB_PASSWORD`" in told.diagnostic("secret-not-set")["message"]
    stage.change({"environments/prod.yaml": yaml.replace("DB_PASSWORD", "AWS_SECRET_ACCESS_KEY")})
    assert "secret-forbidden" in stage.run("up", "prod", "--yes", code=3).codes
    assert stage.entries() == []


def test_a_variable_that_takes_a_secret_is_declared_sensitive(setting: Setting, tmp_path: Path) -> None:
    files = _secretive(tmp_path)
    code = files["stacks/db/main.tf"].replace("  type      = string\n  sensitive = true\n", "")
    stage = setting({**files, "stacks/db/main.tf": code})
    told = stage.run("up", "prod", "--yes", code=2, env={"DB_PASSWORD": SECRET})
    assert "sensitive" in str(told.diagnostics)
    assert "`password`" in str(told.diagnostics)
