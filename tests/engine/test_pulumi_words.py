"""What is said of a command that failed, and in which form settings are written."""

from pathlib import Path

import pytest

from runner.engine import BackendChoice, Workspace
from runner.engine.pulumi_project import project_of, write_settings, written_in
from runner.engine.pulumi_words import reason_in
from runner.kit.redaction import Redactor

SAID = {
    "pip": (
        (
            "ERROR: No matching distribution found for nonesuch==99\n"
            "error: installing dependencies: '/x/python -m pip install -r requirements.txt': exit status 1: "
            "ERROR: No matching distribution found for nonesuch==99\n"
        ),
        "ERROR: No matching distribution found for nonesuch==99",
    ),
    "npm": (
        (
            "npm error code ETARGET\nnpm error notarget No matching version found for @pulumi/pulumi@99.0.0.\n"
            "npm notice New minor version of npm available!\n"
            "npm error A complete log of this run can be found in: /tmp/x.log\n"
            "error: installing dependencies: exit status 1\nexit status 1\nexit status 1\n"
        ),
        "npm error notarget No matching version found for @pulumi/pulumi@99.0.0.",
    ),
    "go": (
        (
            "go: downloading example.com/sdk v3.9999.0\ngo: a imports\n"
            "\texample.com/sdk: reading sdk.zip: 403 Forbidden\n"
            "error: installing dependencies: `go mod tidy` failed to install dependencies: exit status 1\n"
            "`go mod tidy` failed to install dependencies: exit status 1\n"
        ),
        "go: a imports; example.com/sdk: reading sdk.zip: 403 Forbidden",
    ),
    "poetry": (
        (
            "Creating virtualenv a in /x\n\nPackage pulumi (3.272.0) not found.\n"
            "error: installing dependencies: exit status 1\nexit status 1\nexit status 1\n"
        ),
        "Creating virtualenv a in /x; Package pulumi (3.272.0) not found.",
    ),
    "no more than that": ("error: it ended: exit status 1\n", "error: it ended: exit status 1"),
    "a code alone": ("exit status 1\n", "exit status 1"),
    "nothing": ("\n", "it said nothing"),
}


@pytest.mark.parametrize("tool", SAID)
def test_why_an_installation_failed_is_said_in_the_words_of_the_tool_that_failed(tool: str) -> None:
    said, reason = SAID[tool]
    assert reason_in(said) == reason


@pytest.mark.parametrize("ending", [".yaml", ".yml", ".json"])
def test_settings_are_written_in_the_form_of_their_project_which_the_cli_looks_for(
    tmp_path: Path, ending: str
) -> None:
    tree, scratch = tmp_path / "tree", tmp_path / "scratch"
    tree.mkdir()
    scratch.mkdir()
    (tree / f"Pulumi{ending}").write_text('{"name": "app", "runtime": "nodejs"}')
    (tree / f"Pulumi.dev{ending}").write_text('{"config": {"app:own": "kept"}}')
    work = Workspace(
        root=tree,
        directory=tree,
        scratch=scratch,
        environment={},
        redactor=Redactor(),
        backend=BackendChoice(file=scratch / "state.json", workspace="dev"),
    )
    write_settings(project_of(work), "", {"word": "one"})
    written = written_in(tree / f"Pulumi.dev{ending}")
    assert written == {"config": {"app:own": "kept", "app:word": "one"}}
    assert {file.name for file in tree.iterdir()} == {f"Pulumi{ending}", f"Pulumi.dev{ending}"}
