"""`init`: what it proposes is believed by the very configuration room, and nothing that is there is replaced."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from runner.config.configuration import BranchFacts
from runner.config.proposals import proposed
from runner.config.reading_gates import read_gates
from runner.config.reading_wishes import read_wishes
from runner.config.remembering import ConfigurationReader
from runner.config.schema.checking import check
from runner.kit.tree import DictTree
from runner.operations.beginnings import described, texts
from tests.checkout import Checkout
from tests.program import Program

MONOREPO = {
    "live/prod/eu/network/main.tf": "",
    "live/dev/eu/network/main.tf": "",
    "modules/vpc/main.tf": "",
}
PATHS = st.sampled_from(
    [
        "runner.yaml",
        ".gitignore",
        "environments/dev.yaml",
        "stacks/hello/main.tf",
        "stacks/x/main.tf",
        "README.md",
    ]
)


def targets(files: dict[str, str]) -> list[str]:
    reader = ConfigurationReader(lambda: check, None)
    gates = read_gates(DictTree(files), BranchFacts(remote_head="main"), reader)
    return sorted(str(name) for name in read_wishes(DictTree(files), gates, reader).targets)


def test_an_empty_repository_gets_files_that_make_one_target() -> None:
    tree = DictTree({})
    files = texts(tree, proposed(tree), (), "origin")
    assert set(files) == {".gitignore", "environments/dev.yaml", "runner.yaml", "stacks/hello/main.tf"}
    assert targets(files) == ["dev/hello"]


def test_a_monorepo_gets_the_layout_that_was_found() -> None:
    tree = DictTree(MONOREPO)
    proposal = proposed(tree)
    files = texts(tree, proposal, (), "none")
    assert not any(path.endswith(".tf") for path in files)
    assert targets({**MONOREPO, **files}) == ["dev/eu/network", "prod/eu/network"]
    assert "live/{environment}/{stack*}" in described(tree, proposal, files, "none")


@given(st.sets(PATHS))
def test_no_file_that_is_there_is_proposed(there: set[str]) -> None:
    tree = DictTree(dict.fromkeys(there, ""))
    assert not there & set(texts(tree, proposed(tree), (), "origin"))


def test_without_a_yes_and_a_terminal_nothing_is_written(repository: Checkout, run_runner: Program) -> None:
    ran = run_runner("init", cwd=repository.path)
    assert ran.code == 0, ran.stderr
    assert "nothing was written" in ran.stdout
    assert repository.git("status", "--porcelain") == ""


def test_what_init_wrote_stays_as_a_person_changed_it(repository: Checkout, run_runner: Program) -> None:
    assert run_runner("init", "--yes", cwd=repository.path).code == 0
    file = repository.path / "runner.yaml"
    assert "remote: origin" in file.read_text()
    file.write_text("# mine\n")
    again = run_runner("init", "--yes", "--remote", "none", cwd=repository.path)
    assert again.code == 0, again.stderr
    assert file.read_text() == "# mine\n"


def test_init_writes_through_no_link_that_leaves_the_repository(
    repository: Checkout, run_runner: Program, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (repository.path / "environments").symlink_to(tmp_path / "elsewhere")
    ran = run_runner("init", "--yes", cwd=repository.path)
    assert ran.code == 2
    assert "init-outside" in ran.stderr
    assert list((tmp_path / "elsewhere").iterdir()) == []
