"""Children: the only place that starts processes. Own session, streamed, timed, killed whole with all that they
started. No shell, and no environment that was not listed."""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import functools
import os
import selectors
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from msgspec import Struct

from runner.diagnostics import Diagnostic
from runner.errors import ToolUnavailable
from runner.kit import watchdog
from runner.kit.line_stream import LineStream
from runner.kit.line_stream import OnLine as OnLine
from runner.kit.mortality import exit_watch, foreground, has_ended, kill_group, kill_session, send
from runner.kit.stop import Stop as Stop
from runner.kit.watchdog import Watchdog, name_of

OnStart = Callable[[int], None]
"""Takes the id of a process."""

DEFAULT_LIMIT = 256 << 20
STDERR_KEPT = 1 << 20
DRAIN = 5.0  # seconds for what a dead group left in its pipes
SILENCE = 0.2  # seconds after which an open pipe of a dead group is left to whoever holds it
FORCED = 6.0  # seconds from the second interrupt to the kill: Terraform gives its providers five
POLL = 0.05  # seconds; only where the system has no pidfd


class Command(Struct, frozen=True, kw_only=True):
    """What to run. `environment` is all that the child gets. `timeout` seconds until it is interrupted, `grace`
    seconds more until it is killed. `limit` bytes of stdout are kept. `terminal`: it gets our terminal and nothing is
    captured. `outlives_us`: when we are killed it may finish what an interrupt lets it finish, such as saving its
    state: its pipes do not break then (Go programs die of a broken stdout). `descriptors` are inherited."""

    argv: Sequence[str]
    cwd: Path
    environment: Mapping[str, str]
    timeout: float | None = None
    input: bytes = b""
    descriptors: tuple[int, ...] = ()
    terminal: bool = False
    limit: int = DEFAULT_LIMIT
    grace: float = 30.0
    outlives_us: bool = False


class Completed(Struct, frozen=True, kw_only=True):
    """How it ended. `code` is negative for a signal. `stdout` are the first `limit` bytes (`truncated` says whether
    there were more), `stderr` the last 1 MiB. `timed_out` and `stopped` say who interrupted it."""

    code: int
    stdout: bytes
    stderr: bytes
    timed_out: bool = False
    stopped: bool = False
    truncated: bool = False


def find_program(name: str, path: str) -> str | None:
    """The executable `name` on the search path `path`, absolute; a name with a slash is looked at as it is."""
    found = shutil.which(name, path=path)
    return os.path.abspath(found) if found else None


def run(
    command: Command,
    *,
    stop: Stop | None = None,
    on_line: OnLine | None = None,
    on_start: OnStart | None = None,
) -> Completed:
    """Runs `command` in this thread until it and its process group are gone. `on_start` is told the child's id before
    anything is read of it.

    A stop of level 1 interrupts the child itself once; level 2 interrupts it again and kills its whole group after
    six seconds. Whoever outlives the child in its group is killed. A process that made itself a session of its own
    is out of reach. Raises ToolUnavailable when the program cannot be started.
    """
    return _Run(command, stop or Stop(), on_line).result(on_start or _untold)


def piped(
    argv: Sequence[str],
    cwd: Path,
    environment: Mapping[str, str],
    *,
    listens: bool,
    own_session: bool,
) -> subprocess.Popen[bytes]:
    """A program whose output somebody else reads, and who ends it. `listens`: its input is a pipe, else empty.
    FileNotFoundError where there is no such program."""
    return subprocess.Popen(
        argv,
        cwd=cwd,
        env=dict(environment),
        stdin=subprocess.PIPE if listens else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=own_session,
    )


_STARTING = threading.Lock()


@functools.cache
def _started_watchdog() -> Watchdog | None:
    """The one of this process, started with its first child; None where it cannot be."""
    mark, other_end = os.pipe()
    os.close(other_end)
    try:
        program = subprocess.Popen(
            (sys.executable, "-I", "-S", watchdog.__file__, name_of(mark)),
            env={},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is ours to answer
        )
    except OSError:
        os.close(mark)
        return None
    pipe = program.stdin
    assert pipe is not None
    dog = Watchdog(pipe.fileno(), mark)

    def dismiss() -> None:
        dog.dismiss()
        _shut(pipe)
        program.wait()

    atexit.register(dismiss)
    return dog


def _watchdog() -> Watchdog | None:
    with _STARTING:
        return _started_watchdog()


def _untold(_: int) -> None:
    """Who does not ask is not told."""


class _Run:
    """One child's life."""

    def __init__(self, command: Command, stop: Stop, on_line: OnLine | None) -> None:
        self._command = command
        self._stop = stop
        self._streams = {name: LineStream(name, on_line) for name in ("stdout", "stderr")}
        self._stdout = bytearray()
        self._stderr: deque[bytes] = deque()
        self._truncated = False
        self._interrupted = 0  # the highest level that the child was told
        self._timed_out = False
        self._kill_at: float | None = None
        self._started = time.monotonic()
        self._pending = memoryview(command.input)
        self._selector = selectors.DefaultSelector()
        self._watchdog = _watchdog()
        self._exit = contextlib.ExitStack()
        self._open: set[int] = set()

    def result(self, on_start: OnStart) -> Completed:
        with self._exit:
            self._exit.callback(lambda: self._close(*tuple(self._open)))
            self._exit.callback(self._selector.close)
            wake_read, wake_write = self._pipe()
            os.set_blocking(wake_write, False)
            self._selector.register(wake_read, selectors.EVENT_READ, "wake")
            self._exit.enter_context(self._stop.listening(lambda _: _poke(wake_write)))
            child = self._start()
            if self._watchdog:
                self._watchdog.watch(child.pid)
            try:
                on_start(child.pid)
                self._watch(child)
            except BaseException:  # also KeyboardInterrupt: nobody may leave a child behind
                self._abandon(child)
                raise
            finally:
                self._end(child)
        return Completed(
            code=child.returncode,
            stdout=bytes(self._stdout),
            stderr=b"".join(self._stderr)[-STDERR_KEPT:],
            timed_out=self._timed_out,
            stopped=self._interrupted > 0 and not self._timed_out,
            truncated=self._truncated,
        )

    # ------------------------------------------------------------------------------------------------- beginning

    def _pipe(self) -> tuple[int, int]:
        ends = os.pipe()
        self._open.update(ends)
        return ends

    def _close(self, *ends: int) -> None:
        """Each end once: its number may be another thread's at the next moment."""
        for end in ends:
            self._open.discard(end)
            os.close(end)

    def _program(self) -> str:
        name = self._command.argv[0]
        found = find_program(name, self._command.environment.get("PATH", os.defpath))
        if found is None:
            message = f"`{name}` cannot be run: there is no such program, or it is not executable"
            raise ToolUnavailable(Diagnostic(code="program-missing", message=message))
        return found

    def _start(self) -> subprocess.Popen[bytes]:
        argv = [self._program(), *self._command.argv[1:]]
        if self._command.terminal:
            return self._popen(argv, None, None, None, self._command.descriptors)
        out_read, out_write = self._pipe()
        err_read, err_write = self._pipe()
        kept = self._command.descriptors
        if self._command.outlives_us:
            kept = (*kept, out_read, err_read)
            for end in (out_read, err_read):
                with contextlib.suppress(OSError, AttributeError):
                    fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, 1 << 20)
        stdin = subprocess.PIPE if self._command.input else subprocess.DEVNULL
        child = self._popen(argv, stdin, out_write, err_write, kept)
        self._close(out_write, err_write)
        for end, name in ((out_read, "stdout"), (err_read, "stderr")):
            os.set_blocking(end, False)
            self._selector.register(end, selectors.EVENT_READ, name)
        if child.stdin is not None:
            os.set_blocking(child.stdin.fileno(), False)
            self._selector.register(child.stdin, selectors.EVENT_WRITE, "stdin")
        return child

    def _popen(
        self, argv: list[str], stdin: int | None, out: int | None, err: int | None, kept: tuple[int, ...]
    ) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                argv,
                cwd=self._command.cwd,
                env=dict(self._command.environment),
                stdin=stdin,
                stdout=out,
                stderr=err,
                pass_fds=(*kept, self._watchdog.mark) if self._watchdog else kept,
                start_new_session=not self._command.terminal,
                process_group=0 if self._command.terminal else None,
                bufsize=0,
            )
        except OSError as problem:
            message = f"`{self._command.argv[0]}` cannot be run in {self._command.cwd}: {problem.strerror}"
            raise ToolUnavailable(Diagnostic(code="program-missing", message=message)) from problem

    # ------------------------------------------------------------------------------------------------- watching

    def _watch(self, child: subprocess.Popen[bytes]) -> None:
        with foreground(child.pid, enabled=self._command.terminal), exit_watch(child.pid) as watch:
            if watch is not None:
                self._selector.register(watch, selectors.EVENT_READ, "exit")
            while not has_ended(child):
                self._escalate(child.pid)
                self._turn(child, self._patience(watch is None))
            if watch is not None:
                self._selector.unregister(watch)

    def _patience(self, polling: bool) -> float | None:
        moments = [POLL] if polling else []
        now = time.monotonic()
        if self._command.timeout is not None and not self._timed_out:
            moments.append(self._started + self._command.timeout - now)
        if self._kill_at is not None:
            moments.append(self._kill_at - now)
        return max(0.0, min(moments)) if moments else None

    def _escalate(self, pid: int) -> None:
        now = time.monotonic()
        timeout = self._command.timeout
        if timeout is not None and not self._timed_out and now >= self._started + timeout:
            self._timed_out = True
            self._kill_at = min(self._kill_at or now + self._command.grace, now + self._command.grace)
            if not self._interrupted:
                self._interrupt(pid)
                self._interrupted = 1
        while self._interrupted < self._stop.level:
            self._interrupted += 1
            self._interrupt(pid)
            if self._interrupted == 2:
                self._kill_at = min(self._kill_at or now + FORCED, now + FORCED)
        if self._kill_at is not None and now >= self._kill_at:
            kill_session(pid)
            self._kill_at = now + FORCED

    def _interrupt(self, pid: int) -> None:
        """Not by us and then by the watchdog too: many a program takes the second one for an order to drop all."""
        if self._watchdog:
            self._watchdog.leave(pid)
        send(pid, signal.SIGINT)

    def _turn(self, child: subprocess.Popen[bytes], patience: float | None) -> bool:
        """One round of reading and writing; whether anything happened."""
        events = self._selector.select(patience)
        for key, _ in events:
            if key.data == "stdin":
                self._write(child)
            elif key.data == "wake":
                os.read(key.fd, 4096)
            elif key.data in self._streams:
                self._read(key.fd, key.data)
        return bool(events)

    def _write(self, child: subprocess.Popen[bytes]) -> None:
        pipe = child.stdin
        assert pipe is not None
        try:
            self._pending = self._pending[os.write(pipe.fileno(), self._pending[: 1 << 16]) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._pending = self._pending[:0]  # it did not want to hear all of it
        if not self._pending:
            self._selector.unregister(pipe)
            _shut(pipe)

    def _read(self, end: int, name: str) -> None:
        try:
            chunk = os.read(end, 1 << 18)
        except BlockingIOError:
            return
        if not chunk:
            self._selector.unregister(end)
            return
        self._keep(name, chunk)
        self._streams[name].take(chunk)

    def _keep(self, name: str, chunk: bytes) -> None:
        if name == "stderr":
            self._stderr.append(chunk)
            while len(self._stderr) > 1 and sum(map(len, self._stderr)) - len(self._stderr[0]) >= STDERR_KEPT:
                self._stderr.popleft()
            return
        room = self._command.limit - len(self._stdout)
        self._stdout += chunk[:room]
        self._truncated |= len(chunk) > room

    # --------------------------------------------------------------------------------------------------- ending

    def _abandon(self, child: subprocess.Popen[bytes]) -> None:
        """Our own code failed: the child is asked once, waited for as long as `grace`, and killed."""
        self._interrupt(child.pid)
        until = time.monotonic() + self._command.grace
        while not has_ended(child) and time.monotonic() < until and self._stop.level < 2:
            time.sleep(POLL)

    def _end(self, child: subprocess.Popen[bytes]) -> None:
        forced = self._interrupted > 0 or not has_ended(child)
        # Before it is reaped: as long as it is a zombie, nobody else can get its number.
        kill_session(child.pid) if forced else kill_group(child.pid)
        if self._watchdog:
            self._watchdog.leave(child.pid)
        child.wait()
        if child.stdin is not None:
            _shut(child.stdin)
        until = time.monotonic() + DRAIN
        while any(key.data in self._streams for key in self._selector.get_map().values()):
            if not self._turn(child, SILENCE) or time.monotonic() > until:
                break  # a process that left our session holds the pipe
        for stream in self._streams.values():
            stream.end()


def _poke(end: int) -> None:
    with contextlib.suppress(OSError):
        os.write(end, b"!")


def _shut(pipe: IO[bytes]) -> None:
    with contextlib.suppress(OSError):
        pipe.close()
