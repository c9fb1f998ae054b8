"""What is told of a preview, and what is believed of it afterwards: the same on every forge."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from runner.conformance.forge import ForgeBench
from runner.decisions.approvals import Approving, standing
from runner.git.outbox import LocalOutbox
from runner.git.place import RefNaming
from runner.git.refs import LocalRefs
from runner.git.repository import Repository
from runner.model.approval import Standing
from runner.model.environment import Requires, Reviews
from runner.model.previewed import RequestPreview
from runner.model.pull_request import PullRequest, ReviewState
from runner.operations.approval_facts import Wanted, approval_facts
from runner.operations.check_alone import report_nothing
from runner.operations.shown_before import Known, edited_since, known_before
from runner.operations.shown_records import Showings
from runner.operations.telling import Telling, Told, tell
from runner.report.comment_marker import MARKER
from tests.checkout import Checkout
from tests.forge.published_request import NETWORK, network
from tests.report.previews import preview_of

_Result = TypeVar("_Result")
_REQUIRES = Requires(reviews=Reviews(count=1, teams=("@acme/platform",)))


class Teller:
    """Publishes on one forge, with the record in a clone of its own; each time with nothing remembered."""

    def __init__(self, bench: ForgeBench, clone: Path) -> None:
        self.bench = bench
        self.clone = clone
        bench.push("change", bench.author)
        self.number = bench.open("change", bench.author, "a change")

    @property
    def pull(self) -> PullRequest:
        return self.bench.forge.pull_request(self.number)

    def known(self) -> Known:
        return self._with(lambda showings: known_before(self.bench.forge, showings, self.pull))

    def tell(self, word: str = "first") -> Told:
        pull, forge = self.pull, self.bench.forge
        preview: RequestPreview = preview_of(network(word), number=self.number, commit=pull.head_commit)

        def told(showings: Showings) -> Told:
            known = known_before(forge, showings, pull)
            return tell(Telling(forge=forge, showings=showings, known=known, environments={"prod"}), preview)

        return self._with(told)

    def standing(self, word: str = "first") -> Standing:
        plan = network(word).plan
        assert plan is not None
        assert plan.digests is not None
        assert plan.planned is not None
        wanted = Wanted(requires=(_REQUIRES,), showings=self.known().showings)
        facts = approval_facts(self.bench.forge, self.pull, wanted)
        asked = Approving(target=NETWORK, digests=plan.digests, planned=plan.planned, requires=_REQUIRES)
        return standing(asked, facts)

    def _with(self, work: Callable[[Showings], _Result]) -> _Result:
        repository = Repository.open(self.clone)
        outbox = LocalOutbox(repository, RefNaming())
        try:
            return work(Showings(LocalRefs(repository, RefNaming()), outbox))
        finally:
            outbox.close()
            repository.close()


@pytest.fixture(params=["gitea", "github", "gitlab"])
def teller(request: pytest.FixtureRequest, repository: Checkout) -> Teller:
    """On each forge."""
    return Teller(request.getfixturevalue(request.param), repository.path)


def test_an_approval_of_what_was_told_stands_and_nothing_is_told_twice(teller: Teller) -> None:
    told = teller.tell()
    assert told.approvable == (NETWORK,)
    assert [each.name for each in told.checks] == ["runner", "runner/prod"]
    assert not teller.standing().open
    teller.bench.review(teller.number, teller.bench.reviewer, ReviewState.APPROVED, "good")
    found = teller.standing()
    assert found.open, found
    assert found.approvers == (teller.bench.reviewer.login,)
    assert not teller.standing("second").open
    assert teller.tell().comment.id == told.comment.id
    assert sum(MARKER in each.body for each in teller.bench.forge.comments(teller.number)) == 1
    assert teller.standing().open


def test_nobody_elses_check_or_comment_is_taken_for_ours(teller: Teller) -> None:
    bench = teller.bench
    teller.tell()
    digest = teller.known().digest
    assert digest
    bench.report(teller.pull.head_commit, "runner", bench.author, passed=True)
    bench.say(teller.number, bench.author, f"{MARKER}\n\nall is well")
    assert teller.known().digest == digest
    report_nothing(bench.forge, teller.pull.head_commit, f"x [shown {'0' * 32}]")
    assert teller.known().digest == digest


def test_an_edit_by_somebody_else_is_seen_and_ours_is_none(teller: Teller) -> None:
    bench = teller.bench
    told = teller.tell()
    assert edited_since(bench.forge, teller.known(), ()) is None
    bench.rewrite(teller.number, told.comment.id, bench.reviewer, f"{MARKER}\n\nnothing to see")
    editor = edited_since(bench.forge, teller.known(), ())
    assert editor is not None
    assert editor.login in ("", bench.reviewer.login)
