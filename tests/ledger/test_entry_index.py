"""The record of one target is found without reading the whole chain, and never without looking at the commits."""

from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from runner.errors import HistoryMoved
from runner.git.history import CloneHistory
from runner.ledger.chain import Verified
from runner.ledger.entry_index import EntryIndex
from runner.model.names import TargetName
from tests.ledger.ledger_parts import APP, LIVE, Desk, entry

NETWORK, STRANGE = "prod/network", TargetName(environment="prod", stack="a prod/network")


class CountedHistory(CloneHistory):
    """Counts the messages that were read."""

    read = 0

    def messages(self, commit: str) -> Iterator[tuple[str, str]]:
        for told in super().messages(commit):
            self.read += 1
            yield told


def file_of(desk: Desk) -> Path:
    return desk.repository.git_directory / "runner" / "entries" / "remote%2Forigin" / "prod"


def ids(desk: Desk, stack: str = "network") -> list[str]:
    return [each.id for each in desk.book.entries("prod", stack)]


def test_a_targets_entries_are_told_newest_first_also_as_the_ledger_grows(ada: Desk) -> None:
    first, other = ada.write(entry(1)), ada.write(entry(1, APP))
    assert (ids(ada), ids(ada, APP.stack)) == ([first], [other])
    foreign = ada.write(entry(1, STRANGE))
    third = ada.write(entry(2))
    assert ids(ada) == [third, first]
    assert ids(ada, STRANGE.stack) == [foreign]
    assert [each.id for each in ada.book.entries("prod", "network", limit=1)] == [third]


def test_what_was_indexed_is_not_read_again(ada: Desk) -> None:
    history = CountedHistory(ada.repository)
    index = EntryIndex(ada.repository.git_directory / "runner", "remote/origin", history)
    made = [ada.write(entry(number)) for number in range(1, 4)]

    def told() -> list[str]:
        head = ada.refs.head(LIVE)
        assert head
        return index.entries(Verified(environment="prod", ledger="", head=head, marks={}), NETWORK)

    assert told() == made[::-1]
    assert history.read == 4  # and the commit that opened the ledger
    assert told() == made[::-1]
    assert history.read == 4
    made.append(ada.write(entry(4)))
    assert told() == made[::-1]
    assert history.read == 6  # the new one, and the one that was known


@pytest.mark.parametrize("spoil", [lambda text: text[:-9], lambda _: b"", lambda text: b"old" + text])
def test_an_index_that_is_torn_or_of_another_version_is_made_again(
    ada: Desk, spoil: Callable[[bytes], bytes]
) -> None:
    made = ada.write(entry(1))
    assert ids(ada) == [made]
    file = file_of(ada)
    before = file.read_bytes()
    file.write_bytes(spoil(before))
    assert ids(ada) == [made]
    assert file.read_bytes() == before


def test_an_index_of_a_chain_that_is_no_more_is_made_again(ada: Desk, desks: Callable[..., Desk]) -> None:
    kept = ada.write(entry(1))
    ada.write(entry(2))
    assert len(ids(ada)) == 2
    index = file_of(ada).read_bytes()
    bob = desks("bob")
    bob.checkout.git("push", "-q", "--force", "origin", f"{kept}:{LIVE}")
    bob.book.refresh(["prod"])
    file_of(bob).parent.mkdir(parents=True)
    file_of(bob).write_bytes(index)
    assert ids(bob) == [kept]


def test_an_index_cannot_pass_another_targets_entry_off(ada: Desk) -> None:
    mine, other = ada.write(entry(1)), ada.write(entry(1, APP))
    assert ids(ada) == [mine]
    forged = file_of(ada).read_text().partition("\n")[2].replace(mine, "0" * 40)
    rewritten(file_of(ada), forged.replace(f"prod/{APP.stack}", NETWORK))
    with pytest.raises(HistoryMoved, match="lost 000000000000"):
        ids(ada)
    rewritten(file_of(ada), forged.replace("0" * 40, other).replace(f"prod/{APP.stack}", NETWORK))
    assert ids(ada) == []


def rewritten(file: Path, body: str) -> None:
    content = body.encode()
    file.write_bytes(f"runner-entries 1 {sha256(content).hexdigest()}\n".encode() + content)
