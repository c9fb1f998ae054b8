"""Tables line up, graphs hold together, and a hostile name breaks neither."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from runner.model.change import Output
from runner.model.entry import Actor, Entry, EntryKind, Resource, Result
from runner.model.lease import Intent, Lease
from runner.model.names import TargetName
from runner.report.explanations import gathered, parsed
from runner.report.graph_text import dot, graph_lines, mermaid
from runner.report.listings import (
    entries,
    entry_lines,
    finding_lines,
    lease_table,
    outputs_table,
    resource_table,
    run_table,
    standings,
)
from runner.report.styled import Piece, columns, plain, table
from tests.report.samples import APP, HOSTILE, NETWORK

AT = datetime(2026, 11, 23, 13, 42, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    target: TargetName
    state: str = "live"
    because: str = ""
    commit: str = "0123456789abcdef"
    at: datetime | None = AT
    actor: str = "ada@example.org"
    engine: str = ""
    resources: int = 3
    lease: str = ""


@dataclass(frozen=True)
class Edge:
    target: TargetName
    because: str


@dataclass(frozen=True)
class Check:
    name: str
    ok: bool | None
    found: str
    hint: str


def test_columns_line_up_whatever_the_letters_are() -> None:
    rows = [
        (Piece("\u6f22\u5b57"), Piece("x")),
        (Piece("a\x1bb"), Piece("y")),
        (Piece("e\u0301"), Piece("z")),
    ]
    lines = plain(table(("first", "second"), rows)).rstrip("\n").split("\n")
    places = {columns(each[: -len(each.split()[-1])]) for each in lines}
    assert len(places) == 1


def test_a_column_that_says_nothing_is_left_out() -> None:
    text = plain(standings([Row(target=NETWORK)]))
    assert "lease" not in text
    assert "because" not in text
    assert "0123456789 " in text
    assert "2026-11-23 13:42Z" in text


def test_every_listing_survives_a_hostile_name() -> None:
    hostile = TargetName(environment="dev", stack=HOSTILE)
    entry = Entry(
        target=hostile,
        kind=EntryKind.APPLY,
        result=Result.FAILED,
        commit=HOSTILE,
        law=HOSTILE,
        actor=Actor(name=HOSTILE),
        run=HOSTILE,
        at=AT,
        because=HOSTILE,
        overrides={"yes": HOSTILE},
        unknown=(HOSTILE,),
    )
    intent = Intent(run=HOSTILE, purpose=HOSTILE, code=HOSTILE, commit=HOSTILE, at=AT)
    lease = Lease(
        target=hostile,
        holder=HOSTILE,
        host=HOSTILE,
        run=HOSTILE,
        nonce="n",
        fence=1,
        renewal=0,
        term=60.0,
        taken_at=AT,
        intent=intent,
    )
    listings = [
        standings([Row(target=hostile, because=HOSTILE)]),
        entries([entry]),
        entry_lines(entry),
        resource_table([Resource(address=HOSTILE, type=HOSTILE, provider="p", id=HOSTILE)]),
        outputs_table({hostile: {HOSTILE: Output(value=HOSTILE)}}, reveal=False),
        lease_table([lease]),
        run_table([]),
        finding_lines([Check(name=HOSTILE, ok=False, found=HOSTILE, hint=HOSTILE)]),
        graph_lines([[hostile]], {hostile: [Edge(NETWORK, HOSTILE)]}),
    ]
    for lines in listings:
        text = plain(lines, for_ci=True)
        assert text.count("\n") == len(lines)
        assert all(each >= " " or each == "\n" for each in text)


def test_sensitive_outputs_are_shown_only_when_they_are_to_be() -> None:
    values = {NETWORK: {"pw": Output(value="canary", sensitive=True), "id": Output(value="vpc-1")}}
    assert "canary" not in plain(outputs_table(values, reveal=False))
    assert "vpc-1" in plain(outputs_table(values, reveal=False))
    assert "canary" in plain(outputs_table(values, reveal=True))


def test_an_entry_shows_its_overrides_and_what_nobody_saw() -> None:
    entry = Entry(
        target=NETWORK,
        kind=EntryKind.APPLY,
        result=Result.UNKNOWN,
        commit="c",
        law="l",
        actor=Actor(name="ada"),
        run="r",
        at=AT,
        overrides={"break-glass": "incident"},
        unknown=("aws_x.y",),
    )
    text = plain(entry_lines(entry))
    assert "break-glass: incident" in text
    assert "outcome unknown  aws_x.y" in text
    assert "ada (unconfirmed)" in text


def test_a_check_that_is_not_well_has_its_hint() -> None:
    text = plain(
        finding_lines([Check("git", True, "2.39", "x"), Check("terraform", False, "none", "install it")])
    )
    assert "hint: install it" in text
    assert "hint: x" not in text


def test_graphs_name_every_edge_with_its_because() -> None:
    waves, edges = [[NETWORK], [APP]], {APP: [Edge(NETWORK, "${network.subnet_id}")]}
    assert "needs dev/network  ${network.subnet_id}" in plain(graph_lines(waves, edges))
    assert '"dev/network" -> "dev/app"' in dot(waves, edges)
    assert "t0 -->" in mermaid(waves, edges)
    marks = {NETWORK: "changed"}
    assert "  dev/network  changed" in plain(graph_lines(waves, edges, marks))
    assert '"dev/network" [style=filled, tooltip="changed"]' in dot(waves, edges, marks)
    assert "style t0 fill" in mermaid(waves, edges, marks)


def test_no_name_is_syntax_of_a_graph() -> None:
    nasty = TargetName(environment="dev", stack='a"]; x --> y; %% \\N | end\n"')
    edges = {APP: [Edge(nasty, 'because "|"; ]')]}
    drawn = mermaid([[nasty], [APP]], edges).split("\n")
    assert len([each for each in drawn if "-->" in each]) == 1
    assert all(each.count('"') in (0, 2) for each in drawn)
    outside = re.sub(r'"(\\.|[^"\\])*"', "", dot([[nasty], [APP]], edges))
    assert outside.count("->") == 1
    assert outside.count("]") == 2


def test_explanations_are_sections() -> None:
    text = "# Head\n\nintro\n\n## first-code\n\nOne.\n\nTwo.\n\n## `second`\nThree.\n"
    assert parsed(text) == {"first-code": "One.\n\nTwo.", "second": "Three."}
    with pytest.raises(ValueError, match="twice"):
        gathered([text, "## second\nagain\n"])
    with pytest.raises(ValueError, match="no explanation"):
        parsed("## empty\n\n## other\nx\n")
