"""A chat room on loopback: hears what apprise's `json://` sends it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

Heard = list[tuple[str, dict[str, str]]]


class _Listener(BaseHTTPRequestHandler):
    heard: Heard

    def hear(self) -> None:
        """One message."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.heard.append((self.path, json.loads(body)))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *words: object) -> None:
        """Nothing on stderr."""


@contextmanager
def listening() -> Iterator[tuple[str, Heard]]:
    """Where the room is, `host:port`, and what it has heard: the path and the message of each."""
    heard: Heard = []
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), type("OneRoom", (_Listener,), {"heard": heard, "do_POST": _Listener.hear})
    )
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}", heard
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
