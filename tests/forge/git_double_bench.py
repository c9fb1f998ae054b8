"""A double of a forge with real Git behind it, as the scenes of pull requests want their forge."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from runner.forge import Project
from runner.forge.github import opened as open_github
from runner.forge.gitlab import opened as open_gitlab
from tests.forge.double_bench import DoubleBench
from tests.forge.git_over_http import GitServer
from tests.forge.git_world import GitWorld
from tests.forge.github_description import Description
from tests.forge.github_double import GitHubDouble
from tests.forge.gitlab_double import GitLabDouble
from tests.forge.loopback_forge import LoopbackForge, serving
from tests.forge.world import Someone

HEADS = {"github": "refs/pull/{}/head", "gitea": "refs/pull/{}/head", "gitlab": "refs/merge-requests/{}/head"}


class GitDoubleBench(DoubleBench):
    """See DoubleBench. `accounts` has ours as `robot`, whatever its name there is."""

    world: GitWorld

    @property
    def path(self) -> str:
        """The repository's name on the forge."""
        return self.world.path

    @property
    def brand(self) -> str:
        """As `forge.type` has it."""
        return self.project.brand

    @property
    def accounts(self) -> Mapping[str, Someone]:
        """Everyone, by login."""
        return {**self.world.people, "robot": self.world.people[self.robot]}

    def remote(self, login: str) -> str:
        """The address to push to as that account."""
        address = self.server.url.replace("://", f"://{login}:{quote(self.accounts[login].token)}@")
        return f"{address}/{self.path}.git"


def _git_behind(server: LoopbackForge, world: GitWorld, root: Path) -> None:
    def holder(token: str) -> str | None:
        found = world.holder(token)
        return found.login if found else None

    server.git = GitServer(root, holder, world.received)


@contextmanager
def github_over_git(description: Description, root: Path) -> Iterator[GitDoubleBench]:
    """A GitHub with a fresh repository below `root`, whose every answer is as GitHub's description has it."""
    world = GitWorld(root, HEADS["github"])
    double = GitHubDouble(world, description)
    _git_behind(double.server, world, root)
    with serving(double.server) as server:
        host, api = server.url.partition("://")[2], f"{server.url}/api/v3"
        project = Project(brand="github", host=host, path=world.path, web=server.url, api=api)
        bench = GitDoubleBench(world, server, project, open_github, "robot[bot]")
        yield bench
        bench.leave()


@contextmanager
def gitlab_over_git(root: Path) -> Iterator[GitDoubleBench]:
    """A GitLab with a fresh project below `root`."""
    world = GitWorld(root, HEADS["gitlab"])
    double = GitLabDouble(world)
    _git_behind(double.server, world, root)
    with serving(double.server) as server:
        host, api = server.url.partition("://")[2], f"{server.url}/api/v4"
        project = Project(brand="gitlab", host=host, path=world.path, web=server.url, api=api)
        bench = GitDoubleBench(world, server, project, open_gitlab, "project_1_bot")
        yield bench
        bench.leave()
