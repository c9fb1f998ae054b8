"""Git's own server behind a double's address: `git http-backend`, which a push needs a token for."""

import base64
import os
import subprocess
from collections.abc import Callable
from email.parser import BytesHeaderParser
from pathlib import Path
from urllib.parse import SplitResult, unquote

from tests.checkout import git

Reply = tuple[int, dict[str, str], bytes]


class GitServer:
    """Serves the bare repositories below `root`. `holder` says whose token one is, None: nobody's; `received` is told
    after each push, by whom."""

    def __init__(
        self, root: Path, holder: Callable[[str], str | None], received: Callable[[str], None]
    ) -> None:
        self._root = root
        self._holder = holder
        self._received = received
        self._program = Path(git("--exec-path", cwd=root)) / "git-http-backend"

    def serves(self, path: str) -> bool:
        """Whether a request is Git's."""
        return ".git/" in path

    def answer(self, method: str, target: SplitResult, headers: dict[str, str], content: bytes) -> Reply:
        """What Git says to it."""
        pushes = "git-receive-pack" in f"{target.path}?{target.query}"
        who = self._who(headers.get("authorization", ""))
        if pushes and who is None:
            return 401, {"WWW-Authenticate": 'Basic realm="double"'}, b""
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self._root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": unquote(target.path),
            "QUERY_STRING": target.query,
            "REQUEST_METHOD": method,
            "CONTENT_TYPE": headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(content)),
            "HTTP_CONTENT_ENCODING": headers.get("content-encoding", ""),
            "GIT_PROTOCOL": headers.get("git-protocol", ""),
            "REMOTE_USER": who or "",
        }
        ran = subprocess.run([self._program], input=content, env=environment, capture_output=True, check=True)
        head, _, body = ran.stdout.partition(b"\r\n\r\n")
        said = dict(BytesHeaderParser().parsebytes(head).items())
        if pushes and method == "POST" and who:
            self._received(who)
        return int(said.pop("Status", "200").split()[0]), said, body

    def _who(self, authorization: str) -> str | None:
        named = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        return self._holder(named.partition(":")[2])
