"""Where keys come from, how they are made, rotated and retired, and that nobody loses one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from runner.cloud.kms import KmsDataKeys
from runner.conformance.state_store import NETWORK, refused, state_of, write
from runner.errors import AskedWrongly, HistoryMoved
from runner.git import Edit
from runner.kit.crypto import Key, KeyRing, generate, printable
from runner.kit.sealing import Sealer
from runner.model.environment import KeySource
from runner.vault import Rotated
from runner.vault.keys import KeyPlaces, write_key
from runner.vault.wrapped_keys import retired, rotated, state_ref
from tests.components.fixtures import MotoServer
from tests.vault.store_benches import SEAL, GitPlace, cloud_at

LEDGER = SEAL.ledger


def places(
    place: GitPlace,
    source: KeySource | None = None,
    variables: Mapping[str, str] | None = None,
    environment: str = "prod",
) -> KeyPlaces:
    """The places of one environment's key, as a fresh process sees them."""
    return KeyPlaces(
        environment=environment,
        source=source,
        variables=variables or {},
        git_directory=place.repository.git_directory,
        root=place.repository.root,
        refs=place.refs(),
    )


def current(ring: KeyRing | None) -> Key:
    """The current key of a ring that is there."""
    assert ring is not None
    return ring.current


def turned(place: GitPlace, ring: KeyRing, new: Key, environment: str = "prod") -> Rotated:
    """Rotates, and delivers it."""
    done = places(place, environment=environment).rotated(ring, new, LEDGER)
    assert place.deliver(done.edits)
    return done


def test_the_nearest_place_wins(git_place: GitPlace) -> None:
    one, two, three, four = (generate() for _ in range(4))
    assert places(git_place).ring(LEDGER) is None
    write_key(places(git_place).file, one)
    assert current(places(git_place).ring(LEDGER)) == one
    variables = {"GITOPS_RUNNER_KEY": printable(two)}
    assert current(places(git_place, variables=variables).ring(LEDGER)) == two
    variables["GITOPS_RUNNER_KEY_EU_PROD"] = printable(three)
    assert current(places(git_place, variables=variables, environment="eu-prod").ring(LEDGER)) == three
    assert current(places(git_place, variables=variables).ring(LEDGER)) == two
    variables["MY_KEY"] = printable(four)
    source = KeySource(kind="env", value="MY_KEY")
    assert current(places(git_place, source, variables).ring(LEDGER)) == four


def test_a_place_that_the_gates_name_is_never_passed_over(git_place: GitPlace) -> None:
    write_key(places(git_place).file, generate())
    named = KeySource(kind="env", value="MY_KEY")
    refused("key-missing", lambda: places(git_place, named).ring(LEDGER))
    refused("key-missing", lambda: places(git_place, named).make())
    assert places(git_place, KeySource(kind="file", value="elsewhere")).ring(LEDGER) is None
    refused(
        "key-missing", lambda: places(git_place, KeySource(kind="file", value="elsewhere")).needed(LEDGER)
    )
    refused("key-missing", lambda: places(git_place, KeySource(kind="kms", value="arn:x")).make())


def test_a_key_that_is_made_is_private_and_never_replaced(git_place: GitPlace) -> None:
    made = places(git_place).make()
    assert made.path == git_place.repository.git_directory / "runner" / "key"
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert current(places(git_place).ring(LEDGER)) == made.key
    refused("key-exists", lambda: places(git_place).make())
    assert git_place.repository.command.output("status", "--porcelain") == b""


def test_a_file_that_others_can_read_is_refused_unless_it_is_the_users_own_choice(
    git_place: GitPlace,
) -> None:
    made = places(git_place).make()
    assert made.path is not None
    made.path.chmod(0o644)
    refused("key-exposed", lambda: places(git_place).ring(LEDGER))
    named = KeySource(kind="file", value=str(made.path))
    assert current(places(git_place, named).ring(LEDGER)) == made.key


def test_a_malformed_key_is_named_by_its_place_and_not_repeated(git_place: GitPlace) -> None:
    with pytest.raises(AskedWrongly, match="GITOPS_RUNNER_KEY_PROD") as caught:
        places(git_place, variables={"GITOPS_RUNNER_KEY_PROD": "hunter2hunter2"}).ring(LEDGER)
    assert "hunter2" not in str(caught.value)


def test_after_a_rotation_everything_old_is_readable_and_values_look_the_same(git_place: GitPlace) -> None:
    made = places(git_place).make()
    ring = again = places(git_place).needed(LEDGER)
    first = replace(git_place, seal=replace(SEAL, keys=ring))
    stored = write(first, first.open(), 1, None)
    for _ in range(2):
        new = generate()
        places(git_place).kept_for_rotation(new)
        assert current(places(git_place).ring(LEDGER)) != new  # nothing counts before it is pushed
        turned(git_place, places(git_place).needed(LEDGER), new)
        again = places(git_place).needed(LEDGER)
        assert again.current == new
        assert again.sealing == made.key
        assert made.key.id in again.old
    seal = replace(SEAL, keys=again)
    assert replace(git_place, seal=seal).open().load(NETWORK, stored) == state_of(1)[0]
    assert Sealer(again, LEDGER, "prod").seal("t", "a", "p", 1) == Sealer(ring, LEDGER, "prod").seal(
        "t", "a", "p", 1
    )
    assert len(again.old) == 2
    assert current(places(git_place, environment="dev").ring(LEDGER)) == made.key  # which shares the file


def test_a_machine_with_the_old_key_is_told_so(git_place: GitPlace) -> None:
    old, new = generate(), generate()
    variables = {"GITOPS_RUNNER_KEY": printable(old)}
    turned(git_place, places(git_place, variables=variables).needed(LEDGER), new)
    refused("key-rotated", lambda: places(git_place, variables=variables).ring(LEDGER))
    refused("key-missing", lambda: places(git_place).needed(LEDGER))
    given = {"GITOPS_RUNNER_KEY": printable(new)}
    assert places(git_place, variables=given).needed(LEDGER).old == {old.id: old}


def test_a_wrapped_key_that_was_changed_moved_or_came_from_elsewhere_is_noticed(git_place: GitPlace) -> None:
    old, new = generate(), generate()
    turned(git_place, places(git_place, variables={"GITOPS_RUNNER_KEY": printable(old)}).needed(LEDGER), new)
    given = {"GITOPS_RUNNER_KEY": printable(new)}
    path = f"keys/{old.id}.wrapped"
    found = git_place.refs().blob(state_ref("prod"), path)
    assert found is not None
    with pytest.raises(HistoryMoved):
        places(git_place, variables=given).ring("another-ledger")
    for changes in (
        {path: found[1][:-1] + bytes([found[1][-1] ^ 1])},
        {path: None, f"keys/{new.id}.wrapped": found[1]},
        {path: b"garbage"},
    ):
        assert git_place.deliver([Edit(ref=state_ref("prod"), changes=changes)])
        refused("key-not-authentic", lambda: places(git_place, variables=given).ring(LEDGER))


def test_two_rotations_at_once_leave_one(git_place: GitPlace) -> None:
    ring = places(git_place, variables={"GITOPS_RUNNER_KEY": printable(generate())}).needed(LEDGER)
    found = git_place.refs().blobs(state_ref("prod"), "keys")
    one, other = (rotated(ring, generate(), LEDGER, "prod", found) for _ in range(2))
    assert git_place.deliver(one.edits)
    assert not git_place.deliver(other.edits)


def test_no_key_lies_in_the_clear_in_git(git_place: GitPlace) -> None:
    old = generate()
    done = turned(
        git_place,
        places(git_place, variables={"GITOPS_RUNNER_KEY": printable(old)}).needed(LEDGER),
        generate(),
    )
    for content in done.edits[0].changes.values():
        assert content is not None
        assert old.secret not in content
        assert old.secret.hex().encode() not in content
        assert printable(old).encode() not in content


def test_a_key_is_retired_only_when_nothing_needs_it(git_place: GitPlace) -> None:
    first, second, third = (generate() for _ in range(3))
    ring = places(git_place, variables={"GITOPS_RUNNER_KEY": printable(first)}).needed(LEDGER)
    ring = turned(git_place, ring, second).ring
    ring = turned(git_place, ring, third).ring
    found = git_place.refs().blobs(state_ref("prod"), "keys")
    refused("key-in-use", lambda: retired(ring, third.id, "prod", found, ()))
    refused("key-in-use", lambda: retired(ring, first.id, "prod", found, ()))
    refused("key-in-use", lambda: retired(ring, second.id, "prod", found, {second.id}))
    refused("key-unknown", lambda: retired(ring, generate().id, "prod", found, ()))
    assert git_place.deliver(retired(ring, second.id, "prod", found, {first.id, third.id}))
    left = places(git_place, variables={"GITOPS_RUNNER_KEY": printable(third)}).needed(LEDGER)
    assert set(left.old) == {first.id}


def test_kms_wraps_the_key_and_each_environment_its_own(git_place: GitPlace, moto_server: MotoServer) -> None:
    cloud = cloud_at(str(moto_server))
    client = cloud.session.client("kms", endpoint_url=str(moto_server), config=cloud.settings())
    arn = client.create_key()["KeyMetadata"]["Arn"]
    source, service = KeySource(kind="kms", value=arn), KmsDataKeys(cloud, arn)

    def fresh(name: str = "prod") -> KeyPlaces:
        return replace(places(git_place, source, environment=name), data_keys=service)

    assert fresh().ring(LEDGER) is None
    made = fresh().make()
    assert made.path is None
    assert git_place.deliver(made.edits)
    assert fresh().needed(LEDGER).current == made.key
    assert not git_place.deliver(fresh().make().edits)  # another machine began at the same moment
    assert fresh().needed(LEDGER).current == made.key
    wrapped = made.edits[0].changes["keys/current.kms"]
    assert wrapped is not None
    assert made.key.secret not in wrapped
    assert git_place.deliver([Edit(ref=state_ref("dev"), changes={"keys/current.kms": wrapped})])
    with pytest.raises(AskedWrongly):  # bound to its environment by the encryption context
        fresh("dev").ring(LEDGER)


def test_a_kms_key_is_rotated_to_another_one(git_place: GitPlace, moto_server: MotoServer) -> None:
    cloud = cloud_at(str(moto_server))
    client = cloud.session.client("kms", endpoint_url=str(moto_server), config=cloud.settings())
    arn = client.create_key()["KeyMetadata"]["Arn"]
    source, service = KeySource(kind="kms", value=arn), KmsDataKeys(cloud, arn)
    made = replace(places(git_place, source), data_keys=service).make()
    assert git_place.deliver(made.edits)
    before = replace(places(git_place, source), data_keys=service)
    new, wrapped = before.new_data_key(arn)
    found = git_place.refs().blobs(state_ref("prod"), "keys")
    assert git_place.deliver(rotated(before.needed(LEDGER), new, LEDGER, "prod", found, wrapped).edits)
    after = replace(places(git_place, source), data_keys=service).needed(LEDGER)
    assert after.current == new
    assert after.sealing == made.key


def test_a_crash_between_writing_and_pushing_a_new_key_loses_nothing(git_place: GitPlace) -> None:
    made = places(git_place).make()
    lost = generate()
    path = places(git_place).kept_for_rotation(lost)
    assert path.stat().st_mode & 0o777 == 0o600
    assert current(places(git_place).ring(LEDGER)) == made.key
    turned(git_place, places(git_place).needed(LEDGER), lost)
    assert current(places(git_place).ring(LEDGER)) == lost
    assert Path(path).exists()
