"""What the rooms may know of one another, of other people's libraries, and of the world."""

import ast
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.house.sources import ROOT, Source, everything, sources

# Each starts a process, or becomes one, without naming `subprocess`.
_STARTERS = ("fork", "forkpty", "popen", "posix_spawn", "posix_spawnp", "startfile", "system")
_STARTER_PREFIXES = ("exec", "spawn")
_PROCESS_ROOM = frozenset(
    {"runner/kit/process.py", "runner/kit/twin.py"}
)  # programs, and ourselves once more
_CLOCKS = frozenset({"now", "today", "utcnow"})
_PURE = ("runner/decisions", "runner/model")


def test_the_import_contracts_are_kept() -> None:
    linted = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert linted.returncode == 0, linted.stdout[-4000:] + linted.stderr[-2000:]


def calls(source: Source) -> Iterator[tuple[str, int]]:
    """What is called, as written (`os.fork`), with the line."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node.lineno


def starts_a_process(called: str) -> bool:
    """Whether a call is one of `os`'s or `asyncio`'s ways to a new process."""
    module, _, name = called.rpartition(".")
    if module == "os":
        return name in _STARTERS or name.startswith(_STARTER_PREFIXES)
    return name in {"create_subprocess_exec", "create_subprocess_shell", "ProcessPoolExecutor"}


@pytest.mark.parametrize(
    "called", ["os.fork", "os.execvp", "os.posix_spawn", "asyncio.create_subprocess_exec"]
)
def test_a_way_to_a_process_is_seen(called: str) -> None:
    assert starts_a_process(called)


def test_only_the_process_room_starts_processes() -> None:
    found = [
        f"{source.at(line)}: {called}"
        for source in sources("runner")
        if source.path.as_posix() not in _PROCESS_ROOM
        for called, line in calls(source)
        if starts_a_process(called)
    ]
    assert not found, "\n".join(found)


def test_judgement_and_nouns_neither_ask_the_time_nor_open_anything() -> None:
    found = [
        f"{source.at(line)}: {called}"
        for source in sources(*_PURE)
        for called, line in calls(source)
        if called.rpartition(".")[2] in _CLOCKS
        or called in {"open", "input", "print", "Path", "pathlib.Path"}
    ]
    assert not found, "\n".join(found)


def test_judgement_and_nouns_know_only_the_pure_half_of_pathlib() -> None:
    found = [
        f"{source.at(node.lineno)}: {alias.name}"
        for source in sources(*_PURE)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom) and node.module == "pathlib"
        for alias in node.names
        if not alias.name.startswith("Pure")
    ]
    assert not found, "\n".join(found)


def test_no_import_is_late_or_for_types_only() -> None:
    found = [
        source.at(node.lineno)
        for source in everything()
        for function in ast.walk(source.tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.If)
        for node in ast.walk(function)
        if (isinstance(node, ast.Import | ast.ImportFrom) and not _is_a_version_switch(function))
        or (isinstance(node, ast.Name) and node.id == "TYPE_" + "CHECKING")
    ]
    assert not found, "\n".join(found)


def test_only_doors_and_the_chooser_import_by_name() -> None:
    found = [
        f"{source.at(line)}: {called}"
        for source in sources("runner")
        if source.path.parts[1] not in {"cli", "conformance", "server", "wiring"}
        for called, line in calls(source)
        if called in {"__import__", "import_module", "importlib.import_module"}
    ]
    assert not found, "\n".join(found)


def test_nothing_is_mocked() -> None:
    found = [
        f"{source.at(node.lineno)}: {ast.unparse(node)}"
        for source in everything()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        and ("unittest" in ast.unparse(node) or "mock" in ast.unparse(node).split())
    ]
    assert not found, "\n".join(found)


def _is_a_version_switch(node: ast.AST) -> bool:
    """`if sys.platform == …` and `if sys.version_info …` at the top of a file."""
    return isinstance(node, ast.If) and ast.unparse(node.test).startswith(
        ("sys.platform", "sys.version_info")
    )
