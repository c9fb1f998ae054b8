"""Reads what a dead run of this clone left behind: its journal, its state files. Changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from runner.decisions.handed_over import Seen, Witnessed
from runner.decisions.left_locks import DeadProcess
from runner.kit.journal import read
from runner.model.names import TargetName
from runner.model.stack import EngineName


class Remnant(Struct, frozen=True, kw_only=True):
    """One target of a dead run that was announced and not recorded. `state` are the bytes that its engine wrote last
    (None: it wrote none, or was killed in the middle of it; `elsewhere`: it keeps them elsewhere); `begun` whether the
    engine had started to apply; `witnessed` what was seen of it; `process` is the engine's, where it keeps locks of its
    own."""

    run: Path
    target: TargetName
    nonce: str
    fence: int
    commit: str
    code: str
    engine: EngineName
    engine_words: str
    directory: str
    destroy: bool
    begun: bool
    elsewhere: bool
    state: bytes | None
    witnessed: Witnessed
    process: DeadProcess | None = None


def remnants(run: Path) -> Iterator[Remnant]:
    """The targets of `run` that are not on the record, in the order in which they were announced."""
    lines = list(read(run))
    recorded = {
        line["target"] for line in lines if line["event"] == "recorded" and line["delivery"] == "Pushed"
    }
    for line in lines:
        if line["event"] == "intent" and line["target"] not in recorded:
            yield _remnant(run, line, [each for each in lines if each.get("target") == line["target"]])


def _remnant(run: Path, intent: Mapping[str, object], lines: list[Mapping[str, object]]) -> Remnant:
    environment, _, stack = str(intent["target"]).partition("/")
    target = TargetName(environment=environment, stack=stack)
    file = str(intent["file"])
    return Remnant(
        run=run,
        target=target,
        nonce=str([line["nonce"] for line in lines if "nonce" in line][-1]),
        fence=int(str(intent["fence"])),
        commit=str(intent["commit"]),
        code=str(intent["code"]),
        engine=EngineName(str(intent["engine"])),
        engine_words=str(intent["engine_words"]),
        directory=str(intent["directory"]),
        destroy=bool(intent["destroy"]),
        begun=any(line["event"] == "applying" for line in lines),
        elsewhere=not file,
        state=_whole(run / file) if file else None,
        witnessed=_witnessed(lines),
        process=next((_process(line) for line in reversed(lines) if line["event"] == "process"), None),
    )


def _process(line: Mapping[str, object]) -> DeadProcess:
    return DeadProcess(
        host=str(line["host"]),
        process=int(str(line["process"])),
        since=datetime.fromisoformat(str(line["at"])),
    )


def _whole(file: Path) -> bytes | None:
    """The state, if the engine was not killed while it wrote it."""
    try:
        content = file.read_bytes()
        json.loads(content)
    except (FileNotFoundError, ValueError):
        return None
    return content


def _witnessed(lines: list[Mapping[str, object]]) -> Witnessed:
    unfinished: dict[tuple[str, str], Seen] = {}
    finished: list[Seen] = []
    provisioning: set[str] = set()
    for line in lines:
        address, action = str(line.get("address", "")), str(line.get("action", ""))
        seen = (address, action, str(line.get("id", "")))
        match line["event"]:
            case "start":
                unfinished[address, action] = seen
                provisioning.discard(address)
            case "provisioning":
                provisioning.add(address)
            case "complete":
                unfinished.pop((address, action), None)
                finished.append(seen)
            case "errored":
                unfinished.pop((address, action), None)
            case _:
                pass
    if any(line["event"] == "applied" and line["ok"] for line in lines):
        unfinished = {}  # what it finished may still be lost, where its state stayed here
    return Witnessed(
        unfinished=tuple(unfinished.values()), finished=tuple(finished), provisioning=provisioning
    )
