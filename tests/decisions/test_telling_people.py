"""What is news, and to whom."""

from datetime import UTC, datetime

from runner.decisions.telling_people import Event, events_of, heard_by, news
from runner.model.environment import Notify
from runner.model.happening import TargetFinished
from runner.model.names import TargetName
from runner.model.pending import PendingApply
from runner.report.notice_text import notice_body, notice_title

NETWORK = TargetName(environment="prod", stack="network")
APP = TargetName(environment="prod", stack="app")
ELSEWHERE = TargetName(environment="dev", stack="app")


def waiting(*waits: str, at: int = 1) -> PendingApply:
    """A pending apply of the network."""
    when = datetime(2026, 11, at, tzinfo=UTC)
    return PendingApply(target=NETWORK, commit="a" * 40, law="b" * 40, waits=waits, at=when, digest="c1:d")


def ended(target: TargetName, outcome: str, code: int = 0) -> TargetFinished:
    """How a target ended."""
    return TargetFinished(target=target, outcome=outcome, because="it did", exit_code=code)


def test_each_end_has_its_word_and_each_environment_its_own() -> None:
    outcomes = {
        NETWORK: ended(NETWORK, "failed", 1),
        APP: ended(APP, "failed", 7),
        ELSEWHERE: ended(ELSEWHERE, "succeeded"),
    }
    found = events_of("prod", outcomes, {"break-glass": "fire", "yes": "yes"}, [waiting("a review")])
    assert [(each.word, each.target) for each in found] == [
        ("break-glass", ""),
        ("foreign", "prod/app"),
        ("failed", "prod/network"),
        ("pending", "prod/network"),
    ]
    assert [each.word for each in events_of("dev", outcomes, {}, [waiting("a review")])] == ["applied"]
    assert [each.word for each in heard_by(Notify(url="x", on=("foreign",)), found)] == ["foreign"]


def test_what_waits_for_the_same_as_before_is_no_news() -> None:
    before = {NETWORK: waiting("a review", at=1)}
    assert news([waiting("a review", at=2)], before) == ()
    assert len(news([waiting("a window")], before)) == 1
    assert len(news([waiting("a review")], {})) == 1


def test_a_message_is_short_and_foreign_words_in_it_call_nobody() -> None:
    events = [
        Event(word="failed", target=f"prod/s{at}", because="@channel\n<!here> \x1b[31m" + "x" * 999)
        for at in range(50)
    ]
    body = notice_body(events, "run-1")
    assert len(body.split("\n")) == 22
    assert "@channel" not in body
    assert "<!here" not in body
    assert "\x1b" not in body
    assert notice_title("prod", events) == "runner: prod: 50 failed"
