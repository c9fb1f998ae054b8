"""Conducts Pulumi: its Automation API makes the commands, kit.process runs them, its event log says what happened.

A program runs again at apply, so there is no saved plan to carry out: what was shown is kept, the preview is made
again, and an apply begins only where both say the same.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from runner.decisions.digests import changes_form, outputs_form
from runner.engine import Applied, EngineEvent, EngineLock, Listener, PlanOptions, StateContents, Workspace
from runner.engine.child import ProviderSources
from runner.engine.discovery import EngineProgram
from runner.engine.pulumi_command import LoggedStack, OwnWorkspace, PulumiThroughKit
from runner.engine.pulumi_conducted import Conducted, carried_out, installed, previewed, sealing_of
from runner.engine.pulumi_crypter import opener_of
from runner.engine.pulumi_locks import Backend, OpenBucket, locks_of, remove
from runner.engine.pulumi_plan import Preview, planned_of
from runner.engine.pulumi_progress import Progress
from runner.engine.pulumi_project import (
    Project,
    configuration_key,
    place_checkpoint,
    project_of,
    write_settings,
)
from runner.engine.pulumi_referred import place_referred
from runner.engine.pulumi_state import contents_of, facts_of, is_export, renumbered, salt_of, settled
from runner.errors import Denied, Interrupted, LeaseHeld, RunnerError
from runner.kit import canonical
from runner.kit.private_files import replace_file
from runner.kit.process import Stop
from runner.model.change import Output
from runner.model.plan import Planned, StateFacts
from runner.model.references import Json
from runner.model.stack import EngineIdentity

APPROVED = "approved.json"
UPDATE_PLAN = "update-plan.json"


class PulumiEngine:
    """Pulumi, one version; see `runner.engine.Engine`. In `work.scratch` stand the event logs, what was shown
    (`approved.json`), the update plan, PULUMI_HOME and, with a state of ours, the backend of files."""

    def __init__(
        self,
        program: EngineProgram,
        providers: ProviderSources | None = None,
        bucket: OpenBucket | None = None,
    ) -> None:
        del providers  # Terraform's word: plugins of Pulumi come from where the program names them
        self._program = program
        self._bucket = bucket

    @property
    def identity(self) -> EngineIdentity:
        """See Engine."""
        return self._program.identity

    def prepare(self, work: Workspace, stop: Stop, listen: Listener) -> None:
        """See Engine. Makes the stack where our own backend has none yet."""
        now = self._conducted(work, stop)
        project = now.project
        if work.backend.file is not None:
            place_checkpoint(project, work.backend.file)
            place_referred(
                project, work.referred, passphrase=now.command.sealing, version=self.identity.version
            )
        standing = b"" if work.backend.file is None else _kept(project)
        given = {name: value for name, value in work.inputs.items() if value is not None}
        sealed = {
            name
            for name in given
            if name in work.secret_inputs or configuration_key(project, name) in project.secret
        }
        salt, seal = sealing_of(now, standing) if sealed else (salt_of(standing), None)
        values = {name: value for name, value in given.items() if name not in sealed}
        if seal:
            values |= {name: {"secure": seal(_text(given[name]))} for name in sealed}
        write_settings(project, salt, values)
        if work.backend.file is not None and not standing:
            now.ran("stack init", lambda: now.stack.workspace.create_stack(project.stack))
        for name in () if seal else sorted(sealed):
            _configure(now, name, _text(given[name]))
        if work.modules is None:
            installed(now, self.identity.version, listen)

    def modules(self, work: Workspace) -> str:
        """See Engine. None: what a program needs is fetched by its own language's tool, by what its code pins."""
        del work
        return ""

    def plan(self, work: Workspace, options: PlanOptions, stop: Stop, listen: Listener) -> Planned:
        """See Engine. Nothing is locked: the apply makes the preview again."""
        now = self._conducted(work, stop)
        update_plan = work.scratch / UPDATE_PLAN
        log = previewed(
            now, options, work.scratch / "plan.jsonl", update_plan, Progress(work, _only_words(listen)).line
        )
        read = _reading(now, options, log, update_plan)
        _keep_approved(work, options, read)
        replace_file(work.scratch / "plan.txt", now.command.done.stdout if now.command.done else b"")
        return planned_of(replace(read, fingerprint=options.fingerprint))

    def shown(self, work: Workspace, stop: Stop) -> str:
        """See Engine."""
        del stop
        return work.redactor.text((work.scratch / "plan.txt").read_text("utf-8", "replace"))

    def apply(self, work: Workspace, stop: Stop, listen: Listener) -> Applied:
        """See Engine."""
        progress = Progress(work, listen)
        before, begun = 0, False
        now = self._conducted(work, stop)
        try:
            before = facts_of(_state(now)).serial
            options = _still_as_approved(now)
            now.command.outlives_us = True
            now.command.on_start = lambda process: listen(
                EngineEvent(kind="process", text="", id=str(process))
            )
            now.stack.begin(work.scratch / "apply.jsonl", progress.line)
            begun = True
            held_to = work.scratch / UPDATE_PLAN if work.constrained else None
            now.ran("up", lambda: carried_out(now, options, held_to))
        except RunnerError as problem:
            if isinstance(problem, Denied) and not begun:
                raise
            stopped, held = isinstance(problem, Interrupted), isinstance(problem, LeaseHeld)
            applied = progress.applied(ok=False, stopped=stopped, because=str(problem))
            return replace(applied, locked=problem.diagnostics[0]) if held else applied
        finally:
            _keep_rising(now, before)
        done = now.command.done
        return progress.applied(ok=True, stopped=bool(done and done.stopped), because="")

    def outputs(self, work: Workspace, stop: Stop) -> Mapping[str, Output]:
        """See Engine."""
        now = self._conducted(work, stop)
        contents = contents_of(_state(now), now.command.opening)
        if not contents.sealed:
            return contents.outputs
        arguments = ["stack", "output", "--json", "--show-secrets", "--stack", now.project.stack]
        told: Json = json.loads(now.ran("stack output", lambda: now.command.answered(arguments, {})).stdout)
        plain = told if isinstance(told, dict) else {}
        opened = {name: Output(value=plain.get(name), sensitive=True) for name in contents.sealed}
        return {**contents.outputs, **opened}

    def state(self, work: Workspace, stop: Stop) -> bytes:
        """See Engine."""
        return _state(self._conducted(work, stop))

    def push(self, work: Workspace, state: Path, stop: Stop, *, force: bool) -> None:
        """See Engine."""
        now = self._conducted(work, stop)
        arguments = ["stack", "import", "--file", str(state), *(["--force"] if force else [])]
        now.ran("stack import", lambda: now.command.answered([*arguments, "--stack", now.project.stack], {}))

    def execute(self, work: Workspace, arguments: Sequence[str], stop: Stop) -> int:
        """See Engine. `arguments` are the engine's own, without the program's name; the stack is chosen for them."""
        return self._conducted(work, stop).command.on_terminal(list(arguments))

    def locks(self, work: Workspace, stop: Stop) -> tuple[EngineLock, ...]:
        """See LockKeeper. A backend of ours is private to its run, and its locks are no one else's."""
        now = self._conducted(work, stop)
        return locks_of(now.project, self._backend(now))

    def unlock(self, work: Workspace, lock: EngineLock, stop: Stop) -> bool:
        """See LockKeeper."""
        now = self._conducted(work, stop)
        return remove(now.project, self._backend(now), lock)

    def facts(self, state: bytes) -> StateFacts:
        """See Engine."""
        return facts_of(state)

    def contents(self, state: bytes, passphrase: str = "") -> StateContents:
        """See Engine."""
        return contents_of(state, passphrase)

    def renumbered(self, state: bytes, serial: int) -> bytes:
        """See Engine."""
        return renumbered(state, serial)

    def settled(self, state: bytes) -> bytes:
        """See Engine."""
        return settled(state)

    def is_export(self, state: bytes) -> bool:
        """See Engine."""
        return is_export(state)

    def _backend(self, now: Conducted) -> Backend:
        return Backend(url=now.command.backend, variables=now.work.environment, bucket=self._bucket)

    def _conducted(self, work: Workspace, stop: Stop) -> Conducted:
        project = project_of(work)
        command = PulumiThroughKit(self._program, work, project, stop)
        workspace = OwnWorkspace(work_dir=str(work.directory), pulumi_command=command)
        stack = LoggedStack(project.stack, workspace, command)
        return Conducted(work=work, project=project, command=command, stack=stack, stop=stop)


def _reading(now: Conducted, options: PlanOptions, log: bytes, update_plan: Path) -> Preview:
    state, passphrase = _state(now), now.command.opening
    return Preview(
        log=log,
        update_plan=update_plan.read_bytes() if update_plan.is_file() else b"",
        opener=opener_of(salt_of(state), passphrase),
        live=contents_of(state, passphrase).outputs,
        clean=now.work.redactor.json,
        refresh_only=options.refresh_only,
    )


# ------------------------------------------------------------------------------------------------ what was approved


def _keep_approved(work: Workspace, options: PlanOptions, read: Preview) -> None:
    """Writes down what was shown: secrets count by an HMAC under a key of this workspace alone."""
    key = secrets.token_hex(32)
    approved: dict[str, Json] = {
        "key": key,
        "digest": _digest(read, key),
        "destroy": options.destroy,
        "refresh": options.refresh,
        "refresh_only": options.refresh_only,
        "targets": list(options.targets),
        "replace": list(options.replace),
    }
    replace_file(work.scratch / APPROVED, json.dumps(approved).encode())


def _still_as_approved(now: Conducted) -> PlanOptions:
    """Makes the preview again; how to apply it, where it says what was shown. Denied where it does not."""
    approved = json.loads((now.work.scratch / APPROVED).read_bytes())
    options = PlanOptions(
        destroy=approved["destroy"],
        refresh=approved["refresh"],
        refresh_only=approved["refresh_only"],
        targets=tuple(approved["targets"]),
        replace=tuple(approved["replace"]),
    )
    update_plan = now.work.scratch / "again-plan.json"
    log = previewed(now, options, now.work.scratch / "again.jsonl", update_plan, None)
    if _digest(_reading(now, options, log, update_plan), approved["key"]) != approved["digest"]:
        raise Denied.of(
            "preview-differs",
            "the program was previewed again before the apply, and would now change something else than was shown",
            hint="preview it again; what a program reads outside of its code and inputs makes it differ",
        )
    return options


def _digest(read: Preview, key: str) -> str:
    planned = planned_of(
        replace(read, fingerprint=lambda value: hmac.new(bytes.fromhex(key), value, "sha256").hexdigest())
    )
    drift = changes_form(planned.drift)
    return canonical.digest(
        [changes_form(planned.changes), outputs_form(planned.outputs), drift, planned.changed]
    )


# ------------------------------------------------------------------------------------------------------------ state


def _state(now: Conducted) -> bytes:
    if now.work.backend.file is not None:
        return _kept(now.project)
    arguments = ["stack", "export", "--show-secrets", "--stack", now.project.stack]
    return now.ran("stack export", lambda: now.command.answered(arguments, {})).stdout.encode()


def _kept(project: Project) -> bytes:
    return project.checkpoint.read_bytes() if project.checkpoint.is_file() else b""


def _keep_rising(now: Conducted, before: int) -> None:
    """The serial is a moment: where this machine's clock is behind the one that wrote last, it is put right."""
    if now.work.backend.file is None:
        return
    state = _kept(now.project)
    if state and before and facts_of(state).serial < before:
        replace_file(now.project.checkpoint, renumbered(state, before + 1))


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _configure(now: Conducted, name: str, text: str) -> None:
    """A secret that only the engine can seal (by a key of a cloud) goes to it on its standard input, one after another:
    arguments, which `config set-all` wants, are seen by everybody on the machine."""
    key = configuration_key(now.project, name)
    arguments = ["config", "set", key, "--secret", "--stack", now.project.stack]
    now.ran("config set", lambda: now.command.answered(arguments, {}, given=text.encode() + b"\n"))


def _only_words(listen: Listener) -> Listener:
    """A preview starts and completes nothing."""

    def told(event: EngineEvent) -> None:
        listen(replace(event, kind="message"))

    return told
