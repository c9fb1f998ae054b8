"""What is in a closure, and what is not: each kind of reading, links, widening, escapes, settings."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from runner.decisions.terraform_closure import closure_of
from runner.kit.tree import DictTree
from runner.model.environment import Hook, Hooks, TerraformSettings
from runner.model.references import Expression, SecretReference
from runner.model.stack import EngineName
from runner.source.facts import CodeReader
from tests.decisions.code_on_paper import closed, gates_of, target_of

APP = "stacks/app"
MAIN = f"{APP}/main.tf"


def paths(files: dict[str, str], **links: str) -> set[str]:
    return set(closed(files, links=links).paths)


CALLS_MODULE = 'module "m" {\n  source = "../../modules/m"\n}\n'


def test_a_module_counts_with_all_that_it_calls_and_nothing_beside_it() -> None:
    found = paths(
        {
            MAIN: CALLS_MODULE,
            "modules/m/main.tf": 'module "n" {\n  source = "./inner"\n}\n',
            "modules/m/README.md": "",
            "modules/m/unread.json": "{}",
            "modules/m/inner/x.tf.json": '{"module": {"o": {"source": "../../o"}}}',
            "modules/o/o.tf": "",
            "modules/other/main.tf": "",
            "stacks/network/main.tf": "",
        }
    )
    assert found == {MAIN, "modules/m/main.tf", "modules/m/inner/x.tf.json", "modules/o/o.tf"}


@pytest.mark.parametrize(
    ("code", "read"),
    [
        ('x = file("a/b.json")', "a/b.json"),
        ('x = file("${path.module}/a/b.json")', "a/b.json"),
        ('x = file("${path.root}/a/b.json")', "a/b.json"),
        ('x = file(join("/", [path.module, "a", "b.json"]))', "a/b.json"),
        ('x = file(format("%s/a/%s", path.module, "b.json"))', "a/b.json"),
        ('x = filebase64sha256("./a/b.json")', "a/b.json"),
        ('x = fileexists("a/b.json") ? 1 : 0', "a/b.json"),
        ('x = templatefile("a/b.json", {})', "a/b.json"),
        ('x = "${file("a/b.json")}-x"', "a/b.json"),
        ('x = <<-EOT\n  ${file("a/b.json")}\n  EOT', "a/b.json"),
        ('x = fileset("a", "*.json")', "a/b.json"),
        ('x = fileset(path.module, "a/*.json")', "a/b.json"),
        ('x = fileset(path.module, "**/b.{json,yaml}")', "a/b.json"),
        ('x = [for f in ["b"] : file("${path.module}/a/${f}.json")]', "a/b.json"),
        ('source = "a/b.json"', "a/b.json"),
        ('source_dir = "a"', "a/b.json"),
        ('source_dir = "${path.module}/a"', "a/b.json"),
        ("x = file(local.where)", "a/b.json"),
        ("x = file(local.all.where)", "a/b.json"),
        ("x = file(var.where)", "a/b.json"),
        ("x = path.module", "a/b.json"),
        ('x = jsondecode(try(file("a/b.json"), "{}"))', "a/b.json"),
        ('x = file(path.module == "" ? "x" : "a/b.json")', "a/b.json"),
        ('x = core::file("a/b.json")', "a/b.json"),
    ],
)
def test_what_an_expression_reads_is_in(code: str, read: str) -> None:
    locals_ = (
        'locals {\n  base = "${path.module}/a"\n  where = "${local.base}/b.json"\n'
        '  all = { where = "a/b.json" }\n}\n'
    )
    found = paths(
        {
            MAIN: f'resource "terraform_data" "x" {{\n  {code}\n}}\n',
            f"{APP}/locals.tf": locals_ if "local" in code else "",
            f"{APP}/a/b.json": "{}",
            "elsewhere/a/b.json": "{}",
        }
    )
    assert f"{APP}/{read}" in found
    assert "elsewhere/a/b.json" not in found


def test_a_relative_path_in_a_module_is_the_stacks_and_path_module_is_its_own() -> None:
    found = paths(
        {
            MAIN: CALLS_MODULE,
            "modules/m/main.tf": 'locals {\n  a = file("x.json")\n  b = file("${path.module}/y.json")\n}\n',
            f"{APP}/sub/z.json": "",
            f"{APP}/x.json": "",
            "modules/m/x.json": "",
            "modules/m/y.json": "",
        }
    )
    assert found == {MAIN, f"{APP}/x.json", "modules/m/main.tf", "modules/m/y.json"}


def test_a_template_that_reads_another_file_brings_it_along() -> None:
    found = paths(
        {
            MAIN: 'locals {\n  a = templatefile("${path.module}/t/a.tpl", {})\n}\n',
            f"{APP}/t/a.tpl": 'hello ${file("t/b.txt")}',
            f"{APP}/t/b.txt": "",
            f"{APP}/t/c.txt": "",
        }
    )
    assert found == {MAIN, f"{APP}/t/a.tpl", f"{APP}/t/b.txt"}


def test_a_path_that_a_caller_hands_to_a_module_is_in() -> None:
    found = closed(
        {
            MAIN: 'module "m" {\n  source = "../../modules/m"\n  tpl = "${path.module}/../../shared/a.tpl"\n}\n',
            "modules/m/main.tf": 'variable "tpl" {}\nlocals {\n  a = templatefile(var.tpl, {})\n}\n',
            "modules/m/extra.txt": "",
            "shared/a.tpl": "",
            "shared/b.tpl": "",
        }
    )
    assert "shared/a.tpl" in found.paths
    assert "shared/b.tpl" not in found.paths
    assert "modules/m/extra.txt" in found.paths
    assert any("computed path" in each for each in found.widened)


def test_a_computed_path_widens_to_the_smallest_directory_that_holds_it() -> None:
    found = closed(
        {
            MAIN: 'variable "size" {}\nlocals {\n  a = file("${path.module}/sizes/${var.size}/x.json")\n}\n',
            f"{APP}/sizes/small/x.json": "",
            f"{APP}/sizes/large/deep/y.json": "",
            f"{APP}/other/z.json": "",
        }
    )
    assert f"{APP}/sizes/large/deep/y.json" in found.paths
    assert f"{APP}/other/z.json" not in found.paths
    assert found.widened == (
        "`stacks/app/sizes` is read whole: file at stacks/app/main.tf:3:7 has a computed path",
    )


def test_what_a_computed_path_widens_is_told_once_with_its_place() -> None:
    one = 'a = file("${path.module}/x/${var.p}")\n'
    told = closed({MAIN: "locals {\n" + one + "}\n", f"{APP}/x/1": ""}).widening
    assert told is not None
    assert f"`{APP}/x` is read whole: file at {MAIN}:2:" in told.message
    many = "".join(f'a{n} = file("${{path.module}}/x{n}/${{var.p}}")\n' for n in range(9))
    told = closed({MAIN: "locals {\n" + many + "}\n"}).widening
    assert told is not None
    assert told.message.endswith("; and 6 more")
    assert closed({MAIN: 'locals { a = file("x") }'}).widening is None


def test_own_files_count_but_other_environments_values_and_documentation_do_not() -> None:
    files = dict.fromkeys(
        [
            MAIN, f"{APP}/.terraform.lock.hcl", f"{APP}/dev.tfvars", f"{APP}/prod.tfvars", f"{APP}/terraform.tfvars",
            f"{APP}/a.auto.tfvars", f"{APP}/README.md", f"{APP}/kubeconfig", f"{APP}/x.tofu", f"{APP}/stack.yaml",
            f"{APP}/sub/file", f"{APP}/.terraform-version",
        ],
        "",
    )  # fmt: skip
    found = closed(files)
    assert set(found.paths) == {
        MAIN, f"{APP}/.terraform.lock.hcl", f"{APP}/dev.tfvars", f"{APP}/terraform.tfvars", f"{APP}/a.auto.tfvars",
        f"{APP}/kubeconfig", f"{APP}/.terraform-version",
    }  # fmt: skip
    assert found.var_files == (f"{APP}/dev.tfvars",)


def test_opentofu_reads_its_own_files_instead_of_the_same_named_ones() -> None:
    files = {f"{APP}/a.tf": "", f"{APP}/a.tofu": "", f"{APP}/b.tf": ""}
    assert set(closed(files).paths) == {f"{APP}/a.tf", f"{APP}/b.tf"}
    assert set(closed(files, target_of(engine=EngineName.OPENTOFU)).paths) == {f"{APP}/a.tofu", f"{APP}/b.tf"}


def test_links_count_with_what_they_lead_to() -> None:
    found = closed(
        {
            "shared/main.tf": 'locals {\n  a = file("${path.module}/d/x")\n}\n',
            "data/x": "",
            f"{APP}/own.tf": "",
        },
        links={MAIN: "../../shared/main.tf", f"{APP}/d": "../../data"},
    )
    assert set(found.paths) == {"shared/main.tf", MAIN, f"{APP}/d", "data/x", f"{APP}/own.tf"}


@pytest.mark.parametrize("where", ["../../../etc/passwd", "/etc/passwd", "../../.."])
def test_a_link_out_of_the_repository_is_refused_and_not_laid_out(where: str) -> None:
    found = closed({MAIN: ""}, links={f"{APP}/secret": where})
    assert set(found.paths) == {MAIN}
    assert [each.code for each in found.diagnostics] == ["symlink-outside-repository"]


def test_links_in_a_circle_are_named() -> None:
    found = closed({MAIN: ""}, links={f"{APP}/a": "b", f"{APP}/b": "a", f"{APP}/up": "."})
    assert "symlink-loop" in {each.code for each in found.diagnostics}


@pytest.mark.parametrize("path", ["/proc/self/environ", "../../../outside", "~/.aws/credentials"])
def test_a_file_outside_the_repository_is_said_and_never_in(path: str) -> None:
    found = closed({MAIN: f'locals {{\n  a = file("{path}")\n}}\n'})
    assert found.paths == (MAIN,)
    assert [each.code for each in found.diagnostics] == ["path-outside-repository"]


def test_reads_never_leave_the_repository() -> None:
    found = closed(
        {MAIN: "", "shared/a.json": "", "shared/b.txt": ""},
        target_of(reads=("shared/*.json", "../x/*")),
    )
    assert set(found.paths) == {MAIN, "shared/a.json"}
    assert [each.code for each in found.diagnostics] == ["reads-outside-repository"]


def test_a_missing_module_is_named_with_its_siblings() -> None:
    found = closed({MAIN: 'module "m" {\n  source = "../../modules/netwrk"\n}\n', "modules/network/m.tf": ""})
    (problem,) = found.diagnostics
    assert problem.code == "module-not-found"
    assert "`network`" in problem.hint
    assert problem.span is not None
    assert (problem.span.line, problem.span.column) == (2, 12)
    assert found.concerns("modules/netwrk/main.tf")


def test_modules_that_call_one_another_end() -> None:
    found = closed(
        {MAIN: CALLS_MODULE, "modules/m/a.tf": 'module "app" {\n  source = "../../stacks/app"\n}\n'}
    )
    assert found.modules == (APP, "modules/m")


def test_a_file_that_cannot_be_read_widens_to_its_directory() -> None:
    found = closed({MAIN: CALLS_MODULE, "modules/m/a.tf": "locals {\n  x = = 1\n}\n", "modules/m/d/e": ""})
    assert "modules/m/d/e" in found.paths
    assert [each.code for each in found.diagnostics] == ["hcl-syntax"]


def test_nesting_beyond_the_limit_is_named_not_met_by_a_stack_overflow() -> None:
    found = closed({MAIN: "x = " + "[" * 400 + "]" * 400, f"{APP}/b.tf.json": "[" * 4000 + "]" * 4000})
    assert {each.code for each in found.diagnostics} == {"hcl-too-deep"}


def test_a_closure_larger_than_the_limit_says_which_limit_it_met() -> None:
    files = {MAIN: "locals { a = file(var.p) }", **{f"{APP}/{n}": "" for n in range(9)}}
    code = CodeReader(DictTree(files))
    assert closure_of(target_of(), gates_of(), code, most_items=20).diagnostics == ()
    (problem,) = closure_of(target_of(), gates_of(), code, most_items=5).diagnostics
    assert (problem.code, "more than 5 items" in problem.message) == ("closure-too-large", True)
    assert "`limits.tree_files`" in problem.hint


def test_a_missing_var_file_is_a_mistake_with_a_way_out() -> None:
    gates = gates_of(terraform=TerraformSettings(var_files=("envs/{environment}.tfvars",)))
    assert closed({MAIN: ""}, gates=gates).diagnostics[0].code == "var-file-missing"
    files = {MAIN: "", f"{APP}/envs/dev.tfvars": "", f"{APP}/envs/prod.tfvars": "", f"{APP}/dev.tfvars": ""}
    found = closed(files, gates=gates)
    assert found.var_files == (f"{APP}/envs/dev.tfvars", f"{APP}/dev.tfvars")
    assert f"{APP}/envs/prod.tfvars" not in found.paths


def test_a_submodule_counts_by_its_commit() -> None:
    found = closed({MAIN: "", "vendor": ""})
    assert found.submodules == {}


def test_only_the_keys_that_reach_the_target_are_settings_of_it() -> None:
    files = {MAIN: 'variable "region" {}\n'}
    one = closed(files, target_of(environment_inputs={"region": "eu", "other": 1}))
    two = closed(files, target_of(environment_inputs={"region": "eu", "other": 2}))
    three = closed(files, target_of(environment_inputs={"region": "us", "other": 1}))
    assert one.settings == two.settings
    assert one.settings != three.settings
    assert one.code == two.code == three.code


def test_a_secret_is_a_setting_by_its_name() -> None:
    secret = Expression(parts=(SecretReference(scheme="env", name="DB_PASSWORD"),))
    found = closed({MAIN: ""}, target_of(inputs={"password": secret}))
    assert "inputs.password" in {item.name for item in found.items}


def test_a_hook_may_read_the_whole_directory() -> None:
    gates = gates_of(hooks=Hooks(before_preview=(Hook(run=("make",)),)))
    assert f"{APP}/src/a.c" in closed({MAIN: "", f"{APP}/src/a.c": ""}, gates=gates).paths


def test_the_code_digest_follows_content_names_and_modes_and_nothing_else() -> None:
    files = {MAIN: CALLS_MODULE, "modules/m/a.tf": ""}
    start = closed(files).code
    assert start.startswith("c1:")
    assert closed({**files, "modules/m/README.md": "x", "stacks/network/main.tf": ""}).code == start
    assert closed({**files, "modules/m/a.tf": "# changed"}).code != start
    assert closed({**files, "modules/m/b.tf": ""}).code != start
    assert closed({**files, f"{APP}/x.json": ""}).code != start
    moved = {path.replace("stacks/app", "live/app"): text for path, text in files.items()}
    assert closed(moved, target_of(directory="live/app")).code == start


def test_modules_as_fetched_are_code_and_what_was_not_fetched_has_the_digest_that_it_always_had() -> None:
    closure = closed({MAIN: 'module "m" { source = "git::https://example.test/net?ref=main" }\n'})
    assert closure.code == "c1:6aa19b7d85702a3207e7d4e37ab4d720b3442ab4b3850ef90911c98389525713"
    assert len({replace(closure, fetched=each).code for each in ("", "1", "2")}) == 3


PIECES = st.sampled_from(
    [
        'a = file("${path.module}/x/1.json")', 'a = fileset("${path.module}/x", "**")', 'a = file(var.p)',
        'a = file("${path.module}/y/${var.p}")', 'a = templatefile("../../shared/t.tpl", {})', "a = path.root",
    ]
)  # fmt: skip
PLACES = st.sampled_from(
    [
        "stacks/app/new.tf", "stacks/app/x/1.json", "stacks/app/x/new.json", "stacks/app/y/z/w", "stacks/app/README.md",
        "modules/m/main.tf", "modules/m/x/1.json", "modules/m/new.tf", "modules/m/y/2", "shared/t.tpl", "other/x",
    ]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=3), st.lists(PIECES, max_size=3), PLACES, st.booleans())
def test_whatever_is_changed_born_or_ended_a_closure_that_differs_said_so_before(
    own: list[str], module: list[str], place: str, present: bool
) -> None:
    """A changed path never removes a target from its users: where the digest moves, `concerns` of either side knew."""
    files = {
        MAIN: CALLS_MODULE + "".join(f"locals {{\n  {piece}\n}}\n" for piece in own),
        "modules/m/main.tf": "".join(f"locals {{\n  {piece}\n}}\n" for piece in module),
        "stacks/app/x/1.json": "",
        "shared/t.tpl": "",
    }
    before = closed({**files, place: "# before"} if present else files)
    after = closed({**files, place: "# after"})
    if before.code != after.code:
        assert before.concerns(place)
        assert after.concerns(place)
