"""Programs in Python with providers of their own: each of their resources is a file, so that the cloud is seen."""

from pathlib import Path

import pytest

from tests.journeys.conftest import Setting
from tests.journeys.pulumi_codes import main, python_program, urn
from tests.journeys.stage import Stage, kinds

pytestmark = [pytest.mark.pulumi, pytest.mark.slow]


def contents(cloud: Path) -> dict[str, str]:
    """Name -> content of what is in the cloud."""
    return {file.name: file.read_text() for file in cloud.iterdir()}


@pytest.fixture
def cloud(tmp_path: Path) -> Path:
    """Where the resources of a program are."""
    return tmp_path / "cloud"


def test_resources_are_created_updated_replaced_deleted_and_fail_halfway(
    programs: Setting, cloud: Path
) -> None:
    stage = programs(
        python_program('File("a", value="1")\nFile("b", value="1")\nThing("c", of="a")\n', cloud)
    )
    assert stage.run("up", "env/dev", "--yes").outcomes == {"dev/app": "succeeded"}
    assert contents(cloud) == {"a": "1", "b": "1"}
    assert stage.run("up", "env/dev", "--yes").outcomes == {"dev/app": "unchanged"}, "also what it pickled"

    stage.change(main('File("a", value="2")\nFile("b", name="b2", value="1")\n'))
    changed = stage.run("up", "env/dev", "--yes")
    assert kinds(changed.plans["dev/app"]) == {
        urn("a"): "update",
        urn("b"): "replace",
        urn("c"): "delete",
    }
    assert contents(cloud) == {"a": "2", "b2": "1"}

    _fails_halfway_and_goes_on(stage, cloud)


def _fails_halfway_and_goes_on(stage: Stage, cloud: Path) -> None:
    halves = 'd = File("d", value="4")\nFile("e", fails=True, after=d.id)\nFile("a", value="2")\n'
    stage.change(main(halves))
    failed = stage.run("up", "env/dev", "--yes", code=1)
    assert failed.outcomes == {"dev/app": "failed"}
    assert "no more of e" in failed.diagnostic("apply-failed")["message"]
    assert contents(cloud)["d"] == "4", "what was made before it stays"
    held = {row["address"] for row in stage.run("state", "list", "dev/app").rows("row")}
    assert urn("d") in held, "and is in the state that is on record"
    assert urn("e") not in held
    assert stage.standing() == {"dev/app": "failed"}
    stage.change(main(halves.replace("fails=True, ", "")))
    assert stage.run("up", "env/dev", "--yes").outcomes == {"dev/app": "succeeded"}
    assert contents(cloud) == {"a": "2", "d": "4", "e": ""}


RUNS = """\
counted = Path(PLACE).parent / "runs"
runs = int(counted.read_text()) + 1 if counted.exists() else 1
counted.write_text(str(runs))
File("a", value=str(runs))
"""


def test_a_program_that_would_do_something_else_than_it_showed_changes_nothing(
    programs: Setting, cloud: Path
) -> None:
    stage = programs(python_program(RUNS, cloud))
    refused = stage.run("up", "env/dev", "--yes", code=3)
    assert refused.outcomes == {"dev/app": "failed"}
    assert refused.diagnostic("preview-differs")
    assert contents(cloud) == {}
    assert stage.standing() == {"dev/app": "never applied"}
    assert stage.run("locks").rows("lease") == []
    assert "refs/runner/state/dev" not in stage.refs(), "nor is there a state of what nobody applied"
    stage.change(main('File("a", value="1")\n'))
    assert stage.run("up", "env/dev", "--yes").outcomes == {"dev/app": "succeeded"}, "nothing is in the way"


def test_what_differs_only_where_it_is_not_a_dry_run_is_done_all_the_same(
    programs: Setting, cloud: Path
) -> None:
    stage = programs(
        python_program('File("a", value="dry" if pulumi.runtime.is_dry_run() else "wet")\n', cloud)
    )
    assert stage.run("up", "env/dev", "--yes").outcomes == {"dev/app": "succeeded"}
    assert contents(cloud) == {"a": "wet"}, "which is what the code digest and law 5 are for"


def test_a_part_is_applied_by_its_address_and_is_on_record_as_one(programs: Setting, cloud: Path) -> None:
    stage = programs(python_program('File("a", value="1")\nFile("b", value="1")\n', cloud))
    part = stage.run("up", "dev/app", "--target", urn("a"), "--yes")
    assert part.outcomes == {"dev/app": "succeeded"}
    assert contents(cloud) == {"a": "1"}
    assert stage.standing() == {"dev/app": "behind"}
    stage.run("up", "env/dev", "--yes")
    replaced = stage.run("up", "dev/app", "--replace", urn("b"), "--yes")
    assert kinds(replaced.plans["dev/app"]) == {urn("b"): "replace"}
    assert stage.entries()[-1]["partial"] == [urn("b")]
    none = stage.run("up", "dev/app", "--target", urn("nobody"), "--yes", code=1)
    assert "nobody" in none.becauses["dev/app"]


def test_what_is_gone_from_the_tree_is_destroyed_as_it_was_last_applied(
    programs: Setting, cloud: Path
) -> None:
    files = python_program('File("a", value="1")\n', cloud)
    stage = programs(files)
    stage.run("up", "env/dev", "--yes")
    gone: dict[str, str | bytes | None] = dict.fromkeys(files, None)
    own = files["environments/dev.yaml"]
    assert isinstance(own, str)
    stage.change({**gone, "runner.yaml": files["runner.yaml"], "environments/dev.yaml": "{}\n"})
    assert stage.standing() == {"dev/app": "orphan"}
    stage.change({"environments/dev.yaml": "removed: {app: destroy}\n"})
    assert stage.run("up", "env/dev", "--yes").outcomes == {"dev/app": "succeeded"}
    assert contents(cloud) == {}
    assert stage.standing() == {}
