"""What the engine itself reads of a file, beside what we read: a provisioner that it sees, we see or distrust."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from runner.source.gate_hcl import written_hcl
from tests.decisions.drawn_code import OLD_PROVISIONER, drawn_hcl
from tests.nets.soak import Round

FILES = 100
_TOLD = re.compile(r"Error: (.*)\n\n  on (m\d+)/x\.tf")


def _told(terraform: Path, place: Path, files: list[bytes]) -> dict[str, list[str]]:
    """Module -> the errors that the engine has with it, each file a module of one configuration."""
    for number, content in enumerate(files):
        (place / f"m{number}").mkdir(parents=True)
        (place / f"m{number}/x.tf").write_bytes(content)
    calls = (f'module "m{number}" {{ source = "./m{number}" }}\n' for number in range(len(files)))
    (place / "main.tf").write_text("".join(calls))
    ran = subprocess.run(
        [terraform, "init", "-backend=false", "-no-color", "-input=false"],
        cwd=place, capture_output=True, text=True, check=False, env={"TF_CLI_CONFIG_FILE": str(place / "none")},
    )  # fmt: skip
    found: dict[str, list[str]] = {}
    for hit in _TOLD.finditer(ran.stderr):
        found.setdefault(hit[2], []).append(hit[1])
    return found


def test_no_text_hides_from_us_what_the_engine_reads_as_code(
    terraform_binary: Path, tmp_path: Path, rounds: Callable[[int], Iterator[Round]]
) -> None:
    seen = 0
    for turn in rounds(30):
        draw = Random(turn.seed)
        files = [drawn_hcl(draw).encode() for _ in range(FILES)]
        told = _told(terraform_binary, tmp_path / str(turn.seed), files)
        for number, content in enumerate(files):
            errors = told.get(f"m{number}", [])
            if not errors or not all(OLD_PROVISIONER in each for each in errors):
                continue  # the engine sees none, or refuses the file
            seen += 1
            written = written_hcl(content, "x.tf")
            ours = any("provisioner" in each.path for each in written.settings)
            assert ours or written.doubts, content
    assert seen > FILES / 10
