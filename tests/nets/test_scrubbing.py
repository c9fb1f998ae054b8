"""The environment under the tests holds nothing of the person who runs them."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.components.shelf import LOCATION, Shelf
from tests.nets.scrubbing import listed

_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "canary",
    "AWS_PROFILE": "canary",
    "ARM_CLIENT_SECRET": "canary",
    "CI": "canary",
    "GITHUB_TOKEN": "canary",
    "GITHUB_ACTIONS": "canary",
    "GITOPS_RUNNER_KEY": "canary",
    "GIT_DIR": "canary",
    "GIT_SSH_COMMAND": "canary",
    "GOOGLE_APPLICATION_CREDENTIALS": "canary",
    "KUBECONFIG": "canary",
    "PIP_INDEX_URL": "canary",
    "SSH_AUTH_SOCK": "canary",
    "TF_CLI_CONFIG_FILE": "canary",
    "TF_VAR_password": "canary",
    "HOME": "canary",
    "XDG_CONFIG_HOME": "canary",
    "HTTPS_PROXY": "canary",
}


def test_only_what_is_listed_stays(tmp_path: Path) -> None:
    environment = listed(_CREDENTIALS | {"PATH": "/bin", "LC_ALL": "C"}, root=tmp_path, closed_port=1)
    assert environment["PATH"] == "/bin"
    assert environment["LC_ALL"] == "C"
    assert "canary" not in environment.values()


def test_this_process_has_an_empty_home(home: Path) -> None:
    assert Path.home() == home
    assert not list(home.iterdir())
    assert Path(tempfile.gettempdir()).parent == home.parent


@pytest.mark.parametrize("_turn", [1, 2])
def test_what_one_test_leaves_in_home_the_next_does_not_see(home: Path, _turn: int) -> None:
    assert not list(home.iterdir())
    (home / ".ssh").mkdir()
    (home / ".ssh/config").write_text("Host *\n")
    (home / ".gitconfig").symlink_to(home / ".ssh/config")


@pytest.mark.parametrize("_turn", [1, 2])
def test_what_one_test_sets_in_the_environment_the_next_does_not_see(_turn: int) -> None:
    assert "GITHUB_TOKEN" not in os.environ
    assert os.environ["GIT_ALLOW_PROTOCOL"] == "file"
    os.environ["GITHUB_TOKEN"] = "canary"
    os.environ["GIT_ALLOW_PROTOCOL"] = "https"


def test_the_shelf_is_still_found_without_a_home() -> None:
    assert os.environ[LOCATION] == str(Shelf.of_this_user().root)
    assert not Shelf.of_this_user().root.is_relative_to(Path.home())


def test_git_knows_no_person_and_reaches_no_host(tmp_path: Path) -> None:
    def said(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["git", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert said("config", "--list").stdout == ""
    refused = said("ls-remote", "https://127.0.0.1:1/x.git")
    assert refused.returncode != 0
    assert "not allowed" in refused.stderr


def test_a_child_that_honours_proxies_is_refused_at_once() -> None:
    asked = "import urllib.request; urllib.request.urlopen('http://192.0.2.1/', timeout=20)"
    child = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=False)
    assert child.returncode == 1
    assert "refused" in child.stderr
