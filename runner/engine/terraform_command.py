"""One command of Terraform or OpenTofu: its arguments, its run, and what its failure means."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from msgspec import Struct, field
from python_terraform import IsFlagged, Terraform

from runner.diagnostics import Diagnostic, Severity
from runner.engine import Workspace
from runner.engine.child import ProviderSources, engine_variables
from runner.engine.terraform_events import diagnostics_in, lock_in
from runner.engine.terraform_progress import located, stack_directory
from runner.errors import Interrupted, LeaseHeld, RunnerError, TargetFailed
from runner.kit.process import Command, Completed, OnLine, Stop, run
from runner.kit.short_place import short_name

PROVIDERS = Path(".terraform/providers")
"""Where `init` puts them."""

Value: TypeAlias = str | bool | list[str]


class Arguments(Struct, frozen=True, kw_only=True):
    """`flags` (`json`), `options` (`-name=value`, a list repeats it), `more` (the user's, as is), `positional`;
    `variables` are added to the environment, `outlives_us` as in Command."""

    flags: Sequence[str] = ()
    options: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))
    more: Sequence[str] = ()
    positional: Sequence[str] = ()
    variables: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    outlives_us: bool = False


class TerraformCommands:
    """Runs commands of one program."""

    def __init__(self, argv: tuple[str, ...], providers: ProviderSources) -> None:
        self._argv = argv
        self._providers = providers
        # Its constructor reads a state in its working directory: there is none in this one.
        self._builder = Terraform(working_dir=os.devnull, terraform_bin_path=argv[0])

    def argv(self, verb: str, arguments: Arguments) -> list[str]:
        """The whole command."""
        options = {**dict.fromkeys(arguments.flags, IsFlagged), **arguments.options}
        tail = (*arguments.more, *arguments.positional)
        built: list[str] = self._builder.generate_cmd_string(verb, *tail, **options)
        return [*self._argv, *built[1:]]

    def run(
        self, work: Workspace, verb: str, arguments: Arguments, stop: Stop, on_line: OnLine | None = None
    ) -> Completed:
        """Runs it in the stack's directory; the exit code is the caller's to judge. Raises Interrupted when a stop was
        requested before it began."""
        if stop.level:
            raise _interrupted(verb, stop)
        ours = engine_variables(work.scratch, self._providers)
        if not (work.directory / PROVIDERS).is_dir():
            ours["GOGC"] = "800"  # it costs memory, and no provider adds to that: measured, a tenth less CPU
        with short_name(Path(ours["TMPDIR"])) as temporary:
            command = Command(
                argv=self.argv(verb, arguments),
                cwd=work.directory,
                environment={
                    **work.environment,
                    **ours,
                    **arguments.variables,
                    "TMPDIR": str(temporary),
                },
                timeout=work.timeout,
                descriptors=work.descriptors,
                outlives_us=arguments.outlives_us,
            )
            return run(command, stop=stop, on_line=on_line)

    def on_terminal(self, work: Workspace, arguments: Sequence[str], stop: Stop) -> int:
        """Runs the engine with the user's own arguments on our terminal."""
        environment = {**work.environment, **engine_variables(work.scratch, self._providers)}
        del environment["TF_INPUT"]
        with short_name(Path(environment["TMPDIR"])) as temporary:
            command = Command(
                argv=[*self._argv, *arguments],
                cwd=work.directory,
                environment={**environment, "TMPDIR": str(temporary)},
                descriptors=work.descriptors,
                terminal=True,
            )
            return run(command, stop=stop).code

    def failure(
        self, work: Workspace, verb: str, done: Completed, stop: Stop, told: Sequence[Diagnostic] = ()
    ) -> RunnerError:
        """The exception for a command that did not succeed, redacted."""
        if done.stopped:
            return _interrupted(verb, stop)
        if done.timed_out:
            message = f"`{verb}` was interrupted after {work.timeout:g} seconds"
            return TargetFailed(
                Diagnostic(code="engine-timed-out", message=message, hint="`timeout:` in stack.yaml")
            )
        if done.truncated:
            message = f"what `{verb}` printed is larger than 256 MiB"
            return TargetFailed(Diagnostic(code="engine-output-too-large", message=message))
        errors = self._errors(work, verb, done, told)
        locked = lock_in(errors)
        return LeaseHeld(locked) if locked else TargetFailed(errors)

    def _errors(
        self, work: Workspace, verb: str, done: Completed, told: Sequence[Diagnostic]
    ) -> tuple[Diagnostic, ...]:
        errors = tuple(each for each in told if each.severity is Severity.ERROR)
        if errors:
            return errors
        below = stack_directory(work)
        last = "it said nothing"
        for stream in (done.stdout[-(1 << 16) :], done.stderr):
            text = work.redactor.text(stream.decode("utf-8", "replace"))
            last = next((line.strip() for line in reversed(text.splitlines()) if line.strip()), last)
            found = (located(each, below) for each in diagnostics_in(text))
            errors = tuple(each for each in found if each.severity is Severity.ERROR) or errors
        if errors:
            return errors
        return (Diagnostic(code="engine-said", message=f"`{verb}` ended with exit code {done.code}: {last}"),)


def _interrupted(verb: str, stop: Stop) -> Interrupted:
    because = f": {stop.because}" if stop.because else ""
    return Interrupted(Diagnostic(code="engine-interrupted", message=f"`{verb}` was interrupted{because}"))
