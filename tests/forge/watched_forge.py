"""A forge seen through a listener of ours: what is asked of it is counted, and fails where a test says so."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote, urlencode

from runner.forge import Forge, Project
from runner.forge.access import Access
from runner.forge.gitea import opened
from runner.kit.redaction import Redactor
from tests.forge.double_bench import Waits
from tests.forge.gitea_bench import GiteaBench
from tests.forge.loopback_forge import LoopbackForge, Reply, Request, serving

_PASSED_ON = ("Link", "X-Total-Count", "ETag")


class WatchedForge:
    """`forge` speaks as the robot to the real Gitea, through `server`, which has `seen` and `faults`."""

    def __init__(self, gitea: GiteaBench, server: LoopbackForge, token: str) -> None:
        self.server = server
        self._gitea = gitea
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            server.route(method, "{path+}", self.passed_on)
        project = Project(
            brand="gitea",
            host="watched.test",
            path=gitea.path,
            web=gitea.server.url,
            api=f"{server.url}/api/v1",
        )
        access = Access(redactor=Redactor(), patience=Waits().patience, token=token)
        self.forge: Forge = opened(project, access)

    def calls(self) -> list[str]:
        """What was asked since the last time, in order."""
        seen = [f"{each.method} {each.path}" for each in self.server.seen]
        self.server.seen.clear()
        return seen

    def passed_on(self, request: Request) -> Reply:
        """What Gitea itself says."""
        address = f"{self._gitea.server.url}{quote(request.path, safe='/%')}?{urlencode(request.query)}"
        content = None if request.body is None else json.dumps(request.body).encode()
        asked = urllib.request.Request(address, data=content, method=request.method)
        if "authorization" in request.headers:
            asked.add_header("Authorization", request.headers["authorization"])
        asked.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(asked) as answer:
                body = answer.read()
                kept = {name: answer.headers[name] for name in _PASSED_ON if answer.headers[name]}
                # Gitea says `null` for an empty timeline, and the listener nothing for None.
                found = json.loads(body) if body else None
                return Reply(answer.status, [] if found is None and body else found, kept)
        except urllib.error.HTTPError as refused:
            body = refused.read()
            return Reply(refused.code, json.loads(body) if body else None)


@contextmanager
def watched(gitea: GiteaBench, token: str = "") -> Iterator[WatchedForge]:
    """Until the block ends; as the robot, or with another token."""
    with serving(LoopbackForge(lambda _request, _reply: [])) as server:
        seen = WatchedForge(gitea, server, token or gitea.accounts["robot"].token)
        yield seen
        seen.forge.close()
