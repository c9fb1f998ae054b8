"""Runs benches and prints what they measured; the exit code says whether all that was run is good enough."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator

from tests.bench.event_to_comment import event_to_comment
from tests.bench.forty_previews import forty_previews
from tests.bench.large_records import growth, large_records, thousand_targets
from tests.bench.large_repository import large_repository, two_sizes
from tests.bench.peers import peers
from tests.bench.scoreboard import Row, as_json, as_line, heading
from tests.bench.second_previews import second_previews
from tests.bench.slow_remote import forty_applies, twenty_runners
from tests.bench.start_up import start_up
from tests.nets.scrubbing import scrub

BENCHES: dict[str, Callable[[], Iterator[Row]]] = {
    "help": start_up,
    "previews": forty_previews,
    "again": second_previews,
    "comment": event_to_comment,
    "applies": forty_applies,
    "runners": twenty_runners,
    "status": thousand_targets,
    "record": large_records,
    "growth": growth,
    "affected": large_repository,
    "sizes": two_sizes,
    "peers": peers,
}


def main() -> int:
    """Runs the benches that are named, or all; 1 where one misses its figure."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    chosen = parser.parse_args()
    unknown = [name for name in chosen.names if name not in BENCHES]
    if unknown:
        parser.error(f"no bench is called `{unknown[0]}`; there are {', '.join(BENCHES)}")
    scrub()
    met = True
    if not chosen.json:
        print(heading(), flush=True)
    for name in chosen.names or BENCHES:
        for row in BENCHES[name]():
            met = met and row.met
            print(as_json(row) if chosen.json else as_line(row), flush=True)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
