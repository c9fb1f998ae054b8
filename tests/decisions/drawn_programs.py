"""Python programs with modules, paths to search and files that they read, drawn by chance."""

from __future__ import annotations

import random

MODULES = {
    "stacks/app/__main__.py": "",
    "stacks/app/net.py": "net",
    "stacks/app/lib/__init__.py": "lib",
    "stacks/app/lib/names.py": "lib.names",
    "stacks/app/lib/deep/__init__.py": "lib.deep",
    "stacks/app/lib/deep/tags.py": "lib.deep.tags",
    "stacks/app/plain/module.py": "plain.module",
    "shared/common/__init__.py": "common",
    "shared/common/zones.py": "common.zones",
    "shared/single.py": "single",
}
FILES = [
    "stacks/app/data/a.json", "stacks/app/data/b.json", "stacks/app/lib/policy.json", "stacks/app/more/dev.txt",
    "shared/common/zones.json", "shared/x.json",
]  # fmt: skip
SEARCHES = [
    "import sys\nsys.path.append('../../shared')\n",
    "import os, sys\nsys.path.insert(1, os.path.join(os.path.dirname(__file__), '..', '..', 'shared'))\n",
    "import sys\nfrom pathlib import Path\nsys.path.append(str(Path(__file__).resolve().parents[2] / 'shared'))\n",
    "import sys\nsys.path += ['../../shared']\n",
    "import site\nsite.addsitedir(f'{\"..\"}/../shared')\n",
]
IMPORTS = [
    "import {0}\n",
    "from {1} import {2}\n",
    "def later():\n    import {0} as it\n    return it\nlater()\n",
    "import importlib\nimportlib.import_module('{0}')\n",
    "from importlib import import_module as load\nwhich = '{2}'\nwhich = which.strip()\nload(f'{1}.{{which}}')\n",
    "try:\n    import {0}\nexcept ImportError:\n    raise\n",
]
READS = [
    "open('{0}').close()\n",
    "import os\nopen(os.path.join(*'{0}'.split('/'))).close()\n",
    "import os\nwith open(os.path.join(os.path.dirname(__file__), '{1}')) as file:\n    file.read()\n",
    "from pathlib import Path\nHERE = Path(__file__).parent\n(HERE / '{1}').read_text()\n",
    "import pathlib\nfor each in (pathlib.Path(__file__).parent / '{1}').parent.iterdir():\n    each.is_file()\n",
    "import thirdparty\nthirdparty.load('{0}')\n",
    "import thirdparty\nthirdparty.load(file='%s/%s' % ('{2}', '{3}'))\n",
    "import thirdparty\nplace = '{2}'\nthirdparty.load(f'{{place}}/{3}')\n",
    "import thirdparty\ndef read(name):\n    thirdparty.load('{2}/' + name)\nread('{3}')\n",
    "import thirdparty, os\nplace = os.path.dirname('{0}')\nthirdparty.load(place + '/{3}')\n",
    "import thirdparty\nthirdparty.each('{2}/*')\n",
    "import thirdparty\nfor name in ('{3}',):\n    thirdparty.load('{2}/{{}}'.format(name))\n",
    "import subprocess, sys\nopen('{0}').close()\n",
    "exec(open('{0}').read() and '')\n",
]  # fmt: skip
COMPUTED = (4, 1)  # of IMPORTS, of READS: forms after which exactness is nobody's promise


def drawn(seed: int) -> tuple[dict[str, str], bool]:
    """Files, and whether all of their paths are spelled out."""
    chance = random.Random(seed)
    paths = list(MODULES)
    code = dict.fromkeys(paths, "")
    plain = True
    code[paths[0]] = chance.choice(SEARCHES)
    for at, path in enumerate(paths):
        for other in chance.sample(paths[at + 1 :], min(len(paths) - at - 1, chance.randint(0, 3))):
            name = MODULES[other]
            package, _, last = name.rpartition(".")
            form = chance.choice(IMPORTS if package else [IMPORTS[0], IMPORTS[2], IMPORTS[3], IMPORTS[5]])
            plain = plain and form != IMPORTS[4]
            code[path] += form.format(name, package, last)
        for file in chance.sample(FILES, chance.randint(0, 1)):
            form = chance.choice(READS)
            plain = False
            working = "../" * 2 + file if file.startswith("shared") else file.removeprefix("stacks/app/")
            beside = "../" * path.count("/") + file
            place, _, last = working.rpartition("/")
            code[path] += form.format(working, beside, place or ".", last)
    unused = {"stacks/app/unused.py": "", "shared/other.py": "", "stacks/other/__main__.py": ""}
    return {**code, **dict.fromkeys(FILES, "{}"), **unused, "stacks/app/Pulumi.dev.yaml": ""}, plain
