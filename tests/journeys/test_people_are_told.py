"""`notify:`: a real room on loopback hears of what it asked for, and nothing that it does changes the run."""

import socket
from collections.abc import Callable, Iterator

import pytest

from tests.journeys.codes import NETWORK, ONE
from tests.journeys.stage import Files, Stage
from tests.listening_room import Heard, listening

pytest.importorskip("apprise", reason="the extra `notify` is not installed")
ENVIRONMENT = ONE["environments/prod.yaml"]
SECRET = "k4n4r13nv0g3l"
BROKEN = (
    NETWORK
    + 'resource "terraform_data" "b" {\n  provisioner "local-exec" {\n    command = "exit 3"\n  }\n}\n'
)
NOTIFY = 'allow: {{secrets: ["env:CHAT"]}}\nnotify: [{{url: "{url}", on: [{on}]}}]\n'


@pytest.fixture
def room() -> Iterator[tuple[str, Heard]]:
    """Where it is, and what it has heard."""
    with listening() as open_room:
        yield open_room


def test_a_room_hears_what_it_asked_for_and_its_address_stays_secret(
    setting: Callable[[Files], Stage], room: tuple[str, Heard]
) -> None:
    place, heard = room
    wanted = NOTIFY.format(url=f"json://{place}/${{secret:env:CHAT}}", on="failed, break-glass")
    stage = setting({**ONE, "environments/prod.yaml": ENVIRONMENT + wanted})
    secret = {"CHAT": SECRET}
    stage.run("up", "prod", "--yes", env=secret)
    assert heard == [], "an apply that went well was not asked for"

    stage.change({"stacks/network/main.tf": BROKEN})
    told = stage.run("up", "prod", "--yes", "--break-glass", "it burns, @here", env=secret, code=1)
    [(path, message)] = heard
    assert path.rstrip("/") == f"/{SECRET}"
    assert message["title"] == "runner: prod: 1 break-glass, 1 failed"
    assert "prod/network failed: " in message["message"]
    assert "@here" not in message["message"]
    assert SECRET not in told.ran.stdout + told.ran.stderr


def test_a_room_that_does_not_take_it_is_said_and_changes_nothing(
    setting: Callable[[Files], Stage], closed_port: int
) -> None:
    wanted = NOTIFY.format(url=f"json://127.0.0.1:{closed_port}/${{secret:env:CHAT}}", on="applied")
    stage = setting({**ONE, "environments/prod.yaml": ENVIRONMENT + wanted})
    told = stage.run("up", "prod", "--yes", env={"CHAT": SECRET})
    assert told.outcomes == {"prod/network": "succeeded"}
    assert "`notify[0]` of `prod`" in told.diagnostic("notice-not-sent")["message"]
    assert SECRET not in told.ran.stdout + told.ran.stderr
    stage.change({"stacks/network/main.tf": NETWORK + 'output "more" { value = 1 }\n'})
    told = stage.run("up", "prod", "--yes")
    assert "CHAT" in told.diagnostic("notice-not-sent")["message"], "the secret is not there"


@pytest.fixture
def closed_port() -> int:
    """Where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
