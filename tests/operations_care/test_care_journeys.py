"""Keys, states and doctor as a person uses them: the real program, real Terraform, a real remote."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from runner.git import Pushed
from runner.kit.stop import Stop
from runner.ledger import Writing
from runner.model.entry import Result
from runner.model.names import TargetName
from runner.operations.opening import opened, take_leases
from runner.operations.survey import survey
from runner.wiring.benches import open_bench
from tests.checkout import Checkout
from tests.program import Program, Ran

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

STACK = """
variable "word" { default = "one" }
resource "terraform_data" "a" { input = var.word }
output "word" { value = terraform_data.a.output }
"""
FILES = {
    "runner.yaml": "ledger: {remote: origin}\n",
    "environments/dev.yaml": 'branch: "*"\n',
    "stacks/app/main.tf": STACK,
}


class Desk:
    """A clone in which the program is run."""

    def __init__(self, checkout: Checkout, program: Program) -> None:
        self.checkout, self.program = checkout, program

    def __call__(self, *words: str, code: int = 0) -> Ran:
        ran = self.program(*words, cwd=self.checkout.path)
        assert ran.code == code, f"{words}: {ran.code}\n{ran.stdout}\n{ran.stderr}"
        return ran

    def kinds(self) -> list[object]:
        rows = [row for row in self("log", "dev", "--json").objects if row["type"] != "result"]
        return [row["kind"] for row in rows]

    def state(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(self("state", "pull", "dev/app").stdout)
        return found


@pytest.fixture
def desk(repository: Checkout, run_runner: Program, terraform_binary: Path) -> Desk:
    repository.commit(FILES)
    repository.push()
    return Desk(repository, run_runner)


def test_a_pushed_state_and_a_restored_one_are_entries_and_serials_only_grow(
    desk: Desk, tmp_path: Path
) -> None:
    desk("up", "dev", "--yes")
    first = desk.state()
    file = tmp_path / "next.tfstate"
    file.write_text(json.dumps({**first, "serial": 20}))
    desk("state", "push", "dev/app", str(file), code=2)
    assert desk.state() == first
    desk("state", "push", "dev/app", str(file), "--yes")
    assert desk.state()["serial"] == 20
    desk("state", "restore", "dev/app", "1", "--yes")
    assert desk.state() == {**first, "serial": 21}
    assert desk.kinds() == ["surgery", "surgery", "apply"]
    assert "unchanged" in desk("preview", "dev", "--json").stdout
    file.write_text(json.dumps({**first, "serial": 30, "lineage": "another"}))
    refused = desk("state", "push", "dev/app", str(file), "--yes", code=2)
    assert "state-other-lineage" in refused.stderr


def test_a_state_beside_the_code_is_taken_over_with_lineage_and_serial(desk: Desk) -> None:
    beside = desk.checkout.path / "stacks/app/terraform.tfstate"
    written = {
        "version": 4,
        "terraform_version": "1.11.4",
        "serial": 5,
        "lineage": "l-5",
        "outputs": {},
        "resources": [],
    }
    desk.checkout.write({".git/info/exclude": "*.tfstate*\n"})
    beside.write_text(json.dumps(written))
    assert "state-overlooked" in desk("up", "dev", "--yes", code=2).stderr
    desk("state", "migrate", "dev/app", "--yes")
    assert not beside.exists()
    assert len(list(beside.parent.glob("terraform.tfstate.migrated-*"))) == 1
    assert desk.state() == written
    assert desk.kinds() == ["migrate"]
    desk("up", "dev", "--yes")
    assert desk.state()["lineage"] == "l-5"


def test_a_rotated_key_reads_what_the_old_one_sealed_and_alone_is_not_retired(desk: Desk) -> None:
    desk("up", "dev", "--yes")
    before, old = desk.state(), desk("key", "export", "dev").stdout.strip()
    rotated = desk("key", "rotate", "dev", "--yes", "--json").objects[-1]
    assert desk("key", "export", "dev").stdout.strip() != old
    assert desk.state() == before
    assert Path(str(rotated["path"])).stat().st_mode & 0o777 == 0o600
    names = desk.checkout.git("ls-remote", "origin", "refs/runner/state/dev")
    assert names
    desk.checkout.git("fetch", "--quiet", "origin", "refs/runner/state/dev")
    head = desk.checkout.git("ls-tree", "-r", "--name-only", names.split()[0], "keys/")
    wrapped = [line for line in head.splitlines() if line.endswith(".wrapped")]
    assert len(wrapped) == 1
    refused = desk("key", "retire", "dev", Path(wrapped[0]).stem, "--yes", code=2)
    assert "key-in-use" in refused.stderr
    assert old not in refused.stderr


def test_an_old_key_that_still_opens_a_version_is_named_with_it(desk: Desk) -> None:
    desk("up", "dev", "--yes")
    second = desk("key", "rotate", "dev", "--yes", "--json").objects[-1]["key_id"]
    desk.checkout.commit({"stacks/app/main.tf": STACK.replace("one", "two")})
    desk.checkout.push()
    desk("up", "dev", "--yes")
    desk("key", "rotate", "dev", "--yes")
    refused = desk("key", "retire", "dev", str(second), "--yes", code=2)
    assert "version 2 of the state of `dev/app`" in refused.stderr


def test_doctor_finds_a_lost_key_and_prints_none(desk: Desk) -> None:
    assert desk("doctor").code == 0
    desk("up", "dev", "--yes")
    key = desk("key", "export", "dev").stdout.strip()
    well = desk("doctor")
    assert key not in well.stdout + well.stderr
    (desk.checkout.path / ".git/runner/key").unlink()
    ill = desk("doctor", code=2)
    assert "key of dev" in ill.stdout


def test_what_nobody_saw_end_is_named_with_its_import_and_accepted_by_a_person(desk: Desk) -> None:
    desk("up", "dev", "--yes")
    leave_unknown(desk.checkout.path, ("aws_sqs_queue.q https://sqs/1",))
    shown = desk("state", "recover", "dev/app", code=9)
    assert "import {\n  to = aws_sqs_queue.q" in shown.stdout
    assert 'id = "https://sqs/1"' in shown.stdout
    assert len(desk.kinds()) == 2
    desk("state", "recover", "dev/app", "--yes")
    assert desk.kinds()[0] == "recovery"
    assert "nothing of `dev/app` is unknown" in desk("state", "recover", "dev/app").stdout
    desk("up", "dev", "--yes")


def leave_unknown(clone: Path, unknown: tuple[str, ...]) -> None:
    """Writes the entry of an apply that nobody saw end."""
    bench = open_bench(clone, tell=lambda _: None, ask=None, stop=Stop(), variables=dict(os.environ))
    whole = survey(bench, worktree=False)
    name = TargetName(environment="dev", stack="app")
    with opened(bench, whole, "up") as session:
        take_leases(session, [name])
        live = session.live(name)
        assert live is not None
        fence = session.leases_of(name).held(name).fence
        entry = replace(live.last, result=Result.UNKNOWN, unknown=unknown, id="", signature="", fence=fence)
        edits = whole.record.ledger.record(Writing(entry=entry, deployment=replace(live, last=entry)))
        delivery = session.leases_of(name).end(name, edits)
    whole.record.outbox.close()
    bench.tools.repository.close()
    assert isinstance(delivery, Pushed), delivery
