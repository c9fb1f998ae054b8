"""Everything whose content can change what a Pulumi program plans to, on paper."""

from __future__ import annotations

import pytest

from runner.decisions.closure_difference import Reading, differences
from runner.decisions.edges import judged
from runner.decisions.referred_stacks import ReadPrograms
from runner.kit.tree import DictTree
from runner.model.stack import EngineName
from runner.source.facts import CodeReader
from tests.decisions.code_on_paper import named, target_of
from tests.decisions.programs_on_paper import program, read_by
from tests.decisions.two_trees import compared

BESIDE = {
    "stacks/app/Pulumi.dev.yaml": "config: {}\n",
    "stacks/app/Pulumi.prod.yaml": "config: {}\n",
    "stacks/app/README.md": "",
    "stacks/app/unused.py": "x = 1\n",
    "stacks/app/requirements.txt": "pulumi>=3\n",
    "stacks/app/data/a.json": "{}",
    "stacks/app/data/b.json": "{}",
    "stacks/app/lib/__init__.py": "",
    "stacks/app/lib/net.py": "from . import names\n",
    "stacks/app/lib/names.py": "",
    "stacks/app/lib/other.py": "",
    "stacks/app/lib/policy.json": "{}",
    "shared/vpc.py": "",
    "shared/tags/__init__.py": "from .inner import all_tags\n",
    "shared/tags/inner.py": "",
    "stacks/other/__main__.py": "",
}
OWN = {"Pulumi.dev.yaml", "requirements.txt"}
LIB = {"lib/__init__.py", "lib/net.py", "lib/names.py"}
JSONS = {"data/a.json", "data/b.json"}
WHOLE = OWN | {"README.md", "unused.py", "lib/other.py", "lib/policy.json"} | JSONS | LIB


@pytest.mark.parametrize(
    ("code", "read"),
    [
        ("import pulumi, os\n", set()),
        ("import lib.net\n", LIB),
        ("from lib import net as n\n", LIB),
        ("from lib import *\n", LIB | {"lib/other.py"}),
        ("def f():\n    if True:\n        import lib.net\n", LIB),
        ("import importlib\nimportlib.import_module('lib.names')\n", {"lib/__init__.py", "lib/names.py"}),
        ("from importlib import import_module as load\nload('lib.names')\n", {"lib/__init__.py", "lib/names.py"}),
        ("import sys\nsys.path.append('../../shared')\nimport vpc\n", {"../../shared/vpc.py"}),
        (
            "import sys, os\nsys.path.append(os.path.dirname(__file__) + '/../../shared')\nimport tags\n",
            {"../../shared/tags/__init__.py", "../../shared/tags/inner.py"},
        ),
        (
            "import sys, pathlib as p\nsys.path.append(str(p.Path(__file__).parents[2] / 'shared'))\nimport vpc\n",
            {"../../shared/vpc.py"},
        ),
        ("import shared.vpc\n", {"../../shared/vpc.py"}),
        ("open('data/a.json')\n", {"data/a.json"}),
        ("from pathlib import Path\nPath('data', 'a.json').read_text()\n", {"data/a.json"}),
        ("import os\nHERE = os.path.dirname(__file__)\nopen(HERE + '/data/a.json')\n", {"data/a.json"}),
        ("import pulumi\nopen(f'data/{pulumi.get_stack()}.json')\nopen('data/a.json')\n", {"data/a.json"}),
        ("import pulumi\npulumi.FileArchive('data')\n", JSONS),
        ("ConfigFile('x', file='data/a.json')\n", {"data/a.json"}),
        ("ConfigFile('x', file=name + '/a.json')\n", {"data/a.json"}),
        ("Image('x', build='.')\n", WHOLE),
        ("x = 'a.b'.split('.')\n", set()),
        ("x = 'https://example.test/data/a.json'\n", set()),
        ('"""data/a.json"""\n', set()),
        ("ConfigFile('x', file=f'data/{name}.json')\n", JSONS),
        ("'data/%s.json' % name\n", JSONS),
        ("'data/{}.json'.format(name)\n", JSONS),
        ("ConfigGroup(files=['data/*.json'])\n", JSONS),
        ("Template('data/$name.json').substitute(name='a')\n", JSONS),
        ("load('data/NAME.json'.replace('NAME', name))\nload('data/a.json')\n", {"data/a.json"} | JSONS),
        ("for each in 'data/a.json x'.split():\n    load(each)\n", {"data/a.json"}),
        ("if '..' in path.parts or path.name == '.':\n    raise ValueError(path)\n", set()),
        ("open('../../shared/vpc.py')\n", {"../../shared/vpc.py"}),
    ],
)  # fmt: skip
def test_what_a_program_imports_and_opens_is_in_and_nothing_beside_it(code: str, read: set[str]) -> None:
    found = read_by({**BESIDE, "stacks/app/__main__.py": code})
    expected = {path[6:] if path.startswith("../../") else f"stacks/app/{path}" for path in OWN | read}
    assert found == expected


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("open(name)\n", "a path at stacks/app/__main__.py:1:1 is computed"),
        (
            "import a\nlabel = f'{a.x}-{a.y}'\nopen(a.label)\n",
            "a path at stacks/app/__main__.py:3:1 is computed",
        ),
        ("eval(x)\n", "what runs at stacks/app/__main__.py:1:1 may read all of it"),
        ("import subprocess\nsubprocess.run(['make'])\n", "what runs at stacks/app/__main__.py:2:1"),
        ("f = open\n", "what runs at stacks/app/__main__.py:1:5"),
        ("__import__(name)\n", "the import at stacks/app/__main__.py:1:1 is computed"),
        ("def broken(:\n", "`stacks/app/__main__.py` could not be read"),
        ("x = (" + "(" * 1000 + ")" * 1001 + "\n", "`stacks/app/__main__.py` could not be read"),
    ],
)
def test_what_is_computed_widens_to_the_projects_directory_and_says_where(code: str, said: str) -> None:
    files = {**BESIDE, "stacks/app/__main__.py": code}
    assert read_by(files) == {f"stacks/app/{path}" for path in WHOLE}
    assert f"`stacks/app` is read whole: {said}" in program(files).widened[0]


def test_a_computed_import_of_a_known_package_widens_to_that_package() -> None:
    code = "import importlib\nimportlib.import_module(f'lib.{name}')\n"
    closure = program({**BESIDE, "stacks/app/__main__.py": code})
    names = {item.name for item in closure.items}
    assert {"stacks/app/lib/other.py", "stacks/app/lib/policy.json"} <= names
    assert "stacks/app/unused.py" not in names
    assert closure.widened == (
        "`stacks/app/lib` is read whole: the import at stacks/app/__main__.py:2:1 is computed",
    )


def test_a_computed_place_of_modules_finds_them_wherever_they_lie() -> None:
    code = "import sys, os\nsys.path.append(os.environ['LIBS'])\nimport tags, numpy\n"
    found = read_by({**BESIDE, "stacks/app/__main__.py": code})
    assert {"shared/tags/__init__.py", "shared/tags/inner.py"} <= found
    assert "shared/vpc.py" not in found


@pytest.mark.parametrize(
    ("manifest", "written"),
    [
        ("requirements.txt", "-e ../../libs/common\npulumi\n"),
        ("requirements.txt", "../../libs/common ; python_version > '3'\n"),
        ("requirements.txt", "common @ file:../../libs/common\n"),
        ("requirements.txt", "-r ../more-requirements.txt\n"),
        ("pyproject.toml", '[tool.uv.sources]\ncommon = { path = "../../libs/common", editable = true }\n'),
        ("pyproject.toml", '[tool.poetry.dependencies]\ncommon = {path = "../../libs/common"}\n'),
        ("pyproject.toml", '[tool.uv.workspace]\nmembers = ["../../libs/*"]\n'),
    ],
)
def test_what_is_installed_from_the_repository_is_read_there(manifest: str, written: str) -> None:
    files = {
        f"stacks/app/{manifest}": written,
        "stacks/more-requirements.txt": "-e ../libs/common\n",
        "stacks/app/__main__.py": "import common\n",
        "libs/common/pyproject.toml": "",
        "libs/common/src/common/__init__.py": "",
    }
    assert {"libs/common/pyproject.toml", "libs/common/src/common/__init__.py"} <= read_by(files)


def test_a_workspaces_own_lock_counts_and_the_manifest_of_whoever_has_one_does_not() -> None:
    top = {"pyproject.toml": "", "uv.lock": "", "stacks/app/__main__.py": ""}
    assert read_by(top) == {"pyproject.toml", "uv.lock"}
    assert read_by({**top, "stacks/app/pyproject.toml": ""}) == {"stacks/app/pyproject.toml", "uv.lock"}
    assert read_by({**top, "stacks/app/requirements.txt": ""}) == {"stacks/app/requirements.txt"}


def test_main_names_the_program_and_where_it_runs() -> None:
    files = {
        "stacks/app/src/__main__.py": "import beside\nopen('x.json')\n",
        "stacks/app/src/beside.py": "",
        "stacks/app/src/x.json": "",
        "stacks/app/x.json": "",
        "stacks/app/src/start.py": "",
    }
    assert read_by(files, project="name: app\nruntime:\n  name: python\nmain: src/\n") == {
        f"stacks/app/src/{name}" for name in ("__main__.py", "beside.py", "x.json")
    }
    found = read_by(files, project="name: app\nruntime: python\nmain: src/start.py\n")
    assert found == {"stacks/app/src/start.py"}


@pytest.mark.parametrize(
    "project",
    [
        "name: app\nruntime: nodejs\n",
        "{name: app, runtime: python, main: src}\n",
        "name: app\nruntime: python\n? main\n: src\nmain: *x\n",
        "",
    ],
)
def test_another_language_or_a_project_in_an_odd_form_counts_whole(project: str) -> None:
    found = read_by(BESIDE, project=project)
    assert found == {f"stacks/app/{path}" for path in WHOLE}


def test_settings_lie_where_the_project_says_and_other_stacks_have_none_of_ours() -> None:
    files = {
        "stacks/app/config/Pulumi.dev.yaml": "config:\n  app:policy: policies/a.json\n  app:dir: more\n",
        "stacks/app/config/Pulumi.prod.yaml": "",
        "stacks/app/policies/a.json": "",
        "stacks/app/more/b.json": "",
        "stacks/app/policies/c.json": "",
        "stacks/app/index.ts": "",
    }
    python = read_by(files, project="name: app\nruntime: python\nstackConfigDir: config\n")
    named = {"config/Pulumi.dev.yaml", "policies/a.json", "more/b.json"}
    assert python == {f"stacks/app/{path}" for path in named}
    node = read_by(files, project="name: app\nruntime: nodejs\nstackConfigDir: config\n")
    assert node == set(files) - {"stacks/app/config/Pulumi.prod.yaml"}


def test_a_program_in_another_language_is_followed_out_of_its_directory() -> None:
    files = {
        "stacks/app/index.ts": 'import { tags } from "../../shared/tags";\nimport { x } from "./x";\n',
        "stacks/app/go.mod": "replace example.test/lib => ../../golib\n",
        "stacks/app/App.csproj": '<ProjectReference Include="..\\..\\net\\Lib.csproj" />\n',
        "shared/tags.ts": 'import "../more/deep";\n',
        "shared/tags.md": "",
        "shared/unused.ts": "",
        "more/deep/index.ts": "",
        "golib/go.mod": "",
        "net/Lib.csproj": "",
    }
    found = read_by(files, project="name: app\nruntime: nodejs\n")
    assert found == set(files) - {"shared/unused.ts"} | {"stacks/app/__main__.py"} - {
        "stacks/app/__main__.py"
    }


def test_inputs_and_reads_bring_files_in() -> None:
    files = {"stacks/app/a.json": "", "shared/b.json": "", "stacks/app/c.json": ""}
    assert read_by(files, inputs={"file": "a.json"}, reads=("shared/*.json",)) == {
        "stacks/app/a.json",
        "shared/b.json",
    }


@pytest.mark.parametrize(
    ("index", "whole"),
    [
        ('{"files": ["../../shared/named.txt"]}' + "\n" * 100_000, False),
        ('{"files": ["../../shared/named.txt"]}' + "".join(f' "x/{n}"' for n in range(5_000)), True),
        ("x" * (9 << 20), True),
    ],
    ids=["large", "too-many-names", "too-large"],
)
def test_an_index_of_files_is_searched_or_else_its_directories_count(index: str, whole: bool) -> None:
    files = {"stacks/app/__main__.py": "open('../../shared/index.json')\n", "stacks/app/beside.txt": ""}
    shared = {"shared/index.json": index, "shared/named.txt": "", "shared/other.txt": ""}
    found = read_by({**files, **shared})
    named = {"shared/index.json", "shared/named.txt"}
    assert found == ({"stacks/app/beside.txt", *shared} if whole else named)
    said = " ".join(program({**files, **shared}).widened)
    assert ("`shared` is read whole: `shared/index.json`" in said) == whole


def test_links_are_followed_and_never_out_of_the_repository() -> None:
    files = {"stacks/app/__main__.py": "import lib.net\nopen('gone')\n", "shared/lib/net.py": ""}
    links = {"stacks/app/lib": "../../shared/lib", "stacks/app/gone": "/etc/passwd"}
    assert read_by(files, links) == {"stacks/app/lib", "shared/lib/net.py"}
    assert [each.code for each in program(files, links).diagnostics] == ["symlink-outside-repository"]


def test_a_change_is_told_with_who_imports_it() -> None:
    before = {
        "stacks/app/Pulumi.yaml": "name: app\nruntime: python\n",
        "stacks/app/__main__.py": "import lib\n",
        "stacks/app/lib.py": "",
    }
    one, other = (
        Reading.of(program(files), CodeReader(DictTree(files)), opentofu=False)
        for files in (before, {**before, "stacks/app/lib.py": "x = 1\n"})
    )
    (told,) = differences(one, other)
    assert str(told) == "`stacks/app/lib.py` changed: imported at stacks/app/__main__.py:1:1"


@pytest.mark.parametrize(
    ("code", "runtime", "needed"),
    [
        ("import pulumi\npulumi.StackReference('acme/network/dev')\n", "python", "dev/network"),
        (
            "from pulumi import StackReference as R\nR('own', stack_name='network/dev')\n",
            "python",
            "dev/network",
        ),
        (
            "import pulumi\npulumi.StackReference(f'acme/network/{pulumi.get_stack()}')\n",
            "python",
            "dev/network",
        ),
        ("import pulumi\npulumi.StackReference(f'{org}/network/prod')\n", "python", "prod/network"),
        ("import pulumi\npulumi.StackReference('prod')\n", "python", "prod/app"),
        ("import pulumi\npulumi.StackReference(name)\n", "python", ""),
        ("import pulumi\npulumi.StackReference('acme/network/nowhere')\n", "python", ""),
        ("import pulumi\npulumi.StackReference('acme/app/dev')\n", "python", ""),
        ("new pulumi.StackReference(`acme/network/${pulumi.getStack()}`);\n", "nodejs", "dev/network"),
    ],
)
def test_a_reference_to_the_stack_of_a_known_target_is_an_edge(code: str, runtime: str, needed: str) -> None:
    ending = "py" if runtime == "python" else "ts"
    files = {
        "stacks/network/Pulumi.yaml": "name: network\nruntime: yaml\n",
        "stacks/app/Pulumi.yaml": f"name: app\nruntime: {runtime}\n",
        f"stacks/app/{'__main__' if ending == 'py' else 'index'}.{ending}": code,
    }
    names = ("dev/app", "prod/app", "dev/network", "prod/network")
    targets = {named(name): target_of(name, engine=EngineName.PULUMI) for name in names}
    edges = judged(
        targets, CodeReader(DictTree(files)), programs=ReadPrograms(CodeReader(DictTree(files)))
    ).edges
    assert [str(edge.target) for edge in edges[named("dev/app")]] == ([needed] if needed else [])


@pytest.mark.parametrize(
    ("path", "touched"),
    [
        ("shared/vpc.py", {"dev/app"}),
        ("shared/tags/inner.py", set()),
        ("stacks/app/Pulumi.dev.yaml", {"dev/app"}),
        ("stacks/app/Pulumi.prod.yaml", set()),
        ("stacks/app/unused.py", set()),
        ("stacks/other/__main__.py", {"dev/other"}),
    ],
)
def test_a_change_reaches_the_programs_that_import_it_and_no_other(path: str, touched: set[str]) -> None:
    code = "import sys\nsys.path.append('../../shared')\nimport vpc\n"
    own = {f"stacks/{name}/Pulumi.yaml": f"name: {name}\nruntime: python\n" for name in ("app", "other")}
    before = {**BESIDE, **own, "stacks/app/__main__.py": code}
    targets = [target_of(f"dev/{name}", engine=EngineName.PULUMI) for name in ("app", "other")]
    found = compared(before, {**before, path: "changed = 1\n"}, targets=targets)
    assert set(map(str, found)) == touched
