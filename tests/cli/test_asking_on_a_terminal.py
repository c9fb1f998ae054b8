"""A real terminal: the question, the answer, and Ctrl-C."""

import os
import pty
import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.nets.soak import Round
from tests.program import environment

PROGRAM = """
from runner.cli.asking import asker, can_ask
from runner.cli.interruption import Interruption
from runner.cli.presenting import presenter
from runner.cli.settings import Settings
from runner.cli.voice import Voice
from runner.kit.stop import Stop
from runner.model.change import ChangeKind
from runner.model.happening import PlanReady, RunStarted
from runner.operations.bench import Question
from tests.report.samples import NETWORK, change, plan_of

settings, stop = Settings(), Stop()
voice, interruption = Voice(settings), Interruption(stop)
shown = presenter(settings, voice)
assert can_ask(settings)
with interruption.listening():
    shown.tell(RunStarted(run="r", verb="up", commit="", law="", waves=((NETWORK,),)))
    shown.tell(PlanReady(plan=plan_of(change(ChangeKind.DELETE, "made.last"))))
    question = Question(verb="up", environments=("dev",), plans=(), expected="yes", text="Apply this to dev?")
    print("ANSWERED", asker(voice, shown, interruption)(question), flush=True)
    stop.wait(60)
    print("STOPPED", stop.level, flush=True)
    shown.end()
"""

ASKED_AGAIN = """
from runner.cli.asking import asker
from runner.cli.interruption import Interruption
from runner.cli.presenting import presenter
from runner.cli.settings import Settings
from runner.cli.voice import Voice
from runner.kit.stop import Stop
from runner.operations.bench import Question

settings, stop = Settings(), Stop()
voice = Voice(settings)
shown = presenter(settings, voice)
question = Question(verb="up", environments=("dev",), plans=(), expected="yes", text="Apply this to dev?")
for time in range(100_000):
    interruption = Interruption(stop)
    with interruption.listening():
        try:
            asker(voice, shown, interruption)(question)
        except KeyboardInterrupt:
            print("ENDED", time, flush=True)
"""


class Terminal:
    """A program on a pseudo terminal, as the leader of a group of its own."""

    def __init__(self, program: str = PROGRAM) -> None:
        self.end, theirs = pty.openpty()
        self.child = subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=Path(__file__).parents[2],
            env=environment({"TERM": "xterm"}),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.seen = ""

    def until(self, words: str, seconds: float = 60) -> None:
        """Reads until `words` were written."""
        limit = time.monotonic() + seconds
        while words not in self.seen:
            assert time.monotonic() < limit, self.seen
            if select.select([self.end], [], [], 0.1)[0]:
                self.seen += os.read(self.end, 65536).decode(errors="replace")

    def after(self, words: str) -> None:
        """Reads until `words` were written, and forgets what stood before."""
        self.until(words)
        self.seen = self.seen.split(words, 1)[1]

    def type(self, keys: str) -> None:
        """Types `keys`."""
        os.write(self.end, keys.encode())

    def interrupt(self) -> None:
        """What the terminal does for Ctrl-C."""
        os.killpg(self.child.pid, signal.SIGINT)

    def close(self) -> None:
        """Ends what still runs."""
        if self.child.poll() is None:
            os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()
        os.close(self.end)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    opened = Terminal()
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("typed", "answer"), [("yes", "True"), ("y", "True"), ("no", "False"), ("", "False")]
)
def test_the_plan_is_seen_before_the_question_and_only_a_yes_is_one(
    terminal: Terminal, typed: str, answer: str
) -> None:
    terminal.until("anything else is a no")
    assert terminal.seen.index("made.last") < terminal.seen.index("Apply this to dev?")
    terminal.type(f"{typed}\n")
    terminal.until(f"ANSWERED {answer}")
    terminal.interrupt()
    terminal.until("press Ctrl-C again")
    terminal.until("STOPPED 1")
    assert terminal.child.wait(60) == 0


def test_ctrl_c_ends_the_question(terminal: Terminal) -> None:
    terminal.until("anything else is a no")
    terminal.interrupt()
    terminal.until("KeyboardInterrupt")
    assert terminal.child.wait(60) != 0


@pytest.mark.soak
def test_ctrl_c_ends_the_question_at_whatever_instant_it_comes(
    rounds: Callable[[int], Iterator[Round]],
) -> None:
    terminal = Terminal(ASKED_AGAIN)
    try:
        for time_asked, turn in enumerate(rounds(20_000)):
            terminal.after("anything else is a no\r\n")
            # The reading begins some ten microseconds after the words are seen.
            _spin(random.Random(turn.seed).uniform(0, 80e-6))
            terminal.interrupt()
            terminal.after(f"ENDED {time_asked}")
    finally:
        terminal.close()


def _spin(seconds: float) -> None:
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass
