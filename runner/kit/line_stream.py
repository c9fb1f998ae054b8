"""A stream of bytes as lines, while it comes."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct, field

OnLine = Callable[[str, bytes], None]
"""Takes the stream's name (`stdout`, `stderr`) and a line without its end."""

LINE_LIMIT = 1 << 20  # bytes; a longer line is told in pieces


class LineStream(Struct):
    """One stream called `name`, cut into lines as it comes; without a listener, nothing is cut."""

    name: str
    on_line: OnLine | None
    rest: bytearray = field(default_factory=bytearray)

    def take(self, chunk: bytes) -> None:
        """The next bytes: every line that they end is told, and of one that is too long each piece."""
        if self.on_line is None:
            return
        self.rest += chunk
        *lines, last = bytes(self.rest).split(b"\n") if b"\n" in chunk else [bytes(self.rest)]
        for line in lines:
            self._give(line)
        while len(last) >= LINE_LIMIT:
            self._give(last[:LINE_LIMIT])
            last = last[LINE_LIMIT:]
        self.rest = bytearray(last)

    def end(self) -> None:
        """What stands after the last newline is a line too."""
        if self.rest:
            self._give(bytes(self.rest))
            self.rest.clear()

    def _give(self, line: bytes) -> None:
        assert self.on_line is not None
        for start in range(0, max(len(line), 1), LINE_LIMIT):
            self.on_line(self.name, line[start : start + LINE_LIMIT].removesuffix(b"\r"))
