"""Ways in which Python programs name what they read, each a program of its own; and what there is to read."""

from __future__ import annotations

from pathlib import Path

FILES = {
    "shared/x.json": "{}",
    "shared/x.ini": "",
    "shared/x.db": "",
    "shared/single.py": "",
    "shared/own.py": "open(__file__.replace('.py', '.json')).close()\n",
    "shared/own.json": "{}",
    "shared/common/__init__.py": "",
    "shared/common/zones.json": "{}",
    "shared/other.json": "{}",
    "stacks/app/data/a.json": "{}",
    "stacks/app/data/list.json": '["data/a.json", "../../shared/x.json"]',
    "stacks/app/data/list.txt": "data/a.json ../../shared/x.json\n",
    "stacks/app/lib/__init__.py": "",
    "stacks/app/lib/names.py": "",
    "stacks/app/lib/deep/__init__.py": "",
    "stacks/app/lib/deep/tags.py": "",
    "stacks/app/lib/rel.py": ("from . import names\nfrom .deep import tags\n"),
    "stacks/app/lib/deep/rel.py": ("from .. import names\nfrom ..deep.tags import *\nfrom . import tags\n"),
    "stacks/app/lib/stars.py": "PLACE = '../../shared/x.json'\n",
    "stacks/app/lib/consts.py": (
        "import os\n"
        "from pathlib import Path\n"
        "TOP = '../../shared'\n"
        "ROOT = Path(__file__).resolve().parents[3]\n"
        "def top(*parts):\n"
        "    return os.path.join(os.path.dirname(__file__), '..', '..', '..', *parts)\n"
    ),
    "stacks/app/lib/lazy.py": (
        "import importlib\ndef __getattr__(name):\n    return importlib.import_module('lib.' + name)\n"
    ),
    "stacks/app/lib/reader.py": (
        "from pathlib import Path\n"
        "for each in Path(__file__).parent.parent.glob('data/*'):\n"
        "    each.read_text()\n"
    ),
    "stacks/other/helper.py": "",
    "stacks/other/Pulumi.yaml": "name: other\nruntime: python\n",
    "stacks/app/unread.txt": "",
}

_WRITTEN = (Path(__file__).parent / "ways_to_read.txt").read_text()
WAYS = dict(each.split("\n", 1) for each in _WRITTEN.removeprefix("--- ").split("\n--- "))
