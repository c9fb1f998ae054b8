"""A person at a terminal is asked, once a wave; what is not a yes changes nothing."""

from tests.journeys.pseudo_terminal import PseudoTerminal
from tests.journeys.stage import Stage

QUESTION = "anything else is a no"


def _typed(stage: Stage, *arguments: str) -> PseudoTerminal:
    return PseudoTerminal(stage.program, *arguments, cwd=stage.clone.path)


def test_a_no_is_no_mistake_and_changes_nothing(one: Stage) -> None:
    terminal = _typed(one, "up", "prod")
    terminal.until(QUESTION)
    assert "terraform_data.net will be created" in terminal.seen, "the plan is shown before the question"
    terminal.type("no")
    assert terminal.ended() == 0
    assert one.entries() == []
    assert one.standing() == {"prod/network": "never applied"}
    assert one.run("locks").rows("lease") == []
    assert not {"refs/runner/live/prod", "refs/runner/state/prod"} & one.refs().keys()
    assert not (one.clone.path / ".git/runner/key").exists()


def test_a_yes_is_asked_for_again_by_each_wave_of_new_plans(three: Stage) -> None:
    terminal = _typed(three, "up", "prod")
    terminal.until(QUESTION)
    terminal.type("yes")
    terminal.until(QUESTION, times=2)
    assert [each["target"] for each in three.entries()] == ["prod/network"]
    terminal.type("no")
    assert terminal.ended() == 0
    assert three.standing() == {
        "prod/app": "never applied",
        "prod/database": "never applied",
        "prod/network": "live",
    }
    terminal = _typed(three, "up", "prod")
    terminal.until(QUESTION)
    terminal.type("y")
    assert terminal.ended() == 0
    assert set(three.standing().values()) == {"live"}


def test_where_nothing_is_to_be_applied_nobody_is_asked(one: Stage) -> None:
    one.run("up", "prod", "--yes")
    terminal = _typed(one, "up", "prod")
    assert terminal.ended() == 0
    assert QUESTION not in terminal.seen


def test_destroy_wants_the_environments_name_typed(one: Stage) -> None:
    one.run("up", "prod", "--yes")
    for typed in ("yes", "dev", ""):
        terminal = _typed(one, "destroy", "prod")
        terminal.until(QUESTION)
        terminal.type(typed)
        assert terminal.ended() == 0
        assert one.addresses("prod/network") == {"terraform_data.net"}
    terminal = _typed(one, "destroy", "prod")
    terminal.until(QUESTION)
    terminal.type("prod")
    assert terminal.ended() == 0
    assert one.standing() == {"prod/network": "held"}
