"""Entries as commit messages: `git log` shows them without us, and no value can forge a line.

A value is printable ASCII; everything else in it, `%` too, is percent-encoded (facts/git.md: a newline forged
`Approved-by: alice`). Fields that have their default are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import quote, unquote

from runner.ledger.json_fields import NotReadable, instant, instant_text
from runner.model.entry import Actor, Entry, EntryKind, Result, StoredState
from runner.model.names import TargetName
from runner.model.plan import Digests, StateFacts

_PRINTABLE = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")
_EMPTY = "%"
_MANY = frozenset({"Partial", "Override", "Approved-by", "Unknown", "Policy", "Stack"})
_DIGESTS = {
    "Code-Digest": "code",
    "Changes-Digest": "changes",
    "Outputs-Digest": "outputs",
    "Inputs-Digest": "inputs",
    "Engine-Digest": "engine",
    "Lineage-Digest": "lineage",
    "Plan-Digest": "plan",
}


def escaped(value: str) -> str:
    """`value` as the text of one trailer. An empty one is a lone `%`, which no other value becomes."""
    text = quote(value, safe=_PRINTABLE, errors="replace") or _EMPTY
    if text.startswith(" "):
        text = "%20" + text[1:]
    return text[:-1] + "%20" if text.endswith(" ") else text


def unescaped(text: str) -> str:
    """The value that `escaped` made `text` of."""
    if "%" not in text:
        return text
    return "" if text == _EMPTY else unquote(text)


def message_of(entry: Entry, ledger: str) -> str:
    """The commit message of an entry of the ledger with that id."""
    name = str(entry.target) if entry.target.stack else entry.target.environment
    counts = f" ({_summary(entry.counts)})" if entry.counts else ""
    subject = f"{entry.kind} {escaped(name)}: {entry.result}{counts}"
    lines = [f"{key}: {escaped(value)}" for key, value in _pairs(entry)]
    return "\n".join([subject, "", *lines, f"Ledger-Id: {escaped(ledger)}", ""])


def opening_message(environment: str, ledger: str) -> str:
    """The message of the parentless commit that opens a ledger."""
    return f"runner: opened\n\nEnvironment: {escaped(environment)}\nLedger-Id: {escaped(ledger)}\n"


def opened_by(message: str) -> tuple[str, str]:
    """Environment and ledger id of an opening commit. NotReadable for another message."""
    one, _ = _read(message)
    if not one.get("Environment") or not one.get("Ledger-Id"):
        raise NotReadable("the first commit does not open a ledger")
    return one["Environment"], one["Ledger-Id"]


def entry_of(message: str, id: str) -> tuple[Entry, str]:
    """The entry in a commit message, with `id`, and the id of the ledger it was written for. NotReadable where a
    trailer is missing, stands twice, or has a value that we do not write."""
    one, many = _read(message)
    try:
        return _entry(one, many, id), one["Ledger-Id"]
    except KeyError as error:
        raise NotReadable(f"the trailer {error.args[0]} is missing") from None
    except NotReadable:
        raise
    except ValueError as error:
        raise NotReadable(f"a trailer has a value that we do not write: {error}") from None


def told_target(message: str) -> str:
    """The target that a commit message names (`environment/stack`, as it stands there), without reading the rest; empty
    for the commit that opens a ledger."""
    return message.partition("\nTarget: ")[2].partition("\n")[0]


def _pairs(entry: Entry) -> Iterator[tuple[str, str]]:
    yield "Target", f"{entry.target.environment}/{entry.target.stack}"
    yield "Kind", entry.kind
    yield "Result", entry.result
    yield "Run", entry.run
    yield "At", instant_text(entry.at)
    yield "Actor", entry.actor.name
    yield "Actor-Confirmed", "yes" if entry.actor.confirmed else "no"
    yield "Source-Commit", entry.commit
    yield "Law-Commit", entry.law
    if entry.digests:
        for key, name in _DIGESTS.items():
            yield key, getattr(entry.digests, name)
    if entry.settings:
        yield "Settings-Digest", entry.settings
    if entry.modules:
        yield "Modules-Digest", entry.modules
    if entry.engine:
        yield "Engine", entry.engine
    if entry.state:
        yield from _state_pairs(entry.state)
    yield "Fence", str(entry.fence)
    if entry.counts:
        yield "Counts", " ".join(f"{_word(kind)}={entry.counts[kind]}" for kind in sorted(entry.counts))
    yield from (("Partial", address) for address in entry.partial)
    yield from (("Override", f"{_word(flag)}={entry.overrides[flag]}") for flag in sorted(entry.overrides))
    yield from (("Approved-by", name) for name in entry.approvers)
    if entry.pull_request:
        yield "Pull-Request", entry.pull_request
    yield "Credentials", entry.credentials
    if entry.because:
        yield "Because", entry.because
    yield from (("Unknown", address) for address in entry.unknown)
    yield from (("Policy", words) for words in entry.policies)
    yield from (("Stack", name) for name in entry.stacks)


def _state_pairs(state: StoredState) -> Iterator[tuple[str, str]]:
    yield "State-Store", state.store
    if state.location:
        yield "State-Location", state.location
    yield "State-Lineage", state.facts.lineage
    yield "State-Serial", str(state.facts.serial)
    yield "State-Version", str(state.version)
    yield "State-Digest", state.facts.digest
    yield "State-Ciphertext", state.ciphertext


def _summary(counts: Mapping[str, int]) -> str:
    replaced = counts.get("replace", 0)
    signs = (("+", "create"), ("~", "update"), ("-", "delete"))
    text = " ".join(f"{sign}{counts.get(kind, 0)}" for sign, kind in signs)
    return f"{text} -/+{replaced}" if replaced else text


def _word(name: str) -> str:
    """`name` without what separates words and values in a trailer; the trailer itself is escaped once more."""
    return quote(name, safe="-_.", errors="replace")


def _read(message: str) -> tuple[dict[str, str], dict[str, list[str]]]:
    _, blank, block = message.partition("\n\n")
    if not blank:
        raise NotReadable("the message has no trailers")
    lines = block.rstrip("\n").split("\n")
    plain = _plainly(lines) if "%" not in block else None
    if plain is not None:
        return plain, {}
    one: dict[str, str] = {}
    many: dict[str, list[str]] = {}
    for line in lines:
        key, colon, value = line.partition(": ")
        if not colon:
            raise NotReadable(f"the line {line[:80]!r} is no trailer")
        if "%" in value:
            value = unescaped(value)
        if key in _MANY:
            many.setdefault(key, []).append(value)
        elif key in one:
            raise NotReadable(f"the trailer {key} stands twice")
        else:
            one[key] = value
    return one, many


def _plainly(lines: list[str]) -> dict[str, str] | None:
    """Most entries: each line a trailer, each trailer once, and none that may stand twice; None for any other."""
    try:
        one = dict(line.split(": ", 1) for line in lines)
    except ValueError:
        return None
    return one if len(one) == len(lines) and _MANY.isdisjoint(one) else None


def _entry(one: Mapping[str, str], many: Mapping[str, list[str]], id: str) -> Entry:
    environment, _, stack = one["Target"].partition("/")
    counts = (pair.rpartition("=") for pair in one["Counts"].split(" ")) if "Counts" in one else ()
    overrides = (pair.partition("=") for pair in many.get("Override", ()))
    return Entry(
        target=TargetName(environment=environment, stack=stack),
        kind=EntryKind(one["Kind"]),
        result=Result(one["Result"]),
        commit=one["Source-Commit"],
        law=one["Law-Commit"],
        actor=Actor(name=one["Actor"], confirmed=one["Actor-Confirmed"] == "yes"),
        run=one["Run"],
        at=instant(one["At"], "the trailer At"),
        id=id,
        digests=_digests(one) if "Plan-Digest" in one else None,
        settings=one.get("Settings-Digest", ""),
        modules=one.get("Modules-Digest", ""),
        engine=one.get("Engine", ""),
        state=_state(one) if "State-Store" in one else None,
        fence=int(one["Fence"]),
        counts={unquote(kind): int(number) for kind, _, number in counts},
        partial=tuple(many.get("Partial", ())),
        overrides={unquote(flag): reason for flag, _, reason in overrides},
        approvers=tuple(many.get("Approved-by", ())),
        pull_request=one.get("Pull-Request", ""),
        credentials=one["Credentials"],
        because=one.get("Because", ""),
        unknown=tuple(many.get("Unknown", ())),
        policies=tuple(many.get("Policy", ())),
        stacks=tuple(many.get("Stack", ())),
    )


def _digests(one: Mapping[str, str]) -> Digests:
    return Digests(**{name: one[key] for key, name in _DIGESTS.items()})


def _state(one: Mapping[str, str]) -> StoredState:
    return StoredState(
        facts=StateFacts(
            lineage=one["State-Lineage"], serial=int(one["State-Serial"]), digest=one["State-Digest"]
        ),
        store=one["State-Store"],
        version=int(one["State-Version"]),
        ciphertext=one["State-Ciphertext"],
        location=one.get("State-Location", ""),
    )
