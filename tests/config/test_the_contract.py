"""The full example of the contract is read, believed, and valid by the JSON Schema."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from runner.config import FileKind
from runner.config.enforcement import (
    ENFORCED_GATES,
    ENFORCED_SETTINGS,
    GATE_KEYS,
    HARMLESS,
    HARMLESS_SETTINGS,
    HONOURED_STACK_KEYS,
    OPENED,
    UNHONOURED_STACK_KEYS,
    WISH_KEYS,
    WITHOUT_EFFECT,
    unenforced,
    unenforced_settings,
    without_effect,
)
from runner.config.schema.checking import MODELS, check, json_schema, json_schemas
from runner.config.section import Section
from runner.config.yaml_reader import read_yaml
from runner.model.environment import ApplyMode, Freeze, KeySource, StateBackend, Window
from runner.model.names import TargetName
from runner.model.references import Expression, Json, OutputReference, SecretReference
from runner.model.stack import EngineName
from tests.config.believing import CONTRACT, believe

FILES = {FileKind.ENVIRONMENT: "prod.yaml", FileKind.RUNNER: "runner.yaml", FileKind.STACK: "stack.yaml"}
REPOSITORY: dict[str, str | bytes] = {
    "runner.yaml": (CONTRACT / "runner.yaml").read_bytes(),
    "environments/prod.yaml": (CONTRACT / "prod.yaml").read_bytes(),
    "environments/staging.yaml": "",
    "environments/shared.yaml": "",
    "stacks/network/main.tf": "",
    "stacks/database/main.tf": "",
    "stacks/legacy-x/main.tf": "",
    "stacks/dns/main.tf": "",
    "stacks/app/main.tf": "",
    "stacks/app/stack.yaml": (CONTRACT / "stack.yaml").read_bytes().replace(b"renamed_from: old-app\n", b""),
    "live/prod/eu/data/lake/main.tf": "",
}


@pytest.mark.parametrize("kind", FileKind)
def test_the_example_has_no_mistake(kind: FileKind) -> None:
    found = check(kind, "x.yaml", (CONTRACT / FILES[kind]).read_bytes(), 1000)
    assert found.mistakes == ()


@pytest.mark.parametrize("kind", FileKind)
def test_the_json_schema_takes_the_example_and_refuses_a_stranger(kind: FileKind) -> None:
    schema = json_schema(kind)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    written = read_yaml("x.yaml", (CONTRACT / FILES[kind]).read_bytes(), 1000).value
    assert isinstance(written, dict)
    assert list(validator.iter_errors(written)) == []
    assert list(validator.iter_errors({**written, "stranger": 1}))


def test_every_key_is_described_for_editors() -> None:
    for schema in json_schemas().values():
        assert isinstance(schema, dict)
        sections = schema["$defs"]
        assert isinstance(sections, dict)
        for section in (schema, *sections.values()):
            properties = section.get("properties", {}) if isinstance(section, dict) else {}
            assert isinstance(properties, dict)
            assert all(isinstance(each, dict) and each.get("description") for each in properties.values())


def test_every_key_of_an_environment_is_a_gate_or_a_wish() -> None:
    assert set(GATE_KEYS) | set(WISH_KEYS) == set(MODELS[FileKind.ENVIRONMENT].model_fields)


def keys_of(kind: FileKind) -> list[str]:
    """Every key that the JSON Schema knows, dotted; what is below a list or a free mapping belongs to its key."""
    schema: Any = json_schema(kind)

    def below(place: Any, prefix: str) -> Iterator[str]:
        shapes = [place, *place.get("anyOf", ()), *place.get("oneOf", ())]
        shapes = [
            schema["$defs"][each["$ref"].rpartition("/")[2]] if "$ref" in each else each for each in shapes
        ]
        known = {name: each for shape in shapes for name, each in shape.get("properties", {}).items()}
        for name, each in known.items():
            yield from below(each, f"{prefix}{name}.")
        if not known:
            yield prefix.removesuffix(".")

    return list(below(schema, ""))


def in_use(key: str) -> Section:
    """A file that uses that key, with a value that is no default."""
    value: Json = "in use"
    for step in reversed(key.split(".")):
        value = {step: value}
    return Section(value)


def among(key: str, known: Iterable[str]) -> bool:
    return any(key == each or key.startswith(f"{each}.") for each in known)


@pytest.mark.parametrize("key", keys_of(FileKind.ENVIRONMENT))
def test_every_key_of_an_environment_is_enforced_or_closes_up(key: str) -> None:
    closes = bool(unenforced(in_use(key)))
    assert closes != among(key, {*ENFORCED_GATES, *WISH_KEYS}), (
        f"`{key}` is silently ignored, or refused in vain"
    )


@pytest.mark.parametrize("key", keys_of(FileKind.RUNNER))
def test_every_key_of_the_repository_is_enforced_or_told_to_have_no_effect_or_closes_up(key: str) -> None:
    fates = [
        among(key, ENFORCED_SETTINGS),
        bool(without_effect(in_use(key))),
        bool(unenforced_settings(in_use(key))),
    ]
    assert sum(fates) == 1, f"`{key}` is silently ignored, or judged twice"


def test_every_key_of_a_stack_is_honoured_or_an_error() -> None:
    assert HONOURED_STACK_KEYS.isdisjoint(UNHONOURED_STACK_KEYS)
    assert {
        key.split(".")[0] for key in keys_of(FileKind.STACK)
    } == HONOURED_STACK_KEYS | UNHONOURED_STACK_KEYS


def test_what_enforcement_speaks_of_exists() -> None:
    environment, repository = keys_of(FileKind.ENVIRONMENT), keys_of(FileKind.RUNNER)
    for known, keys in (
        ({*ENFORCED_GATES, *HARMLESS, *OPENED}, environment),
        ({*ENFORCED_SETTINGS, *WITHOUT_EFFECT, *HARMLESS_SETTINGS}, repository),
    ):
        assert {each for each in known if not any(among(key, [each]) for key in keys)} == set()


def test_the_gates_of_the_example_are_believed() -> None:
    gates = believe(REPOSITORY).environments["prod"]
    assert (gates.branch, gates.apply) == ("main", ApplyMode.ON_MERGE)
    assert gates.windows == (Window(days=frozenset({0, 1, 2, 3}), start=480, end=960, zone="Europe/Berlin"),)
    assert gates.freezes == (Freeze(start=date(2026, 12, 20), end=date(2027, 1, 3), reason="holidays"),)
    assert gates.requires
    assert gates.requires.plan_age == 86400.0
    assert gates.requires.reviews
    assert gates.requires.reviews.teams == ("@acme/platform",)
    assert gates.key == KeySource(kind="env", value="GITOPS_RUNNER_KEY_PROD")
    assert gates.state
    assert (gates.state.backend, gates.state.bucket) == (StateBackend.S3, "acme-state")
    assert gates.allow.secrets == ("env:DB_*", "ssm:/prod/*")
    assert gates.credentials.preview
    assert gates.credentials.preview.variables == ("ARM_*", "TF_TOKEN_*")
    assert gates.terraform.arguments == {"plan": ("-parallelism=30",)}


def test_what_this_version_cannot_enforce_is_named() -> None:
    environments = believe(REPOSITORY).environments
    assert set(environments["prod"].unenforced) == {
        "policies", "credentials.preview.ssh_agent",
        "plans.store", "drift", "hooks.before_preview",
    }  # fmt: skip
    assert environments["staging"].unenforced == ()


def test_the_wishes_of_the_example_are_targets() -> None:
    believed = believe(REPOSITORY)
    assert {name.stack for name in believed.targets if name.environment == "prod"} == {
        "network", "database", "dns", "app", "eu/data/lake",
    }  # fmt: skip
    app = believed.targets[TargetName(environment="prod", stack="app")]
    assert app.stack.engine.name is EngineName.OPENTOFU
    assert app.stack.reads == ("shared/*.json",)
    assert app.stack.timeout == 1800.0
    assert app.depends_on == (TargetName(environment="prod", stack="network"),)
    zone = app.inputs["zone"].value
    assert isinstance(zone, Expression)
    (reference,) = zone.parts
    assert isinstance(reference, OutputReference)
    assert str(reference) == "shared/dns.zone_id"
    assert str(reference.span) == "environments/prod.yaml:38:56"
    password = believed.targets[TargetName(environment="prod", stack="database")].inputs["password"].value
    assert isinstance(password, Expression)
    assert isinstance(password.parts[0], SecretReference)
    lake = believed.targets[TargetName(environment="prod", stack="eu/data/lake")]
    assert lake.tags == {"region:eu"}
    assert lake.environment_inputs["region"].value == "eu-west-1"
    assert believed.wishes["prod"].removed == {"old": "destroy"}


def test_the_settings_of_the_example_are_believed() -> None:
    believed = believe(REPOSITORY)
    assert believed.limits.plan_bytes == 256 << 20
    assert (believed.limits.preview, believed.limits.lease) == (1200.0, 7200.0)
    assert believed.ledger.signers == "environments/allowed_signers"
    assert believed.engines[EngineName.TERRAFORM].versions == (("live/old/**", "1.5.7"),)
    assert believed.engines[EngineName.TERRAFORM].direct == ("*/*",)
