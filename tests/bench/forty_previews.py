"""40 targets previewed, against the same three commands by hand, two at once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from tests.bench.scoreboard import Row, interleaved, seconds_of
from tests.bench.stacks_of import small_stacks
from tests.bench.yard import RUNNER, cloned, forget_caches, place, published, run

TARGETS = 40
_REPETITIONS = 3
_BY_HAND = (
    "ls -d stacks/* | xargs -P2 -I{} sh -c 'cd {} && terraform init -input=false -no-color >/dev/null && "
    "terraform plan -input=false -no-color -out=plan.tfplan >/dev/null && terraform show -json plan.tfplan >plan.json'"
)


def forty_previews() -> Iterator[Row]:
    """Cold on both sides: a fresh clone each time, no cache of ours, no `.terraform`."""
    if shutil.which("terraform") is None:
        raise SystemExit("this bench needs `terraform` on PATH")
    for what, module in (("40 targets previewed", False), ("the same with a local module each", True)):
        with place() as top:
            origin = published(small_stacks(TARGETS, module=module), top)
            ours, other = interleaved(
                lambda origin=origin, top=top: _ours(cloned(origin, top / "ours")),  # type: ignore[misc]
                lambda origin=origin, top=top: _by_hand(cloned(origin, top / "bare")),  # type: ignore[misc]
                _REPETITIONS,
            )
        yield Row(what=what, ours=ours, other=other, against="xargs -P2: init, plan, show", must=0.7)


def _ours(clone: Path) -> float:
    forget_caches()
    told: list[str] = []
    seconds = seconds_of(lambda: told.append(run(*RUNNER, "preview", "env/prod", "--json", cwd=clone)))
    assert told[0].count('"plan_ready"') == TARGETS, "not everything was planned"
    return seconds


def _by_hand(clone: Path) -> float:
    seconds = seconds_of(lambda: run("sh", "-c", _BY_HAND, cwd=clone))
    assert len(list(clone.rglob("plan.json"))) == TARGETS, "not everything was planned"
    return seconds
