"""How a change reaches one target, drawn from the change down to the targets that need it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from runner.model.names import TargetName
from runner.report.affected_text import Touched
from runner.report.styled import Line, Piece, Style, line


class Cause(Protocol):
    """One difference, and the steps by which it comes to the stack."""

    @property
    def subject(self) -> str: ...
    @property
    def what(self) -> str: ...
    @property
    def because(self) -> str: ...
    @property
    def steps(self) -> tuple[str, ...]: ...


class Drawn(Touched, Protocol):
    """A touched target with what its sentences were made of."""

    @property
    def differences(self) -> Sequence[Cause]: ...


def why_lines(
    target: TargetName, row: Drawn | None, needs: Sequence[Drawn], dependents: Sequence[Drawn], words: str
) -> list[Line]:
    """The chains, one below the other; or that there is none, and what was compared."""
    if row is None:
        return [
            line(
                Piece(str(target), Style.NAME), " is not affected", Piece(f": compared {words}", Style.FAINT)
            )
        ]
    told = [
        line(
            Piece(str(row.target), Style.NAME), f" is {row.reason}", Piece(f": compared {words}", Style.FAINT)
        )
    ]
    for need in needs:
        told.append(line("  ", Piece(str(need.target), Style.NAME), f" is {need.reason}"))
        told += _causes(need, "    ")
    told += _causes(row, "  ")
    told += [
        line("  → ", Piece(str(each.target), Style.NAME), Piece(f"  {each.because[0]}", Style.FAINT))
        for each in dependents
    ]
    return told + ([line(Piece("hint", Style.GOOD), f": {row.hint}")] if row.hint else [])


def _causes(row: Drawn, margin: str) -> list[Line]:
    """Each cause with its steps, one deeper than the other; sentences that no difference stands behind come first."""
    sentences = {str(each) for each in row.differences}
    told = [line(margin, because) for because in row.because if because not in sentences]
    for cause in row.differences:
        told.append(line(margin, Piece(f"`{cause.subject}`", Style.STRONG), f" {cause.what}"))
        for depth, step in enumerate(cause.steps or (cause.because,), 1):
            told.append(line(margin, "  " * depth, "→ ", step))
    return told
