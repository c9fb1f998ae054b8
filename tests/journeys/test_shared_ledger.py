"""One ledger, several clones: what one applies the other sees, signed or as branches, and never rewound."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.checkout import Checkout
from tests.components.fixtures import absent
from tests.journeys.codes import NETWORK, ONE
from tests.journeys.conftest import Setting
from tests.journeys.stage import Stage

Colleague = Callable[[Stage], Stage]
MORE = NETWORK + 'output "more" { value = 1 }\n'


def test_what_one_clone_applies_the_other_sees_and_goes_on_from(one: Stage, colleague: Colleague) -> None:
    one.run("up", "prod", "--yes")
    other = colleague(one)
    assert other.standing() == {"prod/network": "live"}
    assert other.entries() == one.entries()
    assert other.outputs("prod") == one.outputs("prod")
    assert other.run("up", "prod", "--yes").outcomes == {"prod/network": "unchanged"}
    other.change({"stacks/network/main.tf": MORE})
    other.run("up", "prod", "--yes")
    assert one.standing() == {"prod/network": "behind"}, "of what is checked out here"
    assert one.entries()[-1]["actor"]["name"] == "grace.example@example.test"
    one.clone.git("pull", "--quiet", "--ff-only")
    assert one.standing() == {"prod/network": "live"}
    assert one.run("up", "prod", "--yes").outcomes == {"prod/network": "unchanged"}
    assert one.outputs("prod")["prod/network.more"] == 1


def test_a_ledger_that_was_moved_back_stops_everything(one: Stage, colleague: Colleague) -> None:
    one.run("up", "prod", "--yes")
    before = one.refs()["refs/runner/live/prod"]
    one.change({"stacks/network/main.tf": MORE})
    one.run("up", "prod", "--yes")
    after = one.refs()["refs/runner/live/prod"]
    one.on_remote("update-ref", "refs/runner/live/prod", before)
    for words in (("up", "prod", "--yes"), ("preview", "prod"), ("status",)):
        one.run(*words, code=7)
    one.on_remote("update-ref", "refs/runner/live/prod", after)
    assert one.run("up", "prod", "--yes").outcomes == {"prod/network": "unchanged"}


def test_without_a_remote_all_stays_in_the_clone(one: Stage) -> None:
    one.change({"runner.yaml": "ledger: {remote: none}\n"})
    before = one.refs()
    one.run("up", "prod", "--yes")
    assert one.refs() == before
    assert "refs/runner/live/prod" in one.clone.git("for-each-ref", "--format=%(refname)")
    assert one.standing() == {"prod/network": "live"}
    one.change({"stacks/network/main.tf": MORE}, push=False)
    assert one.run("up", "prod", "--yes").outcomes == {"prod/network": "succeeded"}, "its own branch counts"


def test_with_remotes_and_no_word_about_the_ledger_both_choices_are_named(one: Stage) -> None:
    one.change({"runner.yaml": "{}\n"})
    for words in (("up", "prod", "--yes"), ("destroy", "prod", "--yes"), ("freeze", "prod", "--reason", "x")):
        hint = one.run(*words, code=2).diagnostic("ledger-remote-unset")["hint"]
        assert "`ledger: {remote: origin}`" in hint
        assert "`ledger: {remote: none}`" in hint
    one.run("preview", "prod")
    assert "refs/runner" not in str(one.refs()) + one.clone.git("for-each-ref")


def test_the_ledger_can_be_kept_in_branches(setting: Setting, colleague: Colleague) -> None:
    stage = setting({**ONE, "runner.yaml": "ledger: {remote: origin, refs: branches}\n"})
    stage.run("up", "prod", "--yes")
    refs = set(stage.refs())
    assert {f"refs/heads/runner/{kind}/prod" for kind in ("live", "locks", "state")} <= refs
    assert not any(ref.startswith("refs/runner/") for ref in refs)
    other = colleague(stage)
    assert other.standing() == {"prod/network": "live"}
    assert other.run("up", "prod", "--yes").outcomes == {"prod/network": "unchanged"}


@pytest.fixture
def signed(setting: Setting, tmp_path: Path) -> Stage:
    """A ledger whose entries must be signed; Ada's key is allowed, and her Git signs with it."""
    key = tmp_path / "ada-key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    stage = setting(
        {
            **ONE,
            "runner.yaml": (
                "ledger: {remote: origin, sign: required, signers: environments/allowed_signers}\n"
            ),
            "environments/allowed_signers": f"ada.example@example.test {key.with_suffix('.pub').read_text()}",
        }
    )
    _signs_with(stage.clone, key)
    return stage


def _signs_with(clone: Checkout, key: Path) -> None:
    clone.git("config", "gpg.format", "ssh")
    clone.git("config", "user.signingkey", str(key))


def test_signed_entries_are_believed_and_name_who_signed(signed: Stage, colleague: Colleague) -> None:
    signed.run("up", "prod", "--yes")
    assert "-----BEGIN SSH SIGNATURE-----" in signed.on_remote("cat-file", "-p", "refs/runner/live/prod")
    shown = signed.run("show", signed.entries()[0]["id"]).rows("entry")[0]
    assert shown["signature"] == "G ada.example@example.test"
    assert colleague(signed).standing() == {"prod/network": "live"}
    assert signed.run("up", "prod", "--yes").outcomes == {"prod/network": "unchanged"}


def test_who_cannot_sign_cannot_write_where_signing_is_required(signed: Stage, colleague: Colleague) -> None:
    signed.run("up", "prod", "--yes")
    other = colleague(signed)
    other.change({"stacks/network/main.tf": MORE})
    before = other.refs()["refs/runner/live/prod"]
    told = other.program("up", "prod", "--yes", "--json", cwd=other.clone.path)
    assert told.code != 0
    assert other.refs()["refs/runner/live/prod"] == before
    assert "more" not in str(signed.outputs("prod"))


def test_an_unsigned_entry_or_one_of_a_stranger_is_refused(signed: Stage, tmp_path: Path) -> None:
    signed.run("up", "prod", "--yes")
    ref = "refs/runner/live/prod"
    head = signed.refs()[ref]
    tree, parents = signed.on_remote("log", "-1", "--format=%T %P", head).split(" ", 1)
    message = signed.on_remote("log", "-1", "--format=%B", head)
    signed.clone.git("fetch", "--quiet", "origin", ref)
    stranger = tmp_path / "stranger"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(stranger)], check=True)
    for sign in ([], ["-S"]):
        _signs_with(signed.clone, stranger)
        forged = signed.clone.git(
            "commit-tree", tree, "-p", head, "-p", parents.split()[-1], *sign, "-m", message
        )
        signed.clone.git("push", "--quiet", "--force", "origin", f"{forged}:{ref}")
        for words in (("up", "prod", "--yes"), ("status",), ("preview", "prod")):
            signed.run(*words, code=7)
    signed.on_remote("update-ref", ref, head)
    assert signed.standing() == {"prod/network": "live"}


@pytest.fixture
def gpg_home() -> Iterator[Path]:
    """A home of gpg with Ada's key. Its path is short, for the sockets of what gpg leaves running until the end."""
    if shutil.which("gpg") is None:
        absent("`gpg` is not on PATH")
    home = Path(tempfile.mkdtemp(prefix="gpg-"))
    environment = {**os.environ, "GNUPGHOME": str(home)}
    made = ("--batch", "--passphrase", "", "--quick-gen-key", "ada.example@example.test", "ed25519", "sign")
    try:
        subprocess.run(["gpg", "--quiet", *made], env=environment, check=True, stderr=subprocess.DEVNULL)
        yield home
    finally:
        subprocess.run(["gpgconf", "--kill", "all"], env=environment, check=False)
        shutil.rmtree(home, ignore_errors=True)


def test_entries_signed_with_gpg_are_believed_by_who_has_the_key_and_by_nobody_else(
    setting: Setting, colleague: Colleague, gpg_home: Path
) -> None:
    stage = setting({**ONE, "runner.yaml": "ledger: {remote: origin, sign: required}\n"})
    stage.clone.git("config", "user.signingkey", "ada.example@example.test")
    keys = {"GNUPGHOME": str(gpg_home)}
    stage.run("up", "prod", "--yes", env=keys)
    assert "-----BEGIN PGP SIGNATURE-----" in stage.on_remote("cat-file", "-p", "refs/runner/live/prod")
    shown = stage.run("show", "prod/network", env=keys).rows("entry")[0]
    assert (shown["signature"].split(" ")[0], "ada.example@example.test" in shown["signature"]) == ("G", True)
    assert stage.run("up", "prod", "--yes", env=keys).outcomes == {"prod/network": "unchanged"}
    stranger = colleague(stage)
    assert "ledger-unsigned" in stranger.run("status", code=7).codes
    assert stranger.run("status", env=keys).rows("status")[0]["state"] == "live"
