"""The checker as somebody to ask: a file a line, and what was found a line. See runner.wiring.head_start."""

from __future__ import annotations

import json
from typing import BinaryIO

from runner.config import FileKind
from runner.config.schema.checking import check


def serve(asked: BinaryIO, told: BinaryIO) -> None:
    """Answers until nobody asks any more; `null` to a file with a mistake, which is told by whoever asked."""
    for line in asked:
        question = json.loads(line)
        content = question["content"].encode("latin-1")
        found = check(FileKind(question["kind"]), question["file"], content, question["limit"])
        answer = {"value": found.value, "places": found.places, "nodes": found.nodes}
        told.write(json.dumps(None if found.mistakes else answer).encode() + b"\n")
        told.flush()
