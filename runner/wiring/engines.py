"""Engines by brand, by string: what conducts one is imported when a stack wants it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path

from runner.config.configuration import EngineSettings
from runner.engine import Engine
from runner.engine.brands import BRANDS
from runner.engine.child import ProviderSources
from runner.engine.discovery import EngineProgram
from runner.errors import AskedWrongly, ToolUnavailable
from runner.model.stack import EngineName
from runner.wiring.clouds import bucket_of


def provider_sources(settings: EngineSettings | None, checkout: Path) -> ProviderSources:
    """Where an engine's providers come from; a relative mirror lies in the checkout. AskedWrongly `mirror-missing`."""
    if settings is None:
        return ProviderSources()
    mirror = settings.mirror
    if mirror and "://" not in mirror:
        place = checkout / Path(mirror).expanduser()
        if not place.is_dir() and settings.mirror_missing:
            raise AskedWrongly(settings.mirror_missing)
        mirror = str(place)
    return ProviderSources(mirror=mirror, direct=settings.direct)


def installed(word: str, home: Path) -> str:
    """Fetches the engine that `word` names, below `home`; what was done, in words. AskedWrongly where there is none of
    that name, or none that is fetched."""
    name = next((each for each in EngineName if each.value == word), None)
    where = BRANDS[name].installer if name else ""
    if not where:
        raise AskedWrongly.of(
            "engine-not-installable",
            f"`{word}` is not an engine that `runner` fetches",
            hint="it fetches `pulumi`; `pip install 'gitops-runner[embedded]'` brings a Terraform",
        )
    module, _, attribute = where.partition(":")
    fetch: Callable[[Path], str] = getattr(import_module(module), attribute)
    return fetch(home)


def conductor(name: EngineName) -> Callable[[EngineProgram, ProviderSources], Engine]:
    """What makes an Engine of a program that was found. ToolUnavailable `pulumi-extra-missing` where what it is made
    with is not installed."""
    brand = BRANDS[name]
    module, _, attribute = brand.conductor.partition(":")
    try:
        found: Callable[..., Engine] = getattr(import_module(module), attribute)
    except ModuleNotFoundError as missing:
        if not brand.extra:
            raise
        raise ToolUnavailable.of(
            "pulumi-extra-missing",
            f"a stack is of {name}, and `{missing.name}`, which drives it, is not installed",
            hint=f"pip install 'gitops-runner[{brand.extra}]'",
        ) from missing
    # Its locks may lie in a bucket, which the engine's room cannot open by itself without boto3 at every start.
    return partial(found, bucket=bucket_of) if name is EngineName.PULUMI else found
