"""Whose an engine's own lock is."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from runner.decisions.left_locks import DeadProcess, left_by

BEGAN = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
DEAD = DeadProcess(host="here", process=7, since=BEGAN)


def test_a_lock_of_the_dead_process_taken_since_it_began_is_its_own() -> None:
    for moment in ("2026-01-01T12:00:00Z", "2026-01-01T14:00:01.123456789+01:00", "2026-01-01T12:00:00"):
        assert left_by(DEAD, host="here", process=7, moment=moment), moment


@given(
    st.sampled_from(["here", "there", ""]),
    st.integers(0, 9),
    st.timedeltas(timedelta(days=-9), timedelta(days=9)),
)
def test_a_lock_of_another_host_process_or_time_never_is(host: str, process: int, later: timedelta) -> None:
    moment = (BEGAN + later).isoformat()
    expected = host == "here" and process == 7 and later >= timedelta(0)
    assert left_by(DEAD, host=host, process=process, moment=moment) is expected


def test_where_one_of_them_is_not_known_it_may_be_anybody_s() -> None:
    nobody = DeadProcess(host="", process=0, since=BEGAN)
    assert not left_by(nobody, host="", process=0, moment="2026-02-01T12:00:00Z")
    assert not left_by(DEAD, host="here", process=7, moment="yesterday")
