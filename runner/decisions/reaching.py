"""Which keys of the configuration reach a target, in their canonical form: a changed input of `app` is none of
`network`'s business."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import asdict

from runner.model.environment import Credentials, Gates, Hook, Identity, StateSettings
from runner.model.references import Expression, Inputs, Json, Written
from runner.model.target import Target


def templated(text: str, target: Target) -> str:
    """`text` with `{environment}`, `{stack}` and the layout's names filled in."""
    names = {**target.stack.captures, "environment": target.name.environment, "stack": target.name.stack}
    for name, value in names.items():
        text = text.replace("{" + name + "}", value)
    return text


def _written_form(value: Written) -> Json:
    """`value` as JSON, references by their names: what was written, not what it comes to."""
    match value:
        case Expression(parts=parts):
            return {"$expression": [part if isinstance(part, str) else {"$": _named(part)} for part in parts]}
        case list():
            return [_written_form(item) for item in value]
        case dict():
            return {key: _written_form(item) for key, item in value.items()}
        case _:
            return value


def _named(reference: object) -> str:
    attribute = getattr(reference, "attribute", None)
    return f"runner.{attribute}" if attribute else f"{type(reference).__name__}:{reference}"


def settings_that_reach(
    target: Target, gates: Gates, declared: frozenset[str] | None
) -> Mapping[str, tuple[Json, str]]:
    """Setting name -> (canonical value, because). `declared` are the variables of the code, None where unknown (then
    every input of the environment counts)."""
    found: dict[str, tuple[Json, str]] = {}
    for name, value in _reaching_inputs(target, declared).items():
        found[f"inputs.{name}"] = (value, f"the input `{name}` is given to the stack")
    wish = target.stack.engine
    constraints: Json = [constraint for constraint, _ in wish.constraints]
    engine: Json = {"name": wish.name.value, "constraints": constraints, "path": wish.path}
    found["engine"] = (engine, "it says which program plans")
    if target.stack.reads:
        found["reads"] = (list(target.stack.reads), "it says what else is read")
    terraform = gates.terraform
    config: list[Json] = [
        templated(each, target)
        if isinstance(each, str)
        else {key: templated(value, target) for key, value in each.items()}
        for each in terraform.backend_config
    ]
    optional: dict[str, tuple[Json, str]] = {
        "settings.terraform.backend_config": (config, "it says where the state is"),
        "settings.terraform.workspace": (templated(terraform.workspace, target), "it names the workspace"),
        "settings.terraform.var_files": (
            [templated(each, target) for each in terraform.var_files],
            "it names files of values",
        ),
        "settings.terraform.args": (
            {verb: list(arguments) for verb, arguments in terraform.arguments.items()},
            "they are given to the engine",
        ),
        "hooks": (_hooks(gates), "a hook runs beside the engine"),
        "credentials": (_credentials(gates.credentials), "what a plan reads may be another account's"),
    }
    found.update({name: each for name, each in optional.items() if each[0]})
    if gates.state is not None:
        found["state"] = (_state(gates.state), "it says where the state is")
    return found


def _state(state: StateSettings) -> Json:
    return {
        "backend": state.backend.value,
        "path": state.path,
        "bucket": state.bucket,
        "prefix": state.prefix,
        "region": state.region,
        "endpoint": state.endpoint,
    }


def _reaching_inputs(target: Target, declared: frozenset[str] | None) -> dict[str, Json]:
    def reaching(inputs: Inputs) -> dict[str, Json]:
        return {name: _written_form(each.value) for name, each in inputs.items()}

    environment = reaching(target.environment_inputs)
    captured: dict[str, Json] = dict(target.stack.captures)
    weak = {
        name: value
        for name, value in {**captured, **environment}.items()
        if declared is None or name in declared
    }
    return {**weak, **reaching(target.inputs)}


def _credentials(credentials: Credentials) -> Json:
    """Of both jobs: what is planned before it is applied is planned as the one that applies it."""
    named = {"preview": credentials.preview, "apply": credentials.apply}
    return {job: _identity(identity) for job, identity in named.items() if identity is not None}


def _identity(identity: Identity) -> Json:
    return {
        "role_arn": identity.role_arn,
        "variables": list(identity.variables),
        "files": dict(identity.files),
        "ssh_agent": identity.ssh_agent,
    }


def _hooks(gates: Gates) -> Json:
    hooks = gates.hooks
    named: dict[str, tuple[Hook, ...]] = {
        "before_preview": hooks.before_preview,
        "after_preview": hooks.after_preview,
        "before_apply": hooks.before_apply,
        "after_apply": hooks.after_apply,
    }
    return {name: [_hook(each) for each in some] for name, some in named.items() if some}


def _hook(hook: Hook) -> Json:
    fields = asdict(hook)
    return {"run": list(fields["run"]), "writes": list(fields["writes"]), "timeout": fields["timeout"]}
