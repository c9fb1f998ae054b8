"""What a change touches: each kind of reading, births and ends, moves, settings, and who needs whom."""

from __future__ import annotations

import pytest

from runner.decisions.affected import every_target, united, with_dependents
from runner.decisions.edges import graph_edges
from runner.decisions.job_matrix import checked_jobs, github_matrix, gitlab_pipeline
from runner.decisions.terraform_closure import closure_of
from runner.errors import AskedWrongly
from runner.model.environment import Credentials, Gates, Hook, Hooks, Identity, TerraformSettings
from runner.model.names import TargetName
from runner.model.references import Written
from tests.decisions.code_on_paper import gates_of, named, target_of
from tests.decisions.two_trees import because, compared, reasons, side_of

CALL = 'module "{0}" {{\n  source = "{1}"\n}}\n'
ROOT = {
    "stacks/app/main.tf": CALL.format("mid", "../../modules/mid"),
    "stacks/network/main.tf": 'variable "region" {}\n',
    "modules/mid/main.tf": CALL.format("leaf", "../leaf"),
    "modules/leaf/main.tf": 'output "x" {\n  value = file("${path.module}/x.txt")\n}\n',
    "modules/leaf/x.txt": "X",
    "modules/alone/main.tf": "",
}


def change(files: dict[str, str | None]) -> dict[str, str]:
    return {path: text for path, text in {**ROOT, **files}.items() if text is not None}


def test_nothing_changed_is_nothing_affected() -> None:
    assert compared(ROOT, ROOT) == {}


def test_a_module_reaches_its_callers_through_the_chain_and_the_chain_is_told() -> None:
    found = compared(ROOT, change({"modules/leaf/main.tf": "# other\n"}))
    assert reasons(found) == {"dev/app": "changed"}
    assert found[named("dev/app")].because[0] == (
        "`modules/leaf/main.tf` changed: module `leaf` of `modules/mid`, module `mid` of `stacks/app`"
    )


@pytest.mark.parametrize(
    ("files", "hit"),
    [
        ({"modules/leaf/x.txt": "Y"}, {"dev/app"}),
        ({"modules/leaf/x.txt": None}, {"dev/app"}),
        ({"modules/leaf/new.tf": ""}, {"dev/app"}),
        ({"modules/leaf/new.tf.json": "{}"}, {"dev/app"}),
        ({"modules/leaf/README.md": "words"}, set()),
        ({"modules/alone/main.tf": "# other"}, set()),
        ({"stacks/network/main.tf": "# other"}, {"dev/network"}),
        ({"stacks/network/dev.tfvars": 'region = "eu"'}, {"dev/network"}),
        ({"stacks/network/prod.tfvars": 'region = "eu"'}, set()),
        ({"stacks/network/.terraform.lock.hcl": "#"}, {"dev/network"}),
        ({"stacks/network/.terraform-version": "1.11.4"}, {"dev/network"}),
        ({"stacks/network/README.md": "words"}, set()),
        ({"elsewhere/x.json": "{}"}, set()),
    ],
)
def test_a_change_reaches_exactly_those_that_read_it(files: dict[str, str | None], hit: set[str]) -> None:
    found = compared(ROOT, change(files))
    assert set(reasons(found)) == hit
    assert all(path in because(found, name) for name in hit for path in files)


@pytest.mark.parametrize(
    ("code", "path"),
    [
        ('x = file("../../shared/a.json")', "shared/a.json"),
        ('x = templatefile("${path.module}/../../shared/a.json", {})', "shared/a.json"),
        ('x = fileset("../../shared", "*.json")', "shared/born.json"),
        ('x = fileexists("../../shared/born.json")', "shared/born.json"),
        ('x = file("../../shared/${var.size}/a.json")', "shared/deep/born.json"),
        ('source_dir = "${path.module}/../../shared"', "shared/deep/born.json"),
        ('source = "../../shared/a.json"', "shared/a.json"),
    ],
)
def test_what_an_expression_reads_counts_also_when_it_is_born(code: str, path: str) -> None:
    files = {
        "stacks/app/main.tf": f'resource "terraform_data" "x" {{\n  {code}\n}}\n',
        "stacks/network/main.tf": "",
        "shared/a.json": "{}",
    }
    found = compared(files, {**files, path: "[]"})
    assert reasons(found) == {"dev/app": "changed"}
    assert "stacks/app/main.tf:2" in because(found, "dev/app")


COMPUTED = "locals {\n  x = file(var.where)\n}\n"
CALLED = 'module "m" {\n  source = "../../m"\n}\n'


@pytest.mark.parametrize(
    ("files", "given"),
    [
        ({"stacks/app/main.tf": COMPUTED, "stacks/app/dev.tfvars": 'where = "../../shared/a.json"\n'}, {}),
        ({"stacks/app/main.tf": CALLED, "m/main.tf": COMPUTED}, {"where": "../../shared/a.json"}),
        ({"stacks/app/main.tf": 'x = file(format("../../%s/%s.json", "shared", "a"))\n'}, {}),
        (
            {
                "stacks/app/main.tf": 'locals {\n  d = "sha"\n  x = file("../../${local.d}red/${var.n}.json")\n}\n'
            },
            {},
        ),
        (
            {
                "stacks/app/main.tf": CALLED,
                "m/main.tf": 'locals {\n  x = templatefile("${path.module}/a.tpl", {})\n}\n',
                "m/a.tpl": '${file("../../shared/a.json")}',
            },
            {},
        ),
        ({"stacks/app/main.tf": 'locals {\n  x = fileset("../..", "shared/*.json")\n}\n'}, {}),
        ({"stacks/app/main.tf.json": '{"locals": {"x": "${file(\\"../../shared/a.json\\")}"}}'}, {}),
    ],
)
def test_a_path_that_is_computed_or_named_elsewhere_is_not_missed(
    files: dict[str, str], given: dict[str, Written]
) -> None:
    before = {**files, "stacks/network/main.tf": "", "shared/a.json": "{}"}
    targets = [target_of("dev/app", inputs=given), target_of("dev/network")]
    found = compared(before, {**before, "shared/a.json": "[]"}, targets=targets)
    assert reasons(found) == {"dev/app": "changed"}


def test_a_module_is_reached_through_a_link_that_the_source_names() -> None:
    files = {
        "stacks/app/main.tf": 'module "m" {\n  source = "../../aliases/one"\n}\n',
        "stacks/network/main.tf": "",
        "modules/one/main.tf": CALL.format("n", "../two"),
        "modules/two/main.tf": "",
    }
    links = {"aliases": "modules"}
    found = compared(files, {**files, "modules/two/main.tf": "# x"}, links=links)
    assert reasons(found) == {"dev/app": "changed"}


def test_a_module_that_moves_without_a_change_of_content_affects_nothing() -> None:
    moved = change(
        {
            "modules/leaf/main.tf": None,
            "modules/leaf/x.txt": None,
            "modules/deep/down/leaf/main.tf": ROOT["modules/leaf/main.tf"],
            "modules/deep/down/leaf/x.txt": "X",
            "modules/mid/main.tf": CALL.format("leaf", "../deep/down/leaf"),
        }
    )
    assert compared(ROOT, moved) == {}


def test_a_module_that_moves_counts_where_an_expression_can_see_its_path() -> None:
    seeing = {**ROOT, "modules/leaf/main.tf": 'output "x" {\n  value = path.module\n}\n'}
    moved = {path.replace("modules/leaf", "modules/twig"): text for path, text in seeing.items()}
    moved["modules/mid/main.tf"] = CALL.format("leaf", "../twig")
    found = compared(seeing, moved)
    assert reasons(found) == {"dev/app": "changed"}
    assert "moved from `modules/leaf`" in because(found, "dev/app")


def test_a_module_that_moves_and_changes_counts() -> None:
    moved = {path.replace("modules/leaf", "modules/twig"): text for path, text in ROOT.items()}
    moved["modules/mid/main.tf"] = CALL.format("leaf", "../twig")
    moved["modules/twig/x.txt"] = "Y"
    assert reasons(compared(ROOT, moved)) == {"dev/app": "changed"}


def test_calls_that_swap_their_modules_are_a_change_though_every_file_is_the_same() -> None:
    files = {
        "stacks/app/main.tf": CALL.format("a", "../../m/x")
        + CALL.format("b", "../../m/x")
        + CALL.format("c", "../../m/y"),
        "m/x/main.tf": "# x",
        "m/y/main.tf": "# y",
    }
    swapped = CALL.format("a", "../../m/y") + CALL.format("b", "../../m/x") + CALL.format("c", "../../m/y")
    found = compared(files, {**files, "stacks/app/main.tf": swapped})
    assert reasons(found) == {"dev/app": "changed"}
    exchanged = CALL.format("a", "../../m/y") + CALL.format("b", "../../m/y") + CALL.format("c", "../../m/x")
    assert reasons(compared(files, {**files, "stacks/app/main.tf": exchanged})) == {"dev/app": "changed"}


def test_a_link_counts_and_so_does_what_it_leads_to() -> None:
    files = {"stacks/network/main.tf": "", "shared/main.tf": "", "other/main.tf": ""}
    targets = [target_of("dev/app"), target_of("dev/network")]
    link = {"stacks/app/main.tf": "../../shared/main.tf"}
    found = compared(files, {**files, "shared/main.tf": "# x"}, links=link, targets=targets)
    assert reasons(found) == {"dev/app": "changed"}
    turned = {"stacks/app/main.tf": "../../other/main.tf"}
    assert reasons(compared(files, files, links=(link, turned), targets=targets)) == {"dev/app": "changed"}


def test_an_input_of_one_target_is_no_matter_of_another() -> None:
    one = [target_of("dev/app", inputs={"size": 1}), target_of("dev/network")]
    two = [target_of("dev/app", inputs={"size": 2}), target_of("dev/network")]
    found = compared(ROOT, ROOT, targets=(one, two))
    assert reasons(found) == {"dev/app": "changed"}
    assert because(found, "dev/app").startswith("`inputs.size` changed")


def test_an_input_of_the_environment_reaches_those_that_declare_it() -> None:
    def at(region: str) -> list[object]:
        return [
            target_of(f"dev/{name}", environment_inputs={"region": region}) for name in ("app", "network")
        ]

    assert reasons(compared(ROOT, ROOT, targets=(at("eu"), at("us")))) == {"dev/network": "changed"}


@pytest.mark.parametrize(
    ("gates", "word"),
    [
        (gates_of(terraform=TerraformSettings(workspace="blue")), "settings.terraform.workspace"),
        (
            gates_of(terraform=TerraformSettings(arguments={"plan": ("-parallelism=3",)})),
            "settings.terraform.args",
        ),
        (gates_of(hooks=Hooks(before_preview=(Hook(run=("make",)),))), "hooks"),
        (gates_of(credentials=Credentials(preview=Identity(role_arn="arn:b"))), "credentials"),
        (gates_of(credentials=Credentials(apply=Identity(variables=("ARM_*",)))), "credentials"),
    ],
)
def test_a_gate_that_changes_what_is_planned_reaches_its_environment(gates: Gates, word: str) -> None:
    targets = [target_of("dev/network"), target_of("prod/network")]
    found = compared(ROOT, ROOT, targets=targets, gates=({"dev": gates_of()}, {"dev": gates}))
    assert reasons(found) == {"dev/network": "changed"}
    assert word in because(found, "dev/network")
    # `status` compares digests, and says the same.
    digests = [closure_of(targets[0], each, side_of(ROOT).code).settings for each in (gates_of(), gates)]
    assert digests[0] != digests[1]


def test_a_gate_that_changes_who_may_apply_touches_no_plan() -> None:
    after = gates_of(break_glass=("@acme/oncall",), deferred="apply-if-policy-passes")
    assert compared(ROOT, ROOT, gates=({"dev": gates_of()}, {"dev": after})) == {}


def test_births_and_ends_are_told_with_the_lines_that_end_a_target() -> None:
    after = change({"stacks/network/main.tf": None, "stacks/new/main.tf": ""})
    found = compared(ROOT, after)
    assert reasons(found) == {"dev/network": "orphan", "dev/new": "born"}
    assert because(found, "dev/network") == "`stacks/network` is gone"
    assert "removed: {network: destroy}" in found[named("dev/network")].hint


def test_a_target_that_removed_ends_is_told_though_neither_tree_has_it() -> None:
    found = compared(ROOT, ROOT, removed=({}, {"old": "forget"}))
    assert reasons(found) == {"dev/old": "orphan"}
    assert because(found, "dev/old") == "`removed:` of `dev` says forget"


def test_renamed_from_is_a_rename_and_a_guess_is_only_proposed() -> None:
    after = {path.replace("stacks/network", "stacks/net"): text for path, text in ROOT.items()}
    renamed = [target_of("dev/app"), target_of("dev/net", renamed_from="network")]
    found = compared(ROOT, after, targets=([target_of("dev/app"), target_of("dev/network")], renamed))
    assert reasons(found) == {"dev/net": "renamed"}
    assert "the state of `dev/network` becomes its own" in because(found, "dev/net")
    assert reasons(compared(ROOT, after)) == {"dev/net": "born", "dev/network": "orphan"}


def test_who_needs_an_affected_target_is_a_dependent_with_its_need() -> None:
    targets = [
        target_of("dev/app", depends_on=("dev/network",)),
        target_of("dev/network"),
        target_of("dev/web", depends_on=("dev/app",)),
    ]
    files = {**ROOT, "stacks/web/main.tf": ""}
    after = {**files, "stacks/network/main.tf": "# x"}
    found = compared(files, after, targets=targets)
    edges = graph_edges({target.name: target for target in targets}, side_of(after, targets).code)
    whole = with_dependents(found, edges)
    assert reasons(whole) == {"dev/app": "dependent", "dev/network": "changed", "dev/web": "dependent"}
    assert because(whole, "dev/app") == "it needs `dev/network`, which is changed: `depends_on` names it"
    assert because(whole, "dev/web").startswith("it needs `dev/app`, which is touched itself")


def test_two_merge_bases_tell_what_differs_from_either() -> None:
    one = compared(ROOT, change({"stacks/network/main.tf": "# x"}))
    other = compared(ROOT, change({"modules/leaf/x.txt": "Y"}))
    assert set(reasons(united(one, other))) == {"dev/app", "dev/network"}


def test_where_nothing_can_be_compared_every_target_counts() -> None:
    assert set(reasons(every_target(side_of(ROOT), "why"))) == {"dev/app", "dev/network"}


def test_what_cannot_be_parsed_widens_to_its_directory() -> None:
    broken = {**ROOT, "modules/leaf/main.tf": "x = = 1\n", "modules/leaf/deep/y.txt": "1"}
    found = compared(broken, {**broken, "modules/leaf/deep/y.txt": "2"})
    assert "could not be read" in because(found, "dev/app")


def test_deep_nesting_and_links_out_of_the_tree_end_in_an_answer() -> None:
    deep = "x = " + "[" * 400 + "]" * 400
    links = {"stacks/app/secret": "../../../etc/passwd"}
    found = compared(ROOT, change({"stacks/app/deep.tf": deep}), links=links)
    assert reasons(found) == {"dev/app": "changed"}


def test_a_change_of_thousands_of_files_is_told_in_part_and_counted() -> None:
    reading = change({"stacks/app/main.tf": 'locals {\n  x = fileset("many", "**")\n}\n'})
    found = compared(reading, {**reading, **{f"stacks/app/many/{n}.txt": "" for n in range(500)}})
    told = found[named("dev/app")].because
    assert len(told) == 101
    assert told[-1] == "and 400 more differences"


def test_the_jobs_of_a_matrix_stand_in_waves_and_have_a_limit() -> None:
    waves = ((named("dev/network"),), (named("dev/app"), named("dev/web")))
    assert github_matrix(waves) == {
        "wave1": {"include": [{"target": "dev/network", "environment": "dev", "stack": "network"}]},
        "wave2": {
            "include": [
                {"target": f"dev/{name}", "environment": "dev", "stack": name} for name in ("app", "web")
            ]
        },
    }
    pipeline = gitlab_pipeline(waves)
    assert isinstance(pipeline, dict)
    assert pipeline["stages"] == ["wave1", "wave2"]
    many = (tuple(TargetName(environment="dev", stack=str(n)) for n in range(257)),)
    assert checked_jobs((many[0][:256],)) == (many[0][:256],)
    with pytest.raises(AskedWrongly, match="256"):
        checked_jobs(many)
