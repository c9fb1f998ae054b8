"""One Gitea for the tests of a worker, with its people; a double of GitHub and one of GitLab for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.forge import Project
from runner.forge.github import opened as open_github
from runner.forge.gitlab import opened as open_gitlab
from tests.components.gitea_server import GiteaServer
from tests.forge.double_bench import DoubleBench
from tests.forge.gitea_bench import GiteaBench, GiteaPeople
from tests.forge.github_description import Description
from tests.forge.github_double import GitHubDouble
from tests.forge.gitlab_double import GitLabDouble
from tests.forge.loopback_forge import serving
from tests.forge.world import World


@pytest.fixture(scope="session")
def gitea_people(gitea_server: GiteaServer) -> GiteaPeople:
    """The accounts, made once."""
    return GiteaPeople(gitea_server)


@pytest.fixture
def gitea(gitea_people: GiteaPeople) -> Iterator[GiteaBench]:
    """A fresh repository on the real server."""
    bench = GiteaBench(gitea_people)
    yield bench
    bench.leave()


@pytest.fixture(scope="session")
def github_description(github_openapi: Path) -> Description:
    """Read once."""
    return Description(github_openapi)


@pytest.fixture
def github(github_description: Description) -> Iterator[DoubleBench]:
    """A GitHub with a fresh repository, whose every answer is as GitHub's description has it."""
    world = World()
    double = GitHubDouble(world, github_description)
    with serving(double.server) as server:
        api = f"{server.url}/api/v3"
        project = Project(brand="github", host="ghe.test", path=world.path, web=server.url, api=api)
        bench = DoubleBench(world, server, project, open_github, "robot[bot]")
        yield bench
        bench.leave()


@pytest.fixture
def gitlab() -> Iterator[DoubleBench]:
    """A GitLab with a fresh project."""
    world = World()
    double = GitLabDouble(world)
    with serving(double.server) as server:
        api = f"{server.url}/api/v4"
        project = Project(brand="gitlab", host="gitlab.test", path=world.path, web=server.url, api=api)
        bench = DoubleBench(world, server, project, open_gitlab, "project_1_bot")
        yield bench
        bench.leave()
