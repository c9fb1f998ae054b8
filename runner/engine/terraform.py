"""Conducts Terraform and OpenTofu: python-terraform builds the argument lists, kit.process runs them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from runner.diagnostics import Diagnostic, Severity
from runner.engine import Applied, Listener, PlanOptions, StateContents, Workspace
from runner.engine.child import ProviderSources
from runner.engine.discovery import EngineProgram
from runner.engine.plan_size import refuse_large
from runner.engine.plugin_cache import held, holds_all, needs_providers
from runner.engine.terraform_command import Arguments, TerraformCommands
from runner.engine.terraform_install import install_modules, state_needs_init
from runner.engine.terraform_modules import modules_digest
from runner.engine.terraform_plan import planned_of
from runner.engine.terraform_planfile import check_made_of
from runner.engine.terraform_progress import Progress
from runner.engine.terraform_state import contents_of, facts_of, outputs_of, renumbered
from runner.errors import Interrupted, LeaseHeld, RunnerError, TargetFailed
from runner.kit.private_files import create_file
from runner.kit.process import Stop
from runner.model.change import Output
from runner.model.code_files import LOCK_FILE
from runner.model.plan import Planned, StateFacts
from runner.model.stack import EngineIdentity, EngineName

STATE_FILE = "terraform.tfstate"
_EPHEMERAL = re.compile(rb"^\s*ephemeral\s*=\s*true", re.MULTILINE)


class TerraformEngine:
    """Terraform or OpenTofu, one version; see `runner.engine.Engine`. In `work.scratch` stand the saved plan
    (`plan.tfplan`), the inputs (`inputs.tfvars.json`), HOME and the CLI configuration."""

    def __init__(self, program: EngineProgram, providers: ProviderSources | None = None) -> None:
        self._identity = program.identity
        self._commands = TerraformCommands(program.argv, providers or ProviderSources())

    @property
    def identity(self) -> EngineIdentity:
        """See Engine."""
        return self._identity

    def prepare(self, work: Workspace, stop: Stop, listen: Listener) -> None:
        """See Engine."""
        _place_state(work)
        state = work.backend.file
        if work.modules is None or state is None or state_needs_init(state):
            self._init(work, stop, listen)
        else:
            install_modules(work.directory, work.modules)
        if work.backend.file is not None:
            _check_backend_is_ours(work.directory)
        elif work.backend.workspace:
            self._select_workspace(work, stop)

    def modules(self, work: Workspace) -> str:
        """See Engine."""
        return modules_digest(work.directory)

    def plan(self, work: Workspace, options: PlanOptions, stop: Stop, listen: Listener) -> Planned:
        """See Engine. Without the backend's own lock: it would end with this command, and so guard nothing of what
        comes between plan and apply. Our lease does, `apply` takes the lock, and the engine refuses there a saved plan
        whose state has moved. So a preview writes nothing, and waits for nobody."""
        progress = Progress(work, listen)
        arguments = Arguments(
            flags=[
                "json",
                *(["destroy"] if options.destroy else []),
                *(["refresh-only"] if options.refresh_only else []),
            ],
            options={
                "out": str(_plan_file(work)),
                "input": False,
                "lock": False,
                **({} if options.refresh else {"refresh": False}),
                "target": list(options.targets),
                "replace": list(options.replace),
            },
            more=(*work.arguments.get("plan", ()), "-detailed-exitcode", *_var_files(work)),
        )
        done = self._commands.run(work, "plan", arguments, stop, progress.line)
        if done.code not in (0, 2):
            raise self._commands.failure(work, "plan", done, stop, progress.diagnostics)
        shown = self._commands.run(
            work, "show", Arguments(flags=["json"], positional=[str(_plan_file(work))]), stop
        )
        if shown.code != 0 or shown.truncated:
            raise self._commands.failure(work, "show", shown, stop)
        refuse_large(work, len(shown.stdout))
        return planned_of(
            shown.stdout,
            exit_changed=done.code == 2,
            diagnostics=[each for each in progress.diagnostics if each.severity is not Severity.ERROR],
            fingerprint=options.fingerprint,
            clean=work.redactor.json,
        )

    def shown(self, work: Workspace, stop: Stop) -> str:
        """See Engine."""
        arguments = Arguments(flags=["no-color"], positional=[str(_plan_file(work))])
        done = self._commands.run(work, "show", arguments, stop)
        if done.code != 0:
            raise self._commands.failure(work, "show", done, stop)
        return work.redactor.text(done.stdout.decode("utf-8", "replace"))

    def apply(self, work: Workspace, stop: Stop, listen: Listener) -> Applied:
        """See Engine. Raises Denied, before anything is started, for a plan that was not made of this directory."""
        tofu = self._identity.name is EngineName.OPENTOFU
        check_made_of(_plan_file(work), work.directory, tofu=tofu)
        progress = Progress(work, listen)
        arguments = Arguments(
            flags=["json"],
            options={"input": False},
            more=(*work.arguments.get("apply", ()), *(_var_files(work) if _has_ephemeral(work) else ())),
            outlives_us=True,
            positional=[str(_plan_file(work))],
        )
        try:
            done = self._commands.run(work, "apply", arguments, stop, progress.line)
        except RunnerError as problem:
            return progress.applied(ok=False, stopped=isinstance(problem, Interrupted), because=str(problem))
        if done.code == 0:
            return progress.applied(ok=True, stopped=done.stopped, because="")
        failure = self._commands.failure(work, "apply", done, stop, progress.diagnostics)
        applied = progress.applied(ok=False, stopped=done.stopped, because=str(failure))
        return replace(applied, locked=failure.diagnostics[0]) if isinstance(failure, LeaseHeld) else applied

    def outputs(self, work: Workspace, stop: Stop) -> Mapping[str, Output]:
        """See Engine."""
        done = self._commands.run(work, "output", Arguments(flags=["json", "no-color"]), stop)
        if done.code != 0:
            raise self._commands.failure(work, "output", done, stop)
        return outputs_of(done.stdout)

    def state(self, work: Workspace, stop: Stop) -> bytes:
        """See Engine."""
        if work.backend.file is not None:
            return work.backend.file.read_bytes() if work.backend.file.is_file() else b""
        done = self._commands.run(work, "state pull", Arguments(), stop)
        if done.code != 0:
            raise self._commands.failure(work, "state pull", done, stop)
        return done.stdout if done.stdout.strip() else b""

    def push(self, work: Workspace, state: Path, stop: Stop, *, force: bool) -> None:
        """See Engine."""
        arguments = Arguments(flags=["no-color", *(["force"] if force else [])], positional=[str(state)])
        done = self._commands.run(work, "state push", arguments, stop)
        if done.code != 0:
            raise self._commands.failure(work, "state push", done, stop)

    def execute(self, work: Workspace, arguments: Sequence[str], stop: Stop) -> int:
        """See Engine. `arguments` are the engine's own, without the program's name."""
        return self._commands.on_terminal(work, arguments, stop)

    def facts(self, state: bytes) -> StateFacts:
        """See Engine."""
        return facts_of(state)

    def contents(self, state: bytes, passphrase: str = "") -> StateContents:
        """See Engine. No passphrase opens anything: what Terraform marks as sensitive is plain in its state."""
        del passphrase
        return contents_of(state)

    def renumbered(self, state: bytes, serial: int) -> bytes:
        """See Engine."""
        return renumbered(state, serial)

    def settled(self, state: bytes) -> bytes:
        """See Engine: it names nothing as pending."""
        return state

    def is_export(self, state: bytes) -> bool:
        """See Engine: there is one form."""
        return False

    # ---------------------------------------------------------------------------------------------------- init

    def _init(self, work: Workspace, stop: Stop, listen: Listener) -> None:
        locked = (work.directory / LOCK_FILE).is_file()
        arguments = Arguments(
            flags=["no-color", "reconfigure"],
            options={
                "input": False,
                **({"lockfile": "readonly"} if locked else {}),
                "backend_config": list(work.backend.config),
            },
            more=work.arguments.get("init", ()),
        )
        if work.cache is None or not needs_providers(work.root):
            self._init_once(work, arguments, stop, listen)
            return
        variables = {"TF_PLUGIN_CACHE_DIR": str(work.cache)}
        if not locked:  # nothing in the code says which hashes are right, so the cache may say it
            variables["TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE"] = "1"
        arguments = replace(arguments, variables=variables)
        with held(work.cache, stop, alone=not holds_all(work.cache, work.directory / LOCK_FILE)):
            self._init_once(work, arguments, stop, listen)

    def _init_once(self, work: Workspace, arguments: Arguments, stop: Stop, listen: Listener) -> None:
        progress = Progress(work, listen)
        done = self._commands.run(work, "init", arguments, stop, progress.line)
        if done.code != 0:
            raise self._commands.failure(work, "init", done, stop)

    def _select_workspace(self, work: Workspace, stop: Stop) -> None:
        name = work.backend.workspace
        chosen = work.directory / ".terraform" / "environment"
        if (chosen.read_text().strip() if chosen.is_file() else "default") == name:
            return
        arguments = Arguments(flags=["no-color"], positional=[name])
        if self._commands.run(work, "workspace select", arguments, stop).code == 0:
            return
        done = self._commands.run(work, "workspace new", arguments, stop)
        if done.code != 0:
            raise self._commands.failure(work, "workspace new", done, stop)


def _plan_file(work: Workspace) -> Path:
    return work.scratch / "plan.tfplan"


def _var_files(work: Workspace) -> tuple[str, ...]:
    """`-var-file` options, ours last: on the command line it beats every `*.auto.tfvars`."""
    files = list(work.var_files)
    if work.inputs:
        inputs = work.scratch / "inputs.tfvars.json"
        inputs.unlink(missing_ok=True)
        create_file(inputs, json.dumps(dict(work.inputs)).encode())
        files.append(inputs)
    return tuple(f"-var-file={file}" for file in files)


def _has_ephemeral(work: Workspace) -> bool:
    """Whether a variable may be ephemeral: its value is not in the saved plan, and has to be given again."""
    files = (
        file for pattern in ("*.tf", "*.tofu") for file in work.directory.glob(pattern) if file.is_file()
    )
    return any(_EPHEMERAL.search(file.read_bytes()) for file in files)


def _place_state(work: Workspace) -> None:
    """The local backend's own place leads to our state file."""
    place = work.directory / STATE_FILE
    if work.backend.file is None or work.backend.file == place or place.is_symlink():
        return
    if place.exists():
        message = f"a state file lies beside the code: {place.name}"
        raise TargetFailed(
            Diagnostic(code="state-beside-code", message=message, hint="`runner state migrate` takes it over")
        )
    place.symlink_to(work.backend.file)


def _check_backend_is_ours(directory: Path) -> None:
    """After init, a configured backend stands in `.terraform`; ours is the default one, which leaves nothing."""
    chosen = directory / ".terraform" / STATE_FILE
    if not chosen.is_file():
        return
    backend = json.loads(chosen.read_bytes()).get("backend") or {}
    if backend:
        kind = backend.get("type")
        message = f"the code keeps its state in a `{kind}` backend, and the environment's `state:` elsewhere"
        raise TargetFailed(
            Diagnostic(
                code="state-two-places", message=message, hint="remove one of them, or `runner state migrate`"
            )
        )
