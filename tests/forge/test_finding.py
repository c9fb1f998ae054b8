"""Which forge a remote is on: every way an address is written, enterprise ones too, and what no job may claim."""

import pytest

from runner.errors import AskedWrongly
from runner.forge import Project
from runner.forge.finding import project_of
from runner.forge.nowhere import Nowhere
from runner.model.check import Check, CheckState
from runner.model.person import NO_ONE, Permission
from runner.model.pull_request import Merge, MergeKind


def found(address: str, type: str = "", url: str = "", **variables: str) -> Project:
    """The project that it is."""
    project = project_of(address, type, url, variables)
    assert isinstance(project, Project), project
    return project


@pytest.mark.parametrize(
    ("address", "brand", "api"),
    [
        ("https://github.com/acme/infra.git", "github", "https://api.github.com"),
        ("git@github.com:acme/infra.git", "github", "https://api.github.com"),
        ("ssh://git@ssh.github.com:443/acme/infra.git", "github", "https://api.github.com"),
        ("https://x-access-token:secret@github.com/acme/infra", "github", "https://api.github.com"),
        ("https://GitHub.com/acme/infra/", "github", "https://api.github.com"),
        ("https://acme.ghe.com/acme/infra.git", "github", "https://api.acme.ghe.com"),
        ("https://github.acme.dev/acme/infra.git", "github", "https://github.acme.dev/api/v3"),
        ("git@gitlab.com:acme/infra.git", "gitlab", "https://gitlab.com/api/v4"),
        ("git@altssh.gitlab.com:acme/infra.git", "gitlab", "https://gitlab.com/api/v4"),
        ("https://gitlab.acme.dev:8443/acme/infra.git", "gitlab", "https://gitlab.acme.dev:8443/api/v4"),
        ("https://codeberg.org/acme/infra.git", "forgejo", "https://codeberg.org/api/v1"),
        ("ssh://git@gitea.acme.dev:2222/acme/infra.git", "gitea", "https://gitea.acme.dev/api/v1"),
    ],
)
def test_an_address_tells_the_forge(address: str, brand: str, api: str) -> None:
    project = found(address)
    assert (project.brand, project.api, project.path) == (brand, api, "acme/infra")
    assert "secret" not in str(project)


def test_groups_of_groups_are_kept() -> None:
    assert found("git@gitlab.com:acme/eu/infra.git").path == "acme/eu/infra"


@pytest.mark.parametrize(
    "address",
    ["", "/srv/git/infra.git", "../infra", "file:///srv/infra.git", "C:\\repositories\\infra", "C:/infra", "ftp://github.com/a/b",
     "https://github.com", "https://github.com/", "https://github.com/../../etc", "https://github.com:x/a/b", "https://[::1/a/b"],
)  # fmt: skip
def test_what_is_no_address_on_a_forge_is_nowhere_and_never_an_error(address: str) -> None:
    assert isinstance(project_of(address, "", "", {}), str)
    assert isinstance(project_of(address, "github", "https://ghe.test", {}), str)


@pytest.mark.parametrize("host", ["github.com.evil.test", "evilgithub.com", "notghe.com"])
def test_a_host_that_looks_like_githubs_is_not_its_cloud(host: str) -> None:
    project = project_of(f"https://{host}/acme/infra", "", "", {})
    assert isinstance(project, str) or "api.github.com" not in project.api


def test_a_declared_forge_below_a_path() -> None:
    project = found("https://dev.acme/git/acme/infra.git", "gitlab", "https://dev.acme/git/")
    assert (project.path, project.api) == ("acme/infra", "https://dev.acme/git/api/v4")
    assert found("git@dev.acme:acme/infra", "gitlab", "https://dev.acme/git").path == "acme/infra"
    assert found("git@dev.acme:acme/infra", "gitlab", "https://dev.acme/api/v4").web == "https://dev.acme"


def test_a_job_tells_of_its_own_server_only() -> None:
    job = {"GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://code.acme.dev"}
    assert found("https://code.acme.dev/acme/infra", **job).brand == "github"
    assert found("https://code.acme.dev/acme/infra", **job, GITEA_ACTIONS="true").brand == "gitea"
    assert isinstance(project_of("https://other.acme.dev/acme/infra", "", "", job), str)
    gitlab = {"GITLAB_CI": "true", "CI_SERVER_URL": "https://code.acme.dev:8443"}
    assert found("git@code.acme.dev:acme/infra", **gitlab).web == "https://code.acme.dev:8443"


def test_nowhere_confirms_nothing_and_says_why() -> None:
    forge = Nowhere("there is no remote")
    assert forge.identity().repository is Permission.NONE
    assert (forge.permission(NO_ONE).permission, forge.membership(NO_ONE, "a/b").confirmed) == (
        Permission.NONE,
        False,
    )
    assert forge.permission(NO_ONE).because == "there is no remote"
    assert forge.protection("main").protected is None
    check = Check(commit="a" * 40, name="runner", state=CheckState.PASSED, title="", summary="")
    for refused in (
        lambda: forge.pull_request(1),
        lambda: forge.write_comment(1, "x"),
        lambda: forge.report_check(check),
        lambda: forge.merge(Merge(number=1, head="a" * 40, kind=MergeKind.MERGE)),
    ):
        with pytest.raises(AskedWrongly, match="there is no remote"):
            refused()
