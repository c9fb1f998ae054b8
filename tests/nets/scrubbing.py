"""The environment of the tests: a list of what may stay, an empty HOME, and closed doors for the children."""

import atexit
import os
import shutil
import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.components.shelf import LOCATION, Shelf

_KEPT = frozenset({"COLUMNS", "LANG", "PATH", "PYENV_ROOT", "TERM", "TZ", "VIRTUAL_ENV"})
_KEPT_PREFIXES = ("GITOPS_RUNNER_TEST", "HYPOTHESIS_", "LC_", "PYTEST_", "PYTHON")


def listed(present: Mapping[str, str], *, root: Path, closed_port: int) -> dict[str, str]:
    """What a test process and its children may see, made of what is `present`.

    `root` holds the empty HOME and the temporary directory; on `closed_port` of 127.0.0.1 nobody listens: the proxy.
    """
    kept = {
        name: value for name, value in present.items() if name in _KEPT or name.startswith(_KEPT_PREFIXES)
    }
    home = root / "home"
    proxy = f"http://127.0.0.1:{closed_port}"
    return kept | {
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local/share"),
        "XDG_STATE_HOME": str(home / ".local/state"),
        "TMPDIR": str(root / "tmp"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "CHECKPOINT_DISABLE": "1",
        "GIT_ALLOW_PROTOCOL": "file",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "http_proxy": proxy,
        "https_proxy": proxy,
        "all_proxy": proxy,
        "HTTP_PROXY": proxy,
        "HTTPS_PROXY": proxy,
        "ALL_PROXY": proxy,
        "no_proxy": "127.0.0.1,localhost,::1",
        "NO_PROXY": "127.0.0.1,localhost,::1",
    }


def scrub() -> Path:
    """Empties this process's environment down to the list; returns the directory with its HOME, gone at exit."""
    shelf = Shelf.of_this_user()
    # Pytest's own directories stay where people look for them after a failure.
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())
    root = Path(tempfile.mkdtemp(prefix="runner-tests-"))  # a worker's lies in that of its session
    owner = os.getpid()
    atexit.register(lambda: shutil.rmtree(root, ignore_errors=True) if os.getpid() == owner else None)
    for name in ("home", "tmp"):
        (root / name).mkdir()
    environment = listed(os.environ, root=root, closed_port=_closed_port())
    os.environ.clear()
    os.environ.update(environment | {LOCATION: str(shelf.root)})
    tempfile.tempdir = None
    return root


# Bound and never listening: refused at once, and nobody else can open it.
_closed_sockets: list[socket.socket] = []


def _closed_port() -> int:
    door = socket.socket()
    door.bind(("127.0.0.1", 0))
    _closed_sockets.append(door)
    port = door.getsockname()[1]
    assert isinstance(port, int)
    return port
