"""`key`: makes, prints, replaces and forgets the keys of an environment (DESIGN, section 4, Keys and Encryption)."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from runner.diagnostics import Diagnostic, Severity
from runner.errors import AskedWrongly, NoAnswer
from runner.git import Edit, Pushed
from runner.kit.crypto import generate, printable
from runner.model.environment import Gates, KeySource
from runner.operations.bench import Bench
from runner.operations.confirming import asked, confirmed
from runner.operations.key_rotation import (
    Keyholding,
    retirement,
    rotation,
    submitted,
)
from runner.operations.sealed_objects import sealed_with
from runner.operations.survey import Survey, survey
from runner.vault import EnvironmentKeys


class KeyRequest(Struct, frozen=True, kw_only=True):
    """`action`: new | export | rotate | retire. `id` names an old key for retire, and may for export."""

    action: str
    environment: str
    id: str = ""
    yes: bool = False


class KeyResult(Struct, frozen=True, kw_only=True):
    """`text` is the answer: words, or for export the key itself in base64. `path` holds the key, None where no file
    of ours does."""

    text: str
    key_id: str = ""
    path: Path | None = None
    notes: tuple[Diagnostic, ...] = ()
    next: tuple[str, ...] = ()
    exit_code: int = 0


def key(request: KeyRequest, bench: Bench) -> KeyResult:
    """Does what `request.action` says to one environment's keys. Only rotate and retire write to the record's remote,
    and a first key that a key service holds."""
    whole = survey(bench, worktree=False)
    gates = _gates(request.environment, whole)
    places = bench.tools.key_places(gates, whole.record)
    whole.record.refs.refresh([places.ref, "refs/runner/plans/*"])
    holding = Keyholding(
        gates=gates,
        places=places,
        ledger=whole.record.ledger.identity(gates.environment),
    )
    match request.action:
        case "new":
            return _new(bench, whole, holding)
        case "export":
            return _export(request, bench, holding)
        case "rotate":
            return _rotate(request, bench, whole, holding)
        case "retire":
            return _retire(request, bench, whole, holding)
        case other:
            raise AskedWrongly.of(
                "no-such-action", f"a key cannot be `{other}`", hint="new, export, rotate or retire"
            )


def _gates(word: str, whole: Survey) -> Gates:
    name = word.removeprefix("env/").removeprefix("environments/").removesuffix(".yaml")
    if name not in whole.believed.environments:
        known = ", ".join(f"`{each}`" for each in sorted(whole.believed.environments))
        raise AskedWrongly.of(
            "no-such-environment", f"there is no environment `{name}`", hint=f"there are: {known}"
        )
    return whole.believed.environments[name]


def _new(bench: Bench, whole: Survey, holding: Keyholding) -> KeyResult:
    """A first key. One that a variable must hold can only be printed."""
    name, places = holding.gates.environment, holding.places
    if holding.ledger:
        raise AskedWrongly.of(
            "key-not-first",
            f"`{name}` has a record already, and what it holds is sealed with another key",
            hint=f"`runner key rotate {name}` replaces the key; a lost one cannot be replaced",
        )
    source = holding.gates.key
    if source and source.kind == "env" and not bench.variables.get(source.value):
        made = generate()
        return KeyResult(
            text=f"{printable(made)}\nset `{source.value}` to this key and back it up: it is kept nowhere else",
            key_id=made.id,
            notes=(_printed(name),),
            next=(f"runner up {name}",),
        )
    standing = places.ring(holding.ledger)
    if standing is not None:
        raise AskedWrongly.of(
            "key-exists",
            f"`{name}` has key {standing.current.id} already",
            hint=f"`runner key export {name}` prints it; `runner key rotate` replaces one that sealed something",
        )
    return _made(whole, name, places)


def _made(whole: Survey, name: str, places: EnvironmentKeys) -> KeyResult:
    first = places.make()
    _pushed(whole, first.edits, name)
    where = f"in `{first.path}`" if first.path else "wrapped by the key service, in the record's state ref"
    told = f"key {first.key.id} of `{name}` was made, {where}"
    return KeyResult(
        text=f"{told}\nback this up: without it nobody reads the states again",
        key_id=first.key.id,
        path=first.path,
        next=(f"runner key export {name}", f"runner up {name}"),
    )


def _pushed(whole: Survey, edits: tuple[Edit, ...], name: str) -> None:
    if edits and not isinstance(delivery := whole.record.outbox.submit(edits).wait(), Pushed):
        why = getattr(delivery, "message", "somebody else made one at the same moment")
        raise NoAnswer.of("key-not-recorded", f"the new key of `{name}` could not be stored: {why}")


def _export(request: KeyRequest, bench: Bench, holding: Keyholding) -> KeyResult:
    """Only a person at a terminal is asked: who sends stdout elsewhere has decided already."""
    ring = holding.places.needed(holding.ledger)
    wanted = ring.find(request.id) if request.id else ring.current
    if wanted is None:
        known = ", ".join(sorted({ring.current.id, *ring.old}))
        raise AskedWrongly.of(
            "key-unknown", f"`{holding.gates.environment}` has no key {request.id}", hint=f"it has: {known}"
        )
    name = holding.gates.environment
    question = asked("key export", name, f"print key {wanted.id} of {name} in plain?")
    if bench.ask is not None and not confirmed(bench, question, yes=request.yes):
        return KeyResult(text="nothing was printed", key_id=wanted.id)
    return KeyResult(text=printable(wanted), key_id=wanted.id, notes=(_printed(name),))


def _rotate(request: KeyRequest, bench: Bench, whole: Survey, holding: Keyholding) -> KeyResult:
    name = holding.gates.environment
    if not holding.ledger:
        raise AskedWrongly.of(
            "key-nothing-sealed",
            f"`{name}` has no record yet, so no key of it needs to be replaced",
            hint=f"`runner key new {name}` makes the first one",
        )
    ring = holding.places.needed(holding.ledger)
    text = f"replace key {ring.current.id} of {name}? Everybody who reads its states needs the new one then."
    if not confirmed(bench, asked("key rotate", name, text), yes=request.yes):
        return KeyResult(text="nothing was changed", key_id=ring.current.id)
    new, kept, edits = rotation(ring, holding)
    submitted(whole, edits, name, kept)
    source = holding.gates.key
    return KeyResult(
        text="\n".join(_after_rotation(name, new.id, ring.current.id, source, kept)),
        key_id=new.id,
        path=kept,
        next=() if kept is None else (f"runner key export {name}",),
    )


def _after_rotation(name: str, new: str, old: str, source: KeySource | None, kept: Path | None) -> list[str]:
    lines = [f"`{name}` takes key {new} from now on; what key {old} sealed stays readable with it"]
    if kept is None:
        return [*lines, "the key service holds it: nobody has to be given anything"]
    lines.append("back this up, and give it to everybody who had the old one")
    match source:
        case KeySource(kind="env", value=value):
            lines.append(f"set `{value}` to what `runner key export {name}` prints, in CI too")
        case KeySource(kind="file", value=value):
            lines.append(f"put what `runner key export {name}` prints into `{value}`")
        case _:
            lines.append(
                "other clones and CI take it as `GITOPS_RUNNER_KEY_" + name.upper().replace("-", "_") + "`"
            )
    return lines


def _retire(request: KeyRequest, bench: Bench, whole: Survey, holding: Keyholding) -> KeyResult:
    name = holding.gates.environment
    ring = holding.places.needed(holding.ledger)
    sealed = sealed_with(whole.record.refs, holding.places, name, bench.tools.sealed_elsewhere(holding.gates))
    edits = retirement(ring, request.id, holding, sealed)
    text = f"forget key {request.id} of {name} for good? What it sealed in older backups is lost then."
    if not confirmed(bench, asked("key retire", name, text), yes=request.yes):
        return KeyResult(text="nothing was changed", key_id=request.id)
    submitted(whole, edits, name, None)
    return KeyResult(
        text=f"key {request.id} of `{name}` is forgotten: nothing that is kept took it", key_id=request.id
    )


def _printed(name: str) -> Diagnostic:
    return Diagnostic(
        code="key-printed",
        message=f"the key of `{name}` is printed in plain: whoever has it reads the environment's states and plans",
        hint="keep it where you keep passwords, and clear the terminal",
        severity=Severity.WARNING,
    )
