"""One command of Pulumi: the Automation API makes its arguments, `kit.process` runs it.

What the Automation API does by itself is taken from it where it would do harm: it starts processes in our own session
with all of our environment, has `stack select` write to a file that all stacks share, and takes events on a port that
anybody on the machine may write to.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace
from pulumi.automation import (
    CommandResult,
    EngineEvent,
    LocalWorkspace,
    PulumiCommand,
    Stack,
    SummaryEvent,
    UpdateSummary,
)
from pulumi.automation._cmd import OnOutput
from pulumi.automation._stack import OnEvent, StackInitMode
from pulumi.automation.errors import create_command_error
from semver import VersionInfo

from runner.diagnostics import Diagnostic
from runner.engine import Workspace
from runner.engine.child import pulumi_variables
from runner.engine.discovery import EngineProgram
from runner.engine.pulumi_install import cache_variables, running, trusted
from runner.engine.pulumi_plan import errors_in, violations_in
from runner.engine.pulumi_project import Project, own_encryption
from runner.engine.pulumi_words import reason_in
from runner.errors import Denied, Interrupted, RunnerError, TargetFailed
from runner.kit.process import Command, Completed, OnStart, Stop, run
from runner.kit.short_place import short_name

OnEventLine = Callable[[bytes], None]
_UNKNOWN_STACK = "unknown stack "
LOOK_EVERY = 0.1  # seconds between looks at the event log


class PulumiThroughKit(PulumiCommand):
    """Runs the commands of one workspace; not for two threads. `done` is how the last one ended."""

    def __init__(self, program: EngineProgram, work: Workspace, project: Project, stop: Stop) -> None:
        # Not the parent's: it asks the program for its version in a process of its own, with our environment.
        self.command = program.argv[0]
        self.version = VersionInfo.parse(program.identity.version.removeprefix("v"))
        self.done: Completed | None = None
        self.outlives_us = False
        self.log: Path | None = None
        self.on_line: OnEventLine | None = None
        self.on_start: OnStart | None = None
        self._work = work
        self._project = project
        self._stop = stop
        kept = None if work.cache is None else trusted(work.cache, work.trust) / "plugins"
        self._variables = {**pulumi_variables(work.scratch, kept), **cache_variables(work)}

    @property
    def opening(self) -> str:
        """The passphrase that opens the stack's secrets, as far as it is ours to know."""
        if self._ours:
            return self._work.passphrase
        if file := self._work.environment.get("PULUMI_CONFIG_PASSPHRASE_FILE"):
            return Path(file).read_text("utf-8", "replace").strip() if Path(file).is_file() else ""
        return self._work.environment.get("PULUMI_CONFIG_PASSPHRASE", "")

    @property
    def sealing(self) -> str:
        """The passphrase with which the engine opens what we put beside the stack; ours where its user has none."""
        return self.opening or self._work.passphrase

    @property
    def backend(self) -> str:
        """The URL of the backend in which the stack is; empty for the one that nobody named."""
        return self._project.url or self._work.environment.get("PULUMI_BACKEND_URL", "")

    @property
    def _ours(self) -> bool:
        return self._work.backend.file is not None and not own_encryption(self._project)

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: OnOutput | None = None,
        on_error: OnOutput | None = None,
    ) -> CommandResult:
        """See PulumiCommand. Raises Interrupted when a stop was requested before it began."""
        return self.answered(args, additional_env)

    def answered(
        self,
        args: list[str],
        additional: Mapping[str, str],
        *,
        given: bytes = b"",
        only: Mapping[str, str] | None = None,
        directory: Path | None = None,
    ) -> CommandResult:
        """Runs it with `given` on its standard input, with `only` for the workspace's environment where that is given,
        in the stack's own directory unless another is named. CommandError when it fails."""
        if self._stop.level:
            raise interrupted(args[0], self._stop)
        environment = self.environment(additional, only)
        with short_name(Path(environment["TMPDIR"])) as temporary, _Followed(self.log, self.on_line):
            command = Command(
                argv=[self.command, "--non-interactive", *args],
                cwd=directory or self._work.directory,
                environment={**environment, "TMPDIR": str(temporary)},
                timeout=self._work.timeout,
                input=given,
                descriptors=self._work.descriptors,
                outlives_us=self.outlives_us,
            )
            self.done = run(command, stop=self._stop, on_start=self.on_start)
        result = CommandResult(
            stdout=self.done.stdout.decode("utf-8", "replace"),
            stderr=self.done.stderr.decode("utf-8", "replace"),
            code=self.done.code,
        )
        if result.code != 0:
            raise create_command_error(result)
        return result

    def on_terminal(self, arguments: list[str]) -> int:
        """Runs the user's own arguments on our terminal; its exit code."""
        environment = self.environment({}, None)
        with short_name(Path(environment["TMPDIR"])) as temporary:
            command = Command(
                argv=[self.command, *arguments],
                cwd=self._work.directory,
                environment={**environment, "TMPDIR": str(temporary)},
                descriptors=self._work.descriptors,
                terminal=True,
            )
            return run(command, stop=self._stop).code

    def environment(self, additional: Mapping[str, str], only: Mapping[str, str] | None) -> dict[str, str]:
        """All that the child gets; with `only`, nothing that opens anything."""
        given = running(self._work.environment) if only is None else only
        made = {**given, **additional, **self._variables, "PULUMI_STACK": self._project.stack}
        # Its language hosts lie beside it.
        made["PATH"] = os.pathsep.join([str(Path(self.command).parent), given.get("PATH", os.defpath)])
        if only is not None:
            return made
        if self._project.url:
            made["PULUMI_BACKEND_URL"] = self._project.url
        if self._ours:
            assert self._work.passphrase, "nothing would be sealed"
            made.pop("PULUMI_CONFIG_PASSPHRASE_FILE", None)
            made["PULUMI_CONFIG_PASSPHRASE"] = self._work.passphrase
        elif self._work.referred and not self.opening and "PULUMI_CONFIG_PASSPHRASE" not in made:
            made["PULUMI_CONFIG_PASSPHRASE"] = self.sealing  # its own stack is sealed by a key of a cloud
        return made

    def locked(self) -> Diagnostic:
        """Who has the backend's own lock, as the last command said."""
        said = self._work.redactor.text((self.done.stderr if self.done else b"").decode("utf-8", "replace"))
        who = [line.strip() for line in said.splitlines() if "created by" in line]
        return Diagnostic(
            code="engine-locked",
            message=f"the stack is locked: {'; '.join(who) or said.strip()}",
            hint="wait for it; if nobody works there any more: the engine's `cancel`",
        )

    def failure(self, verb: str, stop: Stop) -> RunnerError:
        """The exception for the last command, which did not succeed, redacted."""
        done, redactor = self.done, self._work.redactor
        if done is None or done.stopped:
            return interrupted(verb, stop)
        if done.timed_out:
            message = f"`{verb}` was interrupted after {self._work.timeout:g} seconds"
            return TargetFailed.of("engine-timed-out", message, hint="`timeout:` in stack.yaml")
        log = self.log.read_bytes() if self.log and self.log.is_file() else b""
        if violations := violations_in(redactor.bytes(log)):
            return Denied(violations)
        if errors := errors_in(redactor.bytes(log)):
            return TargetFailed([_with_way_out(each) for each in errors])
        told = (done.stderr or done.stdout)[-(1 << 16) :]
        reason = reason_in(redactor.text(told.decode("utf-8", "replace")))
        return TargetFailed.of("engine-said", f"`{verb}` ended with exit code {done.code}: {reason}")


class OwnWorkspace(LocalWorkspace):
    """A project's directory. Nothing is ever selected, and nobody is asked what an apply left behind: the state is."""

    def select_stack(self, stack_name: str) -> None:
        """Does nothing: every command names its stack."""

    def create_stack(self, stack_name: str) -> None:
        """Makes the stack without selecting it."""
        self.pulumi_command.run(["stack", "init", stack_name, "--no-select"], self.work_dir, self.env_vars)

    def stack_outputs(self, stack_name: str) -> dict[str, object]:  # type: ignore[override]
        """None: two processes less for each apply."""
        return {}


class LoggedStack(Stack):
    """A stack whose event log is a file."""

    def __init__(self, name: str, workspace: OwnWorkspace, command: PulumiThroughKit) -> None:
        super().__init__(name, workspace, StackInitMode.SELECT)
        self._command = command
        self._told: OnEvent | None = None

    def begin(self, log: Path, on_line: OnEventLine | None) -> None:
        """Where the next operation's events go, and who is told each line as it comes."""
        log.unlink(missing_ok=True)
        self._command.log, self._command.on_line = log, on_line

    def _setup_event_log(
        self, command: str, on_event: OnEvent, pulumi_version: str
    ) -> tuple[str, None, None, None, None]:
        # Instead of a server on a port. A preview that was told of no summary is taken for failed, so it is told of
        # one; whether there was one is read in the log.
        on_event(EngineEvent(0, 0, summary_event=SummaryEvent(False, 0, {}, {})))
        return str(self._command.log), None, None, None, None

    def history(
        self, page_size: int | None = None, page: int | None = None, show_secrets: bool = True
    ) -> list[UpdateSummary]:
        """Nothing that was asked of the backend: an apply wants to see its own line in it, and would fail without."""
        return [UpdateSummary("", datetime.now(UTC), "", {}, {}, "")]


def _with_way_out(problem: Diagnostic) -> Diagnostic:
    if _UNKNOWN_STACK not in problem.message:
        return problem
    hint = (
        "by its name a program finds the targets of this repository that are live, where it keeps no backend of its "
        "own; any other gives its value as an input: `${stack.output}`"
    )
    return replace(problem, code="stack-reference-unknown", hint=hint)


def interrupted(verb: str, stop: Stop) -> Interrupted:
    """The exception for what a stop ended."""
    because = f": {stop.because}" if stop.because else ""
    return Interrupted(Diagnostic(code="engine-interrupted", message=f"`{verb}` was interrupted{because}"))


class _Followed:
    """Reads a file that another process is writing, line by line, until the block ends, and then the rest of it."""

    def __init__(self, file: Path | None, on_line: OnEventLine | None) -> None:
        self._file, self._on_line = file, on_line
        self._ended = threading.Event()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="event-log")
        self._following: Future[None] | None = None
        self._place = 0
        self._rest = b""

    def __enter__(self) -> None:
        if self._file is not None and self._on_line is not None:
            self._following = self._pool.submit(self._follow)

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        with self._pool:
            if self._following is not None:
                self._following.result()  # what went wrong in the listener goes wrong here
                self._look()

    def _follow(self) -> None:
        while not self._ended.wait(LOOK_EVERY):
            self._look()

    def _look(self) -> None:
        assert self._file is not None
        assert self._on_line is not None
        try:
            with self._file.open("rb") as file:
                file.seek(self._place)
                more = file.read()
        except FileNotFoundError:
            return
        self._place += len(more)
        *lines, self._rest = (self._rest + more).split(b"\n")
        for line in lines:
            self._on_line(line)
