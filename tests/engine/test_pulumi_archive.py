"""Pulumi's CLI is fetched from a pinned place, and is what was pinned, or nothing is installed."""

from __future__ import annotations

import hashlib
import io
import socket
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from msgspec.structs import replace

from runner.engine.pulumi_archive import Release, install, pinned
from runner.errors import AskedWrongly, NoAnswer, RunnerError, ToolUnavailable
from tests.checkout import Checkout
from tests.engine.pin_pulumi import pins_of
from tests.program import Program

PROGRAM = b"#!/bin/sh\necho v3.1.2\n"


def archive(**members: bytes) -> bytes:
    """A gzipped tar of plain files."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as file:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            file.addfile(member, io.BytesIO(content))
    return made.getvalue()


def linked(name: str, target: str) -> bytes:
    """An archive with a symbolic link."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as file:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = tarfile.SYMTYPE, target
        file.addfile(member)
    return made.getvalue()


GOOD = archive(**{"pulumi/pulumi": PROGRAM, "pulumi/pulumi-language-go": b"go"})


class Site:
    """Serves one archive on loopback, to one who asks at a time."""

    def __init__(self) -> None:
        self.content = GOOD
        self.cut = 0
        self.asked: list[str] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._serving = threading.Thread(target=self._serve)
        self._serving.start()

    @property
    def release(self) -> Release:
        """What is pinned of what it serves."""
        place = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        return Release(
            version="3.1.2",
            url=f"{place}/v{{version}}/pulumi-v{{version}}-{{platform}}.tar.gz",
            sha256={"linux-x64": hashlib.sha256(self.content).hexdigest()},
        )

    def end(self) -> None:
        """Nobody is served any more."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._serving.join()
        self._socket.close()

    def _serve(self) -> None:
        with suppress(OSError):  # it was shut down
            while True:
                asking, _ = self._socket.accept()
                with asking:
                    self.asked.append(asking.recv(1 << 16).split()[1].decode())
                    head = f"HTTP/1.0 200 OK\r\nContent-Length: {len(self.content)}\r\n\r\n"
                    asking.sendall(head.encode() + self.content[: len(self.content) - self.cut])


@pytest.fixture
def site() -> Iterator[Site]:
    """A site in the background."""
    made = Site()
    yield made
    made.end()


def refused(home: Path, release: Release, family: type[RunnerError]) -> str:
    """The code of a refusal that left nothing behind."""
    with pytest.raises(family) as failure:
        install(home, release, "linux-x64")
    assert not [each for each in home.rglob("*") if each.is_file()], "something was left"
    assert not list(home.parent.glob("escaped*"))
    assert "\n" not in failure.value.diagnostics[0].message
    return failure.value.diagnostics[0].code


def test_what_is_as_pinned_is_unpacked_where_the_official_installer_puts_it(site: Site, home: Path) -> None:
    said = install(home, site.release, "linux-x64")
    assert site.asked == ["/v3.1.2/pulumi-v3.1.2-linux-x64.tar.gz"]
    program = home / ".pulumi/bin/pulumi"
    assert subprocess.run([program], capture_output=True, check=True).stdout == b"v3.1.2\n"
    assert said == f"Pulumi 3.1.2 is in {program.parent}"
    assert sorted(each.name for each in program.parent.iterdir()) == ["pulumi", "pulumi-language-go"]
    assert [each.name for each in (home / ".pulumi").iterdir()] == ["bin"]


def test_one_that_is_there_is_left_alone(site: Site, home: Path) -> None:
    program = home / ".pulumi/bin/pulumi"
    program.parent.mkdir(parents=True)
    program.write_text("mine")
    with pytest.raises(AskedWrongly):
        install(home, site.release, "linux-x64")
    assert program.read_text() == "mine"
    assert not site.asked


def test_what_is_not_as_pinned_is_never_unpacked(site: Site, home: Path) -> None:
    wrong = replace(site.release, sha256={"linux-x64": "0" * 64})
    assert refused(home, wrong, ToolUnavailable) == "engine-not-as-pinned"


@pytest.mark.parametrize(
    "content",
    [
        archive(**{"pulumi/../../../escaped": b"x", "pulumi/pulumi": PROGRAM}),
        archive(**{"/tmp/escaped": b"x", "pulumi/pulumi": PROGRAM}),
        archive(**{"elsewhere/pulumi": PROGRAM}),
        archive(**{"pulumi/other": b"x"}),
        linked("pulumi/pulumi", "/bin/sh"),
        b"no archive",
        GOOD[:-40],
    ],
    ids=["dots", "absolute", "elsewhere", "no program", "link", "no archive", "half"],
)
def test_an_archive_that_leads_elsewhere_is_never_unpacked(site: Site, home: Path, content: bytes) -> None:
    site.content = content
    assert refused(home, site.release, ToolUnavailable) == "engine-archive-odd"


def test_what_ends_too_soon_says_so(site: Site, home: Path) -> None:
    site.cut = 10
    assert refused(home, site.release, NoAnswer) == "engine-not-fetched"


def test_a_site_that_does_not_answer_is_one_clear_sentence(site: Site, home: Path) -> None:
    release = replace(site.release, url="http://127.0.0.1:9/{version}/{platform}")
    assert refused(home, release, NoAnswer) == "engine-not-fetched"


def test_a_machine_that_nothing_is_pinned_for_is_named(site: Site, home: Path) -> None:
    with pytest.raises(ToolUnavailable) as failure:
        install(home, site.release, "plan9-mips")
    assert "plan9-mips" in str(failure.value)
    assert not site.asked


def test_every_platform_has_a_whole_sum_of_its_own() -> None:
    release = pinned()
    assert sorted(release.sha256) == ["darwin-arm64", "darwin-x64", "linux-arm64", "linux-x64"]
    assert len(set(release.sha256.values())) == 4
    assert all(len(bytes.fromhex(found)) == 32 for found in release.sha256.values())
    assert release.url.startswith("https://")


def test_the_pins_are_filled_from_what_a_release_publishes() -> None:
    names = list(pinned().sha256)
    sums = "".join(f"{number:064x}  pulumi-v3.9.9-{name}.tar.gz\n" for number, name in enumerate(names))
    told = pins_of("3.9.9", sums + f"{9:064x}  pulumi-v3.9.9-windows-x64.zip\n")
    assert told is not None
    assert told["version"] == "3.9.9"
    assert told["sha256"] == {name: f"{number:064x}" for number, name in enumerate(names)}
    assert pins_of("3.9.9", sums.partition("\n")[2]) is None


def test_the_verb_says_in_one_sentence_that_there_is_no_network(
    repository: Checkout, run_runner: Program, home: Path
) -> None:
    env = {"HOME": str(home), "HTTPS_PROXY": "http://127.0.0.1:9"}
    done = run_runner("doctor", "--install", "pulumi", cwd=repository.path, env=env)
    assert done.code == 6
    assert done.stderr.count("error[") == 1
    assert "error[engine-not-fetched]" in done.stderr
    assert pinned().version in done.stderr
    assert not list((home / ".pulumi").iterdir())
