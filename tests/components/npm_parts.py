"""What GitHub publishes about itself: the OpenAPI description of its REST API, and payloads of its webhooks."""

import json
import shutil
import tarfile
from pathlib import Path

from tests.components.makers import said_by
from tests.components.shelf import Shelf, Unobtainable

OPENAPI_VERSION = "23.0.2"
OPENAPI = f"github-openapi-{OPENAPI_VERSION}"
PAYLOADS_VERSION = "7.6.1"
PAYLOADS = f"github-webhook-payloads-{PAYLOADS_VERSION}"
_FEWEST_PATHS = 700


def description(shelf: Shelf) -> Path:
    """The description of api.github.com, as JSON."""
    return shelf.root / OPENAPI / "api.github.com.json"


def payloads(shelf: Shelf) -> Path:
    """A list of `{name, description, examples}`, one an event, as JSON."""
    return shelf.root / PAYLOADS / "index.json"


def obtain_description(shelf: Shelf) -> str:
    """Out of the npm package, of which it is a ninth."""
    package = f"@octokit/openapi@{OPENAPI_VERSION}"
    return _obtain(shelf, package, "package/generated/api.github.com.json", description(shelf))


def obtain_payloads(shelf: Shelf) -> str:
    """Out of the npm package."""
    package = f"@octokit/webhooks-examples@{PAYLOADS_VERSION}"
    return _obtain(shelf, package, "package/api.github.com/index.json", payloads(shelf))


def _obtain(shelf: Shelf, package: str, member: str, at: Path) -> str:
    npm = shutil.which("npm")
    if npm is None:
        raise Unobtainable("npm is not on PATH: install Node.js (https://nodejs.org)")
    with shelf.bench() as bench:
        settings = {"npm_config_cache": str(bench / "cache"), "npm_config_update_notifier": "false"}
        said_by([npm, "pack", "--silent", package], cwd=bench, settings=settings, seconds=600)
        (archive,) = bench.glob("*.tgz")
        finished = bench / "finished"
        finished.mkdir()
        with tarfile.open(archive) as packed:
            found = packed.extractfile(member)
            if found is None:
                raise Unobtainable(f"{package} has no {member}")
            content = found.read()
        said = _said(json.loads(content))
        (finished / at.name).write_bytes(content)
        shelf.place(finished, at.parent)
    return said


def _said(content: object) -> str:
    if isinstance(content, list):
        return f"{sum(len(each['examples']) for each in content)} payloads of {len(content)} events"
    assert isinstance(content, dict)
    if len(content["paths"]) < _FEWEST_PATHS:
        raise Unobtainable(f"the description has {len(content['paths'])} paths only")
    return f"{len(content['paths'])} paths of OpenAPI {content['openapi']}"
