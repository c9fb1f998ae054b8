"""Requests to a forge that is slow, forgetful or cross: each page, nothing twice, again only where that is safe."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, timedelta
from email.utils import format_datetime

import httpx
import pytest
from msgspec import Struct

from runner.errors import AskedWrongly, Denied, Interrupted, NoAnswer
from runner.forge.calling import REMEMBERED, Ask, Caller
from runner.forge.credentials import Token
from runner.forge.declined import Unsure
from runner.kit.redaction import Redactor
from tests.forge.double_bench import Waits
from tests.forge.loopback_forge import Fault, LoopbackForge, Reply, Request, page, serving

SECRET = "token-that-nobody-may-read"


class Thing(Struct, frozen=True):
    """What the server has."""

    id: int


class Room:
    """A server with things, and a caller of it that waits for nothing."""

    def __init__(self, server: LoopbackForge) -> None:
        self.server = server
        self.count = 0
        self.waits = Waits()
        server.route("GET", "/api/things", self.things)
        server.route("GET", "/api/counted", self.counted)
        server.route("GET", "/api/thing", lambda _: Reply(200, {"id": 7, "of_tomorrow": [{"x": None}]}))
        server.route("POST", "/api/things", self.make)
        server.route("PUT", "/api/thing", self.make)
        redactor = Redactor()
        redactor.add(SECRET, "forge token")
        self.caller = Caller(f"{server.url}/api", Token(SECRET), redactor, self.waits.patience, {})

    def things(self, request: Request) -> Reply:
        """Three pages of them."""
        return page(self.server, request, [{"id": number, "new": "x"} for number in range(5)])

    def counted(self, request: Request) -> Reply:
        """Two on each page."""
        first = (int(request.query["page"]) - 1) * 2
        return Reply(200, [{"id": number} for number in range(first, min(first + 2, 5))])

    def make(self, request: Request) -> Reply:
        """One more."""
        self.count += 1
        return Reply(201, {"id": self.count})

    def fails(self, *statuses: int, headers: dict[str, str] | None = None, words: object = None) -> None:
        """The next requests, one after another; 0: no answer."""
        self.server.faults += [
            Fault(path="", status=each, headers=headers or {}, words=words) for each in statuses
        ]

    def read(self) -> Thing:
        """One thing."""
        return self.caller.read("read a thing", "thing", Thing)

    def write(self, method: str = "POST", path: str = "things") -> Thing:
        """One more."""
        return self.caller.write(Ask(what="make a thing", path=path, method=method, body={}), Thing)


@pytest.fixture
def room() -> Iterator[Room]:
    """Fresh."""
    with serving(LoopbackForge(lambda *_: [])) as server:
        found = Room(server)
        yield found
        found.caller.close()


def test_every_page_is_read_as_the_links_lead(room: Room) -> None:
    found = room.caller.pages("list", "things", Thing, {"per_page": 2})
    assert [each.id for each in found] == [0, 1, 2, 3, 4]
    assert [each.query.get("page") for each in room.server.seen] == [None, "2", "3"]


def test_counted_pages_end_with_an_empty_one(room: Room) -> None:
    assert [each.id for each in room.caller.numbered("list", "counted", Thing)] == [0, 1, 2, 3, 4]
    room.server.seen.clear()
    assert next(room.caller.numbered("list", "counted", Thing)).id == 0
    assert len(room.server.seen) == 1, "what nobody asked for is not read"


def test_a_page_that_fails_fails_the_list(room: Room) -> None:
    room.server.faults.append(
        Fault(
            path="",
            status=200,
            words=[{"id": 0}],
            headers={"Link": f'<{room.server.url}/api/things?page=2>; rel="next"'},
        )
    )
    room.server.faults.append(Fault(path="", status=422))
    with pytest.raises(NoAnswer):
        room.caller.pages("list", "things", Thing)


@pytest.mark.parametrize("next_page", ["http://elsewhere.test/api/things?page=2", "https://127.0.0.1/api/x"])
def test_a_next_page_elsewhere_gets_no_token(room: Room, next_page: str) -> None:
    link = {"Link": f'<{next_page}>; rel="next"'}
    room.server.faults.append(Fault(path="", status=200, words=[], headers=link))
    with pytest.raises(NoAnswer) as told:
        room.caller.pages("list", "things", Thing)
    assert told.value.diagnostics[0].code == "forge-unreadable"


def test_pages_without_an_end_are_an_error(room: Room) -> None:
    room.server.route(
        "GET", "/api/round", lambda _: Reply(200, [], {"Link": f'<{room.server.url}/api/round>; rel="next"'})
    )
    with pytest.raises(NoAnswer) as told:
        room.caller.pages("list", "round", Thing)
    assert told.value.diagnostics[0].code == "forge-too-much"


def test_what_has_not_changed_is_not_sent_again_and_what_has_is(room: Room) -> None:
    assert room.read() == room.read() == Thing(id=7)
    asked = [each.headers.get("if-none-match") for each in room.server.seen]
    assert asked[0] is None
    assert asked[1]
    room.server.routes.insert(0, ("GET", room.server.routes[2][1], lambda _: Reply(200, {"id": 8})))
    assert room.read() == Thing(id=8)


def test_what_is_remembered_has_a_limit(room: Room) -> None:
    for number in range(REMEMBERED + 1):
        room.caller.read("read a thing", "thing", Thing, {"n": number})
    room.server.seen.clear()
    room.caller.read("read a thing", "thing", Thing, {"n": 0})
    assert "if-none-match" not in room.server.seen[0].headers


@pytest.mark.parametrize("status", [0, 500, 502, 503, 504])
def test_a_read_is_tried_again_and_not_for_ever(room: Room, status: int) -> None:
    room.fails(status, status)
    assert room.read() == Thing(id=7)
    assert len(room.server.seen) == 3
    room.fails(*[status] * 4)
    with pytest.raises(NoAnswer) as told:
        room.read()
    assert told.value.diagnostics[0].code == "forge-no-answer"
    assert not isinstance(told.value, Unsure)
    first, second = room.waits.slept[:2]
    assert first < second


@pytest.mark.parametrize("status", [0, 502])
def test_what_may_have_been_made_is_not_made_again(room: Room, status: int) -> None:
    room.server.faults.append(Fault(path="", status=status, done=True))
    with pytest.raises(Unsure):
        room.write()
    assert room.count == 1


def test_what_can_be_repeated_is(room: Room) -> None:
    room.server.faults.append(Fault(path="", status=502, done=True))
    assert room.write("PUT", "thing") == Thing(id=2)


@pytest.mark.parametrize("status", [429, 403])
def test_a_limit_is_waited_for_as_long_as_it_says(room: Room, status: int) -> None:
    room.fails(status, headers={"Retry-After": "7"})
    assert room.write() == Thing(id=1), "what was declined was not made, so that it can be asked again"
    assert room.waits.slept == [7.0]


def test_a_limit_may_name_a_date(room: Room) -> None:
    at = room.waits.clock.now() + timedelta(seconds=9)
    room.fails(429, headers={"Retry-After": format_datetime(at.astimezone(UTC), usegmt=True)})
    assert room.read() == Thing(id=7)
    assert room.waits.slept == [9.0]


def test_a_spent_hour_says_when_the_next_begins(room: Room) -> None:
    reset = str(int((room.waits.clock.now() + timedelta(seconds=20)).timestamp()))
    room.fails(403, headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset})
    assert room.read() == Thing(id=7)
    assert room.waits.slept == [21.0]


def test_a_secondary_limit_is_known_by_its_words(room: Room) -> None:
    room.fails(403, words={"message": "You have exceeded a secondary rate limit. Please wait."})
    assert room.read() == Thing(id=7)
    assert room.waits.slept[0] >= 30


@pytest.mark.parametrize(
    "written", ["soon", "-1", "99999999999999999999", "²", "Wed, 99 Nov 2026 00:00:00 GMT"]
)
def test_a_limit_that_nobody_can_read_is_a_limit(room: Room, written: str) -> None:
    room.fails(
        429, headers={"Retry-After": written, "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": written}
    )
    with suppress(NoAnswer):
        assert room.read() == Thing(id=7)
    assert sum(room.waits.slept) <= room.waits.patience.longest


def test_a_limit_that_lasts_too_long_is_told_at_once(room: Room) -> None:
    room.fails(429, headers={"Retry-After": "86400"})
    with pytest.raises(NoAnswer) as told:
        room.read()
    assert told.value.diagnostics[0].code == "forge-rate-limited"
    assert not room.waits.slept


def test_a_stop_ends_the_waiting(room: Room) -> None:
    room.waits.stopped = True
    room.fails(502)
    with pytest.raises(Interrupted):
        room.read()
    assert len(room.server.seen) == 1


@pytest.mark.parametrize(
    ("status", "family", "code"),
    [
        (401, Denied, "forge-token-refused"),
        (403, Denied, "forge-forbidden"),
        (404, AskedWrongly, "forge-not-found"),
        (422, NoAnswer, "forge-refused"),
        (304, NoAnswer, "forge-refused"),
    ],
)
def test_a_refusal_is_told_once_in_the_forge_s_words_without_the_token(
    room: Room, status: int, family: type[Exception], code: str
) -> None:
    room.fails(
        status, words=None if status == 304 else {"message": f"no\n::error::{SECRET}", "errors": [{"new": 1}]}
    )
    with pytest.raises(family) as told:
        room.write()
    [diagnostic] = told.value.diagnostics  # type: ignore[attr-defined]
    assert diagnostic.code == code
    assert SECRET not in diagnostic.message
    assert "\n" not in diagnostic.message
    assert len(room.server.seen) == 1


@pytest.mark.parametrize("body", ["words", [1], None, {"id": "seven"}, {}])
def test_an_answer_of_another_shape_is_unreadable(room: Room, body: object) -> None:
    room.server.faults.append(Fault(path="", status=200, words=body))
    with pytest.raises(NoAnswer) as told:
        room.read()
    assert told.value.diagnostics[0].code == "forge-unreadable"


@pytest.mark.parametrize("status", [301, 307, 308])
def test_a_repository_that_was_renamed_is_followed(room: Room, status: int) -> None:
    room.fails(status, headers={"Location": "/api/thing"})
    assert room.caller.read("read a thing", "old", Thing) == Thing(id=7)


def test_a_redirect_elsewhere_is_not_followed(room: Room) -> None:
    with serving(LoopbackForge(lambda *_: [])) as other:
        room.fails(302, headers={"Location": f"{other.url}/api/thing"})
        with pytest.raises(NoAnswer):
            room.read()
        assert not other.seen


def test_a_server_that_is_not_there_is_no_answer_and_nothing_is_unsure(room: Room) -> None:
    room.fails(502)
    lost = Caller("http://127.0.0.1:1/api", Token(SECRET), Redactor(), room.waits.patience, {})
    with pytest.raises(NoAnswer) as told:
        lost.write(Ask(what="make a thing", path="things", method="POST", body={}), Thing)
    lost.close()
    assert not isinstance(told.value, Unsure)
    assert httpx.URL(lost.api).host in str(told.value)
