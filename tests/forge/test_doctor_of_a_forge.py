"""`doctor --forge`: what our token may, where what is missing is granted, and what is guarded, on each forge."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from runner.errors import strongest
from runner.forge.access import AppAccess
from runner.forge.credentials import AppClaim
from runner.kit.stop import Stop
from runner.operations.checkup import Check, Checked
from runner.operations.forge_checks import told_by
from runner.operations.standpoint import Standpoint, standpoint
from runner.wiring.benches import open_bench
from tests.checkout import Checkout
from tests.forge.double_bench import DoubleBench
from tests.forge.gitea_bench import GiteaBench
from tests.forge.loopback_forge import Fault
from tests.forge.published_request import PublishedRequest
from tests.program import Program, Ran

RUNNER = "ledger: {remote: origin}\n"
TEAM = 'requires: {reviews: {count: 1, from: ["@acme/platform"]}}\n'
STACK = 'resource "terraform_data" "x" {}\n'
SIGNER = f"a@example.test ssh-ed25519 {'A' * 68}\n"
Stands = Callable[..., Standpoint]


@pytest.fixture
def stands(repository: Checkout) -> Stands:
    """Where CI would stand with these files on the default branch."""

    def stood(runner: str = RUNNER, prod: str = "") -> Standpoint:
        files = {
            "signers": SIGNER,
            "runner.yaml": runner,
            "environments/prod.yaml": prod,
            "stacks/network/main.tf": STACK,
        }
        repository.commit(files, "begin")
        repository.push("main")
        bench = open_bench(
            repository.path, tell=lambda _: None, ask=None, stop=Stop(), variables=dict(os.environ)
        )
        try:
            return standpoint(bench)
        finally:
            bench.tools.repository.close()

    return stood


class Findings:
    """What was looked at, by name."""

    def __init__(self, found: list[Checked]) -> None:
        self.checks = {each.check.name: each.check for each in found}
        self.code = strongest([each.exit_code for each in found])

    def __getitem__(self, name: str) -> Check:
        return self.checks[name]

    def bad(self) -> list[str]:
        """What is not well."""
        return [name for name, each in self.checks.items() if each.ok is False]


def asked(bench: DoubleBench, stand: Standpoint, login: str = "", *, job: bool = False) -> Findings:
    """As somebody, with the token from a variable."""
    person = bench.world.people[login or bench.robot]
    before = len(bench.server.seen)
    forge = bench.opened(token=person.token, job=job, source="`A_TOKEN`")
    found = Findings(list(told_by(forge, stand)))
    written = {(each.method, each.path) for each in bench.server.seen[before:] if each.method != "GET"}
    assert written <= {("POST", "/api/graphql")}, "it only reads; a question of GraphQL is a POST too"
    return found


def guarded(bench: DoubleBench) -> None:
    """Everything that the forge can guard, is."""
    bench.protect("main", "runner", 1)
    bench.world.environments = {"runner-preview": True, "runner-apply": True}


@pytest.mark.parametrize("brand", ["github", "gitlab"])
def test_what_is_guarded_is_well_and_what_nobody_guards_is_not(
    brand: str, stands: Stands, request: pytest.FixtureRequest
) -> None:
    bench: DoubleBench = request.getfixturevalue(brand)
    stand = stands()
    open_ = asked(bench, stand)
    assert (open_["branch main"].ok, open_["environment runner-apply"].ok, open_.code) == (False, False, 3)
    assert "gates come from its tip" in open_["branch main"].found
    assert f"{bench.project.web}/acme/infra/" in open_["branch main"].hint
    assert open_["check on main"].ok is False
    guarded(bench)
    bench.world.environments["runner-preview"] = False
    half = asked(bench, stand)
    assert half.bad() == ["environment runner-preview"]
    bench.world.environments["runner-preview"] = True
    well = asked(bench, stand)
    assert (well.bad(), well.code) == ([], 0)
    assert well["branch main"].ok is True
    assert well["check on main"].ok is True
    assert well["pipelines"].ok is True
    assert "`A_TOKEN`" in well["token"].found
    bench.world.pipelines = False
    off = asked(bench, stand)
    assert (off.bad(), off.code) == (["pipelines"], 3)


def test_a_workflow_s_own_token_is_told_where_its_permissions_stand(
    github: DoubleBench, stands: Stands
) -> None:
    guarded(github)
    found = asked(github, stands(prod=TEAM))
    assert "a CI job's own" in found["token"].found
    assert found["comment"].ok is None, "it does not tell what it was given, and nothing was written"
    assert "`permissions: {pull-requests: write}`" in found["comment"].hint
    assert "`permissions: {checks: write}`" in found["report the check"].hint
    assert (found["read teams"].ok, found.code) == (False, 3)
    assert "GitHub App" in found["read teams"].hint
    assert found["environment runner-apply"].ok is True
    github.server.faults = [
        Fault("/pulls$", "GET", 403, words={"message": "Resource not accessible by integration"})
    ]
    refused = asked(github, stands(prod=TEAM))
    assert refused["read pull requests"].ok is False
    assert "`permissions: {pull-requests: read}`" in refused["read pull requests"].hint


def test_a_person_s_token_of_github_is_held_to_its_scopes_and_its_account(
    github: DoubleBench, stands: Stands
) -> None:
    guarded(github)
    stand = stands(prod=TEAM)
    assert asked(github, stand, "bob")["report the check"].ok is True
    github.world.scopes["bob"] = "read:org"
    scoped = asked(github, stand, "bob")
    assert (scoped["comment"].ok, scoped["report the check"].ok, scoped.code) == (False, False, 3)
    assert "/settings/tokens: the scope `repo`" in scoped["comment"].hint
    github.world.scopes["bob"] = None
    fine = asked(github, stand, "bob")
    assert fine["comment"].ok is None
    assert "Pull requests: Read and write" in fine["comment"].hint
    assert "Commit statuses: Read and write" in fine["report the check"].hint
    assert fine["read teams"].ok is True
    reader = asked(github, stand, "carol")
    assert reader["report the check"].ok is False
    assert "carol may read" in reader["report the check"].found


def test_an_app_is_held_to_the_permissions_that_its_installation_has(
    github: DoubleBench, stands: Stands
) -> None:
    guarded(github)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    claim = AppClaim("1", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    forge = github.opened(app=AppAccess(claim=claim), source="`forge.app`")
    found = Findings(list(told_by(forge, stands(prod=TEAM))))
    assert "an app's, of `robot[bot]`" in found["token"].found
    assert (found["comment"].ok, found["report the check"].ok, found["read teams"].ok) == (True, True, True)
    assert found.code == 3
    assert "`Deployments: no access`" in found["record deployments"].found
    assert "Deployments: Read and write; then accept that" in found["record deployments"].hint


def test_what_only_administrators_are_told_is_unknown_and_never_fine(
    github: DoubleBench, stands: Stands
) -> None:
    guarded(github)
    found = asked(github, stands(), "bob")
    assert found["pipelines"].ok is None
    assert "not known" in found["pipelines"].found
    assert found["branch main"].ok is None
    assert "not known" in found["branch main"].found
    assert found.code == 0


def test_gitlab_s_tokens_are_held_to_scope_and_role(gitlab: DoubleBench, stands: Stands) -> None:
    guarded(gitlab)
    stand = stands(prod=TEAM)
    assert asked(gitlab, stand).bad() == []
    gitlab.world.scopes[gitlab.robot] = "read_api"
    scoped = asked(gitlab, stand)
    assert scoped.bad() == ["comment", "report the check", "record deployments"]
    assert "role Maintainer, scope `api`" in scoped["comment"].hint
    gitlab.world.scopes[gitlab.robot] = None
    assert asked(gitlab, stand)["comment"].ok is None
    assert asked(gitlab, stand, "carol")["report the check"].ok is False
    job = asked(gitlab, stand, "alice", job=True)
    assert job["comment"].ok is False
    assert "GITLAB_TOKEN" in job["comment"].hint
    assert "scopes" not in job["comment"].found


@pytest.mark.parametrize("brand", ["github", "gitlab"])
def test_branches_of_the_record_are_to_be_protected(
    brand: str, stands: Stands, request: pytest.FixtureRequest
) -> None:
    bench: DoubleBench = request.getfixturevalue(brand)
    guarded(bench)
    hidden = asked(bench, stands())
    assert "no forge can protect refs/runner/*" in hidden["plain writer"].found
    assert "write entries" in hidden["plain writer"].found
    bench.push("runner/live/prod", bench.author)
    stand = stands("ledger: {remote: origin, refs: branches, sign: required, signers: signers}\n")
    kept = asked(bench, stand)
    assert (kept["branch runner/live/prod"].ok, kept.code) == (False, 3)
    assert kept["branch runner/locks/prod"].ok is not True
    assert "`runner/**`" in kept["branch runner/live/prod"].hint
    assert "write no entry that is believed" in kept["plain writer"].found
    bench.protect("runner/live/prod", "", 0)
    assert asked(bench, stand)["branch runner/live/prod"].ok is True


@pytest.mark.parametrize("brand", ["github", "gitlab"])
def test_a_forge_that_does_not_answer_is_no_answer(
    brand: str, stands: Stands, request: pytest.FixtureRequest
) -> None:
    bench: DoubleBench = request.getfixturevalue(brand)
    stand = stands()
    bench.server.faults = [Fault("/pulls|/merge_requests", "GET", 502)] * 4
    silent = asked(bench, stand)
    assert (silent["permissions"].ok, silent.code) == (False, 6)
    bench.server.faults = [Fault("/user$", "GET", 401, words={"message": "Bad credentials"})]
    refused = asked(bench, stand, "bob")
    assert (list(refused.checks), refused.code) == (["forge", "token"], 3)
    assert "expired" in refused["token"].hint


class Doctor:
    """The real program in a clone whose remote is the real Gitea."""

    def __init__(self, gitea: GiteaBench, place: Path, program: Program) -> None:
        self.gitea = gitea
        url = gitea.server.url
        runner = f"ledger: {{remote: origin}}\nforge: {{type: gitea, url: {url}}}\n"
        self.scene = PublishedRequest(gitea, place, {"runner.yaml": runner, "environments/prod.yaml": TEAM})
        self._program = program

    def ask(self, login: str, code: int, *, token: str = "") -> dict[str, dict[str, object]]:
        """The checks by name."""
        ran = self.run(token or (self.gitea.accounts[login].token if login else ""), "--json")
        assert ran.code == code, f"{ran.code}\n{ran.stdout}\n{ran.stderr}"
        return {str(each["name"]): each for each in ran.objects if each["type"] == "check"}

    def run(self, token: str, *words: str) -> Ran:
        """As whom the token says."""
        variables = {"GIT_ALLOW_PROTOCOL": "file:http"} | ({"GITEA_TOKEN": token} if token else {})
        return self._program("doctor", "--forge", *words, cwd=self.scene.clone.path, env=variables)


@pytest.fixture
def doctor(gitea: GiteaBench, tmp_path: Path, run_runner: Program, monkeypatch: pytest.MonkeyPatch) -> Doctor:
    """At a repository of its own."""
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file:http")
    return Doctor(gitea, tmp_path / "clone", run_runner)


def test_on_gitea_each_missing_permission_is_named_with_its_place(doctor: Doctor) -> None:
    gitea = doctor.gitea
    bare = doctor.ask("robot", 3)
    assert [name for name, each in bare.items() if each["ok"] is False] == ["branch main", "check on main"]
    gitea.protect("main", "runner", 1)
    well = doctor.ask("robot", 0)
    assert "`GITEA_TOKEN`" in str(well["token"]["found"])
    assert "`robot`" in str(well["token"]["found"])
    assert well["read the permissions of others"]["ok"] is True
    assert well["read teams"]["ok"] is True
    assert well["comment"]["ok"] is None, "whether it may write, Gitea does not tell"
    assert "`write:issue`" in str(well["comment"]["hint"])
    assert well["pipelines"]["ok"] is True
    assert well["environment runner-apply"]["ok"] is None
    assert "this forge has none" in str(well["environment runner-apply"]["found"])
    assert "refs/runner/*" in str(well["plain writer"]["found"])
    writer = doctor.ask("alice", 3)
    assert writer["read the permissions of others"]["ok"] is False
    assert "Administrator" in str(writer["read the permissions of others"]["hint"])
    assert writer["branch main"]["ok"] is None, "the rule is shown to administrators only"


def test_a_token_of_gitea_without_a_scope_names_it(doctor: Doctor) -> None:
    server, robot = doctor.gitea.server, doctor.gitea.accounts["robot"]
    narrow = server.new_token("robot", robot.password, ["write:repository", "read:user"])
    found = doctor.ask("", 3, token=narrow)
    assert found["comment"]["ok"] is False
    assert "issue" in str(found["comment"]["found"])
    assert "`write:issue`" in str(found["comment"]["hint"])
    assert found["read teams"]["ok"] is False
    assert "`read:organization`" in str(found["read teams"]["hint"])
    assert narrow not in str(found)


def test_without_a_token_a_forge_or_an_answer_it_says_which(doctor: Doctor) -> None:
    without = doctor.run("")
    assert without.code == 3
    assert "none was found; looked in `GITEA_TOKEN`" in without.stdout
    clone = doctor.scene.clone
    clone.commit({"runner.yaml": "ledger: {remote: origin}\nforge: {type: none}\n"}, "no forge")
    clone.push("main")
    nowhere = doctor.run("")
    assert nowhere.code == 2
    assert "`forge.type` is `none`" in nowhere.stdout
    closed = "ledger: {remote: origin}\nforge: {type: gitea, url: 'http://127.0.0.1:9'}\n"
    clone.commit({"runner.yaml": closed}, "a forge that is away")
    clone.push("main")
    assert doctor.run("a-token").code == 6
