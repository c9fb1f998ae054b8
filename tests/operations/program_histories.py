"""What a history has of Pulumi: programs in Python and YAML that share code, files and stacks, and the steps by which
they change."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.checkout import Checkout
from tests.operations.histories import History

PROGRAMS = {
    "runner.yaml": "layout: ['live/{environment}/{stack}', 'programs/{stack}']\ndefault_branch: main\n",
    "programs/app/Pulumi.yaml": "name: app\nruntime: python\n",
    "programs/app/Pulumi.env00.yaml": "config: {}\n",
    "programs/app/__main__.py": "import sys\nsys.path.append('../../lib')\nimport names\nimport common.net\n",
    "programs/app/names.py": "read('data/a.json')\n",
    "programs/app/data/a.json": "{}",
    "programs/net/Pulumi.yaml": "name: net\nruntime: yaml\n",
    "programs/db/Pulumi.yaml": "name: db\nruntime: python\nmain: src\n",
    "programs/db/src/__main__.py": "import pulumi\n",
    "programs/db/README.md": "words\n",
    "lib/common/__init__.py": "",
    "lib/common/net.py": "",
    "lib/unused.py": "",
    "shared/1.json": "{}",
    "shared/2.json": "{}",
    "live/env01/plain/main.tf": 'locals {\n  a = file("../../../shared/2.json")\n}\n',
    **{f"environments/env0{number}.yaml": "" for number in range(3)},
}
LINES = (
    "import names\n",
    "import other\n",
    "from common import zones\n",
    "load('data/b.json')\n",
    "load('../../shared/2.json')\n",
    "load(f'../../shared/{which}.json')\n",
    "pulumi.StackReference('organization/net/env00')\n",
    "pulumi.StackReference(f'organization/net/{pulumi.get_stack()}')\n",
    "# nothing\n",
    "",
)
BORN = (
    "programs/app/other.py", "programs/other.py", "lib/other.py", "lib/common/zones.py", "programs/app/data/b.json",
    "programs/app/Pulumi.env01.yaml", "programs/net/Pulumi.env02.yaml", "programs/app/requirements.txt",
    "requirements.txt", "programs/app/common/__init__.py", "programs/db/src/names.py", "programs/db/data/b.json",
)  # fmt: skip
OF_PROGRAMS = (".py", "Pulumi.yaml", ".json", "README.md", "env00.yaml")


def begun_with_programs(clone: Checkout, seed: int) -> History:
    """A repository of programs, and one stack of Terraform's."""
    made = History(clone, random.Random(seed), dict(PROGRAMS), [], STEPS)
    made.commits.append(clone.commit(dict(PROGRAMS)))
    return made


def _say(history: History) -> None:
    path = history.any_of("main__.py", "names.py", "net.py")
    history.put(
        path,
        history.chance.choice(("import names\nimport common.net\n", history.files[path]))
        + history.chance.choice(LINES),
    )


def _edit(history: History) -> None:
    path = history.any_of(*OF_PROGRAMS, below=history.chance.choice(("programs/", "lib/", "shared/")))
    history.put(path, history.files[path] + "\n")


def _born(history: History) -> None:
    path = history.chance.choice(BORN)
    history.put(path, None if path in history.files else "# born\n")


def _configure(history: History) -> None:
    name = f"programs/{history.chance.choice(('app', 'net', 'db'))}/stack.yaml"
    reads = history.chance.choice(("[../../shared/1.json]", "['../../shared/*.json']", "[]"))
    history.put(name, None if name in history.files else f"reads: {reads}\n")


STEPS: tuple[Callable[[History], None], ...] = (*(_say, _edit, _edit, _edit, _born) * 3, _configure)
