"""HTTP on loopback for the doubles of forges: routes, pages, ETags, and the faults that a test orders."""

import hashlib
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from tests.forge.git_over_http import GitServer


@dataclass(slots=True)
class Request:
    """What came in. `parts` are what the route's pattern named."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: object
    parts: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Reply:
    """What goes out."""

    status: int
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Fault:
    """What goes wrong with the next request that fits. `done`: the request is carried out all the same. `status` 0:
    the connection is closed without an answer. `delay`: seconds before a right answer. `twice`: carried out twice."""

    path: str
    method: str = ""
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    words: object = None
    done: bool = False
    delay: float = 0.0
    twice: bool = False

    def fits(self, request: Request) -> bool:
        """Whether it is this one's turn."""
        return bool(re.search(self.path, request.path)) and self.method in ("", request.method)


Route = tuple[str, re.Pattern[str], Callable[[Request], Reply]]
Check = Callable[[Request, Reply], list[str]]


class LoopbackForge:
    """A server of routes. `mistakes` are requests and answers that the published description does not have; a test
    that ends with one has failed. `seen` are the requests in order, `faults` what is still to go wrong. `git` answers
    what Git asks, where there is a repository behind it."""

    def __init__(self, check: Check) -> None:
        self.routes: list[Route] = []
        self.faults: list[Fault] = []
        self.mistakes: list[str] = []
        self.seen: list[Request] = []
        self.url = ""
        self.git: GitServer | None = None
        self._check = check
        self._lock = threading.Lock()

    def route(self, method: str, pattern: str, answer: Callable[[Request], Reply]) -> None:
        """`pattern` has `{name}` for a segment, and `{name+}` for what may have slashes."""
        expression = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", re.sub(r"\{(\w+)\+\}", r"(?P<\1>.+)", pattern))
        self.routes.append((method, re.compile(expression), answer))

    def answer(self, request: Request) -> Reply | None:
        """The reply to a request; None closes the connection."""
        with self._lock:
            self.seen.append(request)
            fault = next((each for each in self.faults if each.fits(request)), None)
            if fault:
                self.faults.remove(fault)
        if fault and fault.delay:
            time.sleep(fault.delay)
        if fault and not (fault.done or fault.twice or fault.delay):
            return Reply(fault.status, fault.words, fault.headers) if fault.status else None
        with self._lock:
            reply = self._routed(request)
            if fault and fault.twice:
                reply = self._routed(request)
        if fault and fault.done:
            return Reply(fault.status, fault.words, fault.headers) if fault.status else None
        return reply

    def _routed(self, request: Request) -> Reply:
        for method, pattern, answer in self.routes:
            found = pattern.fullmatch(request.path)
            if found and method == request.method:
                request.parts = {name: unquote(value) for name, value in found.groupdict().items()}
                reply = answer(request)
                self.mistakes += self._check(request, reply)
                return _unless_known(request, reply)
        self.mistakes.append(f"nobody answers {request.method} {request.path}")
        return Reply(404, {"message": "Not Found"})


def page(server: LoopbackForge, request: Request, items: list[object], most: int = 100) -> Reply:
    """One page of a list, with the `Link` header."""
    size = min(int(request.query.get("per_page", "30")), most)
    number = int(request.query.get("page", "1"))
    reply = Reply(200, items[(number - 1) * size : number * size])
    if number * size < len(items):
        query = urlencode({**request.query, "page": str(number + 1)})
        reply.headers["Link"] = f'<{server.url}{request.path}?{query}>; rel="next"'
    return reply


def _unless_known(request: Request, reply: Reply) -> Reply:
    if request.method != "GET" or reply.status != 200:
        return reply
    etag = f'W/"{hashlib.sha256(json.dumps([reply.body, reply.headers]).encode()).hexdigest()[:16]}"'
    if request.headers.get("if-none-match") == etag:
        return Reply(304, None, {"ETag": etag})
    reply.headers["ETag"] = etag
    return reply


class _Listener(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, forge: LoopbackForge) -> None:
        super().__init__(("127.0.0.1", 0), _Asked)
        self.forge = forge


class _Asked(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def respond(self) -> None:
        """Whatever the method."""
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        split = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        assert isinstance(self.server, _Listener)
        git = self.server.forge.git
        if git and git.serves(split.path):
            self._send(*git.answer(self.command, split, headers, content))
            return
        query = dict(parse_qsl(split.query, keep_blank_values=True))
        body = json.loads(content) if content else None
        reply = self.server.forge.answer(Request(self.command, split.path, query, headers, body))
        if reply is None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        written = b"" if reply.body is None else json.dumps(reply.body).encode()
        self._send(reply.status, reply.headers, written)

    def _send(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nobody reads it."""


for _method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
    setattr(_Asked, f"do_{_method}", _Asked.respond)


@contextmanager
def serving(forge: LoopbackForge) -> Iterator[LoopbackForge]:
    """The forge on a free port of 127.0.0.1, until the block ends."""
    listener = _Listener(forge)
    forge.url = f"http://127.0.0.1:{listener.server_port}"
    thread = threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield forge
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()
