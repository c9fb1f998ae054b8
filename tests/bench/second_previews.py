"""40 targets previewed twice: what is not done again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.bench.forty_previews import TARGETS
from tests.bench.scoreboard import Row, interleaved, seconds_of
from tests.bench.stacks_of import small_stacks, with_provider
from tests.bench.yard import RUNNER, cloned, forget_caches, place, published, run
from tests.components.mirror_parts import LOCAL, LOCAL_VERSION
from tests.components.shelf import Shelf

MUST = 1 / 15
_REPETITIONS = 3


def second_previews() -> Iterator[Row]:
    """Cold first, in a fresh clone without any cache; then the same again: all of it must be known, and is. The row
    with a provider needs the one that `make components` builds."""
    if shutil.which("terraform") is None:
        raise SystemExit("this bench needs `terraform` on PATH")
    yield _row("40 targets previewed again", small_stacks(TARGETS), _REPETITIONS)
    shelf = Shelf.of_this_user()
    if shelf.holds(LOCAL):
        yield _row("the same with a provider each", _of_provider(shelf.mirror), 1)


def _row(what: str, files: Mapping[str, str], times: int) -> Row:
    with place() as top:
        origin = published(files, top)

        def first() -> float:
            forget_caches()
            return _previewed(cloned(origin, top / "clone"), known=0)

        other, ours = interleaved(first, lambda: _previewed(top / "clone", known=TARGETS), times)
    return Row(what=what, ours=ours, other=other, against="the first preview, cold", must=MUST)


def _previewed(clone: Path, *, known: int) -> float:
    told: list[str] = []
    seconds = seconds_of(lambda: told.append(run(*RUNNER, "preview", "env/prod", "--json", cwd=clone)))
    assert told[0].count('"plan_ready"') == TARGETS, "not everything was planned"
    assert told[0].count('"age":null') == TARGETS - known, "what is known is not what should be"
    return seconds


def _of_provider(mirror: Path) -> Mapping[str, str]:
    """The lock file is what `init` writes once; a person commits it."""
    files = with_provider(TARGETS, mirror, LOCAL_VERSION)
    with place() as top:
        (top / "main.tf").write_text(files["stacks/s00/main.tf"])
        settings = top / "settings.tfrc"
        settings.write_text(f'provider_installation {{\n  filesystem_mirror {{ path = "{mirror}" }}\n}}\n')
        os.environ["TF_CLI_CONFIG_FILE"] = str(settings)
        try:
            run("terraform", "init", "-input=false", "-no-color", cwd=top)
        finally:
            del os.environ["TF_CLI_CONFIG_FILE"]
        lock = (top / ".terraform.lock.hcl").read_text()
    return {**files, **{f"stacks/s{number:02d}/.terraform.lock.hcl": lock for number in range(TARGETS)}}
