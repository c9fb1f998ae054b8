"""What `init --ci` writes: jobs that keep apart what must not meet (law 4), whatever branches are called."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.report.pipelines import PLACES, Pipeline, pipeline_files, speakable

OURS = Pipeline(default_branch="main", branches=("env/*", "main"), extras=("aws", "embedded"))
ACTIONS = ("github", "gitea", "forgejo")


def parsed(forge: str, pipeline: Pipeline = OURS) -> dict[Any, Any]:
    """The file that has the jobs."""
    found: dict[Any, Any] = yaml.load(  # quick, and no less safe
        next(iter(pipeline_files(forge, pipeline).values())), Loader=yaml.CSafeLoader
    )
    return found


def steps(job: Mapping[str, Any], word: str) -> list[Any]:
    """What its steps say under a word."""
    return [each[word] for each in job["steps"] if word in each]


@pytest.mark.parametrize("forge", PLACES)
def test_nothing_is_left_to_fill_in(forge: str) -> None:
    for text in pipeline_files(forge, OURS).values():
        assert not re.search(r"@[A-Z]+@", text)
        assert yaml.safe_load(text)


@pytest.mark.parametrize("forge", ACTIONS)
def test_actions_are_pinned_and_foreign_words_reach_no_shell(forge: str) -> None:
    text = next(iter(pipeline_files(forge, OURS).values()))
    used = re.findall(r"- uses: (\S+)(.*)", text)
    assert len(used) == 8, used
    for action, comment in used:
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", action)
        assert re.fullmatch(r" # v\d+\.\d+\.\d+(-node20)?", comment)
    for job in parsed(forge)["jobs"].values():
        assert not any("${{" in run for run in steps(job, "run"))


@pytest.mark.parametrize("forge", ACTIONS)
def test_what_runs_engines_over_a_head_has_nothing_that_writes(forge: str) -> None:
    whole = parsed(forge)
    assert whole["permissions"] == {}
    jobs = whole["jobs"]
    for name in ("plan", "stranger"):
        allowed = {scope for scope, word in jobs[name]["permissions"].items() if word == "write"}
        assert allowed <= {"id-token"}
        assert "FORGE_TOKEN" not in str(jobs[name])
    assert "secrets." not in str(jobs["stranger"])
    assert "environment" not in jobs["stranger"]
    assert "id-token" not in jobs["stranger"]["permissions"]
    assert not any("--stage apply" in run or "--stage plan" in run for run in steps(jobs["publish"], "run"))
    assert "GITOPS_RUNNER_KEY" not in str(jobs["publish"])


@pytest.mark.parametrize("forge", ACTIONS)
def test_what_a_plan_job_hands_on_lies_outside_of_the_checkout_and_the_whole_document_is_kept(
    forge: str,
) -> None:
    job = parsed(forge)["jobs"]["publish"]
    told = [each["with"] for each in job["steps"] if "artifact" in each.get("uses", "")]
    assert told[0] == {"name": "runner-preview", "path": "${{ runner.temp }}/preview"}
    [run] = [each for each in steps(job, "run") if "--stage publish" in each]
    assert '--artifact "$RUNNER_TEMP/preview/runner-preview.json"' in run
    assert f"--document {told[1]['path']}" in run
    assert told[1]["name"] != "runner-preview", "a second artifact of one name is refused"


@pytest.mark.parametrize("forge", ACTIONS)
def test_applies_are_not_cancelled_and_what_waits_is_resumed(forge: str) -> None:
    whole = parsed(forge)
    assert "concurrency" not in whole
    assert [name for name, job in whole["jobs"].items() if "concurrency" in job] == ["plan", "stranger"]
    on = whole[True]  # YAML 1.1 takes `on` for a switch
    assert on["schedule"]
    assert on["push"] == {"branches": ["env/*", "main"]}
    assert "pull_request" not in on, "it would run the head's own version of this file"


def test_on_github_identities_are_of_protected_environments() -> None:
    jobs = parsed("github")["jobs"]
    assert {name: job.get("environment") for name, job in jobs.items()} == {
        "plan": "runner-preview",
        "stranger": None,
        "publish": None,
        "apply": "runner-apply",
    }
    assert [name for name, job in jobs.items() if "id-token" in job["permissions"]] == ["plan", "apply"]


def test_on_gitlab_jobs_run_on_protected_branches_only() -> None:
    whole = parsed("gitlab")
    assert not {"workflow", "default", "stages"} & set(whole), "it is included beside other jobs"
    for name in ("runner-apply", ".runner-request"):
        for rule in whole[name]["rules"]:
            guarded = "$CI_COMMIT_REF_PROTECTED" in rule["if"] or "== $CI_DEFAULT_BRANCH" in rule["if"]
            assert guarded, rule
    assert whole["runner-plan"]["extends"][-1] == whole["runner-publish"]["extends"][-1] == ".runner-request"
    assert "merge_request_event" not in str(whole), "such a pipeline is the head's own"
    assert "GITLAB_TOKEN" not in str(whole["runner-plan"])
    [kept] = whole["runner-publish"]["artifacts"]["paths"]
    script = whole["runner-publish"]["script"]
    assert f'--document "$CI_PROJECT_DIR/{kept}"' in script[-1]
    assert whole["runner-publish"]["variables"]["GIT_STRATEGY"] == "none", (
        "a stranger's file would lie beside .git"
    )
    assert script[0].startswith('cd "$RUNNER_PLACE" && ')
    assert whole[".runner"]["interruptible"] is False
    names = [whole[f"runner-{each}"]["environment"]["name"] for each in ("plan", "publish", "apply")]
    assert names == ["runner-preview", "runner-publish", "runner-apply"]


@settings(max_examples=20)
@given(st.text(st.characters(codec="utf-8"), min_size=1).filter(speakable))
def test_a_branch_that_is_named_is_the_branch_that_is_meant(branch: str) -> None:
    pipeline = Pipeline(default_branch="main", branches=(branch, f"{branch}/*"), extras=("aws",))
    for forge in ACTIONS:
        assert parsed(forge, pipeline)[True]["push"]["branches"] == [branch, f"{branch}/*"]
    rules = [each["if"] for each in parsed("gitlab", pipeline)["runner-apply"]["rules"]]
    assert rules[-2].endswith(f'== "{branch}"')
    pattern = rules[-1].partition("=~ /")[2].removesuffix("/").replace(r"\/", "/")
    assert re.match(pattern, f"{branch}/x")
    assert not re.match(pattern, f"x{branch}/x")
