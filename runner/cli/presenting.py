"""A run as it goes on, for whoever reads it: drawn on a terminal, in plain lines, or as JSON. Told from any thread."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from runner.cli.settings import Settings
from runner.cli.voice import Voice
from runner.diagnostics import Diagnostic
from runner.model.happening import (
    Happening,
    Noted,
    PlanReady,
    ResourceApplied,
    RunFinished,
    RunStarted,
    TargetFinished,
    TargetProgress,
)
from runner.model.names import TargetName
from runner.model.plan import Plan
from runner.report.diagnostics_text import diagnostic_lines
from runner.report.json_lines import happening_line
from runner.report.plain_lines import finished_line, happening_lines
from runner.report.plan_text import plan_lines
from runner.report.progress import Progress, folded
from runner.report.styled import Line, line


class Drawing(Protocol):
    """A run that is redrawn in place (`report.terminal.LiveRun`)."""

    def show(self) -> None:
        """Begins, or goes on."""

    def pause(self) -> None:
        """Takes it off the screen."""

    def leave(self, lines: Sequence[Line]) -> None:
        """Writes `lines` above it."""


class Presenter(Protocol):
    """Shows a run. `finished` is the happening that ended it, for who prints the end."""

    finished: RunFinished | None

    def tell(self, happening: Happening) -> None:
        """Takes one happening; never raises for want of a reader."""

    def aside(self) -> contextlib.AbstractContextManager[None]:
        """While somebody is asked: all that was planned is on the screen, and nothing is drawn over the question."""

    def end(self) -> None:
        """Says what was kept back, and draws no more."""


class JsonPresenter:
    """Every happening as its object. The end is kept: it is the last line, after what the verb adds."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._lock = threading.RLock()
        self.finished: RunFinished | None = None

    def tell(self, happening: Happening) -> None:
        """See Presenter."""
        with self._lock:
            if isinstance(happening, RunFinished):
                self.finished = happening
            else:
                self._voice.text(happening_line(happening))

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """See Presenter."""
        yield

    def end(self) -> None:
        """See Presenter."""


class TextPresenter:
    """Words. Plans are said on stdout as soon as they are ready or, while a run is drawn, before something is asked,
    before their target is applied, or at the end; what went wrong with a target is told in full at the end."""

    def __init__(
        self, voice: Voice, *, unfolded: bool, draw: Callable[[TextPresenter], Drawing] | None
    ) -> None:
        self._voice, self._unfolded = voice, unfolded
        self._lock = threading.RLock()
        self._kept: dict[TargetName, Plan] = {}
        self._applying = False
        self._trouble: list[tuple[TargetName, tuple[Diagnostic, ...]]] = []
        self.finished: RunFinished | None = None
        self.progress = Progress()
        self._drawing = draw(self) if draw else None

    def tell(self, happening: Happening) -> None:
        """See Presenter."""
        with self._lock:
            self.progress = folded(self.progress, happening, time.monotonic())
            if isinstance(happening, RunStarted):
                self._applying = happening.verb != "preview"
            if isinstance(happening, TargetFinished) and happening.diagnostics:
                self._trouble.append((happening.target, happening.diagnostics))
            if isinstance(happening, RunFinished):
                self.finished = happening
            if self._drawing:
                self._draw(self._drawing, happening)
            else:
                self._voice.progress(happening_lines(happening, self.progress, time.monotonic()))
                if isinstance(happening, PlanReady):
                    self._say(happening.plan)

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """See Presenter."""
        with self._lock:
            if self._drawing:
                self._drawing.pause()
            self._say_kept(list(self._kept))
        yield
        with self._lock:
            if self._drawing and not self.finished:
                self._drawing.show()

    def end(self) -> None:
        """See Presenter."""
        with self._lock:
            if self._drawing:
                self._drawing.pause()
            self._say_kept(list(self._kept))
            for target, diagnostics in self._trouble:
                self._voice.trouble([line(), line(str(target)), *diagnostic_lines(diagnostics)])
            self._trouble.clear()

    def _draw(self, drawing: Drawing, happening: Happening) -> None:
        match happening:
            case RunStarted():
                drawing.show()
            case PlanReady(plan=plan):
                self._kept[plan.target] = plan
            case TargetProgress(target=target, phase="applying") | ResourceApplied(target=target):
                if target in self._kept:
                    drawing.pause()
                    self._say_kept([target])
                    drawing.show()
            case TargetFinished():
                row = self.progress.rows[happening.target]
                drawing.leave([finished_line(happening, row.elapsed(time.monotonic()))])
            case Noted(diagnostic=diagnostic):
                drawing.leave(diagnostic_lines([diagnostic]))
            case RunFinished():
                drawing.pause()
            case _:
                pass

    def _say_kept(self, targets: Sequence[TargetName]) -> None:
        places = {name: place for place, name in enumerate(self.progress.rows)}
        for target in sorted(targets, key=lambda name: places.get(name, len(places))):
            self._say(self._kept.pop(target))

    def _say(self, plan: Plan) -> None:
        told = plan_lines(plan, unfolded=self._unfolded, applying=self._applying)
        self._voice.answer([*told, line()])


def presenter(settings: Settings, voice: Voice) -> Presenter:
    """The presenter that fits: JSON when asked for; drawn where stderr is a terminal that can; else plain lines."""
    if settings.json:
        return JsonPresenter(voice)
    can_draw = sys.stderr.isatty() and os.environ.get("TERM", "") != "dumb" and settings.verbosity == 0
    return TextPresenter(voice, unfolded=settings.verbosity > 0, draw=_drawn(settings) if can_draw else None)


def _drawn(settings: Settings) -> Callable[[TextPresenter], Drawing]:
    def drawn(shown: TextPresenter) -> Drawing:
        painting = importlib.import_module("runner.cli.painting")
        made: Drawing = painting.drawing(sys.stderr, lambda: shown.progress, time.monotonic, settings.color)
        return made

    return drawn
