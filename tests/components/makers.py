"""Programs that make parts: run with their output in a log, of which an error shows the end."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.components.shelf import Unobtainable

_TAIL = 15  # lines of a log that an error shows


def said_by(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    settings: Mapping[str, str] | None = None,
    seconds: float = 1800,
) -> str:
    """What the command printed; Unobtainable with the end of it where it fails or takes too long."""
    try:
        finished = subprocess.run(
            [str(word) for word in command],
            cwd=cwd,
            env={**os.environ, **(settings or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            check=False,
            text=True,
            errors="replace",
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise Unobtainable(f"`{command[0]}` could not be run: {problem}") from problem
    if finished.returncode != 0:
        end = "\n".join(finished.stdout.splitlines()[-_TAIL:])
        words = " ".join(str(word) for word in command)
        raise Unobtainable(f"`{words}` ended with {finished.returncode}:\n{end}")
    return finished.stdout


def go_tool(package: str, *, at: str, edits: Sequence[str], flags: Sequence[str], into: Path) -> Path:
    """Builds a Go program as the tool of a module of its own, checked against Go's checksum database.

    `package` is its import path, `at` its version, `edits` are flags of `go mod edit` (the replacements that
    a dependency's go.mod asks for count in the main module only), `flags` are flags of `go build`. Returns the program.
    """
    go = shutil.which("go")
    if go is None:
        raise Unobtainable("Go is not on PATH: install Go 1.24 or newer (https://go.dev/dl)")
    work = into / "module"
    work.mkdir()
    program = into / package.rsplit("/", 1)[-1]
    said_by([go, "mod", "init", "gitops-runner.test/tool"], cwd=work)
    if edits:
        said_by([go, "mod", "edit", *edits], cwd=work)
    said_by([go, "get", "-tool", f"{package}{at}"], cwd=work)
    said_by([go, "build", "-trimpath", *flags, "-o", program, package], cwd=work)
    return program
