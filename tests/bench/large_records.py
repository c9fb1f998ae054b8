"""Reading records of a thousand targets and of ten thousand entries, and what one more entry adds to the repository."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from runner.model.entry import Resource
from runner.model.references import Json
from tests.bench.scoreboard import Row, best, seconds_of
from tests.bench.stacks_of import tiny_stacks
from tests.bench.written_ledgers import scribe
from tests.bench.yard import RUNNER, place, published, run
from tests.checkout import git

_REPETITIONS = 5
RESOURCES = 5000
_KILOBYTES = 10.0


def thousand_targets() -> Iterator[Row]:
    """`runner status` where a thousand targets are live."""
    with place() as top:
        clone = _recorded(top, stacks=1000, rounds=1)
        spent = best(lambda: _seconds(clone, "status", rows=1000), _REPETITIONS)
    yield Row(what="runner status, 1,000 targets live", ours=spent, other=1.0, against="allowed", must=1.0)


def large_records() -> Iterator[Row]:
    """`log` and `status` over ten thousand entries."""
    with place() as top:
        clone = _recorded(top, stacks=100, rounds=100)
        for words, rows in (("log", 50), ("log -n 0", 10_000), ("log prod/s0042", 50), ("status", 100)):
            spent = best(
                lambda words=words, rows=rows: _seconds(clone, *words.split(), rows=rows),  # type: ignore[misc]
                _REPETITIONS,
            )
            yield Row(
                what=f"runner {words}, 10,000 entries", ours=spent, other=0.5, against="allowed", must=1.0
            )


def growth() -> Iterator[Row]:
    """An apply that changes one resource of 5,000: all objects that its entry adds."""
    with place() as top:
        origin = published(tiny_stacks(1), top)
        with scribe(origin.path) as first:
            before = first.write(1, _resources("before"))
        with scribe(origin.path) as second:
            after = second.write(1, _resources("after"))
        bytes_added = _stored(origin.remote, before, after)
    yield Row(
        what="growth by one apply, 1 of 5,000 resources",
        ours=bytes_added / 1024,
        other=_KILOBYTES,
        against="allowed",
        must=1.0,
        unit="KB",
    )


def _recorded(top: Path, *, stacks: int, rounds: int) -> Path:
    origin = published(tiny_stacks(stacks), top)
    with scribe(origin.path) as writer:
        writer.write(rounds)
    origin.git("remote", "set-head", "origin", "main")
    return origin.path


def _seconds(clone: Path, *words: str, rows: int) -> float:
    told: list[str] = []
    spent = seconds_of(lambda: told.append(run(*RUNNER, *words, "--json", cwd=clone)))
    kind = '"status"' if words[0] == "status" else '"entry"'
    found = sum(f'"type": {kind}' in line or f'"type":{kind}' in line for line in told[0].splitlines())
    assert found == rows, f"{found} rows"
    return spent


def _resources(value: str) -> Sequence[Resource]:
    attributes: dict[str, Json] = {"region": "eu-west-1", "size": 3, "tags": {"team": "platform"}}
    return [
        Resource(
            address=f'aws_sqs_queue.queue["{number}"]',
            type="aws_sqs_queue",
            provider="hashicorp/aws",
            id=f"queue-{number}",
            attributes={**attributes, "name": value if number == 0 else f"queue-{number}"},
        )
        for number in range(RESOURCES)
    ]


def _stored(remote: Path, before: str, after: str) -> int:
    return int(git("rev-list", "--objects", "--disk-usage", after, f"^{before}", cwd=remote))
