"""Where the paths in expressions lead: a literal one within the repository is harmless, all others are not known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from runner.decisions.lookup import Files, joined, located
from runner.decisions.staticgate_findings import Finding, FindingKind
from runner.model.code import UNKNOWN_TEXT, Symbol, SymbolKind, Text, literal
from runner.model.gate_facts import OPENING, Call, Setting

MOST_STEPS = 32
MOST_PARTS = 64
_PLACES = frozenset({SymbolKind.MODULE, SymbolKind.ROOT, SymbolKind.WORKING})
_READING: Mapping[str, frozenset[tuple[str, ...]]] = {
    "local_file": frozenset({("filename",)}),
    "local_sensitive_file": frozenset({("filename",)}),
    "archive_file": frozenset({("source_file",), ("source_dir",)}),
    "terraform_remote_state": frozenset({("config", "path")}),
}
_BUILT_IN_FUNCTIONS = "provider::terraform::"


class Locals:
    """The locals of a module. What is said twice is unknown, and so is what stands in an expression."""

    def __init__(self, settings: Iterable[Setting] = ()) -> None:
        self._texts: dict[str, Text] = {}
        self._computed: set[str] = set()
        self._known: dict[str, Text] = {}
        for setting in settings:
            if setting.path[:1] == ("locals",) and len(setting.path) > 1 and setting.value != OPENING:
                name = ".".join(setting.path[1:])
                self._texts[name] = UNKNOWN_TEXT if name in self._texts else setting.value
                self._computed.add(name)

    def resolved(self, text: Text, steps: int = 0) -> Text:
        """`text` with its locals filled in; unknown where one is, or where they grow without end."""
        parts: list[str | Symbol] = []
        for part in text:
            if isinstance(part, str) or part.kind is not SymbolKind.LOCAL:
                parts.append(part)
            else:
                parts.extend(self._local(part.name, steps))
            if len(parts) > MOST_PARTS:
                return UNKNOWN_TEXT
        return tuple(parts)

    def _local(self, name: str, steps: int) -> Text:
        if name not in self._known:
            # Stands for itself while it is worked out: a cycle meets this.
            self._known[name] = UNKNOWN_TEXT
            if name in self._texts and steps <= MOST_STEPS and not self._within(name):
                self._known[name] = self.resolved(self._texts[name], steps + 1)
        return self._known[name]

    def _within(self, name: str) -> bool:
        """Whether it is a member of something that is an expression."""
        steps = name.split(".")
        return any(".".join(steps[:count]) in self._computed for count in range(1, len(steps)))


def file_reading(settings: Iterable[Setting]) -> Iterator[Call]:
    """Data sources that read a file of the machine, as if they were functions."""
    for setting in settings:
        match setting.path[2:] if setting.path[:1] == ("check",) else setting.path:
            case ("data", kind, name, *rest) if tuple(rest) in _READING.get(kind, frozenset()):
                yield Call(
                    function=f"data.{kind}.{name}",
                    span=setting.span,
                    path=setting.value,
                    digest=setting.digest,
                )
            case _:
                continue


def place_of(text: Text, stack: str, module: str) -> str | None:
    """Where a path leads, from the root; None where that is computed, absolute or outside of the repository. Relative
    paths are the working directory's, which is the stack's."""
    start, rest = stack, text
    if text and isinstance(text[0], Symbol) and text[0].kind in _PLACES:
        start = module if text[0].kind is SymbolKind.MODULE else stack
        rest = text[1:]
        first = rest[0] if rest else "/"
        # `${path.module}x` is a name beside the module's directory, and no path in it.
        if not isinstance(first, str) or not first.startswith("/"):
            return None
        rest = (first.lstrip("/"), *rest[1:])
    written = literal(rest)
    # A path with a blank in it may have been trimmed on the way (`trimspace`), and then is another one.
    if written is None or any(letter.isspace() for letter in written):
        return None
    return joined(start, written or ".")


def call_finding(call: Call, known: Locals, stack: str, module: str, files: Files) -> Finding | None:
    """What one call comes to."""
    if call.function.startswith("provider::"):
        return None if call.function.startswith(_BUILT_IN_FUNCTIONS) else _function(call)
    if call.path is None:
        return (
            _computed(call, "renders a text that is made on the way") if "::" not in call.function else None
        )
    text = known.resolved(call.path)
    place = place_of(text, stack, module)
    if place is not None:
        return _outside(call, "through a link") if located(files, place).problem else None
    if any(isinstance(part, Symbol) and part.kind not in _PLACES for part in text):
        return _computed(call, "reads a path that is computed")
    return _outside(call, "by its path")


def _function(call: Call) -> Finding:
    return Finding(
        kind=FindingKind.FUNCTION,
        subject=call.function,
        address=call.function,
        message=f"`{call.function}()` is a function of a provider",
        because="it runs the provider's code wherever an expression is worked out",
        span=call.span,
        digest=call.digest,
    )


def _computed(call: Call, what: str) -> Finding:
    return Finding(
        kind=FindingKind.PATH,
        subject="computed",
        address=f"{call.function}:computed",
        message=f"{_shown(call)} {what}",
        because="it may be any file that the engine can read",
        span=call.span,
        digest=call.digest,
    )


def _outside(call: Call, how: str) -> Finding:
    return Finding(
        kind=FindingKind.PATH,
        subject="outside",
        address=f"{call.function}:outside",
        message=f"{_shown(call)} leaves the repository {how}",
        because="what lies there is the machine's, and a plan shows what it reads",
        span=call.span,
        digest=call.digest,
    )


def _shown(call: Call) -> str:
    return f"`{call.function}`" if call.function.startswith("data.") else f"`{call.function}()`"
