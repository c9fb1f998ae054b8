"""Which forge a remote is on: from its address, the CI job's own words, and what runner.yaml says. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from runner.forge import Project
from runner.forge.forge_brands import BRANDS, Brand

_SCP = re.compile(r"(?:[^@/\s]+@)?(?P<host>\[[^\]]+\]|[^:/\s]+):(?!//)(?P<path>[^\s]+)")
# Where ssh passes a firewall, it has a name of its own.
_ALIASES = {"ssh.github.com": "github.com", "altssh.gitlab.com": "gitlab.com"}


class Remote(Struct, frozen=True, kw_only=True):
    """A remote's address, without whatever names or proves a user. `scheme` is empty unless it is http or https: then
    `host` has the web's port, if any. `path` without slashes at its ends and without `.git`."""

    scheme: str
    host: str
    path: str


def remote_of(address: str) -> Remote | None:
    """The parts of `https://host/a/b.git`, `ssh://git@host:22/a/b` or `git@host:a/b`; None for a directory."""
    if "://" in address:
        try:
            split = urlsplit(address)
            port = split.port
        except ValueError:
            return None
        web = split.scheme if split.scheme in ("http", "https") else ""
        if split.scheme not in ("http", "https", "ssh", "git+ssh", "git") or not split.hostname:
            return None
        name = f"[{split.hostname}]" if ":" in split.hostname else split.hostname
        usual = {"http": 80, "https": 443}.get(split.scheme)
        return _remote(web, f"{name}:{port}" if web and port and port != usual else name, unquote(split.path))
    found = _SCP.fullmatch(address)
    if found is None or re.fullmatch(r"[A-Za-z]", found["host"]):  # C:\repositories
        return None
    return _remote("", found["host"].lower(), found["path"])


def _remote(scheme: str, host: str, path: str) -> Remote | None:
    clean = path.strip("/").removesuffix(".git").rstrip("/")
    if not clean or ".." in clean.split("/"):
        return None
    return Remote(scheme=scheme, host=_ALIASES.get(host, host), path=clean)


def project_of(address: str, type: str, url: str, variables: Mapping[str, str]) -> Project | str:
    """The project that a remote is, or why there is none. `type` and `url` as runner.yaml has them, empty for unset;
    `variables` of a CI job are believed only about the remote's own host."""
    if type == "none":
        return "`forge.type` is `none`"
    remote = remote_of(address)
    if remote is None:
        return "the remote is no address on a forge" if address else "there is no remote"
    server = _server(remote, variables)
    name = type or (server[0] if server else _guessed(remote.host))
    brand = BRANDS.get(name)
    if brand is None:
        known = ", ".join(sorted(BRANDS))
        return f"`{remote.host}` does not tell which forge it is ({known}), and `forge.type` is not set"
    web = _web(remote, url or (server[1] if server else ""), brand)
    return Project(
        brand=name,
        host=urlsplit(web).netloc,
        path=_path(remote, web),
        web=web,
        api=brand.api(web),
    )


def _server(remote: Remote, variables: Mapping[str, str]) -> tuple[str, str] | None:
    """Brand and address of the server that this job runs for, where that is the remote's."""
    for name, brand in BRANDS.items():
        if all(variables.get(key) == value for key, value in brand.job.items()):
            address = variables.get(brand.server, "")
            here = urlsplit(address)
            # An ssh remote has no port of the web's.
            if remote.host == (here.netloc.rpartition("@")[2] if remote.scheme else here.hostname):
                return name, address
    return None


def _guessed(host: str) -> str:
    """By a host that is known, or by one whose first name says it (`gitlab.acme.dev`)."""
    bare = host.partition(":")[0]
    for name, brand in BRANDS.items():
        if any(bare == each or (each.startswith(".") and bare.endswith(each)) for each in brand.hosts):
            return name
    words = set(re.split(r"[.\-]", bare))
    return next((name for name in BRANDS if name in words), "")


def _web(remote: Remote, declared: str, brand: Brand) -> str:
    if declared:
        trimmed = declared.rstrip("/")
        return trimmed.removesuffix(brand.suffix).rstrip("/") if brand.suffix else trimmed
    return f"{remote.scheme or 'https'}://{remote.host}"


def _path(remote: Remote, web: str) -> str:
    """Below the forge's own path, where the remote is on the web and has that before it."""
    above = urlsplit(web).path.strip("/")
    return remote.path.removeprefix(f"{above}/") if above and remote.scheme else remote.path
