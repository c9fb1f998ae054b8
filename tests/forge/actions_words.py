"""The expressions of a workflow, as a machine of Actions reads them: the part of the language that ours use."""

import re
from collections.abc import Callable, Mapping

_TOKEN = re.compile(r"\s*(?:('(?:[^']|'')*')|(\d+)|([A-Za-z_][\w.-]*)|(&&|\|\||==|!=|!|[(),]))")
_WORDS = {"&&": " and ", "||": " or ", "==": "==", "!=": "!=", "!": " not ", "(": "(", ")": ")", ",": ","}
_CONSTANTS = {"true": "True", "false": "False", "null": "None"}
_INSERTED = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)

Contexts = Mapping[str, object]


def condition(text: str, contexts: Contexts, *, failed: bool) -> bool:
    """What `if:` comes to. Unless it asks how the needs ended, all of them have to have succeeded."""
    asks = re.search(r"\b(always|cancelled|failure|success)\s*\(", text)
    if failed and not asks:
        return False
    return bool(value(text, contexts, failed=failed)) if text else True


def inserted(text: str, contexts: Contexts) -> str:
    """A string with its expressions filled in."""
    return _INSERTED.sub(lambda found: _word(value(found[1], contexts)), text)


def value(text: str, contexts: Contexts, *, failed: bool = False) -> object:
    """What one expression comes to."""
    python, place = "", 0
    text = text.strip()
    while place < len(text):
        token = _TOKEN.match(text, place)
        assert token, f"not understood: {text[place:]}"
        place = token.end()
        string, number, name, sign = token.groups()
        if string:
            python += f"W({string[1:-1].replace(chr(39) * 2, chr(39))!r})"
        elif name:
            called = text[place:].lstrip().startswith("(")
            python += _CONSTANTS.get(name) or (f"F[{name!r}]" if called else f"L({name!r})")
        else:
            python += number or _WORDS[sign]
    functions: dict[str, Callable[..., object]] = {
        "contains": lambda whole, part: str(part).lower() in str(whole).lower(),
        "startsWith": lambda whole, part: str(whole).lower().startswith(str(part).lower()),
        "always": lambda: True,
        "cancelled": lambda: False,
        "failure": lambda: failed,
        "success": lambda: not failed,
    }
    scope = {"F": functions, "L": lambda name: _looked_up(name, contexts), "W": _Word, "__builtins__": {}}
    return eval(python, scope)  # noqa: S307 - our own workflow files


class _Word(str):
    """A string, compared as Actions do: without regard to case."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return self.lower() == str(other).lower()

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self.lower())


def _looked_up(name: str, contexts: Contexts) -> object:
    found: object = contexts
    for part in name.split("."):
        found = found.get(part, "") if isinstance(found, Mapping) else ""
    return _Word(found) if isinstance(found, str) else "" if found is None else found


def _word(found: object) -> str:
    return str(found).lower() if isinstance(found, bool) else "" if found is None else str(found)
