"""The modules of a stack are told from its code, or left to the engine: never guessed."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.decisions.module_tree import MOST_MODULES, module_tree
from runner.kit.tree import DictTree
from runner.source.facts import CodeReader

LEAF = 'resource "terraform_data" "x" {}\n'


def call(name: str, source: str) -> str:
    return f'module "{name}" {{\n  source = {json.dumps(source)}\n}}\n'


def tree_of(files: Mapping[str, str], stack: str = "stacks/app") -> dict[str, tuple[str, str]] | None:
    """Key -> source and directory."""
    found = module_tree(stack, CodeReader(DictTree(files)), opentofu=False)
    return None if found is None else {each.key: (each.source, each.directory) for each in found}


def test_a_stack_without_modules_is_its_own_only_one() -> None:
    assert tree_of({"stacks/app/main.tf": LEAF}) == {"": ("", ".")}


def test_modules_are_followed_up_and_down() -> None:
    files = {
        "stacks/app/main.tf": call("up", "../../modules/up") + call("down", "./down"),
        "stacks/app/more.tf.json": json.dumps({"module": {"json": {"source": "./down/deeper"}}}),
        "stacks/app/down/main.tf": call("deeper", "./deeper"),
        "stacks/app/down/deeper/main.tf": LEAF,
        "modules/up/main.tf": call("beside", "../beside"),
        "modules/beside/main.tf": LEAF,
    }
    assert tree_of(files) == {
        "": ("", "."),
        "down": ("./down", "down"),
        "down.deeper": ("./deeper", "down/deeper"),
        "json": ("./down/deeper", "down/deeper"),
        "up": ("../../modules/up", "../../modules/up"),
        "up.beside": ("../beside", "../../modules/beside"),
    }


@pytest.mark.parametrize(
    "source",
    [
        "./m/",
        ".//m",
        "./m//",
        "./x/../m",
        "./.hidden",
        ".",
        "./",
        "..",
        "../",
        "m",
        "/m",
        "./m?ref=1",
        "./ä",
        "git::https://example.test/m",
        "hashicorp/consul/aws",
        "../../../outside",
        "./missing",
    ],
)
def test_a_source_that_is_not_plainly_a_path_to_code_is_left_to_the_engine(source: str) -> None:
    files = {
        "stacks/app/main.tf": call("m", source),
        "stacks/app/m/main.tf": LEAF,
        "stacks/app/.hidden/main.tf": LEAF,
        "stacks/app/ä/main.tf": LEAF,
        "stacks/main.tf": LEAF,
    }
    assert tree_of(files) is None


@pytest.mark.parametrize(
    "more",
    [
        {"a_override.tf": call("m", "./m")},
        {"override.tf.json": json.dumps({"module": {"m": {"source": "./m"}}})},
        {"a_override.tf": 'module "m" {\n  providers = {}\n}\n'},
        {"twice.tf": call("m", "./m")},
        {"local.tf": 'locals {\n  m = "./m"\n}\nmodule "n" {\n  source = local.m\n}\n'},
        {"variable.tf": 'variable "m" {}\nmodule "n" {\n  source = "./${var.m}"\n}\n'},
        {"version.tf": 'module "n" {\n  source = "./m"\n  version = "1.0"\n}\n'},
        {"bare.tf": 'module "n" {\n}\n'},
        {"broken.tf": 'resource "terraform_data" {{{\n'},
        {"backend.tf": 'terraform {\n  backend "local" {}\n}\n'},
        {"provider.tf": 'resource "null_resource" "x" {}\n'},
        {"m/provider.tf": 'data "aws_caller_identity" "x" {}\n'},
        {"m/required.tf": 'terraform {\n  required_providers {\n    a = { source = "x/a" }\n  }\n}\n'},
        {"m/backend.tf": 'terraform {\n  backend "local" {}\n}\n'},
        {"m/again.tf": call("again", "../")},
        {"m/again.tf": call("again", "../../app")},
    ],
)
def test_whatever_needs_more_than_paths_is_left_to_the_engine(more: Mapping[str, str]) -> None:
    files = {"main.tf": call("m", "./m"), "m/main.tf": LEAF}
    assert tree_of({f"stacks/app/{name}": text for name, text in files.items()}) is not None
    assert tree_of({f"stacks/app/{name}": text for name, text in {**files, **more}.items()}) is None


def test_calls_that_multiply_are_left_to_the_engine() -> None:
    calls = "".join(call(f"m{number}", "../next") for number in range(40))
    files = {
        "stacks/app/main.tf": calls.replace("../next", "../../a"),
        "a/main.tf": calls.replace("../next", "../b"),
        "b/main.tf": LEAF,
    }
    assert MOST_MODULES < 40 * 40
    assert tree_of(files) is None


names = st.text("abc", min_size=1, max_size=3)
places = st.lists(names, min_size=1, max_size=4).map("/".join)


@given(stack=places, modules=st.lists(places, min_size=1, max_size=4, unique=True))
def test_a_directory_is_where_its_source_leads(stack: str, modules: list[str]) -> None:
    """Each module calls the next; the directory is the one that the sources, taken one after the other, come to."""
    chain = [stack, *(each for each in modules if each != stack)]
    sources = [posixpath.relpath(after, before) for before, after in pairwise(chain)]
    plain = [each if each.startswith("../") else f"./{each}" for each in sources]
    texts = [call("m", source) for source in plain] + [LEAF]
    found = tree_of({f"{place}/main.tf": text for place, text in zip(chain, texts, strict=True)}, stack)
    if found is None:  # `..` alone: the engine's
        assert any(source.strip("./") == "" for source in plain)
        return
    for number, place in enumerate(chain):
        directory = found[".".join(["m"] * number)][1]
        assert posixpath.normpath(posixpath.join(stack, directory)) == place
