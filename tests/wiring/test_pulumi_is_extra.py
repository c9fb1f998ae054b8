"""Pulumi is an extra: who has no program does not pay for it, and who lacks it is told what to install."""

import subprocess
import sys

_MISSING = """
import sys
sys.modules["pulumi"] = None  # as if it were not installed
from runner.errors import ToolUnavailable
from runner.model.stack import EngineName
from runner.wiring.engines import conductor
conductor(EngineName.TERRAFORM)
try:
    conductor(EngineName.PULUMI)
except ToolUnavailable as missing:
    print(missing.diagnostics[0].code, missing.diagnostics[0].hint)
"""
_VERBS = """
import sys
import runner.cli.main, runner.cli.preview, runner.cli.up, runner.cli.destroy, runner.cli.state, runner.cli.status
print([name for name in sys.modules if name.partition(".")[0] in ("pulumi", "grpc") or "engine.pulumi" in name])
"""


def _said(code: str) -> str:
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return ran.stdout.strip()


def test_without_the_extra_what_to_install_is_said_and_terraform_works() -> None:
    assert _said(_MISSING) == "pulumi-extra-missing pip install 'gitops-runner[pulumi]'"


def test_no_verb_imports_it_before_a_stack_wants_it() -> None:
    assert _said(_VERBS) == "[]"


def test_previews_import_no_reader_of_yaml_before_a_project_is_asked_for() -> None:
    code = "import sys, runner.operations.preview, runner.operations.up; print('yaml' in sys.modules)"
    assert _said(code) == "False"
