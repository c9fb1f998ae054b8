"""Generated Python programs are run, and what they opened is held to the closure: nothing is missing from it, and where
no path is computed it has no code that did not run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from runner.decisions.lookup import located
from runner.kit.tree import DictTree
from runner.source.facts import CodeReader
from tests.decisions.drawn_programs import drawn
from tests.decisions.programs_on_paper import program
from tests.decisions.ways_to_read import FILES, WAYS

WATCHED = """
import json, os, runpy, sys
sys.dont_write_bytecode = True
root, working, elsewhere, told = sys.argv[1:]
opened = set()
def hook(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        opened.add(os.path.realpath(os.fsdecode(arguments[0])))
sys.path.append(elsewhere)
os.chdir(os.path.join(root, working))
sys.addaudithook(hook)
runpy.run_path(".", run_name="__main__")
inside = [os.path.relpath(path, root) for path in list(opened) if path.startswith(root + "/") and os.path.isfile(path)]
with open(told, "w") as file:
    json.dump(sorted(inside), file)
"""


def opened_by(files: dict[str, str], place: Path) -> set[str]:
    """What the program really opens below the repository."""
    root, elsewhere = place / "repository", place / "elsewhere"
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    elsewhere.mkdir()
    (elsewhere / "thirdparty.py").write_text(
        "import glob\ndef load(file):\n    open(file).close()\n"
        "def each(pattern):\n    for file in glob.glob(pattern):\n        file.endswith('on') and load(file)\n"
    )
    told = place / "told.json"
    words = [sys.executable, "-I", "-S", "-c", WATCHED, root.resolve(), "stacks/app", elsewhere, told]
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(told.read_text()))


@pytest.mark.parametrize("seed", range(30))
def test_whatever_a_program_opens_is_in_its_closure(seed: int, tmp_path: Path) -> None:
    files, plain = drawn(seed)
    opened = opened_by(files, tmp_path)
    closure = program(files)
    code = CodeReader(DictTree(files))
    read = {located(code, path).path for path in closure.paths}
    assert opened <= read
    if plain:
        assert not closure.widened
        assert {path for path in read if path.endswith(".py")} == opened


@pytest.mark.parametrize("way", WAYS)
def test_however_a_program_names_a_file_it_is_in_its_closure(way: str, tmp_path: Path) -> None:
    files = {**FILES, "stacks/app/__main__.py": WAYS[way]}
    opened = opened_by(files, tmp_path)
    code = CodeReader(DictTree(files))
    assert len(opened) > 1
    assert opened <= {located(code, path).path for path in program(files).paths}
