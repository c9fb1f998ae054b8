"""What `allow:` says of code, by hand: refused before anything runs, with its place; the marker file tells whether."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journeys.codes import ONE
from tests.journeys.conftest import Setting

ENVIRONMENT = ONE["environments/prod.yaml"]
PLACE = "stacks/network/marked.tf"


def marking(marker: Path) -> str:
    return (
        f'resource "terraform_data" "x" {{\n  provisioner "local-exec" {{ command = "touch {marker}" }}\n}}\n'
    )


def test_a_provisioner_that_nobody_admitted_is_refused_before_anything_runs(
    setting: Setting, tmp_path: Path
) -> None:
    marker = tmp_path / "marker"
    closed = ENVIRONMENT + "allow: {code: []}\n"
    stage = setting({**ONE, "environments/prod.yaml": closed, PLACE: marking(marker)})
    before = stage.refs()
    for verb in (["preview", "prod"], ["up", "prod", "--yes"]):
        refused = stage.run(*verb, code=3).diagnostic("code-not-allowed")
        assert refused["span"] == {"file": PLACE, "line": 2, "column": 3}
        assert "`allow: {code: ['provisioner:local-exec']}`" in refused["hint"]
    # Gates come from the default branch: what the work tree says of itself opens nothing.
    stage.clone.write({"environments/prod.yaml": ENVIRONMENT})
    stage.run("preview", "prod", code=3)
    stage.run("up", "prod", "--yes", "--break-glass", "now", code=3)
    assert (marker.exists(), stage.refs()) == (False, before)
    stage.change({"environments/prod.yaml": ENVIRONMENT + "allow: {code: [provisioner]}\n"})
    told = stage.run("preview", "prod")
    assert "code-found" in told.codes
    (judged,) = told.rows("code_judged")
    assert (judged["target"], judged["outcome"]) == ("prod/network", "harmless")
    assert [(each["word"], each["admitted"]) for each in judged["findings"]] == [
        ("provisioner:local-exec", True)
    ]
    stage.run("up", "prod", "--yes")
    assert marker.exists()
    stage.change({"environments/prod.yaml": closed})
    stage.run("destroy", "prod", "--yes", code=3)


HIDDEN = "locals {{\n  a = <<EOF\nx\nEOF\u00a0\n}}\n{}locals {{\n  b = <<EOF\nEOF\n}}\n"


def test_code_that_only_the_engine_sees_is_refused_as_unread(setting: Setting, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    files = {**ONE, "environments/prod.yaml": ENVIRONMENT + "allow: {code: [provisioner]}\n"}
    stage = setting({**files, PLACE: HIDDEN.format(marking(marker))})
    refused = stage.run("up", "prod", "--yes", code=3).diagnostic("code-not-allowed")
    assert "`allow: {code: ['unreadable:stacks/network/marked.tf']}`" in refused["hint"]
    assert not marker.exists()
    stage.change({"environments/prod.yaml": ENVIRONMENT})
    assert stage.run("preview", "prod").rows("code_judged") == []
    stage.run("up", "prod", "--yes")
    assert marker.exists()  # the engine does see it


EVIL_PROVIDER = 'terraform {\n  required_providers { x = { source = "evil/x" } }\n}\n'
EVIL_MODULE = '\n\nmodule "m" { source = "git::https://git.evil.example/m.git" }\n'


@pytest.mark.parametrize(
    ("allow", "more", "code", "line"),
    [
        ("providers: [hashicorp/*]", EVIL_PROVIDER, "provider-not-allowed", 2),
        ("modules: [./]", EVIL_MODULE, "module-not-allowed", 3),
    ],
)
def test_sources_that_are_not_admitted_are_refused_before_init(
    setting: Setting, allow: str, more: str, code: str, line: int
) -> None:
    stage = setting({**ONE, "environments/prod.yaml": f"{ENVIRONMENT}allow: {{{allow}}}\n"})
    assert stage.run("preview", "prod").rows("code_judged")[0]["outcome"] == "harmless"
    stage.change({PLACE: more})
    for verb in (["preview", "prod"], ["up", "prod", "--yes"]):
        span = stage.run(*verb, code=3).diagnostic(code)["span"]
        assert (span["file"], span["line"]) == (PLACE, line)
