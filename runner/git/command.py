"""Starts git: a listed environment, no shell, no hook, no fsmonitor, no prompt."""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Protocol, cast

from msgspec import Struct

from runner.errors import NoAnswer, ToolUnavailable
from runner.kit.process import piped

_OPTIONS = (
    "--literal-pathspecs",
    "--no-replace-objects",
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.fsmonitor=false",
    "-c", "protocol.allow=never",
    *(part for name in ("file", "git", "http", "https", "ssh") for part in ("-c", f"protocol.{name}.allow=always")),
    "-c", "gc.auto=0",
    "-c", "maintenance.auto=false",
    "-c", "submodule.recurse=false",
    "-c", "fetch.recurseSubmodules=false",
    "-c", "push.recurseSubmodules=no",
    "-c", "push.followTags=false",
    "-c", "advice.detachedHead=false",
)  # fmt: skip

_PIECE = 1 << 16  # bytes
# A user's own configuration counts (identity, signing, credentials, url.*.insteadOf), and so do the programs that it
# names: what they need to find their agents, sockets, proxies and tokens is passed through. Everything else is not.
_PASSED = frozenset(
    re.findall(
        r"\S+",
        """
        ALL_PROXY CURL_CA_BUNDLE DBUS_SESSION_BUS_ADDRESS DISPLAY GH_HOST GH_TOKEN GITEA_TOKEN GITHUB_TOKEN GITLAB_TOKEN
        GNUPGHOME GPG_AGENT_INFO GPG_TTY HOME HTTPS_PROXY HTTP_PROXY LANG LC_CTYPE LOGNAME NO_PROXY PATH SSH_AGENT_PID
        SSH_ASKPASS SSH_ASKPASS_REQUIRE SSH_AUTH_SOCK SSL_CERT_DIR SSL_CERT_FILE SYSTEMROOT TEMP TERM TMP TMPDIR TZ USER
        WAYLAND_DISPLAY all_proxy http_proxy https_proxy no_proxy
        GIT_ASKPASS GIT_AUTHOR_DATE GIT_AUTHOR_EMAIL GIT_AUTHOR_NAME GIT_COMMITTER_DATE GIT_COMMITTER_EMAIL
        GIT_COMMITTER_NAME GIT_CONFIG_COUNT GIT_CONFIG_GLOBAL GIT_CONFIG_NOSYSTEM GIT_CONFIG_PARAMETERS
        GIT_CONFIG_SYSTEM GIT_EXEC_PATH GIT_PROXY_COMMAND GIT_SSH GIT_SSH_COMMAND GIT_SSH_VARIANT GIT_SSL_CAINFO
        GIT_SSL_CAPATH GIT_SSL_CERT GIT_SSL_KEY GIT_SSL_NO_VERIFY
        """,
    )
)
# AWS_*: CodeCommit's credential helper signs with them.
_PASSED_PREFIXES = ("AWS_", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_", "XDG_")

SET = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "LC_ALL": "C",
    "LANGUAGE": "C",
    "GCM_INTERACTIVE": "never",
}


class GitAnswer(Struct, frozen=True, kw_only=True):
    """How a git command ended. `stdout` is bytes as they came; `stderr` is text, without credentials of URLs."""

    status: int
    stdout: bytes
    stderr: str

    @property
    def lines(self) -> list[str]:
        """`stdout` as lines of text; undecodable bytes survive as surrogates."""
        return os.fsdecode(self.stdout).splitlines()


class Conversation(Protocol):
    """A git that goes on listening: write to `stdin`, read from `stdout`."""

    stdin: IO[bytes]
    stdout: IO[bytes]
    stderr: IO[bytes]
    pid: int
    returncode: int | None

    def communicate(self, input: bytes | None = None) -> tuple[bytes, bytes]:
        """Writes, reads to the end, and waits."""

    def poll(self) -> int | None:
        """The status of one that has ended."""

    def wait(self) -> int:
        """Waits for the end."""

    def kill(self) -> None:
        """Ends it at once."""


class Starter(Protocol):
    """Starts git in `directory` with pipes, and with what `passed` lets through of our variables, `SET` and `extra`."""

    def __call__(
        self,
        command: Sequence[str],
        directory: Path,
        extra: Mapping[str, str],
        *,
        listens: bool,
        own_session: bool,
    ) -> Conversation:
        """FileNotFoundError where there is no git."""


def started(
    command: Sequence[str], directory: Path, extra: Mapping[str, str], *, listens: bool, own_session: bool
) -> Conversation:
    """A Starter, with the standard library alone: importing GitPython takes a third of the time in which a verb that
    only compares commits has to answer. `runner.git.layer` has the other one."""
    variables = {name: value for name, value in os.environ.items() if passed(name)}
    return cast(
        "Conversation",
        piped(command, directory, {**variables, **SET, **extra}, listens=listens, own_session=own_session),
    )


def without_credentials(text: str) -> str:
    """`text` with the user and password of every URL removed."""
    return re.sub(r"(?<=://)[^/@\s'\"]+@", "", text)


def passed(name: str) -> bool:
    """Whether git gets this variable of our environment."""
    return name in _PASSED or name.startswith(_PASSED_PREFIXES)


class GitCommand:
    """git in one directory. `network_timeout`: seconds that a remote may take for one command."""

    def __init__(self, directory: Path, *, network_timeout: float = 60.0, starter: Starter = started) -> None:
        self._starter = starter
        self._directory = directory
        self.network_timeout = network_timeout

    def run(
        self,
        *arguments: str,
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
        terminal: bool = False,
    ) -> GitAnswer:
        """Runs to the end; a status that is not 0 is an answer. `terminal`: what it starts may ask on the terminal
        (a signing key's passphrase); otherwise a Ctrl-C there does not reach it. ToolUnavailable `git-missing`."""
        process = self._start(arguments, env or {}, listens=stdin is not None, own_session=not terminal)
        stdout, stderr = process.communicate(stdin)
        return self._answer(process, stdout, stderr)

    def output(
        self, *arguments: str, stdin: bytes | None = None, env: Mapping[str, str] | None = None
    ) -> bytes:
        """The output of a command that does not fail in a sound clone. ToolUnavailable `git-failed` when it does."""
        answer = self.run(*arguments, stdin=stdin, env=env)
        if answer.status:
            raise git_failed(arguments, answer)
        return answer.stdout

    def pieces(self, *arguments: str, env: Mapping[str, str] | None = None) -> Generator[bytes, None, None]:
        """The output of a command that does not fail in a sound clone, as it comes; who stops asking ends the command.
        ToolUnavailable `git-failed` when it does."""
        process = self._start(arguments, env or {}, listens=False, own_session=True)
        words: list[bytes] = []
        listener = threading.Thread(target=lambda: words.append(process.stderr.read()), daemon=True)
        listener.start()
        try:
            while piece := process.stdout.read(_PIECE):
                yield piece
            status = process.wait()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            listener.join()
            process.stdout.close()
            process.stderr.close()
        if status:
            raise git_failed(arguments, self._answer(process, b"", b"".join(words)))

    def network(self, *arguments: str, env: Mapping[str, str] | None = None) -> GitAnswer:
        """Runs a command that talks to a remote. NoAnswer `remote-silent` after `network_timeout` seconds; it and all
        that it started are killed then."""
        process = self._start(arguments, env or {}, listens=False, own_session=True)
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)

        timer = threading.Timer(self.network_timeout, expire)
        timer.daemon = True
        timer.start()
        try:
            stdout, stderr = process.communicate()
        finally:
            timer.cancel()
        if expired.is_set():
            raise NoAnswer.of(
                "remote-silent",
                f"the remote did not answer `git {arguments[0]}` within {self.network_timeout:g} s",
                hint="look whether the remote can be reached, then run the same command again",
            )
        return self._answer(process, stdout, stderr)

    def converse(self, *arguments: str) -> Conversation:
        """Starts a command that stays and answers what is written to it."""
        return self._start(arguments, {}, listens=True, own_session=True)

    def _start(
        self, arguments: Sequence[str], env: Mapping[str, str], *, listens: bool, own_session: bool
    ) -> Conversation:
        try:
            return self._starter(
                ["git", *_OPTIONS, *arguments], self._directory, env, listens=listens, own_session=own_session
            )
        except FileNotFoundError as error:
            raise _git_missing() from error

    def _answer(self, process: Conversation, stdout: bytes, stderr: bytes) -> GitAnswer:
        status = process.returncode if process.returncode is not None else -1
        words = without_credentials(os.fsdecode(stderr)).strip()
        if status == 127 and "git" in words and words.startswith("env:"):
            raise _git_missing()
        return GitAnswer(status=status, stdout=stdout, stderr=words)


def _git_missing() -> ToolUnavailable:
    return ToolUnavailable.of(
        "git-missing", "`git` was not found on PATH", hint="install Git 2.38 or newer, or put it on PATH"
    )


def git_failed(arguments: Sequence[str], answer: GitAnswer) -> ToolUnavailable:
    """What to raise when git fails where it should not."""
    words = answer.stderr or f"status {answer.status}"
    return ToolUnavailable.of(
        "git-failed", f"`git {arguments[0]}` failed: {words}", hint="run `runner doctor`"
    )
