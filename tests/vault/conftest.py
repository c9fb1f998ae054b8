"""The stores, one of each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.conformance.state_store import Place
from runner.git.repository import Repository
from tests.checkout import Checkout
from tests.components.fixtures import MotoServer
from tests.vault.store_benches import BucketPlace, DirectoryPlace, GitPlace, new_bucket


@pytest.fixture
def git_place(repository: Checkout) -> Iterator[GitPlace]:
    """A clone with a remote."""
    opened = Repository.open(repository.path)
    yield GitPlace(opened)
    opened.close()


@pytest.fixture
def bucket_place(moto_server: MotoServer) -> BucketPlace:
    """A bucket of its own."""
    return BucketPlace(str(moto_server), new_bucket(str(moto_server)))


@pytest.fixture
def directory_place(tmp_path: Path) -> DirectoryPlace:
    """An empty directory."""
    return DirectoryPlace(tmp_path)


@pytest.fixture(params=["git", "s3", "local"])
def place(request: pytest.FixtureRequest) -> Place:
    """Each store in turn."""
    names = {"git": "git_place", "s3": "bucket_place", "local": "directory_place"}
    found: Place = request.getfixturevalue(names[request.param])
    return found
