"""The small words of the configuration: durations, sizes, times, days, dates, globs, versions, patterns.

Each is checked with one sentence and a way out, and normalised to what `believe` wants: seconds, bytes, minutes since
midnight, numbers of days (0 is Monday).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from runner.model.names import ENVIRONMENT_PATTERN, RESERVED_ENVIRONMENTS
from runner.model.references import Json


class AsWritten(BaseModel):
    """The root of every section: no unknown keys, no guessing of types; `describing` reads the docstrings."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        validate_by_name=False,
        validate_by_alias=True,
        allow_inf_nan=False,
        defer_build=True,
    )


def wrong(message: str, hint: str = "", *, code: str = "config-value") -> PydanticCustomError:
    """A mistake with our own sentence; raise it from a validator. Text of the user is a parameter, never a template."""
    return PydanticCustomError(
        "runner_mistake", "{sentence}", {"code": code, "sentence": message, "hint": hint}
    )


def shown(value: object) -> str:
    """A value as a sentence shows it, cut where it is long."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _matching(pattern: str, noun: str, hint: str) -> BeforeValidator:
    compiled = re.compile(pattern)

    def check(value: object) -> object:
        if isinstance(value, str) and compiled.fullmatch(value):
            return value
        raise wrong(f"`{shown(value)}` is not {noun}", hint)

    return BeforeValidator(check)


def _text(convert: Callable[[str], Json | None], noun: str, hint: str) -> BeforeValidator:
    """A converter of texts; None where the text makes no sense."""

    def check(value: object) -> Json:
        made = convert(value) if isinstance(value, str) else None
        if made is None:
            raise wrong(f"`{shown(value)}` is not {noun}", hint)
        return made

    return BeforeValidator(check)


_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_DURATION = r"(?:[0-9]{1,9}(?:\.[0-9]{1,9})?(?:ms|s|m|h|d|w))+"
_BYTES = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


def _seconds(text: str) -> Json | None:
    if not re.fullmatch(_DURATION, text):
        return None
    return sum(float(n) * _SECONDS[unit] for n, unit in re.findall(r"([0-9.]+)(ms|s|m|h|d|w)", text))


def _bytes(text: str) -> Json | None:
    found = re.fullmatch(r"([0-9]{1,15}) ?(B|KB|MB|GB|KiB|MiB|GiB)", text)
    return int(found[1]) * _BYTES[found[2]] if found else None


def _minutes(text: str) -> Json | None:
    found = re.fullmatch(r"([0-9]{1,2}):([0-9]{2})", text)
    if not found or int(found[2]) > 59:
        return None
    minutes = int(found[1]) * 60 + int(found[2])
    return minutes if minutes <= 24 * 60 else None


Duration: TypeAlias = Annotated[
    float,
    _text(_seconds, "a duration", "write a number and a unit: `90s`, `10m`, `24h`, `7d`"),
    WithJsonSchema({"type": "string", "pattern": f"^{_DURATION}$", "examples": ["60s", "10m", "24h", "7d"]}),
]
Size: TypeAlias = Annotated[
    int,
    _text(_bytes, "a size", "write a number and a unit: `512KiB`, `1MiB`, `2GiB`"),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]+ ?(B|[KMG]i?B)$", "examples": ["1MiB"]}),
]
Period: TypeAlias = Annotated[Duration, Field(gt=0)]
"""A duration that is not nothing."""
TimeOfDay: TypeAlias = Annotated[
    int,
    _text(_minutes, "a time of day", 'write hours and minutes in quotes: `"08:00"`, at most `"24:00"`'),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,2}:[0-9]{2}$", "examples": ["08:00"]}),
]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = "(?:" + "|".join(DAYS) + ")"


def _days(value: object) -> Json:
    """`mon-thu`, `fri-mon`, `wed`, and lists of these."""
    days: set[int] = set()
    for item in value if isinstance(value, list) else [value]:
        found = re.fullmatch(f"({_DAY})(?:-({_DAY}))?", item) if isinstance(item, str) else None
        if not found:
            raise wrong(f"`{shown(item)}` is not a day", "write `mon-thu`, or a list: `[mon, wed]`")
        first, last = DAYS.index(found[1]), DAYS.index(found[2] or found[1])
        days.update((first + step) % 7 for step in range((last - first) % 7 + 1))
    if not days:
        raise wrong("there is no day here, so the window never opens", "remove the window, or name a day")
    return [*sorted(days)]


_DAY_SCHEMA = {"type": "string", "pattern": f"^{_DAY}(-{_DAY})?$"}
Days: TypeAlias = Annotated[
    list[int],
    BeforeValidator(_days),
    WithJsonSchema({"anyOf": [_DAY_SCHEMA, {"type": "array", "items": _DAY_SCHEMA, "minItems": 1}]}),
]


def _zone(text: str) -> Json | None:
    try:
        return ZoneInfo(text).key
    except (KeyError, ValueError, OSError):
        return None


Zone: TypeAlias = Annotated[
    str,
    _text(_zone, "a time zone that is known here", "write a name of the tz database: `Europe/Berlin`, `UTC`"),
    WithJsonSchema({"type": "string", "examples": ["Europe/Berlin"]}),
]


def _date(text: str) -> Json | None:
    try:
        return date.fromisoformat(text).isoformat() if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else None
    except ValueError:
        return None


def _instant(text: str) -> Json | None:
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return _date(text)
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?", text):
        return None
    try:
        return datetime.fromisoformat(text).isoformat()
    except ValueError:
        return None


Date: TypeAlias = Annotated[
    str,
    _text(_date, "a date", "write year, month and day: `2026-12-20`"),
    WithJsonSchema({"type": "string", "format": "date"}),
]
Instant: TypeAlias = Annotated[
    str,
    _text(
        _instant,
        "a date or a point in time",
        "write `2026-12-20` or `2026-12-20T18:00`, with `Z` or `+01:00` if needed",
    ),
    WithJsonSchema({"type": "string", "examples": ["2026-12-20", "2026-12-20T18:00:00+01:00"]}),
]

_OPERATOR = r"(?:=|!=|>=|<=|>|<|~>)?"
_VERSION = r"v?[0-9]{1,9}(?:\.[0-9]{1,9}){0,2}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?"
_CONSTRAINT = rf"\s*{_OPERATOR}\s*{_VERSION}\s*(?:,\s*{_OPERATOR}\s*{_VERSION}\s*)*"

Constraint: TypeAlias = Annotated[
    str,
    _matching(
        _CONSTRAINT, "a version constraint", 'write it in quotes: `"1.5.7"`, `"~> 1.11"`, `">=1.9, <2"`'
    ),
    WithJsonSchema({"type": "string", "examples": ["1.5.7", "~> 1.11"]}),
]
ProviderPattern: TypeAlias = Annotated[
    str,
    _matching(
        r"[A-Za-z0-9.*_-]+(?::[0-9]+)?(?:/[A-Za-z0-9.*_-]+){1,2}",
        "a pattern of providers",
        "write `hashicorp/aws`, `hashicorp/*` or `registry.acme.dev/acme/*`",
    ),
    WithJsonSchema({"type": "string", "examples": ["hashicorp/*"]}),
]
SecretPattern: TypeAlias = Annotated[
    str,
    _matching(
        r"(?:env|ssm|secretsmanager):\S+",
        "a pattern of secrets",
        "write `env:DB_*`, `ssm:/prod/*` or `secretsmanager:id`",
    ),
    WithJsonSchema({"type": "string", "examples": ["env:DB_*", "ssm:/prod/*"]}),
]
Person: TypeAlias = Annotated[
    str,
    _matching(
        r"@[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*",
        "a team or a person",
        'write `"@org/team"` or `"@name"`, in quotes',
    ),
    WithJsonSchema({"type": "string", "pattern": "^@", "examples": ["@acme/platform"]}),
]
VariableName: TypeAlias = Annotated[
    str,
    _matching(
        r"[A-Za-z_][A-Za-z0-9_]*", "the name of an environment variable", "write letters, digits and `_`"
    ),
    WithJsonSchema({"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}),
]
VariablePattern: TypeAlias = Annotated[
    str,
    _matching(r"[A-Za-z_*][A-Za-z0-9_*]*", "a pattern of environment variables", "write `TF_TOKEN_*`"),
    WithJsonSchema({"type": "string", "examples": ["ARM_*"]}),
]
RoleArn: TypeAlias = Annotated[
    str,
    _matching(r"arn:\S+", "the ARN of a role", "write `arn:aws:iam::123456789012:role/preview`"),
    WithJsonSchema({"type": "string", "pattern": "^arn:"}),
]
Word: TypeAlias = Annotated[str, Field(min_length=1)]


def _environment(value: object) -> object:
    if isinstance(value, str) and (problem := environment_problem(value)):
        raise wrong(*problem)
    return value


def environment_problem(name: str) -> tuple[str, str] | None:
    """Why `name` names no environment, and the way out; None when it may."""
    if name in RESERVED_ENVIRONMENTS:
        return f"`{name}` is a reserved word and cannot name an environment", "choose another name"
    if not ENVIRONMENT_PATTERN.fullmatch(name):
        return (
            f"`{shown(name)}` cannot name an environment",
            "use a-z, 0-9, `_` and `-`, a letter or digit first",
        )
    return None


EnvironmentName: TypeAlias = Annotated[
    str,
    BeforeValidator(_environment),
    WithJsonSchema({"type": "string", "pattern": f"^{ENVIRONMENT_PATTERN.pattern}$"}),
]


def _inside(value: object) -> object:
    if isinstance(value, str) and (value.startswith("/") or ".." in value.split("/") or not value):
        raise wrong(
            f"`{shown(value)}` is not a path inside the repository",
            "write it relative to the repository's root",
        )
    return value


InsidePath: TypeAlias = Annotated[str, BeforeValidator(_inside)]
