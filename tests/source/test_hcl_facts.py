"""What one file of HCL says, with its places; and what a broken or hostile one comes to."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.model.code import FileFacts, Symbol, SymbolKind, literal
from runner.source.hcl import parse, parse_template, text_in_template
from runner.source.hcl_json import parse_json
from runner.source.kept_facts import decoded_facts, encoded_facts

CODE = b"""
terraform {
  required_version = ">= 1.5"
  required_providers {
    aws    = { source = "hashicorp/aws", version = "~> 5.0" }
    random = "3.0"
  }
  backend "s3" {
    bucket = "b"
    key    = var.k
    assume_role = { role_arn = "arn" }
  }
}
provider "aws" { region = "eu" }
variable "pw" {
  type      = object({ a = string })
  sensitive = true
  ephemeral = false
  default   = { a = "x" }
}
output "o" {
  value     = 1
  sensitive = "true"
}
# module "commented" { source = "./nope" }
module "m" {
  source  = "registry/x/y"
  version = "1.2.3"
}
resource "aws_sqs_queue" "q" {
  provider = aws.other
  name     = "caf\xc3\xa9 ${file("x.txt")}"
  provisioner "local-exec" { command = "true" }
}
ephemeral "aws_secret" "s" {}
check "c" {
  data "external" "e" { program = ["./run.sh"] }
}
data "terraform_remote_state" "net" {
  backend   = "gcs"
  workspace = "dev"
  config    = { bucket = "b", prefix = "p/${var.x}" }
}
"""

SAME_IN_JSON = {
    "terraform": {
        "required_version": ">= 1.5",
        "required_providers": {"aws": {"source": "hashicorp/aws", "version": "~> 5.0"}, "random": "3.0"},
        "backend": {"s3": {"bucket": "b", "key": "${var.k}", "assume_role": {"role_arn": "arn"}}},
    },
    "provider": {"aws": {"region": "eu"}},
    "variable": {
        "pw": {"type": "object({ a = string })", "sensitive": True, "ephemeral": False, "default": {"a": "x"}}
    },
    "output": {"o": {"value": 1, "sensitive": "true"}},
    "//": "a comment",
    "module": {"m": [{"source": "registry/x/y", "version": "1.2.3"}]},
    "resource": {
        "aws_sqs_queue": {
            "q": {
                "provider": "aws.other",
                "name": 'café ${file("x.txt")}',
                "provisioner": [{"local-exec": {"command": "true"}}],
            }
        }
    },
    "ephemeral": {"aws_secret": {"s": {}}},
    "data": {
        "terraform_remote_state": {
            "net": {"backend": "gcs", "workspace": "dev", "config": {"bucket": "b", "prefix": "p/${var.x}"}}
        }
    },
}


@pytest.mark.parametrize("form", ["hcl", "json"])
def test_both_syntaxes_say_the_same(form: str) -> None:
    facts = (
        parse(CODE, "a.tf") if form == "hcl" else parse_json(json.dumps(SAME_IN_JSON).encode(), "a.tf.json")
    )
    assert facts.diagnostics == ()
    (variable,) = facts.variables
    assert (variable.name, variable.sensitive, variable.ephemeral, variable.has_default) == (
        "pw",
        True,
        False,
        True,
    )
    assert variable.type == "object({ a = string })"
    (output,) = facts.outputs
    assert (output.name, output.sensitive, output.ephemeral) == ("o", True, None)
    (call,) = facts.calls
    assert (call.name, literal(call.source or ()), call.version) == ("m", "registry/x/y", "1.2.3")
    (backend,) = facts.backends
    assert (backend.type, backend.attributes, backend.computed) == (
        "s3",
        {"bucket": "b", "assume_role": {"role_arn": "arn"}},
        ("key",),
    )
    assert [text for text, _ in facts.required_version] == [">= 1.5"]
    assert [(each.name, each.source, each.version) for each in facts.required_providers] == [
        ("aws", "hashicorp/aws", "~> 5.0"),
        ("random", "", "3.0"),
    ]
    assert [name for name, _ in facts.providers] == ["aws"]
    blocks = {(each.mode, each.type, each.name, each.provider) for each in facts.resources}
    assert {
        ("managed", "aws_sqs_queue", "q", "aws"),
        ("ephemeral", "aws_secret", "s", ""),
        ("data", "terraform_remote_state", "net", ""),
    } <= blocks
    assert (("data", "external", "e", "") in blocks) == (form == "hcl")
    (remote,) = facts.remote_states
    assert (remote.backend, remote.workspace, remote.config, remote.computed) == (
        "gcs",
        "dev",
        {"bucket": "b"},
        ("prefix",),
    )
    (provisioner,) = facts.provisioners
    assert (provisioner.type, provisioner.resource) == ("local-exec", "aws_sqs_queue.q")
    assert "file" in facts.functions
    assert ("file", ("x.txt",)) in [(each.function, each.path) for each in facts.references]


def test_columns_count_characters_not_bytes() -> None:
    (reference,) = [each for each in parse(CODE, "a.tf").references if each.function == "file"]
    assert (reference.span.file, reference.span.line, reference.span.column) == ("a.tf", 32, 22)


MODULE = Symbol(kind=SymbolKind.MODULE)
UNKNOWN = Symbol(kind=SymbolKind.UNKNOWN)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ('"a"', ("a",)),
        ('("a")', ("a",)),
        ('" a b "', (" a b ",)),
        ('""', ("",)),
        ('"${path.module}/a"', (MODULE, "/a")),
        ('"a${"b"}c"', ("abc",)),
        (r'"\u0061\"\\$${x}%%{y}\n"', ('a"\\${x}%{y}\n',)),
        ('"${local.a.b}"', (Symbol(kind=SymbolKind.LOCAL, name="a.b"),)),
        ('"${terraform.workspace}"', (Symbol(kind=SymbolKind.WORKSPACE),)),
        ('"${var.x}-${path.root}"', (UNKNOWN, "-", Symbol(kind=SymbolKind.ROOT))),
        ('join("/", ["a", path.module])', ("a/", MODULE)),
        ('join("/", var.x)', (UNKNOWN,)),
        ('format("%s-%s", "a", path.module)', ("a-", MODULE)),
        ('format("%03d", 1)', (UNKNOWN,)),
        ('"%{ if x }a%{ endif }"', (UNKNOWN,)),
        ("local.list[0]", (UNKNOWN,)),
        ('x ? "a" : "b"', (UNKNOWN,)),
        ('upper("a")', (UNKNOWN,)),
        ("1", ("1",)),
    ],
)
def test_constant_texts_are_evaluated_and_all_else_is_unknown(
    expression: str, text: tuple[object, ...]
) -> None:
    assert parse(f"locals {{\n  x = {expression}\n}}\n".encode(), "a.tf").locals["x"] == text


@pytest.mark.parametrize("between", [" ", "", " /* why */ ", " // why\n "])
def test_a_bare_string_is_a_path_where_its_key_says_so(between: str) -> None:
    content = f'resource "a" "b" {{\n  name = "no"\n  config_path{between}= "kube"\n}}\n'
    references = parse(content.encode(), "a.tf").references
    assert [each.path for each in references if each.function == "literal"] == [("kube",)]


@pytest.mark.parametrize(
    "written", ['file("x")', '1-file("x")', 'a::file("y") + file("x")', 'max(file("x"))']
)
def test_a_call_is_seen_wherever_its_name_begins(written: str) -> None:
    references = parse(f"locals {{\n  a = {written}\n}}\n".encode(), "a.tf").references
    assert ("x",) in [each.path for each in references if each.function == "file"]


def test_a_string_of_the_json_syntax_is_a_template() -> None:
    assert text_in_template("plain \\n") == ("plain \\n",)
    assert text_in_template("${path.module}/x") == (MODULE, "/x")


def test_a_template_counts_lines_from_its_own_first() -> None:
    (reference,) = parse_template(b'one\n  ${file("a")}\n', "t.tpl").references
    assert (reference.span.line, reference.span.column) == (2, 5)


def test_an_error_has_its_place_and_the_rest_is_read() -> None:
    facts = parse(b'variable "a" {}\nlocals {\n  x = = 1\n}\nvariable "b" {}\n', "a.tf")
    (problem,) = facts.diagnostics
    assert problem.code == "hcl-syntax"
    assert problem.span is not None
    assert problem.span.line == 3
    assert problem.source == "  x = = 1"
    assert {"a"} <= {each.name for each in facts.variables}


def test_broken_json_has_its_place() -> None:
    (problem,) = parse_json(b'{\n  "a": ,\n}', "a.tf.json").diagnostics
    assert problem.span is not None
    assert (problem.span.line, problem.span.column) == (2, 8)


@pytest.mark.parametrize("opening", [b"[", b"{", b"(", b'"${', b"f("])
def test_deep_nesting_is_a_named_limit_and_quick(opening: bytes) -> None:
    (problem,) = parse(b"x = " + opening * 100_000, "a.tf").diagnostics
    assert problem.code == "hcl-too-deep"
    assert parse_json(b"[" * 100_000, "a.tf.json").diagnostics[0].code == "hcl-too-deep"


def test_nesting_without_brackets_ends() -> None:
    parse(b"x = " + b"!" * 20_000 + b"true\n", "a.tf")
    parse(b"x = " + b"a ? b : " * 3_000 + b'file("y")\n', "a.tf")


def test_a_file_too_large_is_a_named_limit() -> None:
    assert parse(b"#" * (9 << 20), "a.tf").diagnostics[0].code == "hcl-too-large"


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_end_in_a_traceback(content: bytes) -> None:
    for facts in (parse(content, "a"), parse_json(content, "a"), parse_template(content, "a")):
        assert decoded_facts(json.loads(json.dumps(encoded_facts(facts))), "a") == facts


WORDS = st.sampled_from(
    ["file", "(", ")", '"', "${", "}", "{", "path.module", "/a", "\n", "=", "x", "module", "source", "<<E\n", "E\n",
     "locals", "[", "]", ",", "resource", "?", ":", "for", "in", "."]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, max_size=40))
def test_no_half_of_a_program_ends_in_a_traceback(words: list[str]) -> None:
    assert isinstance(parse(" ".join(words).encode(), "a"), FileFacts)


@settings(max_examples=200, deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.text(max_size=6), lambda inner: st.lists(inner, max_size=3)
       | st.dictionaries(st.sampled_from(["terraform", "backend", "module", "resource", "locals", "data", "x",
                                          "required_providers", "terraform_remote_state", "provisioner"]), inner),
       max_leaves=12))  # fmt: skip
def test_no_shape_of_json_ends_in_a_traceback(value: object) -> None:
    assert isinstance(parse_json(json.dumps(value).encode(), "a"), FileFacts)
