"""Engines by brand, by string: what conducts one is imported when a stack wants it."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from runner.engine import Engine
from runner.engine.brands import BRANDS
from runner.engine.child import ProviderSources
from runner.engine.discovery import EngineProgram
from runner.model.stack import EngineName


def conductor(name: EngineName) -> Callable[[EngineProgram, ProviderSources], Engine]:
    """What makes an Engine of a program that was found. KeyError for a brand that the table does not have."""
    module, _, attribute = BRANDS[name].conductor.partition(":")
    found: Callable[[EngineProgram, ProviderSources], Engine] = getattr(import_module(module), attribute)
    return found
