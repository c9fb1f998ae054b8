"""What a CI job is told of its event, as GitHub's, Gitea's and GitLab's machines tell it."""

import json
from collections.abc import Mapping
from pathlib import Path

from runner.model.pull_request import PullRequest

TOKENS = {"gitea": "GITEA_TOKEN", "github": "GITHUB_TOKEN", "gitlab": "GITLAB_TOKEN"}
# Of what a later version may add; nothing of it is to trouble us.
_NEW = {"a_field_of_tomorrow": {"nested": [1, None, "x"]}}


class ForgeJob:
    """The jobs of one repository. `server` and `path` are where it is; `place` takes the event's file."""

    def __init__(self, brand: str, server: str, path: str, place: Path) -> None:
        self._brand = brand
        self._server = server
        self._path = path
        self._file = place / "event.json"

    def pull(self, pull: PullRequest) -> dict[str, str]:
        """A pull request was opened."""
        if self._brand == "gitlab":
            return self._pipeline(
                "merge_request_event",
                CI_MERGE_REQUEST_IID=str(pull.number),
                CI_MERGE_REQUEST_TARGET_BRANCH_NAME=pull.into,
                CI_MERGE_REQUEST_EVENT_TYPE="detached",
                CI_COMMIT_SHA=pull.head_commit,
            )
        told = {"action": "opened", "number": pull.number, "pull_request": _ends(pull)}
        return self._actions("pull_request", told)

    def review(self, pull: PullRequest) -> dict[str, str]:
        """Somebody approved; GitLab has no pipeline of it, but a webhook that triggers one."""
        if self._brand == "gitlab":
            said = {"iid": pull.number, "action": "approved", "target_branch": pull.into, **_NEW}
            hook = {"object_kind": "merge_request", "object_attributes": said, **_NEW}
            self._file.write_text(json.dumps(hook))
            return self._pipeline("trigger", TRIGGER_PAYLOAD=str(self._file), CI_COMMIT_BRANCH=pull.into)
        told = {"action": "submitted", "review": {"id": 1, **_NEW}, "pull_request": _ends(pull)}
        return self._actions("pull_request_review", told)

    def push(self, branch: str = "main") -> dict[str, str]:
        """Somebody pushed to a branch."""
        if self._brand == "gitlab":
            return self._pipeline("push", CI_COMMIT_BRANCH=branch, CI_COMMIT_SHA="0" * 40)
        return self._actions("push", {"ref": f"refs/heads/{branch}", "after": "0" * 40})

    def unknown(self) -> dict[str, str]:
        """Something that we have never heard of."""
        if self._brand == "gitlab":
            return self._pipeline("moon_phase")
        return self._actions("moon_phase", {"action": "full"})

    def _actions(self, event: str, payload: Mapping[str, object]) -> dict[str, str]:
        self._file.write_text(json.dumps({**payload, **_NEW}))
        own = {"GITEA_ACTIONS": "true"} if self._brand == "gitea" else {}
        return {
            **own,
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": event,
            "GITHUB_EVENT_PATH": str(self._file),
            "GITHUB_REPOSITORY": self._path,
            "GITHUB_SERVER_URL": self._server,
        }

    def _pipeline(self, source: str, **more: str) -> dict[str, str]:
        known = {"GITLAB_CI": "true", "CI_PIPELINE_SOURCE": source, "CI_PROJECT_PATH": self._path}
        return {**known, "CI_SERVER_URL": self._server, "GITLAB_USER_LOGIN": "alice", **more}


def _ends(pull: PullRequest) -> dict[str, object]:
    return {"number": pull.number, "base": {"ref": pull.into}, "head": {"sha": pull.head_commit}, **_NEW}
