"""What a forge answered instead of an answer: in one sentence, with the right exit code, and without the token."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec
from msgspec import Struct

from runner.diagnostics import Diagnostic
from runner.errors import AskedWrongly, Denied, NoAnswer, RunnerError

SHOWN = 300  # characters of a forge's own words that an error repeats
LONGEST_PAUSE = 120.0  # seconds; a forge that wants us to wait longer is told of instead
_SECONDARY = re.compile(r"secondary rate limit|abuse detection", re.IGNORECASE)
_SECONDARY_PAUSE = 60.0  # GitHub: at least a minute where it names no time


class Answer(Struct, frozen=True, kw_only=True):
    """What came back. Names of headers are in small letters."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether it is an answer."""
        return 200 <= self.status < 300


class Unsure(NoAnswer):
    """A request that changes something may have arrived, although no answer did."""


class _Said(Struct, frozen=True):
    """What forges put into the body of a refusal. GitLab's `message` may be a text, a list or an object."""

    message: msgspec.Raw = msgspec.Raw(b'""')
    error: msgspec.Raw = msgspec.Raw(b'""')
    errors: msgspec.Raw = msgspec.Raw(b'""')


def said(answer: Answer) -> str:
    """The forge's own words in a refusal, in one line; empty where there are none."""
    try:
        found = msgspec.json.decode(answer.body, type=_Said)
    except msgspec.DecodeError:  # a page of some proxy
        return ""
    raw = [bytes(each).decode("utf-8", "replace") for each in (found.message, found.error, found.errors)]
    words = [each.strip('"') for each in raw if each not in ('""', "null", "[]", "{}")]
    line = " ".join(" ".join(dict.fromkeys(words)).split())
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"


def pause(answer: Answer, now: datetime) -> float | None:
    """Seconds that a forge wants to be left alone; None where the answer is no complaint about too many requests."""
    headers = answer.headers
    spent = headers.get("x-ratelimit-remaining", headers.get("ratelimit-remaining", "")) == "0"
    secondary = bool(_SECONDARY.search(said(answer))) if answer.status in (403, 429) else False
    asked = _seconds(headers.get("retry-after", ""), now)
    if answer.status != 429 and not (answer.status == 403 and (spent or secondary or asked is not None)):
        return asked if answer.status == 503 else None
    if asked is not None:
        return asked
    reset = headers.get("x-ratelimit-reset") or headers.get("ratelimit-reset") or ""
    if spent and re.fullmatch(r"[0-9]{1,12}", reset):
        return max(0.0, int(reset) - now.timestamp()) + 1
    return _SECONDARY_PAUSE if secondary else 1.0


def _seconds(written: str, now: datetime) -> float | None:
    """`Retry-After`: seconds, or a date (RFC 9110)."""
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", written):
        return float(written)
    try:
        at = parsedate_to_datetime(written)
    except ValueError:
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds())


def refusal(host: str, what: str, answer: Answer) -> RunnerError:
    """The error for an answer that is none; `what` completes "could not …"."""
    words = said(answer) or "it gives no reason"
    sentence = f"{host} could not {what}: {answer.status}, {words}"
    match answer.status:
        case 401:
            hint = "the token is missing, wrong, expired or revoked"
            return Denied(Diagnostic(code="forge-token-refused", message=sentence, hint=hint))
        case 403:
            return Denied(Diagnostic(code="forge-forbidden", message=sentence, hint=_permission_hint(answer)))
        case 404 | 410:
            hint = "it is not there, or this token may not see it"
            return AskedWrongly(Diagnostic(code="forge-not-found", message=sentence, hint=hint))
        case status if status >= 500:
            return NoAnswer(Diagnostic(code="forge-no-answer", message=sentence, hint="run it again"))
    return NoAnswer(Diagnostic(code="forge-refused", message=sentence))


def rate_limited(host: str, what: str, seconds: float) -> NoAnswer:
    """The error where waiting would take too long."""
    return NoAnswer.of(
        "forge-rate-limited",
        f"{host} could not {what}: it has had too many requests, and wants {seconds:.0f} s of rest",
        hint="run it again then",
    )


def unanswered(host: str, what: str, problem: Exception, *, sure: bool) -> NoAnswer:
    """The error where nothing came back. `sure`: whether it is known that nothing was changed, or does not matter."""
    words = " ".join(str(problem).split()) or type(problem).__name__
    family = NoAnswer if sure else Unsure
    return family.of(
        "forge-no-answer",
        f"{host} could not {what}: {words[:SHOWN]}",
        hint="check the network and `forge.url`, then run it again",
    )


def _permission_hint(answer: Answer) -> str:
    """GitHub says which permission would do, Gitea and GitLab say it in their words."""
    if wanted := answer.headers.get("x-accepted-github-permissions"):
        return f"the token needs one of: {wanted}"
    if wanted := answer.headers.get("x-accepted-oauth-scopes"):
        return f"the token needs one of the scopes: {wanted}"
    return "the account, or its token, lacks the permission; `runner doctor --forge` lists what is needed"
