"""What the code of a pull request may do, read before any program runs (law 5), target by target."""

from __future__ import annotations

from msgspec import Struct

from runner.decisions.staticgate import judged
from runner.decisions.staticgate_findings import Reading
from runner.decisions.staticgate_passage import Change, Origin, passage, told_of
from runner.decisions.staticgate_reading import StackPlace, read_stack
from runner.diagnostics import Diagnostic
from runner.git.commit_tree import CommitTree
from runner.model.previewed import Outcome
from runner.model.target import Target
from runner.model.verdict import Answer, Verdict
from runner.operations.bench import Bench
from runner.operations.request_reach import gates_for
from runner.operations.standpoint import Standpoint
from runner.operations.survey import Survey
from runner.source.gate_code import GateReader


class CodeRead(Struct, frozen=True, kw_only=True):
    """`told` are the findings, `shut` how the target ends that may not run; None: it may."""

    verdict: Verdict
    told: tuple[Diagnostic, ...]
    shut: Outcome | None


class CodeReader:
    """Reads each stack once at the head, and once in the commit that it is compared with."""

    def __init__(self, bench: Bench, stand: Standpoint, whole: Survey, tip: str) -> None:
        earlier = CommitTree(bench.tools.repository, tip)
        self._stand = stand
        self._head = GateReader(whole.code, whole.tree)
        self._earlier = GateReader(bench.tools.code(earlier), earlier)
        self._read: dict[tuple[StackPlace, bool], Reading | None] = {}

    def read(self, target: Target, change: Change) -> CodeRead:
        """What the gates say of the target's code for this change."""
        place = StackPlace(directory=target.stack.directory, engine=target.stack.engine.name)
        environment = target.name.environment
        head = self._reading(place, earlier=False)
        assert head is not None
        judgement = judged(
            head, gates_for(self._stand, environment).allow, self._reading(place, earlier=True)
        )
        verdict = passage(judgement, change, environment)
        shut = {Answer.DENY: Outcome.FAILED, Answer.WAIT: Outcome.HELD_BACK}.get(verdict.answer)
        return CodeRead(verdict=verdict, told=told_of(judgement), shut=shut)

    def _reading(self, place: StackPlace, *, earlier: bool) -> Reading | None:
        """None where that one has no such stack: all of it is new then."""
        reader = self._earlier if earlier else self._head
        if (place, earlier) not in self._read:
            there = not earlier or reader.node(place.directory) is not None
            self._read[place, earlier] = read_stack(place, reader) if there else None
        return self._read[place, earlier]


def change_of(head: str, named: str, *, stranger: bool) -> Change:
    """Whose change it is, and the commit that a maintainer named."""
    return Change(
        head=head,
        origin=Origin.STRANGER if stranger else Origin.OWN,
        named=frozenset({named} - {""}),
    )
