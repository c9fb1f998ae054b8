"""Which engine is chosen, and what is said when none is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runner.engine.brands import BRANDS
from runner.engine.discovery import Discovery, likely
from runner.errors import AskedWrongly, ToolUnavailable
from runner.kit.process import Command, run
from runner.model.stack import EngineName, EngineWish

SCRIPT = """#!/bin/sh
echo asked >> "{asked}"
echo '{{"terraform_version": "{version}"}}'
"""


def program(place: Path, version: str, name: str = "terraform") -> Path:
    """A program that says only its version: enough to be found."""
    place.mkdir(parents=True, exist_ok=True)
    made = place / name
    made.write_text(SCRIPT.format(version=version, asked=place / "asked"))
    made.chmod(0o755)
    return made


def wish(*constraints: str, path: str = "", name: EngineName = EngineName.TERRAFORM) -> EngineWish:
    return EngineWish(
        name=name, constraints=tuple((text, f"place of {text}") for text in constraints), path=path
    )


def test_the_first_on_the_path_that_meets_every_constraint_is_chosen(tmp_path: Path) -> None:
    old, new = program(tmp_path / "old", "1.5.7"), program(tmp_path / "new", "1.11.4")
    discovery = Discovery(tmp_path / "cache", {"PATH": f"{old.parent}:{new.parent}"})
    assert discovery.choose(wish()).argv == (str(old),)
    chosen = discovery.choose(wish(">= 1.6", "< 2"))
    assert chosen.argv == (str(new),)
    assert str(chosen.identity) == "terraform 1.11.4 (PATH)"


def test_a_named_program_never_falls_through(tmp_path: Path) -> None:
    named, other = program(tmp_path / "named", "1.5.7"), program(tmp_path / "path", "1.11.4")
    discovery = Discovery(tmp_path / "cache", {"PATH": str(other.parent)})
    assert discovery.choose(wish(path=str(named))).identity.origin == "named"
    with pytest.raises(ToolUnavailable) as failure:
        discovery.choose(wish(">= 1.6", path=str(named)))
    assert failure.value.diagnostics[0].code == "engine-version-unmet"
    with pytest.raises(ToolUnavailable) as failure:
        discovery.choose(wish(path=str(tmp_path / "gone")))
    assert failure.value.diagnostics[0].code == "engine-missing"


def test_what_was_tried_is_named_with_its_version_and_what_it_failed(tmp_path: Path) -> None:
    one, two = program(tmp_path / "one", "1.5.7", "tofu"), program(tmp_path / "two", "2.0.0", "tofu")
    discovery = Discovery(tmp_path / "cache", {"PATH": f"{one.parent}:{two.parent}"})
    with pytest.raises(ToolUnavailable) as failure:
        discovery.choose(wish(">= 1.6", "< 2", name=EngineName.OPENTOFU))
    told = str(failure.value)
    for expected in (
        str(one),
        "1.5.7",
        "`>= 1.6` of place of >= 1.6",
        str(two),
        "2.0.0",
        "`< 2` of place of < 2",
    ):
        assert expected in told


def test_every_constraint_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(AskedWrongly) as failure:
        Discovery(tmp_path / "cache", {"PATH": ""}).choose(wish("oops", ">= 1", "=> 2"))
    assert [each.code for each in failure.value.diagnostics] == ["version-constraint-invalid"] * 2
    assert "place of oops" in str(failure.value)


def test_a_version_is_asked_once_and_again_when_the_program_changed(tmp_path: Path) -> None:
    made = program(tmp_path / "path", "1.5.7")
    for _ in range(3):
        assert (
            Discovery(tmp_path / "cache", {"PATH": str(made.parent)}).choose(wish()).identity.version
            == "1.5.7"
        )
    assert (made.parent / "asked").read_text().count("asked") == 1
    program(tmp_path / "path", "1.11.44")
    assert (
        Discovery(tmp_path / "cache", {"PATH": str(made.parent)}).choose(wish()).identity.version == "1.11.44"
    )


def test_a_spoiled_cache_is_no_version(tmp_path: Path) -> None:
    made = program(tmp_path / "path", "1.5.7")
    for spoiled in ("", "[]", "{", json.dumps({str(made): 3}), json.dumps({str(made): []})):
        (tmp_path / "cache").mkdir(exist_ok=True)
        (tmp_path / "cache" / "versions.json").write_text(spoiled)
        assert (
            Discovery(tmp_path / "cache", {"PATH": str(made.parent)}).choose(wish()).identity.version
            == "1.5.7"
        )


def test_a_program_that_tells_no_version_is_passed_over(tmp_path: Path) -> None:
    broken, good = program(tmp_path / "broken", '"}; exit 1 #'), program(tmp_path / "good", "1.5.7")
    discovery = Discovery(tmp_path / "cache", {"PATH": f"{broken.parent}:{good.parent}"})
    assert discovery.choose(wish()).argv == (str(good),)


@pytest.mark.embedded
def test_the_embedded_engine_is_the_last_resort_and_says_its_licence(
    embedded_terraform: Path, tmp_path: Path
) -> None:
    chosen = Discovery(tmp_path / "cache", {"PATH": ""}).choose(wish("~> 1.11"))
    assert chosen.identity.origin == "embedded"
    assert [notice.code for notice in chosen.notices] == ["embedded-terraform-licence"]
    done = run(
        Command(argv=(*chosen.argv, "no-such-verb"), cwd=tmp_path, environment={"HOME": str(tmp_path)})
    )
    assert done.code == 1
    assert b"no-such-verb" in done.stderr + done.stdout


@pytest.mark.pulumi
def test_pulumi_is_found_where_its_installer_puts_it_and_after_path(
    pulumi_binary: Path, tmp_path: Path
) -> None:
    installed, other = tmp_path / "home/.pulumi/bin", tmp_path / "path"
    for place in (installed, other):
        place.mkdir(parents=True)
        (place / "pulumi").symlink_to(pulumi_binary)
    home = str(tmp_path / "home")
    brands = {EngineName.PULUMI: BRANDS[EngineName.PULUMI]}
    alone = Discovery(tmp_path / "cache", {"PATH": str(tmp_path), "HOME": home}, brands)
    chosen = alone.choose(wish(">= 3", name=EngineName.PULUMI))
    assert chosen.argv == (str(installed / "pulumi"),)
    assert chosen.identity.origin == "installed"
    assert chosen.identity.version[0].isdigit()
    both = Discovery(tmp_path / "cache", {"PATH": str(other), "HOME": home}, brands)
    assert both.choose(wish(name=EngineName.PULUMI)).identity.origin == "PATH"
    with pytest.raises(ToolUnavailable) as failure:
        both.choose(wish(">= 4", name=EngineName.PULUMI))
    assert chosen.identity.version in str(failure.value)
    assert ">= 4" in str(failure.value)


def test_where_a_missing_pulumi_was_looked_for_is_said(tmp_path: Path) -> None:
    discovery = Discovery(
        tmp_path, {"PATH": "", "HOME": str(tmp_path)}, {EngineName.PULUMI: BRANDS[EngineName.PULUMI]}
    )
    with pytest.raises(ToolUnavailable) as failure:
        discovery.choose(wish(name=EngineName.PULUMI))
    assert "~/.pulumi/bin" in str(failure.value)


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (["stacks/a/main.tf"], True),
        (["stacks/a/Pulumi.yaml", "README.md"], False),
        ([".terraform/modules/x/main.tf"], False),
        ([*(f"docs/{number:03}" for number in range(400)), "stacks/a/main.tf"], False),
    ],
    ids=["terraform", "pulumi", "hidden", "too-far"],
)
def test_terraform_is_foreseen_where_its_code_is_seen_at_first_sight(
    tmp_path: Path, files: list[str], found: bool
) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert [wish.name for wish in likely(tmp_path)] == [EngineName.TERRAFORM] * found
    assert likely(tmp_path / "nowhere") == ()
