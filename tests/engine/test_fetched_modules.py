"""What `init` fetched counts by its content: the same everywhere, and other when anything in it is other."""

import json
import os
from pathlib import Path

import pytest

from runner.engine.terraform_modules import modules_digest
from runner.errors import TargetFailed


def fetched(at: Path, files: dict[str, str], source: str = "git::https://example.test/net?ref=main") -> Path:
    """A stack after `init`, with one package `net` whose files these are."""
    package = at / ".terraform/modules/net"
    for name, text in files.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(text)
    modules = [
        {"Key": "", "Source": "", "Dir": "."},
        {"Key": "own", "Source": "../modules/own", "Dir": "../modules/own"},
        {"Key": "net", "Source": source, "Dir": ".terraform/modules/net/inner"},
    ]
    manifest = at / ".terraform/modules/modules.json"
    manifest.write_text(json.dumps({"Modules": modules}))
    return at


def test_the_same_content_is_the_same_wherever_it_was_fetched(tmp_path: Path) -> None:
    one = fetched(tmp_path / "one", {"inner/main.tf": "a", "shared.txt": "b", ".git/HEAD": "here"})
    two = fetched(tmp_path / "two", {"shared.txt": "b", "inner/main.tf": "a", ".git/index": "there"})
    assert modules_digest(one) == modules_digest(two) != ""


@pytest.mark.parametrize("what", ["content", "birth", "mode", "link", "source"])
def test_whatever_is_other_in_a_package_makes_other_code(tmp_path: Path, what: str) -> None:
    before = modules_digest(fetched(tmp_path / "one", {"inner/main.tf": "a", "shared.txt": "b"}))
    two = fetched(tmp_path / "two", {"inner/main.tf": "a", "shared.txt": "b"})
    package = two / ".terraform/modules/net"
    match what:
        case "content":
            (package / "shared.txt").write_text("c")
        case "birth":
            (package / "born.txt").touch()
        case "mode":
            (package / "shared.txt").chmod(0o755)
        case "link":
            (package / "shared.txt").unlink()
            os.symlink("inner/main.tf", package / "shared.txt")
        case _:
            fetched(two, {}, source="git::https://example.test/net?ref=v2")
    assert modules_digest(two) != before


def test_own_modules_are_counted_elsewhere_and_no_manifest_is_no_modules(tmp_path: Path) -> None:
    assert modules_digest(tmp_path) == ""
    place = fetched(tmp_path / "own", {"unused": ""})
    manifest = place / ".terraform/modules/modules.json"
    manifest.write_text(json.dumps({"Modules": [{"Key": "own", "Source": "./own", "Dir": "own"}]}))
    assert modules_digest(place) == ""
    manifest.write_text('{"Modules": {"net": 1}}')
    with pytest.raises(TargetFailed):
        modules_digest(place)
