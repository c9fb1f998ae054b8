"""Gitea, built from its Go module, with the templates and options that its server reads beside the program."""

import json
import re
import shutil
from pathlib import Path

from tests.components.makers import go_tool, said_by
from tests.components.shelf import Shelf, Unobtainable

VERSION = "1.26.0"
NAME = f"gitea-{VERSION}"
_MODULE = "code.gitea.io/gitea"
_READ_WHILE_SERVING = ("options", "templates", "public")


def program(shelf: Shelf) -> Path:
    """Where the binary is, once it was obtained."""
    return shelf.root / NAME / "gitea"


def static_files(shelf: Shelf) -> Path:
    """What the server's STATIC_ROOT_PATH is to be; its API's description lies at templates/swagger/v1_json.tmpl."""
    return shelf.root / NAME / "static"


def obtain(shelf: Shelf) -> str:
    """Builds it with SQLite in it, runs it, puts it in place. Returns what `gitea --version` says."""
    with shelf.bench() as bench:
        sources = _downloaded(bench)
        built = go_tool(
            _MODULE,
            at=f"@v{VERSION}",
            edits=[f"-replace={old}={new}" for old, new in _replacements(sources / "go.mod")],
            flags=["-tags=sqlite sqlite_unlock_notify", f"-ldflags=-s -w -X main.Version={VERSION}"],
            into=bench,
        )
        said = said_by([built, "--version"], cwd=bench, settings={"GITEA_WORK_DIR": str(bench)})
        if VERSION not in said:
            raise Unobtainable(f"the Gitea that was built says it is another one: {said.strip()}")
        finished = bench / "finished"
        finished.mkdir()
        built.rename(finished / "gitea")
        for name in _READ_WHILE_SERVING:  # the module cache is read-only, and so would be its copy
            shutil.copytree(sources / name, finished / "static" / name, copy_function=shutil.copyfile)
        said_by(["chmod", "-R", "u+w", finished], cwd=bench)
        shelf.place(finished, program(shelf).parent)
    return said.splitlines()[0]


def _downloaded(bench: Path) -> Path:
    asking = bench / "asking"
    asking.mkdir()
    said_by(["go", "mod", "init", "gitops-runner.test/asking"], cwd=asking)
    said = said_by(["go", "mod", "download", "-json", f"{_MODULE}@v{VERSION}"], cwd=asking)
    return Path(json.loads(said[said.index("{") :])["Dir"])


def _replacements(go_mod: Path) -> list[tuple[str, str]]:
    """What its own go.mod replaces, as `go mod edit` takes it: it counts in a main module only."""
    found = re.findall(
        r"^replace\s+(\S+)(?:\s+(v\S+))?\s+=>\s+(\S+)\s+(v\S+)", go_mod.read_text(), re.MULTILINE
    )
    return [(f"{old}@{at}" if at else old, f"{new}@{version}") for old, at, new, version in found]
