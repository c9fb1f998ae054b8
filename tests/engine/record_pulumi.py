"""`python -m tests.engine.record_pulumi`: records event logs of real previews and applies, for machines without a CLI.

Debugging messages are left out, and the places of this machine replaced; nothing else is changed. The directory of the
recordings is named for the CLI that made them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from runner.conformance.engine import CANARY, Code
from runner.engine.child import granted_variables, pulumi_variables
from tests.engine.pulumi_bench import CODES, PASSPHRASE, PROJECT, PROVIDER, STACK

RECORDINGS = Path(__file__).parent / "pulumi_logs"

_CREATE_FIRST = PROVIDER.replace("delete_before_replace=True", "delete_before_replace=False")
_RENAMED = """\
Made(Thing(), "other", opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name="one")]), value="first", trigger=1)
"""
_COMPONENT = """\
class Group(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("demo:index:Group", name)
        self.register_outputs({})


Group("group")
"""
_WARNED = 'pulumi.log.warn("mind the gap")\nraise Exception("the program breaks")\n'

PLANS = ("create", "update")
STATES = ("create", "broken", "destroy")
# Each: the operation, then the program. They follow one another on one stack; every one is previewed and then applied.
STEPS = (
    ("create", "up", PROVIDER + CODES[Code.ONE]),
    ("same", "up", PROVIDER + CODES[Code.ONE]),
    ("update", "up", PROVIDER + CODES[Code.UPDATED]),
    ("replace-delete-first", "up", PROVIDER + CODES[Code.REPLACED]),
    ("replace-create-first", "up", _CREATE_FIRST + CODES[Code.ONE]),
    (
        "renamed",
        "up",
        PROVIDER.replace("name, props)", "name, props, opts)").replace(
            "name, **props", "name, opts=None, **props"
        )
        + _RENAMED,
    ),
    ("component", "up", PROVIDER + CODES[Code.ONE] + _COMPONENT),
    ("broken", "up", PROVIDER + CODES[Code.BROKEN]),
    ("raised", "up", PROVIDER + _WARNED),
    ("delete", "up", PROVIDER),
    ("created-again", "up", PROVIDER + CODES[Code.ONE]),
    ("destroy", "destroy", PROVIDER + CODES[Code.ONE]),
)


def main() -> int:
    """Records them all; the exit code is that of a script."""
    program = shutil.which("pulumi") or shutil.which("pulumi", path=os.path.expanduser("~/.pulumi/bin"))
    if program is None:
        print("Pulumi's CLI is neither on PATH nor in ~/.pulumi/bin", file=sys.stderr)
        return 1
    said = subprocess.run([program, "version"], capture_output=True, text=True, check=True)
    recordings = RECORDINGS / said.stdout.strip().removeprefix("v")
    recordings.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        recorder = _Recorder(program, Path(made), recordings)
        recorder.run("stack", "init", STACK, "--no-select")
        recorder.run("config", "set", "password", "--secret", "--stack", STACK, given=CANARY)
        for name, verb, code in STEPS:
            print(f"recording {name}", file=sys.stderr, flush=True)
            recorder.record(name, verb, code)
    return 0


class _Recorder:
    def __init__(self, program: str, place: Path, recordings: Path) -> None:
        self._program, self._place, self._recordings = program, place, recordings
        (place / "project").mkdir()
        (place / "project" / "Pulumi.yaml").write_text(PROJECT.replace("VIRTUALENV", json.dumps(sys.prefix)))
        (place / "backend").mkdir()

    def record(self, name: str, verb: str, code: str) -> None:
        """The preview's log and the apply's; of a few the update plan, and the checkpoint afterwards."""
        (self._place / "project" / "__main__.py").write_text(code)
        plan, log = self._place / "plan", self._place / "log"
        plan.unlink(missing_ok=True)
        asked = ["preview", "--save-plan", str(plan)] if verb == "up" else [verb, "--preview-only"]
        self.run(*asked, "--stack", STACK, "--color", "never", "--event-log", str(log))
        self._keep(f"{name}.preview.jsonl", log)
        if name in PLANS:
            self._keep(f"{name}.plan.json", plan)
        self.run(
            verb, "--yes", "--skip-preview", "--stack", STACK, "--color", "never", "--event-log", str(log)
        )
        self._keep(f"{name}.apply.jsonl", log)
        if name in STATES:
            self._keep(f"{name}.state.json", self._place / "backend/.pulumi/stacks/demo" / f"{STACK}.json")

    def run(self, *arguments: str, given: str = "") -> None:
        """Runs the CLI as the runner would; what fails is recorded like the rest."""
        environment = {
            **granted_variables(os.environ, None, {}, by_hand=False),
            **pulumi_variables(self._place / "scratch", None),
            "PATH": f"{Path(self._program).parent}:{os.environ['PATH']}",
            "PULUMI_BACKEND_URL": f"file://{self._place}/backend?metadata=skip",
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_DEBUG_COMMANDS": "1",
        }
        subprocess.run(
            [self._program, "--non-interactive", *arguments],
            cwd=self._place / "project",
            env=environment,
            input=given.encode(),
            capture_output=True,
            check=False,
        )

    def _keep(self, name: str, file: Path) -> None:
        text = file.read_text()
        if name.endswith(".jsonl"):
            text = "".join(
                line for line in text.splitlines(keepends=True) if '"severity":"debug"' not in line
            )
        for place, word in (
            (str(self._place), "/place"),
            (sys.prefix, "/venv"),
            (sys.base_prefix, "/python"),
        ):
            text = text.replace(place, word)
        place = str(Path(self._program).parent)
        (self._recordings / name).write_text(
            text.replace(place, "/pulumi").replace(os.path.expanduser("~"), "/home")
        )


if __name__ == "__main__":
    sys.exit(main())
