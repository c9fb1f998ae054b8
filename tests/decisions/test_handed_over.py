"""What an engine handed over is never unknown, and what it did not is never forgotten."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from runner.decisions.handed_over import Seen, Witnessed, unknown_in, unknown_of
from runner.engine import StateContents
from runner.model.entry import Resource
from runner.model.plan import StateFacts

ADDRESSES = st.sampled_from(["x.a", "x.b", 'x.c["k 1"]'])
SEEN: st.SearchStrategy[Seen] = st.tuples(
    ADDRESSES, st.sampled_from(["create", "update", "delete"]), st.just("")
)


def resource(address: str, identity: str = "") -> Resource:
    return Resource(address=address, type="x", provider="p", id=identity)


def test_a_creation_that_stands_in_the_state_was_handed_over() -> None:
    witnessed = Witnessed(unfinished=[("x.a", "create", "")], finished=[("x.b", "create", "i-2")])
    assert unknown_of(witnessed, [resource("x.a"), resource("x.b", "i-2")]) == ()


def test_a_creation_that_was_told_and_is_not_in_the_state_is_named_with_its_id() -> None:
    witnessed = Witnessed(finished=[("x.a", "create", "i-1")])
    assert unknown_of(witnessed, []) == ("x.a i-1",)


def test_what_was_deleted_again_is_not_missed_and_what_was_made_again_is() -> None:
    deleted = Witnessed(finished=[("x.a", "create", "i-1"), ("x.a", "delete", "")])
    assert unknown_of(deleted, []) == ()
    replaced = Witnessed(finished=[("x.a", "delete", ""), ("x.a", "create", "i-2")])
    assert unknown_of(replaced, []) == ("x.a i-2",)


def test_a_creation_whose_predecessor_stands_in_an_older_state_is_named() -> None:
    made = ("x.a", "create", "i-2")
    told = Witnessed(finished=[("x.a", "delete", "i-1"), made])
    assert unknown_of(told, [resource("x.a", "i-1")]) == ("x.a i-2",)
    assert unknown_of(told, [resource("x.a", "i-2")]) == ()
    begun = Witnessed(finished=[("x.a", "delete", "i-1")], unfinished=[("x.a", "create", "")])
    assert unknown_of(begun, [resource("x.a", "i-1")]) == ("x.a",)
    assert unknown_of(begun, [resource("x.a", "i-2")]) == ()


def test_a_creation_in_the_state_whose_provisioners_had_begun_is_named() -> None:
    """Its state is written when another resource ends, whatever its provisioners did since (measured)."""
    begun = Witnessed(unfinished=[("x.a", "create", ""), ("x.b", "create", "")], provisioning={"x.a"})
    assert unknown_of(begun, [resource("x.a", "i-1"), resource("x.b", "i-2")]) == ("x.a",)
    assert unknown_of(replace(begun, unfinished=[], finished=[("x.a", "create", "i-1")]), []) == ("x.a i-1",)


def test_what_the_engine_makes_anew_needs_no_person_to_look_at_its_provisioners() -> None:
    begun = Witnessed(unfinished=[("x.a", "create", "")], provisioning={"x.a"})
    facts, standing = StateFacts(), (resource("x.a", "i-1"),)
    tainted = StateContents(facts=facts, outputs={}, resources=standing, tainted=frozenset({"x.a"}))
    assert unknown_in(begun, tainted) == ()
    assert unknown_in(begun, replace(tainted, tainted=frozenset())) == ("x.a",)


def test_a_deletion_whose_provisioners_had_begun_is_answered_by_the_state() -> None:
    begun = Witnessed(unfinished=[("x.a", "delete", "i-1")], provisioning={"x.a"})
    assert unknown_of(begun, []) == ()
    assert unknown_of(begun, [resource("x.a", "i-1")]) == ("x.a i-1",)


def test_where_a_resource_has_no_id_its_address_is_all_there_is() -> None:
    assert unknown_of(Witnessed(finished=[("x.a", "create", "name")]), [resource("x.a")]) == ()


def test_a_deletion_that_is_out_of_the_state_is_settled_and_one_that_is_in_it_is_not() -> None:
    witnessed = Witnessed(unfinished=[("x.a", "delete", "i-1")])
    assert unknown_of(witnessed, []) == ()
    assert unknown_of(witnessed, [resource("x.a", "i-1")]) == ("x.a i-1",)


def test_of_a_state_that_was_not_read_only_what_was_under_way_is_unknown() -> None:
    witnessed = Witnessed(unfinished=[("x.a", "update", "i-1")], finished=[("x.b", "create", "i-2")])
    assert unknown_of(witnessed, None) == ("x.a i-1",)


@given(unfinished=st.lists(SEEN), known=st.lists(ADDRESSES))
def test_an_update_nobody_saw_end_is_always_named(unfinished: list[Seen], known: list[str]) -> None:
    named = unknown_of(Witnessed(unfinished=unfinished), [resource(each) for each in known])
    assert {address for address, action, _ in unfinished if action == "update"} <= set(named)
    assert len(named) == len(set(named))
