"""Modules of other repositories: what was fetched is part of what was planned."""

from collections.abc import Callable
from pathlib import Path

from tests.checkout import Checkout, new_clone, new_remote
from tests.journeys.codes import RUNNER
from tests.journeys.conftest import Setting
from tests.journeys.stage import Stage

INNER = 'output "word" { value = "one" }\n'


def library(place: Path) -> Checkout:
    """A repository with a module below `net`, which nobody pins but who wants to."""
    made = new_clone(new_remote(place / "library.git"), place / "library")
    made.git("symbolic-ref", "HEAD", "refs/heads/main")
    made.commit({"net/main.tf": INNER, "notes/shared.txt": "first"})
    made.push()
    return made


def caller(library: Checkout, pin: str) -> str:
    """A stack that shows nothing of the module that it calls."""
    source = f"git::file://{library.remote}//net?ref={pin}"
    return f'module "net" {{ source = "{source}" }}\nresource "terraform_data" "a" {{}}\n'


def test_a_module_in_a_submodule_is_laid_out_at_the_recorded_commit(
    setting: Setting, colleague: Callable[[Stage], Stage], tmp_path: Path
) -> None:
    other = library(tmp_path)
    code = 'module "net" { source = "../../vendor/library/net" }\noutput "word" { value = module.net.word }\n'
    stage = setting({"runner.yaml": RUNNER, "environments/prod.yaml": "", "stacks/a/main.tf": code})
    stage.clone.git("submodule", "--quiet", "add", str(other.remote), "vendor/library")
    stage.change({})
    stage.run("up", "prod", "--yes")
    assert stage.outputs("prod") == {"prod/a.word": "one"}
    other.commit({"net/main.tf": INNER.replace("one", "two")})
    other.push()
    stage.clone.git("-C", "vendor/library", "pull", "--quiet")
    stage.change({})
    assert stage.standing() == {"prod/a": "behind"}
    friend = colleague(stage)
    told = friend.run("preview", "prod", code=2)
    assert "`vendor/library`" in told.diagnostic("submodule-missing")["message"]
    assert told.diagnostic("submodule-missing")["hint"] == "git submodule update --init vendor/library"
    friend.clone.git("submodule", "--quiet", "update", "--init", "vendor/library")
    friend.run("up", "prod", "--yes")
    assert friend.outputs("prod") == {"prod/a.word": "two"}


def test_a_module_that_moved_without_us_is_other_code_and_a_pinned_one_is_not(
    setting: Setting, tmp_path: Path
) -> None:
    other = library(tmp_path)
    pin = other.git("rev-parse", "HEAD")
    stage = setting(
        {
            "runner.yaml": RUNNER,
            "environments/prod.yaml": "{}\n",
            "stacks/loose/main.tf": caller(other, "main"),
            "stacks/pinned/main.tf": caller(other, pin),
        }
    )
    before = stage.run("up", "prod", "--yes").plans
    again = stage.run("preview", "prod").plans
    assert {name: each["digests"]["code"] for name, each in again.items()} == {
        name: each["digests"]["code"] for name, each in before.items()
    }
    other.commit({"notes/shared.txt": "second"})
    other.push()
    assert stage.standing() == {"prod/loose": "live", "prod/pinned": "live"}
    known = stage.run("preview", "prod").plans["prod/loose"]
    assert (known["age"] is None, known["digests"]) == (False, again["prod/loose"]["digests"]), "for a while"
    after = stage.run("preview", "prod", "--fresh").plans
    assert after["prod/pinned"]["digests"] == again["prod/pinned"]["digests"]
    assert after["prod/loose"]["changed"] is False
    differing = {
        name
        for name, each in again["prod/loose"]["digests"].items()
        if each != after["prod/loose"]["digests"][name]
    }
    assert differing == {"code", "plan"}
    told = stage.run("up", "prod", "--yes")
    assert told.outcomes == {"prod/loose": "unchanged", "prod/pinned": "unchanged"}
    assert [each["target"] for each in stage.entries()][-1] == "prod/loose"
    assert len(stage.entries("prod/pinned")) == 1
    assert stage.standing() == {"prod/loose": "live", "prod/pinned": "live"}
