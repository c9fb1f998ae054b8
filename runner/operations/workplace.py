"""A target's place to work in: its closure laid out, its state beside it, its child's environment listed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from runner.decisions.closure import Closure
from runner.decisions.module_tree import module_tree
from runner.decisions.reaching import templated
from runner.diagnostics import Severity
from runner.engine import BackendChoice, Engine, EngineEvent, Workspace
from runner.errors import AskedWrongly
from runner.git.export import export
from runner.git.submodules import export_submodule
from runner.model.change import Output
from runner.model.entry import Deployment
from runner.model.environment import StateBackend, StateSettings
from runner.model.names import TargetName
from runner.model.stack import EngineName, EngineWish
from runner.model.target import Target
from runner.operations.as_applied import where_it_stands
from runner.operations.closures import closure_in
from runner.operations.own_backends import own_backend, resolved_url
from runner.operations.run_directory import WorkPlaces
from runner.operations.session import Session
from runner.operations.state_contents import passphrase_for
from runner.operations.states_in_checkout import link_states
from runner.operations.stores import settings_for
from runner.operations.survey import Survey


class Laid(Struct, frozen=True, kw_only=True):
    """A target laid out on disk. `backend` says where the engine keeps its state."""

    places: WorkPlaces
    closure: Closure
    directory: Path
    backend: BackendChoice


def closure_at(whole: Survey, target: Target) -> Closure:
    """The target's closure in the surveyed tree. AskedWrongly with all that cannot be had."""
    closure = closure_in(whole, target)
    errors = [each for each in closure.diagnostics if each.severity is Severity.ERROR]
    if errors:
        raise AskedWrongly(errors)
    return closure


def laid_out(
    session: Session,
    whole: Survey,
    target: Target,
    *,
    purpose: str = "",
    settings: StateSettings | None = None,
) -> Laid:
    """Lays the closure out in a fresh private directory, without state. `settings`: where its state is, when that is
    not for the configuration to say (it is being moved)."""
    closure = closure_at(whole, target)
    program = target.stack.engine.name is EngineName.PULUMI
    places = session.directory.places(target.name, purpose, fixed=program)
    export(whole.tree, closure.paths, places.tree)
    for name, commit in closure.submodules.items():
        export_submodule(session.bench.tools.repository, name, commit, places.tree / name)
    directory = places.tree / target.stack.directory
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    link_states(session, whole, target, closure, places)
    settings = settings or settings_for(session, target, session.live(target.name))
    elsewhere = settings.backend is StateBackend.AS_WRITTEN
    backend = _backend(session, target, places, directory, elsewhere=elsewhere)
    return Laid(places=places, closure=closure, directory=directory, backend=backend)


def _backend(
    session: Session, target: Target, places: WorkPlaces, directory: Path, *, elsewhere: bool
) -> BackendChoice:
    """A state of ours lies beside Terraform's code, where it looks for it; never beside a program, which may read all
    of its directory. A Pulumi stack is named after its environment."""
    if target.stack.engine.name is EngineName.PULUMI:
        own = own_backend(session.survey, target)
        beside = session.bench.tools.repository.root / target.stack.directory
        return BackendChoice(
            file=None if elsewhere else places.scratch / "state.json",
            config=(resolved_url(own.url, beside),) if elsewhere and own else (),
            workspace=target.name.environment,
        )
    if not elsewhere:
        return BackendChoice(file=directory / "terraform.tfstate")
    return BackendChoice(
        file=None,
        config=_backend_config(session, target, directory),
        workspace=_workspace(session, target),
    )


def workspace_of(
    session: Session, target: Target, laid: Laid, engine: Engine, purpose: str
) -> tuple[Workspace, str]:
    """The workspace of a laid-out target, without inputs, and the name of the credentials that it was given."""
    gates = session.gates(target.name.environment)
    child = session.bench.tools.child(gates, purpose)
    for label, secret in child.secrets.items():
        session.redactor.add(secret, label)
    brand = engine.identity.name
    work = Workspace(
        root=laid.places.tree,
        directory=laid.directory,
        scratch=laid.places.scratch,
        environment=child.variables,
        redactor=session.redactor,
        backend=laid.backend,
        var_files=tuple(laid.places.tree / path for path in laid.closure.var_files),
        arguments=gates.terraform.arguments,
        cache=session.bench.tools.provider_cache,
        modules=None
        if brand is EngineName.PULUMI
        else module_tree(target.stack.directory, session.survey.code, opentofu=brand is EngineName.OPENTOFU),
        timeout=target.stack.timeout or _limit(session.survey, purpose),
        plan_bytes=session.survey.gates.limits.plan_bytes,
        descriptors=(session.directory.descriptor, *laid.places.descriptors),
        passphrase=passphrase_for(session, target.name, engine),
        trust=purpose,
        constrained=brand in session.survey.gates.engines and session.survey.gates.engines[brand].plans,
    )
    return work, child.identity


def _backend_config(session: Session, target: Target, directory: Path) -> tuple[str, ...]:
    """`-backend-config` values; relative paths of a local backend are the user's, so they are resolved against the
    checkout, not against our private directory."""
    words: list[str] = []
    local_path = ""
    for each in session.gates(target.name.environment).terraform.backend_config:
        if isinstance(each, str):
            words.append(str(_file(directory, templated(each, target))))
            continue
        for key, value in each.items():
            text = templated(value, target)
            local_path = text if key == "path" else local_path
            words.append(f"{key}={text}")
    module = session.survey.code.module(target.stack.directory)
    if module and module.backend and module.backend.type == "local":
        written = local_path or str(module.backend.attributes.get("path", "terraform.tfstate"))
        beside = session.bench.tools.repository.root / target.stack.directory
        words.append(f"path={(beside / written).resolve()}")
    return tuple(words)


def _limit(whole: Survey, purpose: str) -> float:
    """Law 14: how long one command of an engine may take, in seconds."""
    limits = whole.gates.limits
    return limits.preview if purpose == "preview" else limits.lease


def _file(directory: Path, name: str) -> Path:
    return directory / name


def _workspace(session: Session, target: Target) -> str:
    written = session.gates(target.name.environment).terraform.workspace
    return templated(written, target) if written else ""


def readied_engine(session: Session, name: TargetName, deployment: Deployment | None) -> Engine:
    """The engine of a target, also of one that only the record knows."""
    whole = session.survey
    target = whole.wishes.targets.get(name)
    if target:
        return session.bench.tools.engine(wish_of(whole, target), whole.gates)
    word = deployment.last.engine.partition(" ")[0] if deployment else EngineName.TERRAFORM.value
    return session.bench.tools.engine(EngineWish(name=EngineName(word)), whole.gates)


def wish_of(whole: Survey, target: Target) -> EngineWish:
    """The stack's wish with the constraints that its code writes (`required_version`)."""
    wish = target.stack.engine
    module = whole.code.module(target.stack.directory, opentofu=wish.name is EngineName.OPENTOFU)
    if module is None:
        return wish
    written = tuple((constraint, f"{span}") for constraint, span in module.required_version)
    return replace(wish, constraints=(*wish.constraints, *written))


def workspace_to_read(session: Session, name: TargetName) -> bytes:
    """The state of a target whose engine keeps it: the engine is started to pull it, of an orphan with the code that
    was last applied. AskedWrongly `removed-unreadable` where that cannot be had."""
    session, target = where_it_stands(session, name)
    laid = laid_out(session, session.survey, target, purpose="read")
    engine = readied_engine(session, name, None)
    work, _ = workspace_of(session, target, laid, engine, "preview")
    if engine.identity.name is EngineName.PULUMI:
        work = replace(work, modules=())  # no program is run for it
    engine.prepare(work, session.stop(name), _ignore)
    return engine.state(work, session.stop(name))


def outputs_by_engine(session: Session, name: TargetName, state: bytes) -> Mapping[str, Output]:
    """The outputs that a state has, opened by the engine with the credentials of a preview; nothing of the program is
    installed or run. AskedWrongly `removed-unreadable` as `workspace_to_read`."""
    session, target = where_it_stands(session, name)
    laid = laid_out(session, session.survey, target, purpose="read")
    engine = readied_engine(session, name, None)
    work, _ = workspace_of(session, target, laid, engine, "preview")
    work = replace(work, modules=())
    if work.backend.file is not None:
        work.backend.file.touch(mode=0o600)
        work.backend.file.write_bytes(state)
    engine.prepare(work, session.stop(name), _ignore)
    return engine.outputs(work, session.stop(name))


def _ignore(event: EngineEvent) -> None:
    """A state that is only read has nothing to tell."""
