"""Who may say yes to a plan by hand: where an environment requires it, the forge is asked with the user's own token.

Most runs ask nobody, so what asks is imported only where somebody is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias

from runner.model.environment import Gates
from runner.model.happening import TargetFinished
from runner.model.names import TargetName
from runner.model.plan import Plan
from runner.model.target import Target
from runner.operations.bench import Bench
from runner.operations.session import Session
from runner.operations.survey import Survey, gates_of
from runner.operations.tools import Part

Ask: TypeAlias = Callable[[tuple[Plan, ...]], bool]


class ForgeAsking(Protocol):
    """One run's. `environments` are those whose plans the forge is asked about; `why` it is not asked about the others
    that require something."""

    @property
    def environments(self) -> frozenset[str]:
        """Whose plans are heard one by one."""

    @property
    def why(self) -> str:
        """Why the forge cannot be asked; empty where it can."""

    def listening(self, bench: Bench) -> Bench:
        """The bench of a run whose plans it hears of."""

    def asking(self, session: Session, ask: Ask) -> Ask:
        """`ask`, of those plans alone that may be applied: nobody is asked about one that would not be."""

    def admitted(self, session: Session, plan: Plan) -> TargetFinished | None:
        """None where the plan may be applied; else how its target ends. NoAnswer of the forge."""

    def close(self) -> None:
        """Lets the forge go."""


OpenAsking: TypeAlias = Callable[[Bench, Survey, Mapping[TargetName, Target]], ForgeAsking]
BY_HAND: Part[OpenAsking] = Part("hearing-by-hand")


def forge_asking(
    bench: Bench, whole: Survey, targets: Mapping[TargetName, Target], *, glass: bool
) -> ForgeAsking | None:
    """None where nothing is required of anything that is to be applied, or the glass is broken anyway. NoAnswer where
    the forge does not answer."""
    environments = {name.environment for name in targets}
    if glass or not any(requires_words(gates_of(whole, each)) for each in environments):
        return None
    return bench.tools.part(BY_HAND)(bench, whole, targets)


def requires_words(gates: Gates) -> bool:
    """Whether anything is required that the forge has to confirm."""
    requires = gates.requires
    if requires is None:
        return False
    reviews = requires.reviews
    asked = reviews is not None and (reviews.count > 0 or reviews.codeowners)
    return bool(asked or requires.checks or requires.destroys is not None)
