"""A run on a terminal: a line for each target that is worked on, redrawn in place; those that ended scroll away above.

Draws on the console that it is given, which belongs to whoever may print.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from runner.report.progress import Progress, Row, duration_text
from runner.report.styled import Line, Piece, Style, columns, line, spelled

_COLOURS: dict[Style, str] = {
    Style.PLAIN: "",
    Style.STRONG: "bold",
    Style.FAINT: "dim",
    Style.GOOD: "green",
    Style.CHANGED: "yellow",
    Style.BAD: "bold red",
    Style.LOUD: "bold red",
    Style.WARNING: "yellow",
    Style.NAME: "bold cyan",
}
_RESERVED = 3  # the footer, a line that says how many are not shown, and the one the cursor stands in
_REFRESHES = 8  # a second


def painted(lines: Iterable[Line]) -> Text:
    """`lines` as one text in colours; foreign pieces are made safe, and nothing in them is markup."""
    return Text("\n").join(
        Text.assemble(*((piece.text, _COLOURS[piece.style]) for piece in spelled(each))) for each in lines
    )


def live_lines(progress: Progress, now: float, width: int, height: int) -> list[Line]:
    """What stands at the bottom of a terminal of `width` by `height` cells while a run goes on."""
    active = progress.active
    room = max(height - _RESERVED, 1)
    shown = active if len(active) <= room else active[: room - 1] if room > 1 else active[:1]
    widest = max((columns(str(row.target)) for row in shown), default=0)
    lines = [_cut(_active(row, now, widest), width) for row in shown]
    if hidden := len(active) - len(shown):
        lines.append(_cut(line(Piece(f"… and {hidden} more under way", Style.FAINT)), width))
    return [*lines, _cut(_footer(progress, now), width)]


class LiveRun:
    """Shows a run as it goes on. `progress` is asked for at each redraw and `now` gives its clock's time."""

    def __init__(self, console: Console, progress: Callable[[], Progress], now: Callable[[], float]) -> None:
        self._console, self._progress, self._now = console, progress, now
        self._live: Live | None = None

    def __rich__(self) -> Group:
        width, height = self._console.size
        lines = live_lines(self._progress(), self._now(), width, height)
        return Group(*(Text.assemble(painted([each]), no_wrap=True, overflow="ellipsis") for each in lines))

    def show(self) -> None:
        """Begins to draw, or goes on after `pause`."""
        if self._live is None:
            self._live = Live(
                self,
                console=self._console,
                refresh_per_second=_REFRESHES,
                transient=True,
                redirect_stdout=False,
            )
            self._live.start()

    def pause(self) -> None:
        """Takes the drawing off the screen: somebody else is about to write."""
        if self._live is not None:
            live, self._live = self._live, None
            live.stop()

    def leave(self, lines: Sequence[Line]) -> None:
        """Writes `lines` above the drawing, where they stay."""
        if lines:
            self._console.print(painted(lines), soft_wrap=True, highlight=False)


def _active(row: Row, now: float, widest: int) -> Line:
    padding = " " * (widest - columns(str(row.target)))
    of = f" {row.done}/{row.total}" if row.total and row.phase == "applying" else ""
    what = row.text or row.counts
    return line(
        Piece(str(row.target), Style.NAME),
        padding,
        Piece(f"  {duration_text(row.elapsed(now)):>10}", Style.FAINT),
        f"  {row.phase}{of}",
        Piece(f" ({row.failed} failed)" if row.failed else "", Style.BAD),
        Piece(f"  {what}" if what else "", Style.FAINT),
    )


def _footer(progress: Progress, now: float) -> Line:
    total, ended, active = len(progress.rows), progress.ended, len(progress.active)
    failed = sum(row.outcome == "failed" for row in progress.rows.values())
    took = f"  {duration_text(now - progress.started)}" if progress.started is not None else ""
    counts = f"{ended} of {total} done, {active} under way, {total - ended - active} waiting"
    return line(
        Piece(f"{progress.verb or 'run'}: ", Style.STRONG),
        counts,
        Piece(f", {failed} failed" if failed else "", Style.BAD),
        Piece(took, Style.FAINT),
    )


def _cut(each: Line, width: int) -> Line:
    """`each` in at most `width` cells, so that no line wraps and the drawing stays as high as it is counted."""
    left, kept = width - 1, []
    for piece in spelled(each):
        if columns(piece.text) <= left:
            kept.append(piece)
            left -= columns(piece.text)
            continue
        text = piece.text[:left]
        while text and columns(text) > left - 1:
            text = text[:-1]
        kept.append(Piece(text + "…", piece.style))
        break
    return tuple(kept)
