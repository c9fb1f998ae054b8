"""Reads what a dead run of this clone left behind: its journal, its state files. Changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from runner.kit.journal import read
from runner.model.names import TargetName, encoded
from runner.model.stack import EngineName


@dataclass(frozen=True, slots=True, kw_only=True)
class Remnant:
    """One target of a dead run that was announced and not recorded. `state` are the bytes that its engine wrote last
    (None: the engine keeps them elsewhere, or wrote none); `begun` whether the engine had started to apply;
    `unfinished` the resources that began and were not seen to end, each `(address, action, id)`."""

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
    state: bytes | None
    unfinished: tuple[tuple[str, str, str], ...]


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
    file = run / "work" / encoded(str(target)) / "tree" / str(intent["directory"]) / "terraform.tfstate"
    keeps_file = bool(intent["file"])
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
        state=file.read_bytes() if keeps_file and file.is_file() else None,
        unfinished=_unfinished(lines),
    )


def _unfinished(lines: list[Mapping[str, object]]) -> tuple[tuple[str, str, str], ...]:
    if any(line["event"] == "applied" for line in lines):
        return ()
    open_ones: dict[str, tuple[str, str, str]] = {}
    for line in lines:
        address = str(line.get("address", ""))
        if line["event"] == "start":
            open_ones[address] = (address, str(line.get("action", "")), str(line.get("id", "")))
        elif line["event"] in ("complete", "errored"):
            open_ones.pop(address, None)
    return tuple(open_ones.values())


def unknown_in(remnant: Remnant, known: Collection[str]) -> tuple[str, ...]:
    """What nobody saw end, as `address id`. `known` are the addresses in the state that the engine wrote last: a
    creation that stands there has been handed over, whatever became of our ear."""
    return tuple(
        f"{address} {identity}".strip()
        for address, action, identity in remnant.unfinished
        if action != "create" or address not in known
    )
