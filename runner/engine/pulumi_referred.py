"""Stacks of other targets beside a program's own, in its run's private backend, so that `StackReference` finds them.

Only what a reference may read is there: the root with its outputs, the secret ones sealed anew under a salt of this
run. It is what `.pulumi/stacks/<project>/<stack>.json` would be of a stack without resources.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from runner.engine import ReferredStack
from runner.engine.pulumi_crypter import Sealer, sealer_of
from runner.engine.pulumi_events import ROOT
from runner.engine.pulumi_project import Project
from runner.engine.pulumi_values import SECRET, SIGNATURE
from runner.errors import TargetFailed
from runner.kit.private_files import replace_file
from runner.model.change import Output
from runner.model.references import Json

_MOMENT = "2000-01-01T00:00:00Z"


def place_referred(
    project: Project, stacks: tuple[ReferredStack, ...], *, passphrase: str, version: str
) -> None:
    """Puts `stacks` beside that of `project`, whose backend is ours; the program is run with `passphrase`. TargetFailed
    `stack-reference-ambiguous` where two of them have one name, or one that of the program's own."""
    names = [(project.name, project.stack), *((each.project, each.stack) for each in stacks)]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise TargetFailed.of(
            "stack-reference-ambiguous",
            f"the program refers to the stack `{'/'.join(twice)}`, and more than one target has that name",
            hint="give their projects names of their own, or take the output as an input: `${stack.output}`",
        )
    secret = any(output.sensitive for each in stacks for output in each.outputs.values())
    salt, seal = sealer_of(passphrase) if secret else ("", _unsealed)
    for each in stacks:
        file = project.checkpoint.parents[1] / each.project / f"{each.stack}.json"
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(file, checkpoint_of(each, salt, seal, version))


def checkpoint_of(stack: ReferredStack, salt: str, seal: Sealer, version: str) -> bytes:
    """The checkpoint of a stack that has outputs and nothing else, as the CLI `version` writes it."""
    written = f"v{version}"
    latest: dict[str, Json] = {
        "manifest": {
            "time": _MOMENT,
            "magic": hashlib.sha256(written.encode()).hexdigest(),
            "version": written,
        },
        **({"secrets_providers": {"type": "passphrase", "state": {"salt": salt}}} if salt else {}),
        "resources": [
            {
                "urn": f"urn:pulumi:{stack.stack}::{stack.project}::{ROOT}::{stack.project}-{stack.stack}",
                "custom": False,
                "type": ROOT,
                "outputs": _outputs(stack.outputs, seal),
            }
        ],
        "metadata": {},
    }
    name = f"organization/{stack.project}/{stack.stack}"
    return json.dumps({"version": 3, "checkpoint": {"stack": name, "latest": latest}}).encode()


def _outputs(outputs: Mapping[str, Output], seal: Sealer) -> dict[str, Json]:
    return {
        name: {SIGNATURE: SECRET, "ciphertext": seal(json.dumps(output.value))}
        if output.sensitive
        else output.value
        for name, output in outputs.items()
    }


def _unsealed(_: str) -> str:
    raise AssertionError("there is nothing to seal")
