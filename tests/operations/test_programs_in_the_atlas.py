"""What the atlas keeps of Pulumi programs is given up as soon as it may be another: each way, one by one."""

from __future__ import annotations

import pytest

from runner.model.names import TargetName
from runner.operations.charted import charted
from runner.wiring.code_toolbox import CodeToolbox
from tests.checkout import Checkout
from tests.operations.program_histories import begun_with_programs
from tests.operations.test_affected_by_an_atlas import asked, by_all_closures

SHARED = "shared/2.json"
CONFIGURED = {"environments/env02.yaml": "# another\n"}
MAIN, NAMES = "programs/app/__main__.py", "programs/app/names.py"
WAYS = {
    "a stack is named": (
        {MAIN: "pulumi.StackReference('organization/net/env00')\n"},
        "programs/net/Pulumi.yaml",
    ),
    "a file is named": ({NAMES: "load('../../shared/2.json')\n"}, SHARED),
    "a file is named, and the configuration is read anew": (
        {NAMES: "load('../../shared/2.json')\n", **CONFIGURED},
        SHARED,
    ),
    "a stack is named, and the configuration is read anew": (
        {MAIN: "pulumi.StackReference('organization/net/env00')\n", **CONFIGURED},
        "programs/net/Pulumi.yaml",
    ),
    "the configuration names a file": (
        {"environments/env00.yaml": "inputs: {file: ../../shared/2.json}\n"},
        SHARED,
    ),
    "a module stands in a nearer place": (
        {"programs/app/common/__init__.py": ""},
        "programs/app/common/net.py",
    ),
    "a module is born": ({MAIN: "import other\n"}, "lib/other.py"),
    "settings are born": ({}, "programs/app/Pulumi.env00.yml"),
    "a directory takes a module's place": ({}, "programs/app/names/__init__.py"),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_way_to_a_program_that_is_newer_than_the_atlas_is_seen(repository: Checkout, way: str) -> None:
    history = begun_with_programs(repository, 0)
    path = history.files
    history.put(MAIN, path[MAIN] + "import sys\n")
    first = repository.commit()
    asked(repository, history.commits[0], first)
    written, read = WAYS[way]
    for place, text in written.items():
        history.put(place, path.get(place, "") + text)
    fork = repository.commit() if written else first
    asked(repository, first, fork)
    history.put(read, path.get(read, "") + "\n")
    head = repository.commit()
    tools = CodeToolbox(repository.path, {})
    assert charted(tools, tools.repository.tree_of(head)) is not None or way == "a stack is named"
    tools.repository.close()
    rows, of = asked(repository, fork, head)
    assert TargetName(environment="env00", stack="app") in rows
    assert (rows, of) == by_all_closures(repository, fork, head)


def test_what_no_program_reads_reads_none_again(repository: Checkout) -> None:
    history = begun_with_programs(repository, 0)
    for place in ("programs/db/README.md", "lib/unused.py"):
        history.put(place, history.files[place] + "\n")
        history.commits.append(repository.commit())
        assert asked(repository, *history.commits[-2:])[0] == {}
    tools = CodeToolbox(repository.path, {})
    chart = charted(tools, tools.repository.tree_of(history.commits[-1]))
    assert chart is not None
    assert chart.programs == {}
    tools.repository.close()
