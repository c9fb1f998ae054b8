"""The checker as a program: a file a line on stdin, what was found a line on stdout. See runner.wiring.head_start."""

from __future__ import annotations

import json
import sys

from runner.config import FileKind
from runner.config.schema.checking import check


def serve() -> None:
    """Answers until nobody asks any more; `null` to a file with a mistake, which is told by whoever asked."""
    for line in sys.stdin:
        asked = json.loads(line)
        content = asked["content"].encode("latin-1")
        found = check(FileKind(asked["kind"]), asked["file"], content, asked["limit"])
        answer = {"value": found.value, "places": found.places, "nodes": found.nodes}
        sys.stdout.write(json.dumps(None if found.mistakes else answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
