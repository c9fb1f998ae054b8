"""The static gate: what is known harmless runs, everything else is found, however it is written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.decisions.staticgate import Outcome, judged
from runner.decisions.staticgate_findings import FindingKind, News
from runner.model.environment import Allow
from runner.model.stack import EngineName
from tests.decisions.abuses_on_paper import (
    HARMLESS,
    LOCK,
    STACK,
    TREE,
    forms,
    judgement_of,
    reading_of,
    words_of,
)

EXEC = 'resource "terraform_data" "x" {\n  provisioner "local-exec" { command = "touch marker" }\n}\n'


def test_literal_files_locked_providers_and_pinned_modules_are_harmless() -> None:
    judgement = judgement_of({})
    assert (judgement.outcome, judgement.findings) == (Outcome.HARMLESS, ())
    assert judgement_of({}, engine=EngineName.OPENTOFU).outcome is Outcome.CODE  # locked for another registry


@pytest.mark.parametrize(
    ("word", "name", "code"), forms(), ids=[f"{word}-{n}" for n, (word, *_) in enumerate(forms())]
)
def test_each_abuse_is_found_wherever_its_file_is(word: str, name: str, code: str) -> None:
    for place in (f"{STACK}/{name}", f"modules/near/{name}"):
        judgement = judgement_of({place: code})
        found = [each for each in judgement.closed if each.word == word or word.startswith("module:")]
        assert found, (word, words_of(judgement))
        assert found[0].span.file == place
        assert found[0].span.line >= 1
        assert found[0].because
        assert judgement.outcome is Outcome.CODE
    if not word.startswith("module:"):
        assert word in words_of(judgement_of({f"{STACK}/{name}": code.replace("\n", "\r\n")}))
        assert word in words_of(judgement_of({f"{STACK}/{name}": b"\xef\xbb\xbf" + code.encode()}))
        assert word in words_of(judgement_of({f"{STACK}/{name.replace('.tf', '_override.tf')}": code}))
        tofu = name.replace(".tf", ".tofu")
        assert word in words_of(judgement_of({f"{STACK}/{tofu}": code}, engine=EngineName.OPENTOFU))
        assert word not in words_of(judgement_of({f"{STACK}/{tofu}": code}))
        assert judgement_of({f"{STACK}/docs/{name}": code}).outcome is Outcome.HARMLESS


def test_the_place_of_a_finding_is_told_in_both_syntaxes() -> None:
    code = '# é\nresource "terraform_data" "x" {\n  input = "é" /* é */\n  provisioner "local-exec" {}\n}\n'
    (found,) = judgement_of({f"{STACK}/x.tf": code}).findings
    assert str(found.span) == f"{STACK}/x.tf:4:3"
    written = '{"resource": {"terraform_data": {"x": {\n "input": "local-exec",\n "provisioner": {"local-exec": {}}}}}}'
    (found,) = judgement_of({f"{STACK}/x.tf.json": written}).findings
    assert str(found.span) == f"{STACK}/x.tf.json:3:18"


HIDING = {
    "a no-break space behind a heredoc's end": "locals {\na = <<EOF\nx\nEOF\xa0\n}\n%s\nlocals {\nx {\n<<EOF\nEOF\n}\n",
    "a next-line character there": "locals {\n  a = <<EOF\nx\nEOF\x85\n}\n%s\nlocals {\n  b = <<EOF\nEOF\n}\n",
    "an ideographic space before it": "locals {\n  a = <<EOF\nx\n\u3000EOF\n}\n%s\nlocals {\n  b = <<EOF\nEOF\n}\n",
    "a run of dollars": 'locals {\n  a = "$$${"\n}\n%s\nlocals {\n  b = "}"\n}\n',
    "a string over lines": 'locals {\n  a = "x\n"\n}\n%s\n',
    "bytes that are no text": "locals {\n  a = 1 # \udcff\n}\n%s\n",
    "a NUL": "# \0\n%s\n",
    "a file that is an object": '{ "a" = 1 }\n/* \n%s\n*/',
    "a broken block": "locals {\n%s\n",
    "a broken string": 'locals {\n  a = "\n}\n%s\n',
    "a heredoc that never ends": "locals {\n  a = <<EOF\n%s\n",
    "too deep a nesting": "locals {\n  a = " + "[" * 300 + "]" * 300 + "\n}\n%s\n",
}


@pytest.mark.parametrize("around", HIDING.values(), ids=HIDING)
def test_what_engines_could_read_otherwise_is_unknown(around: str) -> None:
    content = (around % EXEC).encode(errors="surrogateescape")
    judgement = judgement_of({f"{STACK}/x.tf": content})
    assert judgement.outcome is Outcome.UNKNOWN
    assert any(each.kind is FindingKind.UNREADABLE for each in judgement.findings)
    assert all(each.span.file == f"{STACK}/x.tf" for each in judgement.findings)


JSON_HIDING = (
    ('{"resource": {"terraform_data": {"x": {}}},'
    ' "resource": [[{"terraform_data": [{"x": {"provisioner": {"local-exec": {}}}}]}]]}'),
    '[{"resource": {}}, {"resource": {"terraform_data": {"x": {"provisioner": [[{"local-exec": {}}]]}}}}]',
    '{"resource": {"terraform_data": {"x": {"prov\\u0069sioner": {"local\\u002dexec": {}}}}}}',
    ('{"resource": {"terraform_data": {"x": {"//": "provisioner", "provisioner": {},'
    ' "provisioner": {"local-exec": []}, "provisioner": {"local-exec": {}}}}}}'),
)  # fmt: skip


@pytest.mark.parametrize("written", JSON_HIDING)
def test_keys_that_repeat_and_lists_in_lists_hide_nothing(written: str) -> None:
    json.loads(written)
    assert words_of(judgement_of({f"{STACK}/x.tf.json": written})) == {"provisioner:local-exec"}


@pytest.mark.parametrize(
    "written",
    [
        '{"locals": ',
        '{"locals": {"a": "${"}}',
        '{"locals": {"a": "${1}\\nRUNNER_END_OF_TEMPLATE\\n"}}',
        '{"locals": {"a": "\udcff"}}',
        '{"a": {}, "locals": \0}',
    ],
)
def test_json_that_does_not_read_is_unknown(written: str) -> None:
    content = written.encode(errors="surrogateescape")
    assert judgement_of({f"{STACK}/x.tf.json": content}).outcome is Outcome.UNKNOWN
    assert judgement_of({f"{STACK}/x.tf.json": '{"locals": {}}'.encode("utf-16")}).outcome is Outcome.UNKNOWN


def test_templates_are_read_too() -> None:
    tpl = f"{STACK}/words.tpl"
    assert words_of(judgement_of({tpl: "${file(a)}"})) == {"path:computed"}
    assert words_of(judgement_of({tpl: "${provider::x::f()}"})) == {"function:provider::x::f"}
    assert (
        judgement_of({tpl: '${templatefile("words.tpl", {})} ${file("policies/p.json")}'}).outcome
        is Outcome.HARMLESS
    )
    assert judgement_of({tpl: "${"}).outcome is Outcome.UNKNOWN
    assert judgement_of({tpl: "a $$${b}"}).outcome is Outcome.UNKNOWN


def test_locals_are_followed_and_what_is_said_twice_is_not_believed() -> None:
    def words(code: str) -> set[str]:
        return words_of(judgement_of({f"{STACK}/x.tf": code}))

    assert (
        words(
            'locals {\n  d = "policies"\n  f = "${local.d}/p.json"\n}\noutput "o" { value = file(local.f) }'
        )
        == set()
    )
    assert words('locals { f = "/etc/passwd" }\noutput "o" { value = file(local.f) }') == {"path:outside"}
    assert words('locals { f = local.g }\nlocals { g = local.f }\noutput "o" { value = file(local.f) }') == {
        "path:computed"
    }
    twice = 'locals { o = merge({ f = "main.tf" }, { f = var.f }) }\noutput "o" { value = file(local.o.f) }'
    assert words(twice) == {"path:computed"}
    assert words('output "o" { value = file("${trimspace(".\\t")}./../../../x") }') == {"path:outside"}


def test_what_lies_beside_the_code_is_found() -> None:
    for path, word in {
        f"{STACK}/.terraform/modules/modules.json": "engine-file:.terraform",
        f"{STACK}/terraform.d/plugins/x/y": "engine-file:terraform.d",
        f"{STACK}/.terraformrc": "engine-file:.terraformrc",
        "terraform.rc": "engine-file:terraform.rc",
        f"{STACK}/dev.tfrc": "engine-file:dev.tfrc",
    }.items():
        judgement = judgement_of({path: "x"})
        assert words_of(judgement) == {word}
        assert judgement.findings[0].span.file == path.partition("/modules")[0].partition("/plugins")[0]
    override = judgement_of({f"{STACK}/zz_override.tf": 'terraform {\n  backend "local" { path = "x" }\n}'})
    assert words_of(override) == {"backend:override"}


def test_links_out_of_the_repository_are_found_and_links_within_are_followed() -> None:
    out = {f"{STACK}/evil.tf": "../../../evil.tf", f"{STACK}/conf": "/etc", "modules/near/loop": "loop"}
    judgement = judgement_of({}, links=out)
    assert [each.word for each in judgement.findings] == ["link:loop", "link:outside", "link:outside"]
    assert words_of(judgement_of({"evil.txt": EXEC}, links={f"{STACK}/x.tf": "../../evil.txt"})) == {
        "provisioner:local-exec"
    }
    reach = {f"{STACK}/x.tf": 'output "o" { value = file("../../out/passwd") }'}
    assert words_of(judgement_of(reach, links={"out": "/etc"})) == {"path:outside"}


def test_a_lock_file_without_hashes_locks_nothing() -> None:
    lock = f"{STACK}/.terraform.lock.hcl"
    for content in (
        None,
        "",
        LOCK.replace('"h1:abc=", "zh:0123"', ""),
        LOCK.replace("h1:abc=", "x").replace("zh:", ""),
    ):
        assert words_of(judgement_of({lock: content})) == {"provider:hashicorp/aws"}
    assert judgement_of({lock: LOCK + "x"}).outcome is Outcome.UNKNOWN


def test_a_pulumi_project_is_code_with_its_plugins_and_options() -> None:
    files = {
        f"{STACK}/Pulumi.yaml": "name: app\nruntime:\n  name: python\n  options:\n    virtualenv: venv\n"
        "plugins:\n  providers: []\n",
        f"{STACK}/__main__.py": "print(1)\n",
    }
    judgement = judgement_of(files, engine=EngineName.PULUMI)
    assert words_of(judgement) == {"program:python", "program:options", "program:plugins"}
    assert (
        str(next(each.span for each in judgement.findings if each.subject == "python"))
        == f"{STACK}/Pulumi.yaml:2:1"
    )
    before = reading_of(files, engine=EngineName.PULUMI)
    changed = reading_of({**files, f"{STACK}/__main__.py": "print(2)\n"}, engine=EngineName.PULUMI)
    assert [each.word for each in judged(changed, Allow(), before).new] == ["program:python"]
    admitted = judged(before, Allow(code=("program",)))
    assert admitted.outcome is Outcome.HARMLESS
    assert len(admitted.findings) == 3
    assert judgement_of({}, engine=EngineName.PULUMI).outcome is Outcome.CODE


def test_allow_refuses_providers_and_modules_and_code_admits_by_word() -> None:
    evil = {f"{STACK}/x.tf": EXEC + 'data "http" "h" { url = "https://a.example/b" }\n'}
    assert (
        judgement_of(
            {}, Allow(providers=("hashicorp/*",), modules=("./", "git::https://git.acme.dev/*"))
        ).outcome
        is Outcome.HARMLESS
    )
    nothing = judgement_of({}, Allow(providers=(), modules=()))
    assert nothing.outcome is Outcome.REFUSED
    assert words_of(nothing) == {
        "foreign-provider:hashicorp/aws",
        "foreign-module:./modules/near",
        "foreign-module:git::https://git.acme.dev/vpc.git//net?ref=0123456789012345678901234567890123456789",
    }
    assert judgement_of({}, Allow(modules=("./",))).outcome is Outcome.REFUSED
    assert judgement_of({}, Allow(modules=("./", "git::https://git.acme.de/*"))).outcome is Outcome.REFUSED
    assert judgement_of({}, Allow(providers=("other.example/*/*",), code=("*",))).outcome is Outcome.REFUSED
    outside = {f"{STACK}/x.tf": 'module "m" { source = "../../../m" }\n'}
    assert judgement_of(outside, Allow(modules=("./", "*"))).outcome is Outcome.REFUSED
    assert words_of(judgement_of(evil, Allow(code=("provisioner:local-exec",)))) == {
        "http:a.example",
        "provider:hashicorp/http",
    }
    assert (
        judgement_of(evil, Allow(code=("provisioner", "http:*", "provider:hashicorp/*"))).outcome
        is Outcome.HARMLESS
    )
    assert judgement_of(evil, Allow(code=("*",))).outcome is Outcome.HARMLESS
    assert judgement_of(evil, Allow(code=("*", "!provisioner"))).outcome is Outcome.CODE


def test_only_what_the_change_brings_is_new_and_everything_is_listed() -> None:
    before = reading_of({f"{STACK}/x.tf": EXEC})
    same = judged(reading_of({f"{STACK}/x.tf": EXEC}), Allow(), before)
    assert [(each.word, each.news) for each in same.findings] == [("provisioner:local-exec", News.STANDING)]
    moved = judged(reading_of({f"{STACK}/y.tf": "\n\n" + EXEC}), Allow(), before)
    assert [each.news for each in moved.findings] == [News.REACHED]
    changed = judged(reading_of({f"{STACK}/x.tf": EXEC.replace("marker", "other")}), Allow(), before)
    assert [each.news for each in changed.findings] == [News.CHANGED]
    more = judged(
        reading_of({f"{STACK}/x.tf": EXEC, f"{STACK}/y.tf": EXEC.replace('"x"', '"y"')}), Allow(), before
    )
    assert [(each.address, each.news) for each in more.findings] == [
        ("terraform_data.y", News.BROUGHT),
        ("terraform_data.x", News.REACHED),
    ]
    assert len(more.new) == 1


def test_a_backend_that_moves_and_a_provider_that_is_new_are_told_beside_what_was() -> None:
    before = reading_of({})
    moved = judged(
        reading_of({f"{STACK}/main.tf": HARMLESS.replace('"b"\n    region', '"evil"\n    region')}),
        Allow(),
        before,
    )
    assert [(each.word, each.news) for each in moved.findings] == [("backend:moved", News.BROUGHT)]
    new = {
        f"{STACK}/x.tf": 'terraform {\n  required_providers { evil = { source = "evil/evil" } }\n}\n',
        f"{STACK}/.terraform.lock.hcl": LOCK + LOCK.replace("hashicorp/aws", "evil/evil"),
    }
    assert [each.word for each in judged(reading_of(new), Allow(), before).findings] == ["provider:evil/evil"]
    assert judged(reading_of(new), Allow()).outcome is Outcome.HARMLESS


PIECES = (
    "# a comment with provisioner \"local-exec\" {}\n",
    "/* resource \"a\" \"b\" { **/\n",
    "// x\r\n",
    'locals {\n  heredoc = <<-EOT\n    ${var.x} "EOT \\" /* # {\n    EOT\n}\n',
    'variable "quoted" { default = "a \\" $${b} %%{c} \\\\" }\n',
    'output "é" { value = { "a-é" : [1, { b = "}" }], (var.x) = "${"${1}"}" } }\n',
    ('resource "terraform_data" "z" {\n  dynamic "a" {\n    for_each = { for k in [1] : k => k }\n'
    "    content {}\n  }\n}\n"),
    "\n\n\t\n",
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    abuse=st.sampled_from(forms()),
    before=st.lists(st.sampled_from(PIECES)),
    after=st.lists(st.sampled_from(PIECES)),
)
def test_no_harmless_surroundings_hide_an_abuse(
    abuse: tuple[str, str, str], before: list[str], after: list[str]
) -> None:
    word, name, code = abuse
    around = {f"{STACK}/a.tf": "".join([*before, *after])}
    if name.endswith(".json"):
        files = {**around, f"{STACK}/{name}": code}
    else:
        files = {f"{STACK}/{name}": "".join([*before, code, "\n", *after])}
    assert judgement_of(around).outcome is Outcome.HARMLESS
    assert word in words_of(judgement_of(files))


@settings(max_examples=100, deadline=None)
@given(
    abuse=st.sampled_from(forms()),
    name=st.sampled_from(["a.tf", "zz.tf", "evil.txt", "x.auto.tfvars", "n/evil.tf"]),
    content=st.one_of(st.sampled_from(PIECES), st.binary(max_size=60)),
)
def test_adding_a_file_never_makes_code_harmless(
    abuse: tuple[str, str, str], name: str, content: Any
) -> None:
    word, own, code = abuse
    assert name != own
    judgement = judgement_of({f"{STACK}/{own}": code, f"{STACK}/{name}": content})
    assert judgement.outcome is not Outcome.HARMLESS
    assert word in words_of(judgement) or word.startswith(("path:", "module:"))


def test_the_tree_on_paper_is_what_it_seems() -> None:
    assert set(TREE) >= {f"{STACK}/main.tf", "modules/near/main.tf"}
