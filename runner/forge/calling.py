"""Requests to one forge: in time, again only where that is safe, each page, nothing twice that has not changed.

The token goes to the forge's own address and nowhere else; no error and no log names it.
"""

from __future__ import annotations

import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import TypeVar
from urllib.parse import urljoin, urlsplit

import httpx
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from runner import __version__
from runner.errors import Interrupted, NoAnswer, RunnerError
from runner.forge.credentials import Credential
from runner.forge.declined import (
    LONGEST_PAUSE,
    Answer,
    Unsure,
    pause,
    rate_limited,
    refusal,
    unanswered,
)
from runner.kit.clock import Clock
from runner.kit.redaction import Redactor

_Wire = TypeVar("_Wire")
_Error = TypeVar("_Error", bound=RunnerError)
Query = Mapping[str, str | int]
NOTHING: Query = MappingProxyType({})

TRIES = 4
ANSWER_SECONDS = 60.0  # one answer as a whole, however slowly it drips
ANSWER_BYTES = 32 << 20
REMEMBERED = 256  # answers with an ETag
REMEMBERED_BYTES = 1 << 20
HOPS = 3  # redirects: a repository that was renamed
PAGES = 100
_AGAIN = frozenset({500, 502, 503, 504})
_REPEATABLE = frozenset({"GET", "PUT", "PATCH", "DELETE"})
# Raised before anything was sent.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_LINK = re.compile(r'<([^>]*)>[^<,]*;\s*rel="next"')


class Patience(Struct, frozen=True, kw_only=True):
    """Time, handed in. `wait` sleeps that many seconds and returns whether a stop was requested meanwhile. `answer`
    seconds for one answer as a whole; `longest` seconds are the most that is waited where a forge asks for rest."""

    clock: Clock
    wait: Callable[[float], bool]
    answer: float = ANSWER_SECONDS
    longest: float = LONGEST_PAUSE


class Ask(Struct, frozen=True, kw_only=True):
    """One request. `what` completes "could not …"; `path` is below the API, or the whole address of a following page;
    `expected` are statuses that are answers too. `repeatable` None: as HTTP has it of the method."""

    what: str
    path: str
    method: str = "GET"
    body: object = None
    query: Query = MappingProxyType({})
    expected: tuple[int, ...] = ()
    repeatable: bool | None = None

    @property
    def again(self) -> bool:
        """Whether it may be sent again where it may have arrived."""
        return self.method in _REPEATABLE if self.repeatable is None else self.repeatable


class Caller:
    """Requests to `api` as whoever `credential` is. `headers` go with each request; every text that leaves goes through
    `redactor`."""

    def __init__(
        self,
        api: str,
        credential: Credential,
        redactor: Redactor,
        patience: Patience,
        headers: Mapping[str, str],
    ) -> None:
        self.api = api.rstrip("/")
        self.host = urlsplit(api).netloc.rpartition("@")[2]
        self.redactor = redactor
        self._origin = urlsplit(self.api)[:2]
        self._credential = credential
        self._patience = patience
        self._remembered: OrderedDict[str, tuple[str, Answer]] = OrderedDict()
        timeout = httpx.Timeout(20.0, connect=5.0)
        named = {"User-Agent": f"gitops-runner/{__version__}", **headers}
        # Proxies and authorities as the machine has them; a redirect is followed only where the token may go.
        self._client = httpx.Client(timeout=timeout, headers=named, follow_redirects=False, trust_env=True)

    def close(self) -> None:
        """Lets the connections go."""
        self._client.close()

    def read(self, what: str, path: str, kind: type[_Wire], query: Query = NOTHING) -> _Wire:
        """One answer to GET. `what` completes "could not …"."""
        return self.decoded(what, self.ask(Ask(what=what, path=path, query=query)), kind)

    def find(self, what: str, path: str, kind: type[_Wire], query: Query = NOTHING) -> _Wire | None:
        """The same, or None where there is none."""
        answer = self.ask(Ask(what=what, path=path, query=query, expected=(404,)))
        return None if answer.status == 404 else self.decoded(what, answer, kind)

    def pages(
        self, what: str, path: str, kind: type[_Wire], query: Query = NOTHING, unwrap: str = ""
    ) -> tuple[_Wire, ...]:
        """Every item of every page, as the `Link` headers lead. `unwrap`: the key under which a page has its list."""
        found: list[_Wire] = []
        following = Ask(what=what, path=path, query=query)
        for _ in range(PAGES):
            answer = self.ask(following)
            if unwrap:
                body = self.decoded(what, answer, dict[str, msgspec.Raw]).get(unwrap, b"null")
                answer = Answer(status=answer.status, headers=answer.headers, body=bytes(body))
            found += self.decoded(what, answer, list[kind] | None) or []  # type: ignore[valid-type,arg-type]
            link = _LINK.search(answer.headers.get("link", ""))
            if link is None:
                return tuple(found)
            following = Ask(what=what, path=link.group(1))
        raise self._endless(what)

    def numbered(
        self, what: str, path: str, kind: type[_Wire], query: Query = NOTHING, *, counted: bool = True
    ) -> Iterator[_Wire]:
        """Every item of every page, where pages are counted, up to an empty one; `counted`: or up to as many items as
        `X-Total-Count` says. The pages after the one that was enough to the caller are not asked for."""
        count = 0
        for page in range(1, PAGES + 1):
            answer = self.ask(Ask(what=what, path=path, query={**query, "page": page}))
            # An empty list of a program in Go may be null.
            found = self.decoded(what, answer, list[kind] | None) or []  # type: ignore[valid-type,arg-type]
            yield from found
            count += len(found)
            total = answer.headers.get("x-total-count", "")
            if not found or (counted and re.fullmatch(r"[0-9]{1,12}", total) and count >= int(total)):
                return
        raise self._endless(what)

    def write(self, ask: Ask, kind: type[_Wire]) -> _Wire:
        """One answer to a request that changes something."""
        return self.decoded(ask.what, self.ask(ask), kind)

    def decoded(self, what: str, answer: Answer, kind: type[_Wire]) -> _Wire:
        """What the answer says. NoAnswer `forge-unreadable` where it lacks what we need; more is no trouble."""
        try:
            return msgspec.json.decode(answer.body, type=kind)
        except msgspec.DecodeError as problem:
            raise self._safe(
                NoAnswer.of(
                    "forge-unreadable",
                    f"{self.host} could not {what}: its answer is not as its documentation has it ({problem})",
                    hint="is this the forge's address, and not that of a proxy or login page?",
                )
            ) from None

    def ask(self, ask: Ask) -> Answer:
        """The answer, if it is one or of an expected status; else the error that it means, after some tries. `Unsure`
        where a request that is not repeatable may have arrived."""
        url = self._address(ask)
        known = self._remembered.get(url) if ask.method == "GET" else None
        answer = self._tried(ask, url, known)
        if answer.status == 304 and known:
            return known[1]
        etag = answer.headers.get("etag", "")
        if ask.method == "GET" and answer.ok and etag and len(answer.body) <= REMEMBERED_BYTES:
            self._remembered[url] = (etag, answer)
            while len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
        if answer.ok or answer.status in ask.expected:
            return answer
        raise self._safe(refusal(self.host, ask.what, answer))

    def _tried(self, ask: Ask, url: str, known: tuple[str, Answer] | None) -> Answer:
        waited = 0.0
        for turn in range(TRIES):
            last = turn == TRIES - 1
            backoff = 0.5 * 2**turn * (1 + secrets.randbelow(500) / 1000)
            try:
                answer = self._followed(ask, url, known)
            except httpx.RequestError as problem:
                sure = ask.again or isinstance(problem, _NOT_SENT)
                if last or not sure:
                    raise self._safe(unanswered(self.host, ask.what, problem, sure=sure)) from None
                self.rest(backoff)
                continue
            rest = pause(answer, self._patience.clock.now())
            if answer.status >= 500 and not ask.again:
                raise self._safe(Unsure(refusal(self.host, ask.what, answer).diagnostics))
            if rest is not None and (last or waited + rest > self._patience.longest):
                raise self._safe(rate_limited(self.host, ask.what, rest))
            if rest is None and (last or answer.status not in _AGAIN):
                return answer
            waited += rest or 0.0
            self.rest(max(rest or 0.0, backoff))
        raise AssertionError("the last turn returns or raises")

    def _followed(self, ask: Ask, url: str, known: tuple[str, Answer] | None) -> Answer:
        content = None if ask.body is None else msgspec.json.encode(ask.body)
        answer = self._sent(ask.method, url, content, known)
        for _ in range(HOPS):
            place = answer.headers.get("location", "")
            moved = answer.status in (307, 308) or (ask.method == "GET" and answer.status in (301, 302))
            url = urljoin(url, place)
            if not (moved and place) or urlsplit(url)[:2] != self._origin:
                return answer
            answer = self._sent(ask.method, url, content, known)
        return answer

    def _sent(self, method: str, url: str, content: bytes | None, known: tuple[str, Answer] | None) -> Answer:
        name, value = self._credential.header()
        headers = {name: value} if name else {}
        if content is not None:
            headers["Content-Type"] = "application/json"
        if known:
            headers["If-None-Match"] = known[0]
        until = self._patience.clock.monotonic() + self._patience.answer
        with self._client.stream(method, url, content=content, headers=headers) as coming:
            pieces, size = [], 0
            for piece in coming.iter_bytes():
                pieces.append(piece)
                size += len(piece)
                if size > ANSWER_BYTES:
                    message = f"an answer of {self.host} has more than {ANSWER_BYTES >> 20} MiB"
                    raise NoAnswer.of("forge-too-much", message)
                if self._patience.clock.monotonic() > until:
                    raise httpx.ReadTimeout(f"the answer took more than {self._patience.answer:g} s")
            named = {key.lower(): said for key, said in coming.headers.items()}
            return Answer(status=coming.status_code, headers=named, body=b"".join(pieces))

    def _address(self, ask: Ask) -> str:
        if "://" not in ask.path:
            plain = f"{self.api}/{ask.path}"
            return str(httpx.URL(plain, params=dict(ask.query))) if ask.query else plain
        if urlsplit(ask.path)[:2] != self._origin:
            message = f"{self.host} says that its next page is at another address"
            hint = "set `forge.url` to the address that it calls itself"
            raise NoAnswer.of("forge-unreadable", message, hint=hint)
        return ask.path

    def _endless(self, what: str) -> NoAnswer:
        message = f"{self.host} could not {what}: there are more than {PAGES} pages of it"
        return NoAnswer.of("forge-too-much", message, hint="what is not read to its end is not believed")

    def rest(self, seconds: float) -> None:
        """Waits; Interrupted where a stop was requested."""
        if self._patience.wait(seconds):
            raise Interrupted.of("interrupted", "interrupted while waiting for the forge")

    def _safe(self, error: _Error) -> _Error:
        """The error without any secret in it."""
        clean = self.redactor.text
        return type(error)(
            [replace(each, message=clean(each.message), hint=clean(each.hint)) for each in error.diagnostics]
        )
