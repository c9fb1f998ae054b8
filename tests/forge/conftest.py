"""One Gitea for the tests of a worker, with its people; every test has a repository of its own."""

from collections.abc import Iterator

import pytest

from tests.components.gitea_server import GiteaServer
from tests.forge.gitea_bench import GiteaBench, GiteaPeople


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
