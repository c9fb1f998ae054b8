"""On generated repositories: nothing that a change reaches is missed, by a drawing that knows no HCL, and by closures
that are all computed."""

from __future__ import annotations

import random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from runner.decisions.affected import affected
from runner.git.ranges import ChangedPath
from runner.kit.tree import DictTree
from runner.model.environment import Gates, TerraformSettings
from runner.model.names import TargetName
from runner.model.stack import EngineName
from runner.model.target import Target
from runner.operations.glancing import glance_at
from runner.operations.searching import worth_comparing
from runner.operations.staying import targets_stay
from runner.source.facts import CodeReader
from tests.decisions.code_on_paper import gates_of, target_of
from tests.decisions.monorepo import Monorepo, drawn
from tests.decisions.two_trees import differing, side_of

Tree = tuple[dict[str, str], dict[str, str]]


def told(
    before: Tree, after: Tree, targets: list[Target], gates: Gates | None = None, *, narrowed: bool
) -> set[str]:
    """What is said to be affected: with all closures compared, or only those that the search leaves."""
    by_environment = {
        target.name.environment: gates or gates_of(target.name.environment) for target in targets
    }
    one, other = (side_of(files, targets, by_environment, links) for files, links in (before, after))
    paths = differing(before, after)
    among: frozenset[TargetName] | None = None
    if narrowed:
        tree = DictTree(*after)
        code = CodeReader(tree)
        among = worth_comparing(glance_at(tree, code, paths), one, other, paths)
    return {str(name) for name in affected(one, other, {each.path for each in paths}, among=among)}


def targets_of(repository: Monorepo) -> list[Target]:
    made = []
    for root in sorted(repository.reads):
        _, environment, stack = root.split("/")
        made.append(target_of(f"{environment}/{stack}", directory=root))
    return made


@settings(max_examples=60)
@given(seed=st.integers(0, 10_000), edits=st.integers(1, 4))
def test_what_is_found_is_what_was_drawn(seed: int, edits: int) -> None:
    repository = drawn(seed)
    chance = random.Random(seed)
    paths = chance.sample(sorted(path for path in repository.files if path != "runner.yaml"), edits)
    after = {**repository.files, **{path: repository.files[path] + "# edited\n" for path in paths}}
    targets = targets_of(repository)
    expected = repository.touched(paths)
    for narrowed in (False, True):
        assert told((repository.files, {}), (after, {}), targets, narrowed=narrowed) == expected


# Every way in which code may name a path, and where it is then looked for. `@` is a way to `shared`.
UPS = [
    "../../shared",
    "${path.module}/../../shared",
    "${path.root}/../../shared",
    "./../../shared/deep/..",
    "link",
]
READING = [
    'locals {\n  a = file("@/x.json")\n}\n',
    'locals {\n  b = templatefile("@/a.tpl", {})\n}\n',
    'locals {\n  c = fileset("@", "**/*.json")\n}\n',
    'locals {\n  d = fileset(path.root, "../../shared/*.json")\n}\n',
    'locals {\n  here = "@"\n  e = file("${local.here}/x.json")\n}\n',
    'locals {\n  all = { here = "@/x.json" }\n  e = file(local.all.here)\n}\n',
    'locals {\n  f = file("@/${var.x}.json")\n}\n',
    "locals {\n  g = file(var.x)\n}\n",
    'locals {\n  h = file(join("/", ["@", "x.json"]))\n}\n',
    'locals {\n  i = file(format("%s/%s", "@", "x.json"))\n}\n',
    'locals {\n  i = file(format("../../%s/%s.json", "shared", "x"))\n}\n',
    'locals {\n  up = ".."\n  j = file("${local.up}/../sha${local.up == "" ? "" : "red"}/x.json")\n}\n',
    'resource "r" "x" {\n  path = "@"\n}\n',
    'resource "r" "y" {\n  source = "@/x.json"\n}\n',
    'module "j" {\n  source = "@"\n}\n',
    'module "k" {\n  source = "../../shared/deep"\n}\n',
    "locals {\n  x = path.module\n}\n",
    "x = = @\n",
    "",
]
CALLING = [
    'module "m" {\n  source = "../../modules/m"\n}\n',
    'module "m" {\n  source = "./../../modules/./m/"\n}\n',
    'module "m" {\n  source = "../../aliases/m"\n}\n',
    'module "m" {\n  source = "../../modules/${var.which}"\n}\n',
    'module "m" {\n  source = "../../modules/n"\n}\n',
    "",
]
LINKS = {"aliases/m": "../modules/m", "stacks/app/link": "../../shared", "modules/m/link": "../../shared"}
EDITED = [
    "shared/x.json", "shared/a.tpl", "shared/deep/y.json", "shared/deep/main.tf", "shared/main.tf", "modules/m/main.tf",
    "modules/m/inner/z.txt", "modules/n/main.tf", "stacks/app/dev.tfvars", "stacks/app/sub/x.json", "values/all.tfvars",
]  # fmt: skip
SHAPES = st.fixed_dictionaries(
    {
        "stacks/app/main.tf": st.tuples(st.sampled_from(CALLING), st.sampled_from(READING)).map("".join),
        "modules/m/main.tf": st.sampled_from(READING),
        "modules/n/main.tf": st.sampled_from(
            READING + [each.replace("../../modules", "..") for each in CALLING]
        ),
        "shared/deep/main.tf": st.sampled_from(READING),
        "stacks/app/dev.tfvars": st.sampled_from(["", 'x = "../../shared/x.json"\n']),
        "values/all.tfvars": st.sampled_from(["", 'x = "../../shared/x.json"\n']),
        "shared/a.tpl": st.sampled_from(["", '${file("../../shared/x.json")}']),
        "stacks/net/main.tf": st.just(""),
        "shared/x.json": st.just("{}"),
        "shared/deep/y.json": st.just("{}"),
    }
)


@settings(max_examples=300)
@given(
    shape=SHAPES,
    up=st.sampled_from(UPS),
    edited=st.sampled_from(EDITED),
    content=st.sampled_from([None, "# other", 'module "o" {\n  source = "../../shared/deep"\n}\n']),
    given_inputs=st.booleans(),
    suffix=st.sampled_from([".tf", ".tofu"]),
)
def test_the_search_leaves_every_target_whose_closure_differs(
    shape: dict[str, str], up: str, edited: str, content: str | None, given_inputs: bool, suffix: str
) -> None:
    files = {path: text.replace("@", up) for path, text in shape.items()}
    files["stacks/app/main" + suffix] = files.pop("stacks/app/main.tf")
    engine = EngineName.OPENTOFU if suffix == ".tofu" else EngineName.TERRAFORM
    inputs = {"x": "../../shared/x.json"} if given_inputs else {}
    targets = [
        target_of("dev/app", directory="stacks/app", environment_inputs=inputs, engine=engine),
        target_of("dev/net", directory="stacks/net", reads=("shared/*.tpl",)),
    ]
    gates = gates_of(terraform=TerraformSettings(var_files=("values/all.tfvars",)))
    after = {path: text for path, text in {**files, edited: content}.items() if text is not None}
    before: Tree = (files, LINKS)
    every = told(before, (after, LINKS), targets, gates, narrowed=False)
    assert told(before, (after, LINKS), targets, gates, narrowed=True) == every


@example(edit="stacks/app/stack.yaml")
@given(
    edit=st.sampled_from(["runner.yaml", "environments/dev.yaml", "a/stack.yaml", "stacks/x/.tool-versions"])
)
def test_a_change_of_configuration_is_never_taken_for_one_of_code(edit: str) -> None:
    one = DictTree({"stacks/a/main.tf": ""})
    two = DictTree({"stacks/a/main.tf": "#", "stacks/b/main.tf": ""})
    changed = ChangedPath(path=edit, before="1", after="2", modes=("100644", "100644"))
    code = ChangedPath(path="stacks/a/main.tf", before="1", after="2", modes=("100644", "100644"))
    born = ChangedPath(path="stacks/b/main.tf", before="", after="2", modes=("000000", "100644"))
    layout = ["stacks/{stack}"]
    assert targets_stay([code], one, two, layout)
    assert not targets_stay([code, changed], one, two, layout)
    assert not targets_stay([code, born], one, two, layout)
