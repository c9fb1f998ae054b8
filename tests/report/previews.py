"""Previews of pull requests to tell of: of every shape, and written by a stranger."""

import re
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from runner.diagnostics import Diagnostic, Severity, Span
from runner.model.approval import ReviewCounted, Standing
from runner.model.change import Change, ChangeKind
from runner.model.environment import ApplyMode
from runner.model.names import TargetName
from runner.model.plan import PlanKind
from runner.model.previewed import Outcome, RequestPreview, Superseded, TargetPreview
from runner.model.verdict import Answer, Verdict
from tests.report.samples import change, plan_of

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
HEAD = "4" * 40
PIECES = [
    "`",
    "|",
    "\\",
    "\n",
    "\t",
    " ",
    "@bob",
    "#1",
    "</details>",
    "</summary>",
    "<!--\tgitops-runner\tpreview\t-->",
]
PIECES += [
    "::add-mask::x",
    "\x1b[2J",
    "\u202e",
    "https://x.y",
    "a@b.c",
    "~~",
    "```",
    "- x",
    "\n# h",
    "|---|",
    "ok",
    "GH-1",
]
FOREIGN = st.lists(st.sampled_from(PIECES), min_size=1, max_size=5).map("".join) | st.text(
    min_size=1, max_size=15
)
NAMES = st.builds(
    TargetName,
    environment=st.sampled_from(["dev", "prod", "eu-1"]),
    stack=FOREIGN.filter(lambda text: bool(text.strip())),
)


def preview_of(*targets: TargetPreview, **more: object) -> RequestPreview:
    """A preview of these targets."""
    made = {
        "number": 7,
        "commit": HEAD,
        "planned": "5" * 40,
        "into": "main",
        "law": "6" * 40,
        "run": "r-1",
        "at": NOW,
        "targets": targets,
    }
    return RequestPreview(**{**made, **more})  # type: ignore[arg-type]


def planned(name: str, *changes: Change, **more: object) -> TargetPreview:
    """A target that was planned; members of TargetPreview by name, the others go into the plan."""
    own = {key: more.pop(key) for key in list(more) if key in TargetPreview.__struct_fields__}
    environment, _, stack = name.partition("/")
    target = TargetName(environment=environment, stack=stack)
    made = {"target": target, "outcome": Outcome.PLANNED, "plan": plan_of(*changes, target=target, **more)}
    return TargetPreview(**{**made, **own})  # type: ignore[arg-type]


def many(
    number: int, name: str = "service-{:04}", *, environments: int = 3, distinct: bool = True
) -> list[TargetPreview]:
    """`number` targets with changes, whose plans differ from one another unless `distinct` is False."""
    return [
        planned(
            f"env{at % environments}/{name.format(at)}",
            *(change(ChangeKind.CREATE, f"aws_x.y{each}", after={"a": at * distinct}) for each in range(1 + at % 3)),
            *([change(ChangeKind.DELETE, "aws_x.gone", before={"id": str(at)})] if at % 7 == 0 else []),
        )
        for at in range(number)
    ]  # fmt: skip


@st.composite
def hostile_targets(draw: st.DrawFn) -> TargetPreview:
    """A target of which every word is a stranger's."""
    name = draw(NAMES)
    text = draw(FOREIGN)
    kinds = st.sampled_from(ChangeKind)
    changes = [
        change(kind, f"{at}{draw(FOREIGN)}", reason=text, before={text: text}, after={text: [text, 1]})
        for at, kind in enumerate(draw(st.lists(kinds, max_size=3)))
    ]
    deferred = draw(st.booleans())
    plan = plan_of(
        *changes,
        target=name,
        because=text,
        diagnostics=(Diagnostic(code="x", message=text, severity=Severity.WARNING),),
        drift=tuple(changes[:1]),
        **(
            {"planned": None, "digests": None, "kind": PlanKind.DEFERRED}
            if deferred
            else {"kind": draw(st.sampled_from([PlanKind.PLANNED, PlanKind.PROVISIONAL]))}
        ),
    )
    found = Diagnostic(code="x", message=text, span=Span(file=text, line=1, column=1), hint=text)
    return TargetPreview(
        target=name,
        outcome=draw(st.sampled_from(Outcome)),
        plan=draw(st.sampled_from([plan, None])),
        because=text,
        code=(found,) if draw(st.booleans()) else (),
        verdicts=(Verdict(gate=text, answer=draw(st.sampled_from(Answer)), because=text, hint=text),),
        standing=Standing(
            target=name,
            needed=1,
            reviews=(ReviewCounted(login=text, counts=draw(st.booleans()), because=text),),
            missing=(text,) if draw(st.booleans()) else (),
        ),
        diagnostics=(found,),
        native=text,
    )


@st.composite
def hostile_previews(draw: st.DrawFn) -> RequestPreview:
    """A preview of which every word is a stranger's."""
    text = draw(FOREIGN)
    targets = draw(st.lists(hostile_targets(), max_size=5, unique_by=lambda each: each.target))
    return preview_of(
        *targets,
        into=text,
        because=text,
        notices=(Diagnostic(code="x", message=text, hint=text),),
        superseded=(Superseded(commit=text, at=NOW - timedelta(hours=1), summary=text),),
        whole=draw(st.sampled_from(["", text, "https://forge/acme/runs/1"])),
        applies={"prod": draw(st.sampled_from(ApplyMode))},
    )


def unbraced(text: str) -> set[str]:
    """The names that `a/{b, c}` stands for."""
    depth, start, parts = 0, 0, []
    for at, letter in enumerate(text):
        depth += (letter == "{") - (letter == "}")
        if depth == 0 and text.startswith(", ", at):
            parts.append(text[start:at])
            start = at + 2
    parts.append(text[start:])
    found: set[str] = set()
    for part in parts:
        opened = re.fullmatch(r"([^{]*)\{(.*)\}", part, re.DOTALL)
        found |= {opened[1] + each for each in unbraced(opened[2])} if opened else {part}
    return found
