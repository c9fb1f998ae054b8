"""A machine of Gitea's Actions: takes the jobs that the real server hands out and runs their steps. The server decides
which event starts which workflow of which commit, what a job needs, which token and which secrets it gets.

It speaks the runners' own protocol. Actions from elsewhere cannot be had here, so the three that ours use are done by
hand as they are described: a clone with the token in its settings, a file kept, a file fetched.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import yaml

from tests.checkout import git
from tests.forge.actions_words import condition, inserted
from tests.forge.gitea_bench import GiteaBench
from tests.program import environment
from tests.waiting import until

Json = dict[str, object]


@dataclass(slots=True)
class Job:
    """One that was run: its id, the event, how it ended, what its steps printed, and what they were given."""

    name: str
    event: str
    result: str
    printed: str = ""
    given: dict[str, dict[str, str]] = field(default_factory=dict)


class ActionsMachine:
    """Registered for one repository."""

    def __init__(self, gitea: GiteaBench, place: Path) -> None:
        self._gitea = gitea
        self._place = place
        self._count = 0
        path = f"repos/{gitea.path}/actions/runners/registration-token"
        made = cast(Json, gitea.server.ask(gitea.server.admin, "POST", path))
        words = {
            "name": "machine",
            "token": made["token"],
            "version": "tests",
            "labels": ["ubuntu-latest:host"],
        }
        runner = cast(Json, self._call("Register", words)["runner"])
        self._as = {"x-runner-uuid": str(runner["uuid"]), "x-runner-token": str(runner["token"])}
        self._call("Declare", {"version": "tests", "labels": ["ubuntu-latest"]})

    def _call(self, what: str, words: Json) -> Json:
        url = f"{self._gitea.server.url}/api/actions/runner.v1.RunnerService/{what}"
        headers = {"Content-Type": "application/json", **getattr(self, "_as", {})}
        asked = urllib.request.Request(url, json.dumps(words).encode(), headers, method="POST")
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return cast(Json, json.load(answer))

    def work(self, event: str) -> list[Job]:
        """Runs jobs until those of the event are done that was made last, and all others that are there."""
        done: list[Job] = []

        def idle() -> bool:
            while job := self._next():
                done.append(job)
            return any(each.event == event for each in done) and not self._waiting()

        until(idle, f"a job of the event {event}", seconds=60)
        return done

    def _waiting(self) -> bool:
        runs = cast(list[Json], self._asked("runs?limit=50")["workflow_runs"])
        return any(each["status"] != "completed" for each in runs)

    def _asked(self, what: str) -> Json:
        server = self._gitea.server
        return cast(Json, server.ask(server.admin, "GET", f"repos/{self._gitea.path}/actions/{what}"))

    def _next(self) -> Job | None:
        answer = self._call("FetchTask", {"tasksVersion": "0"})
        task = cast(Json | None, answer.get("task"))
        if task is None:
            return None
        workflow = yaml.safe_load(base64.b64decode(str(task["workflowPayload"])))
        [(name, job)] = workflow["jobs"].items()
        needs = cast(dict[str, Json], task.get("needs") or {})
        contexts = {
            "github": task["context"],
            "secrets": task.get("secrets") or {},
            "inputs": cast(Json, cast(Json, task["context"]).get("event") or {}).get("inputs") or {},
        }
        failed = any(each.get("result") not in ("RESULT_SUCCESS", None) for each in needs.values())
        ran = Job(name, str(cast(Json, task["context"])["event_name"]), "RESULT_SKIPPED")
        if condition(job.get("if", ""), contexts, failed=failed):
            ran.result = self._run(ran, job, contexts)
        state = {"id": task["id"], "result": ran.result, "startedAt": _NOW, "stoppedAt": _NOW}
        self._call("UpdateTask", {"state": state, "outputs": {}})
        return ran

    def _run(self, ran: Job, job: Json, contexts: Mapping[str, object]) -> str:
        self._count += 1
        place = self._place / f"job-{self._count}"
        workspace, temporary = place / "work", place / "temp"
        for each in (workspace, temporary):
            each.mkdir(parents=True)
        github = cast(Json, contexts["github"])
        (temporary / "event.json").write_text(json.dumps(github["event"]))
        variables = {
            **dict.fromkeys(("CI", "GITHUB_ACTIONS", "GITEA_ACTIONS"), "true"),
            "GITHUB_EVENT_NAME": str(github["event_name"]),
            "GITHUB_EVENT_PATH": str(temporary / "event.json"),
            "GITHUB_REPOSITORY": str(github["repository"]),
            "GITHUB_SERVER_URL": self._gitea.server.url,
            "GITHUB_RUN_ID": str(github["run_id"]),
            "GITHUB_RUN_ATTEMPT": str(github.get("run_attempt") or "1"),
            "RUNNER_TEMP": str(temporary),
            "GIT_ALLOW_PROTOCOL": "file:http",
        }
        contexts = {**contexts, "runner": {"temp": str(temporary)}}
        result = "RESULT_SUCCESS"
        for step in cast(list[Json], job["steps"]):
            failed = result != "RESULT_SUCCESS"
            if not condition(str(step.get("if", "")), contexts, failed=failed):
                continue
            own = {
                key: inserted(str(text), contexts) for key, text in cast(Json, step.get("env") or {}).items()
            }
            good = self._step(ran, step, contexts, {**variables, **own}, workspace)
            ran.given[str(step.get("name") or step.get("uses"))] = own
            if not good and not step.get("continue-on-error"):
                result = "RESULT_FAILURE"
        return result

    def _step(
        self, ran: Job, step: Json, contexts: Mapping[str, object], variables: dict[str, str], work: Path
    ) -> bool:
        used = str(step.get("uses") or "").partition("@")[0]
        told = {
            key: inserted(str(text), contexts) for key, text in cast(Json, step.get("with") or {}).items()
        }
        github = cast(Json, contexts["github"])
        kept = self._place / f"kept-{github['run_id']}-{told.get('name', '')}"
        match used:
            case "actions/checkout":
                self._clone(work, github, told.get("token") or str(github["token"]))
                return True
            case "actions/upload-artifact":
                for file in work.glob(told["path"]):
                    kept.mkdir(exist_ok=True)
                    shutil.copy(file, kept)
                return True
            case "actions/download-artifact":
                into = Path(told.get("path") or work)
                into.mkdir(exist_ok=True)
                return kept.is_dir() and bool([shutil.copy(file, into) for file in kept.iterdir()])
            case "":
                return self._shell(ran, step, variables, work)
            case _:
                raise AssertionError(f"no such action here: {used}")

    def _clone(self, work: Path, github: Json, token: str) -> None:
        basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        url = self._gitea.server.url
        git("init", "--quiet", cwd=work)
        git("remote", "add", "origin", f"{url}/{github['repository']}", cwd=work)
        git("config", f"http.{url}/.extraheader", f"AUTHORIZATION: basic {basic}", cwd=work)
        git("fetch", "--quiet", "origin", "+refs/heads/*:refs/remotes/origin/*", cwd=work)
        git("fetch", "--quiet", "origin", str(github["ref"]), cwd=work)
        git("checkout", "--quiet", "--force", "--detach", str(github["sha"]), cwd=work)

    def _shell(self, ran: Job, step: Json, variables: dict[str, str], work: Path) -> bool:
        if step["name"] == "install runner":  # what is published is not what is tested
            binary = Path(variables["RUNNER_TEMP"]) / "runner" / "bin" / "runner"
            binary.parent.mkdir(parents=True)
            binary.write_text(f'#!/bin/sh\nexec {sys.executable} -P -m runner "$@"\n')
            binary.chmod(0o755)
            return True
        ended = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", str(step["run"])],
            check=False,
            cwd=work,
            env={**environment(), "PATH": os.environ["PATH"], **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )
        ran.printed += ended.stdout
        return ended.returncode == 0


_NOW = "2026-11-24T00:00:00Z"
