"""Facts are read once: by blob id, shared by runs, and lost without harm. And a tree as code, links and all."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from runner.kit.tree import DictTree, DiskTree
from runner.model.code import FileFacts
from runner.source.facts import CodeReader, parsed
from runner.source.hcl import parse
from runner.source.index import FILE_NAME, FileIndex, Index, MemoryIndex
from runner.source.known_code import KnownCode

FACTS = parse(b'variable "a" {}\nmodule "m" {\n  source = "./m"\n}\n', "stacks/a/main.tf")


@pytest.fixture(params=["file", "memory"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterable[Index]:
    if request.param == "memory":
        yield MemoryIndex()
    else:
        with FileIndex(tmp_path / "runner") as opened:
            yield opened


def test_one_blob_at_two_paths_has_its_spans_in_each(index: Index) -> None:
    index.store([("hcl", "b1", FACTS)])
    found = index.load(
        [("hcl", "b1", "x.tf"), ("hcl", "b1", "y.tf"), ("json", "b1", "z"), ("hcl", "b2", "w")]
    )
    assert found.keys() == {"x.tf", "y.tf"}
    assert found["y.tf"].variables[0].span.file == "y.tf"
    assert index.load([("hcl", "b1", "stacks/a/main.tf")]) == {"stacks/a/main.tf": FACTS}


def test_another_run_finds_what_one_has_read(tmp_path: Path) -> None:
    with FileIndex(tmp_path) as one, FileIndex(tmp_path) as two:
        one.store([("hcl", "b1", FACTS)])
        assert two.load([("hcl", "b1", "x")])


@pytest.mark.parametrize("damage", [b"no database at all", b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_file_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(damage)
    with FileIndex(tmp_path) as index:
        index.store([("hcl", "b1", FACTS)])
    with FileIndex(tmp_path) as index:
        assert index.load([("hcl", "b1", "x")])


def test_facts_of_another_version_are_dropped(tmp_path: Path) -> None:
    with FileIndex(tmp_path) as index:
        index.store([("hcl", "b1", FACTS)])
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    connection.execute("PRAGMA user_version=999")
    connection.close()
    with FileIndex(tmp_path) as index:
        assert index.load([("hcl", "b1", "x")]) == {}


def test_a_row_that_does_not_read_is_not_there(tmp_path: Path) -> None:
    with FileIndex(tmp_path) as index:
        index.store([("hcl", "b1", FACTS)])
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    connection.execute("UPDATE facts SET facts = '[1, 2]'")
    connection.commit()
    connection.close()
    with FileIndex(tmp_path) as index:
        assert index.load([("hcl", "b1", "x")]) == {}


def test_without_a_place_to_write_it_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "runner").write_text("a file where the directory should be")
    with FileIndex(tmp_path / "runner") as index:
        index.store([("hcl", "b1", FACTS)])
        assert index.load([("hcl", "b1", "x")]) == {}


def test_many_at_once_lose_nothing(tmp_path: Path) -> None:
    def write(number: int) -> None:
        with FileIndex(tmp_path) as index:
            for each in range(20):
                index.store([("hcl", f"{number}-{each}", FACTS)])

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with FileIndex(tmp_path) as index:
        wanted = [
            ("hcl", f"{number}-{each}", f"{number}-{each}") for number in range(6) for each in range(20)
        ]
        assert len(index.load(wanted)) == 120


class CountingTree(DictTree):
    """Counts the rounds of reading."""

    def __init__(self, files: Mapping[str, str], links: Mapping[str, str] | None = None) -> None:
        super().__init__(dict(files), links)
        self.rounds: list[list[str]] = []

    def read_many(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        listed = list(paths)
        if listed:
            self.rounds.append(listed)
        return super().read_many(listed)


FILES = {
    **{
        f"stacks/s{number}/main.tf": f'module "m" {{\n  source = "../../modules/m{number % 3}"\n}}\n'
        for number in range(50)
    },
    **{f"modules/m{number}/main.tf": 'module "n" {\n  source = "../n"\n}\n' for number in range(3)},
    "modules/n/main.tf": "",
}


def test_a_repository_is_read_in_a_round_a_level_and_never_twice() -> None:
    tree, index = CountingTree(FILES), MemoryIndex()
    reader = CodeReader(tree, index)
    reader.prefetch(f"stacks/s{number}" for number in range(50))
    assert len(tree.rounds) == 3
    reader.module("modules/n")
    again = CountingTree(FILES)
    CodeReader(again, index).prefetch(f"stacks/s{number}" for number in range(50))
    assert again.rounds == []


def test_what_many_files_hold_is_parsed_once_and_each_has_its_own_places() -> None:
    asked: list[tuple[str, str]] = []

    def counted(kind: str, content: bytes, path: str) -> FileFacts:
        asked.append((kind, path))
        return parsed(kind, content, path)

    code = 'variable "a" {}\nlocals {\n  t = templatefile("${path.module}/t.tpl", {})\n}\n'
    files = {f"stacks/s{number}/main.tf": code for number in range(9)}
    tree = CountingTree({**files, **{path.replace("main.tf", "t.tpl"): "${file(x)}" for path in files}})
    reader = KnownCode(tree, MemoryIndex(), counted)
    reader.prefetch(f"stacks/s{number}" for number in range(9))
    assert sorted(kind for kind, _ in asked) == ["hcl", "template"]
    assert len(tree.rounds) == 2
    for path, plain in files.items():
        assert reader.facts(path) == parse(plain.encode(), path)
        assert reader.facts(path.replace("main.tf", "t.tpl"), template=True) is not None
    assert len(asked) == 2


def test_a_module_is_what_the_engine_makes_of_its_files() -> None:
    files = {
        "m/a.tf": 'variable "x" {\n  type = string\n}\noutput "o" {\n  value = 1\n}\n'
        'terraform {\n  backend "s3" {}\n}\n',
        "m/z_override.tf": 'variable "x" {\n  sensitive = true\n}\nterraform {\n  backend "local" {}\n}\n',
        "m/.hidden.tf": 'variable "hidden" {}\n',
        "m/backup.tf~": 'variable "backup" {}\n',
        "m/only.tofu": 'variable "tofu" {}\n',
    }
    facts = CodeReader(DictTree(files)).module("m")
    assert facts is not None
    assert facts.files == ("m/a.tf", "m/z_override.tf")
    assert facts.variables.keys() == {"x"}
    assert (facts.variables["x"].sensitive, facts.variables["x"].type) == (True, "string")
    assert facts.backend is not None
    assert facts.backend.type == "local"
    tofu = CodeReader(DictTree(files)).module("m", opentofu=True)
    assert tofu is not None
    assert "tofu" in tofu.variables


@pytest.mark.parametrize(
    ("code", "needed"),
    [
        ('resource "terraform_data" "x" {}\n', False),
        ('data "terraform_remote_state" "x" {}\n', False),
        ('terraform {\n  required_version = ">= 1"\n}\n', False),
        ('resource "null_resource" "x" {}\n', True),
        ('terraform {\n  backend "local" {}\n}\n', True),
        ('module "m" {\n  source = "./m"\n}\n', True),
        ('provider "aws" {}\n', True),
        ('terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws" }\n  }\n}\n', True),
    ],
)
def test_only_what_is_built_in_needs_no_init(code: str, needed: bool) -> None:
    facts = CodeReader(DictTree({"s/main.tf": code})).module("s")
    assert facts is not None
    assert facts.needs_init == needed


def test_links_are_read_where_they_lead_and_never_out(tmp_path: Path) -> None:
    outside = tmp_path / "outside.tf"
    outside.write_text('variable "stolen" {}\n')
    root = tmp_path / "r"
    (root / "s").mkdir(parents=True)
    (root / "shared").mkdir()
    (root / "shared/v.tf").write_text('variable "shared" {}\n')
    (root / "s/v.tf").symlink_to("../shared/v.tf")
    (root / "s/x.tf").symlink_to("../../outside.tf")
    (root / "s/y.tf").symlink_to(outside)
    facts = CodeReader(DiskTree(root)).module("s")
    assert facts is not None
    assert facts.variables.keys() == {"shared"}
    assert facts.links == ("s/v.tf",)


def test_locals_that_double_one_another_end() -> None:
    lines = "".join(
        f'  l{number} = "${{local.l{number + 1}}}${{local.l{number + 1}}}"\n' for number in range(40)
    )
    lines += (
        '  l40 = "x"\n  a = "${local.b}"\n  b = "${local.a}"\n  c = file(local.l0)\n  d = file(local.a)\n'
    )
    code = f"locals {{\n{lines}}}\n"
    facts = CodeReader(DictTree({"s/main.tf": code})).module("s")
    assert facts is not None
    assert all(
        sum(len(part) for part in each.path if isinstance(part, str)) < 10_000 for each in facts.references
    )
