"""The pipelines that `init --ci` proposes, as text: templates of `runner/pipelines`, with what is this repository's."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from importlib import resources
from types import MappingProxyType

from msgspec import Struct

from runner import __version__

PLACES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "github": {".github/workflows/runner.yaml": "github.yaml"},
        "gitea": {".gitea/workflows/runner.yaml": "gitea.yaml"},
        "forgejo": {".forgejo/workflows/runner.yaml": "gitea.yaml"},
        "gitlab": {".gitlab/runner.yml": "gitlab.yaml", ".gitlab-ci.yml": "gitlab-include.yaml"},
    }
)
"""Forge -> path in the repository -> template."""

# A tag can be moved, a commit cannot.
_CHECKOUT = "actions/checkout@fbc6f3992d24b796d5a048ff273f7fcc4a7b6c09 # v5.1.0"
_UPLOAD = "actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02 # v4.6.2"
_DOWNLOAD = "actions/download-artifact@d3f86a106a0bac45b974a628896c90dbdf5c8093 # v4.3.0"
# The fourth versions speak to GitHub's own store alone.
_UPLOAD_ELSEWHERE = "actions/upload-artifact@c24449f33cd45d4826c6702db7e49f7cdb9b551d # v3.2.1-node20"
_DOWNLOAD_ELSEWHERE = "actions/download-artifact@ad191675b41f6a5b46da9a048cb6893812da158b # v3.1.0-node20"

_STEP = "      "
_INSTALL = """\
name: install runner
  run: |
    python3 -m venv "$RUNNER_TEMP/runner"
    "$RUNNER_TEMP/runner/bin/pip" install --quiet '@REQUIREMENT@'"""
_IDENTITY = """\
name: identity # a word of the forge that a cloud's role trusts; good for one exchange, right after this
  run: |
    curl --silent --show-error --fail --retry 3 -H "Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" \\
      "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=sts.amazonaws.com" \\
      | python3 -c 'import json, sys; print(json.load(sys.stdin)["value"], end="")' > "$RUNNER_TEMP/identity"
    echo "AWS_WEB_IDENTITY_TOKEN_FILE=$RUNNER_TEMP/identity" >> "$GITHUB_ENV\""""
_KEEP = """\
uses: {action}
  if: always()
  with:
    name: runner-preview
    path: runner-preview.*
    if-no-files-found: ignore
    retention-days: 14"""
_KEEP_WHOLE = """\
uses: {action}
  if: always()
  with:
    name: runner-preview-whole
    path: runner-preview.md
    if-no-files-found: ignore
    retention-days: 90"""
_CLONE = """\
uses: {action}
  with:
    fetch-depth: 0"""

_MARK = re.compile(r"@[A-Z]+@")
_SPEAKABLE = re.compile(r"[A-Za-z0-9._/@-]+")


class Pipeline(Struct, frozen=True, kw_only=True):
    """What of a repository a pipeline has to know. `branches` are those whose merges apply something, as patterns that
    are `speakable`, a star for what may be anything; `extras` the parts of runner that its stacks need."""

    default_branch: str
    branches: Sequence[str]
    extras: Sequence[str]


def pipeline_files(forge: str, pipeline: Pipeline) -> dict[str, str]:
    """Path -> text of each file of the forge's pipeline; `forge` is one of PLACES."""
    elsewhere = forge != "github"
    steps = {
        "- @CHECKOUT@": _CLONE.format(action=_CHECKOUT),
        "- @INSTALL@": _INSTALL,
        "- @IDENTITY@": _IDENTITY,
        "- @UPLOAD@": _KEEP.format(action=_UPLOAD_ELSEWHERE if elsewhere else _UPLOAD),
        "- @WHOLE@": _KEEP_WHOLE.format(action=_UPLOAD_ELSEWHERE if elsewhere else _UPLOAD),
    }
    held = {mark: "- " + text.replace("\n", f"\n{_STEP}") for mark, text in steps.items()} | {
        "@DOWNLOAD@": _DOWNLOAD_ELSEWHERE if elsewhere else _DOWNLOAD,
        "@BRANCHES@": json.dumps(list(pipeline.branches)),
        "@RULES@": "\n".join(f"    - if: {_rule(branch)}" for branch in pipeline.branches),
        "@DEFAULT@": pipeline.default_branch,
        "@REQUIREMENT@": f"gitops-runner[{','.join(pipeline.extras)}]=={__version__}",
    }
    return {path: _filled(template, held) for path, template in PLACES[forge].items()}


def speakable(branch: str) -> bool:
    """Whether every forge's patterns mean that branch and no other: they know no quoting that holds for all names."""
    return _SPEAKABLE.fullmatch(branch) is not None


def _rule(branch: str) -> str:
    """GitLab's condition for a push to it."""
    pushed = '$CI_PIPELINE_SOURCE == "push" && $CI_COMMIT_REF_PROTECTED == "true" && $CI_COMMIT_BRANCH '
    if "*" not in branch:
        return f"{pushed}== {json.dumps(branch)}"
    pattern = ".*".join(re.escape(part).replace("/", r"\/") for part in branch.replace("**", "*").split("*"))
    return f"{pushed}=~ /^{pattern}$/"


def _filled(template: str, held: Mapping[str, str]) -> str:
    """Steps first, for they hold marks too; the rest at once, for a branch may be called like a mark."""
    text = resources.files("runner").joinpath("pipelines", template).read_text(encoding="utf-8")
    for mark, value in held.items():
        text = text.replace(mark, value) if mark.startswith("- ") else text
    return _MARK.sub(lambda found: held[found[0]], text)
