"""Ledgers whose entries must be signed: real keys, real signatures."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.errors import HistoryMoved
from runner.ledger.verification import Signing
from tests.checkout import new_clone
from tests.ledger.ledger_parts import Desk, entry


@pytest.fixture
def signer(tmp_path: Path, git_remote: Path, repository: object) -> Callable[[str], str]:
    """Gives a clone of that name a signing key, and the line that allows it."""

    def give(name: str) -> str:
        key = tmp_path / f"key-of-{name}"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
        clone = new_clone(git_remote, tmp_path / name, person=name.title())
        clone.git("config", "gpg.format", "ssh")
        clone.git("config", "user.signingkey", str(key))
        return f"{name}@example.test {key.with_suffix('.pub').read_text()}"

    return give


def unsigned(desk: Desk) -> str:
    with pytest.raises(HistoryMoved) as caught:
        desk.book.refresh(["prod"])
    return caught.value.diagnostics[0].code


def test_signed_entries_of_allowed_signers_are_believed_and_named(
    desks: Callable[..., Desk], signer: Callable[[str], str]
) -> None:
    signers = signer("ada").encode()
    ada = desks("ada", signing=Signing(write=True, required=True, signers=signers))
    ada.book.open("prod")
    written = ada.write(entry(1))
    assert ada.book.entry("prod", written).signature == "G ada@example.test"
    bob = desks("bob", signing=Signing(required=True, signers=signers))
    bob.book.refresh(["prod"])
    assert bob.book.verify("prod") == 1


def test_signatures_of_others_are_not(desks: Callable[..., Desk], signer: Callable[[str], str]) -> None:
    allowed = signer("ada").encode()
    signer("eve")
    eve = desks("eve", signing=Signing(write=True))
    eve.book.open("prod")
    eve.write(entry(1))
    assert unsigned(desks("bob", signing=Signing(required=True, signers=allowed))) == "ledger-unsigned"


def test_an_unsigned_entry_after_signed_ones_is_not_believed(
    desks: Callable[..., Desk], signer: Callable[[str], str]
) -> None:
    signers = signer("ada").encode()
    ada = desks("ada", signing=Signing(write=True, required=True, signers=signers))
    ada.book.open("prod")
    ada.write(entry(1))
    bob, carl = (desks(name, signing=Signing(required=True, signers=signers)) for name in ("bob", "carl"))
    bob.book.refresh(["prod"])
    eve = desks("eve")
    eve.book.refresh(["prod"])
    eve.write(entry(2))
    assert unsigned(bob) == "ledger-unsigned"
    assert unsigned(carl) == "ledger-unsigned"


def test_old_unsigned_entries_are_vouched_for_by_who_signed_after_them(
    desks: Callable[..., Desk], signer: Callable[[str], str]
) -> None:
    signers = signer("ada").encode()
    eve = desks("eve")
    eve.book.open("prod")
    eve.write(entry(1))
    ada = desks("ada", signing=Signing(write=True))
    ada.book.refresh(["prod"])
    ada.write(entry(2))
    bob = desks("bob", signing=Signing(required=True, signers=signers))
    bob.book.refresh(["prod"])
    assert bob.book.live("prod")["network"].last.run == "run-2"
