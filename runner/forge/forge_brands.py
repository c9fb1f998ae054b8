"""The brands of forges; a brand is one row here. Others come by the entry-point group `gitops_runner.forges`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

from msgspec import Struct

GROUP = "gitops_runner.forges"
"""Entry points of this group are named like a `forge.type`, and are an `access.Opener`."""


class Brand(Struct, frozen=True, kw_only=True):
    """`opener` (`module:name`) is imported when such a forge is asked. `suffix` is what its API adds to the address of
    its web pages; `hosts` are its own (one with a dot in front: all below it), `cloud` has an API at `api.` before the
    host. `job` are the variables by which its CI is known, `server` the one with its address. `tokens` are variables
    that may hold a token, in this order, `job_tokens` those that hold a CI job's own; `login` asks its command line
    for one, `{host}` replaced."""

    opener: str
    suffix: str
    job: Mapping[str, str]
    server: str
    tokens: tuple[str, ...]
    hosts: tuple[str, ...] = ()
    cloud: tuple[str, ...] = ()
    job_tokens: tuple[str, ...] = ()
    login: tuple[str, ...] = ()

    def api(self, web: str) -> str:
        """The address of the API of a server whose pages are at `web`."""
        host = urlsplit(web).netloc
        if any(host == each or (each.startswith(".") and host.endswith(each)) for each in self.cloud):
            return f"https://api.{host}"
        return f"{web.rstrip('/')}{self.suffix}"


_GITEA = Brand(
    opener="runner.forge.gitea:opened",
    suffix="/api/v1",
    job={"GITEA_ACTIONS": "true"},
    server="GITHUB_SERVER_URL",
    tokens=("GITEA_TOKEN", "FORGEJO_TOKEN"),
    hosts=("gitea.com", "demo.gitea.com"),
)

# Forgejo's and Gitea's jobs have GitHub's variables too: those that know themselves come first.
BRANDS: Mapping[str, Brand] = MappingProxyType(
    {
        "forgejo": Brand(
            opener=_GITEA.opener,
            suffix=_GITEA.suffix,
            job={"FORGEJO_ACTIONS": "true"},
            server="GITHUB_SERVER_URL",
            tokens=("FORGEJO_TOKEN", "GITEA_TOKEN"),
            hosts=("codeberg.org",),
        ),
        "gitea": _GITEA,
        "github": Brand(
            opener="runner.forge.github:opened",
            suffix="/api/v3",
            job={"GITHUB_ACTIONS": "true"},
            server="GITHUB_SERVER_URL",
            tokens=("GITHUB_TOKEN", "GH_TOKEN"),
            hosts=("github.com", ".ghe.com"),
            cloud=("github.com", ".ghe.com"),
            login=("gh", "auth", "token", "--hostname", "{host}"),
        ),
        "gitlab": Brand(
            opener="runner.forge.gitlab:opened",
            suffix="/api/v4",
            job={"GITLAB_CI": "true"},
            server="CI_SERVER_URL",
            tokens=("GITLAB_TOKEN",),
            hosts=("gitlab.com",),
            job_tokens=("CI_JOB_TOKEN",),
            login=("glab", "config", "get", "token", "--host", "{host}"),
        ),
    }
)
