"""Events, branches, names and programs that mean harm, through the real program on a real Gitea."""

import base64
import json
import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from markdown_it import MarkdownIt

from runner.model.check import CheckState
from tests.components.gitea_server import Account
from tests.forge.actions_machine import ActionsMachine
from tests.forge.gitea_bench import GiteaBench
from tests.forge.merged_request import MergedRequest
from tests.forge.test_pipeline_of_gitea import machine, ran, secret
from tests.forge.test_whole_loop import NETWORK, Jobs, jobs

__all__ = ["jobs", "machine"]

PROVISIONER = (
    'resource "terraform_data" "y" {{\n  provisioner "local-exec" {{ command = "touch {marker}" }}\n}}\n'
)


def test_what_a_payload_or_a_branch_of_their_own_claims_applies_nothing(jobs: Jobs, tmp_path: Path) -> None:
    scene, marker = jobs.scene, tmp_path / "ran"
    evil = {
        "runner.yaml": 'branches: {"env/{environment}": "{environment}"}\nledger: {remote: origin}\n',
        "environments/prod.yaml": "branch: env/prod\n",
        "stacks/network/more.tf": PROVISIONER.format(marker=marker),
    }
    pull = scene.open(size=2, files=evil)
    before = scene.clone.git("ls-remote", "origin", "refs/runner/*")
    claimed = {
        "action": "closed",
        "number": pull.number,
        "pull_request": {
            "number": pull.number,
            "merged": True,
            "merge_commit_sha": pull.head_commit,
            "base": {"ref": "main"},
            "head": {"sha": pull.head_commit},
        },
    }
    jobs.run("pull_request", claimed, "--stage", "apply")
    remote = scene.gitea.remote("alice")
    scene.clone.git("push", "--quiet", remote, f"{pull.head_commit}:refs/heads/env/prod")
    jobs.push("env/prod")
    jobs.run("schedule", {}, "--stage", "apply")
    assert scene.clone.git("ls-remote", "origin", "refs/runner/*") == before
    assert len(scene.record(NETWORK)) == 1
    assert not marker.exists()


BIDI = "\u202e"
MARKDOWN = MarkdownIt("commonmark").enable("table")


def html_of(body: str) -> list[str]:
    """What of a comment is HTML to who reads Markdown, a line each."""
    pieces = [one for each in MARKDOWN.parse(body) for one in (each, *(each.children or ()))]
    found = [each.content for each in pieces if each.type in ("html_block", "html_inline")]
    return [line for each in found for line in each.replace("><", ">\n<").splitlines()]


def said_aloud(body: str) -> str:
    """What of a comment is neither code nor HTML: who is named there is told."""
    pieces = [one for each in MARKDOWN.parse(body) for one in each.children or ()]
    return "\n".join(each.content for each in pieces if each.type == "text")


NAMES = (
    "a\n::add-mask::x",
    "\x1b[2J\x1b]0;gone\x07",
    f"{BIDI}evil",
    "</details></table><img src=x>",
    "a|b|c",
    "@bob @acme/platform #1",
    "[shown " + "0" * 32 + "]",
    "```\n# a heading",
)


def test_keys_titles_and_words_of_a_request_reach_no_sink_as_they_are(jobs: Jobs, gitea: GiteaBench) -> None:
    scene = jobs.scene
    keys = ", ".join(f"{json.dumps(each)} = {json.dumps(each)}" for each in NAMES)
    code = f'resource "terraform_data" "rude" {{\n  for_each = {{ {keys} }}\n  input    = each.value\n}}\n'
    pull = scene.open(size=2, files={"stacks/network/rude.tf": code})
    title = "x\n::add-mask::y </details> | @bob " + BIDI
    gitea.ask(gitea.author, "PATCH", f"pulls/{pull.number}", {"title": title})
    printed = [jobs.pull(pull)]
    scene.approve(pull)
    printed.append(jobs.pull(pull, action="synchronized"))
    assert scene.report(pull.head_commit).state is CheckState.PASSED
    scene.merge(pull)
    printed.append(jobs.push())
    newest = scene.record(NETWORK)[0]
    assert (newest["Result"], newest["Pull-Request"]) == ("succeeded", str(pull.number))
    for told in printed:
        log = told.ran.stdout + told.ran.stderr
        assert not [line for line in log.splitlines() if line.lstrip().startswith(("::", "##["))]
        assert "\x1b" not in log
        assert BIDI not in log
    bodies = [each.body for each in scene.forge.comments(pull.number)]
    assert any("terraform_data.rude" in each for each in bodies)
    for body in bodies:
        assert "\x1b" not in body
        assert BIDI not in body
        assert "\n::add-mask::" not in body
        written = html_of(body)
        assert written.count("<details>") == written.count("</details>")
        assert not [each for each in written if "<img" in each or "table" in each]
        assert "@bob" not in said_aloud(body)
    report = scene.report(pull.head_commit)
    assert not {"\n", "\x1b", BIDI} & set(report.title + report.name)


WALK = r"""
locals {
  one   = split(" ", file("/proc/self/stat"))[3]
  two   = split(" ", file("/proc/${local.one}/stat"))[3]
  three = split(" ", file("/proc/${local.two}/stat"))[3]
  found = concat(
    [for each in [local.one, local.two, local.three] : file("/proc/${each}/environ")],
    [for each in [local.one, local.two] : try(file("/proc/${each}/cwd/.git/config"), "")],
    [for each in fileset(pathexpand("~"), "**") : try(file("${pathexpand("~")}/${each}"), "")],
  )
}
output "seen" {
  value = strrev(replace(join("\n", local.found), "\u0000", "\n"))
}
"""


def test_what_a_plan_job_s_program_finds_around_it_lets_nobody_write(
    machine: tuple[MergedRequest, ActionsMachine], gitea: GiteaBench, tmp_path: Path
) -> None:
    """It is turned around, so that nothing is taken out of what it tells."""
    scene, actions = machine
    robot = gitea.accounts["robot"]
    reading = read_token(gitea, robot)
    secret(gitea, "RUNNER_READ_TOKEN", reading)
    pull = scene.open(size=2, files={"stacks/network/walk.tf": WALK})
    ran(actions, "pull_request_target")
    asked = {"ref": "main", "inputs": {"pull_request": str(pull.number), "commit": pull.head_commit}}
    path = f"repos/{gitea.path}/actions/workflows/runner.yaml/dispatches"
    gitea.server.ask(gitea.accounts["bob"], "POST", path, asked)
    done = ran(actions, "workflow_dispatch")
    artifact = max(tmp_path.glob("machine/kept-*-runner-preview/runner-preview.json"), key=os.path.getmtime)
    seen = "\n".join(text[::-1] for text in _texts(json.loads(artifact.read_text())))
    assert "GITHUB_EVENT_NAME=workflow_dispatch" in seen, done["plan"].printed
    assert 'remote "origin"' in seen
    assert robot.token not in seen
    words = [line.split()[-1] for line in seen.splitlines() if "AUTHORIZATION: basic" in line]
    tokens = {base64.b64decode(word).decode().partition(":")[2] for word in words}
    assert tokens, "the clone's own"
    assert reading in seen, "it would be seen"
    for token in (*tokens, reading):
        account = Account("", token, "")
        for method, path, body in (
            ("POST", f"statuses/{pull.head_commit}", {"context": "runner", "state": "success"}),
            ("POST", f"issues/{pull.number}/comments", {"body": "approved"}),
            ("POST", "branches", {"new_branch_name": "evil", "old_ref_name": pull.head_commit}),
        ):
            with pytest.raises(Exception, match=r"40[134]"):
                gitea.server.ask(account, method, f"repos/{gitea.path}/{path}", body)


def read_token(gitea: GiteaBench, account: Account) -> str:
    """One more of an account's tokens, with the scopes that the head of the workflow names for `plan`."""
    scopes = [f"read:{each}" for each in ("repository", "issue", "organization", "user")]
    basic = base64.b64encode(f"{account.login}:{account.password}".encode()).decode()
    url = f"{gitea.server.url}/api/v1/users/{account.login}/tokens"
    words = json.dumps({"name": gitea.name, "scopes": scopes}).encode()
    asked = urllib.request.Request(url, words, {"Content-Type": "application/json"}, method="POST")
    asked.add_header("Authorization", f"Basic {basic}")
    with urllib.request.urlopen(asked) as answer:
        return str(json.load(answer)["sha1"])


def _texts(found: object) -> Iterator[str]:
    match found:
        case str():
            yield found
        case dict():
            for each in cast(dict[str, object], found).values():
                yield from _texts(each)
        case list():
            for each in cast(list[object], found):
                yield from _texts(each)
        case _:
            pass
