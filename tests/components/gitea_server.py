"""The real Gitea on loopback: one server a session, with an administrator, and whoever tests make."""

import base64
import json
import os
import pwd
import secrets
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_SETTINGS = """
APP_NAME = tests
RUN_MODE = prod
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true
WORK_PATH = {work}
[server]
PROTOCOL = http
HTTP_ADDR = 127.0.0.1
HTTP_PORT = {port}
ROOT_URL = http://127.0.0.1:{port}/
DISABLE_SSH = true
OFFLINE_MODE = true
STATIC_ROOT_PATH = {static}
LFS_START_SERVER = false
[database]
DB_TYPE = sqlite3
PATH = {work}/gitea.db
SQLITE_JOURNAL_MODE = WAL
[repository]
ROOT = {work}/repositories
DEFAULT_BRANCH = main
[security]
INSTALL_LOCK = true
SECRET_KEY = {secret}
INTERNAL_TOKEN = {secret}
PASSWORD_HASH_ALGO = pbkdf2$1$8
[service]
DISABLE_REGISTRATION = true
[webhook]
ALLOWED_HOST_LIST = loopback
[indexer]
ISSUE_INDEXER_TYPE = db
[queue]
TYPE = channel
[session]
PROVIDER = memory
[cron]
ENABLED = false
[actions]
ENABLED = true
[log]
MODE = console
LEVEL = Error
"""
_PATIENCE = 60.0  # seconds; it takes one


class Refusal(Exception):
    """The server said no; `status` and its words."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(f"{status}: {words}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Account:
    """Someone on the server, with a token that may do all that they may."""

    login: str
    token: str
    password: str


@dataclass(frozen=True, slots=True)
class GiteaServer:
    """`url` without a slash at its end; `admin` may do everything."""

    url: str
    admin: Account

    def ask(self, account: Account, method: str, path: str, body: object = None) -> object:
        """One request to the API as that account, and its JSON; Refusal where it says no."""
        asked = urllib.request.Request(f"{self.url}/api/v1/{path}", method=method)
        asked.add_header("Authorization", f"token {account.token}")
        return _sent(asked, body)

    def new_account(self, login: str) -> Account:
        """A user with a token."""
        password = secrets.token_hex(8)
        email = f"{login}@example.test"
        person = {"username": login, "password": password, "email": email, "must_change_password": False}
        self.ask(self.admin, "POST", "admin/users", person)
        return Account(login, self.new_token(login, password, ["all"]), password)

    def new_token(self, login: str, password: str, scopes: list[str]) -> str:
        """Another token of a user."""
        asked = urllib.request.Request(f"{self.url}/api/v1/users/{login}/tokens", method="POST")
        basic = base64.b64encode(f"{login}:{password}".encode()).decode()
        asked.add_header("Authorization", f"Basic {basic}")
        made = _sent(asked, {"name": f"tests-{secrets.token_hex(4)}", "scopes": scopes})
        assert isinstance(made, dict)
        return str(made["sha1"])

    def remote(self, account: Account, path: str) -> str:
        """The address to push to as that account."""
        return f"{self.url.replace('://', f'://{account.login}:{account.token}@')}/{path}.git"


@contextmanager
def serving(program: Path, static: Path, work: Path) -> Iterator[GiteaServer]:
    """A server with its files below `work`, in a process group of its own, which ends with the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = work / "app.ini"
    settings.write_text(_SETTINGS.format(work=work, port=port, static=static, secret=secrets.token_hex(32)))
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(work),
        "USER": pwd.getpwuid(os.getuid()).pw_name,
    }
    words = [str(program), "--config", str(settings), "--work-path", str(work)]
    log = work / "server.log"
    with log.open("wb") as said:
        server = subprocess.Popen(
            [*words, "web"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_up(url, server, log)
        yield GiteaServer(url, _administrator(words, environment))
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _administrator(words: list[str], environment: dict[str, str]) -> Account:
    password = secrets.token_hex(8)
    options = ["--username", "root-admin", "--password", password, "--email", "admin@example.test", "--admin"]
    token = ["--must-change-password=false", "--access-token", "--access-token-scopes", "all"]
    made = subprocess.run(
        [*words, "admin", "user", "create", *options, *token],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    line = next(line for line in made.stdout.splitlines() if "ccess token" in line)
    return Account("root-admin", line.split()[-1], password)


def _wait_until_up(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            with urllib.request.urlopen(f"{url}/api/healthz", timeout=5):
                return
        except OSError as problem:
            over = time.monotonic() > until
            if server.poll() is not None or over:
                raise AssertionError(f"Gitea is not up: {log.read_text()[-2000:]}") from problem
            time.sleep(0.05)


def _sent(asked: urllib.request.Request, body: object) -> object:
    asked.add_header("Content-Type", "application/json")
    content = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(asked, content, timeout=60) as answer:
            said = answer.read()
    except urllib.error.HTTPError as refused:
        with refused:
            raise Refusal(refused.code, refused.read().decode(errors="replace")) from None
    return json.loads(said) if said else None
