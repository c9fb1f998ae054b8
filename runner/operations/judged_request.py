"""What a plan stage says of a pull request, judged: of what the forge, Git and the gates can say, theirs is the word.

What is left of the artifact is the plans themselves. One that lies there is applied by nobody: at apply each target is
planned anew, and compared by its digests with what was approved (law 1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from runner.decisions.approvals import ApprovalFacts, Approving, standing
from runner.decisions.gates import (
    freeze_verdict,
    hand_freeze_verdict,
    hand_lock_verdict,
    unenforced_verdict,
    window_verdict,
)
from runner.decisions.promotion import promotion_foreseen
from runner.decisions.required_checks import checks_verdicts
from runner.diagnostics import Diagnostic, Severity
from runner.forge import Forge
from runner.model.approval import Showing, Standing
from runner.model.check import CheckReport
from runner.model.environment import Gates, RequiredCheck
from runner.model.names import TargetName
from runner.model.previewed import Outcome, RequestPreview, TargetPreview
from runner.model.pull_request import PullRequest
from runner.model.verdict import Answer, Verdict
from runner.operations.approval_facts import Wanted, approval_facts, owners_file
from runner.operations.bench import Bench
from runner.operations.comparing import Comparing
from runner.operations.diverging import divergences
from runner.operations.request_reach import RequestReach, gates_for, request_reach
from runner.operations.standpoint import Standpoint
from runner.report.comment_check import CHECK

_OURS = frozenset(
    {
        "windows", "freezes", "freeze", "promote", "requires.checks", "requires.undiverged", "unenforced",
        "environment", "approval",
    }
)  # fmt: skip
"""Gates whose word a plan stage does not have."""
STALE = "plan"
"""The gate whose word stays until the next preview: that an apply has made a plan stale."""
_PLANNING = frozenset({Outcome.PLANNED, Outcome.FAILED, Outcome.HELD_BACK, Outcome.SKIPPED})
"""What a plan stage can say; the other outcomes are of applies, of which it knows nothing."""


class Judging(Struct, frozen=True, kw_only=True):
    """What is judged by: where CI stands, the forge, the pull request as the forge has it, and the checks of its head,
    None where nobody asked for them yet."""

    bench: Bench
    stand: Standpoint
    forge: Forge
    pull: PullRequest
    reports: tuple[CheckReport, ...] | None = None


def believed_preview(judging: Judging, preview: RequestPreview) -> tuple[RequestPreview, RequestReach]:
    """`preview` with everything in it that can be known otherwise as it is, and what the pull request touches."""
    stand, pull = judging.stand, judging.pull
    reach = request_reach(judging.bench, stand, pull, judging.forge.project.brand)
    told = {each.target for each in preview.targets}
    unsaid = [
        TargetPreview(
            target=name,
            outcome=Outcome.SKIPPED,
            because="it is affected, and this preview does not say what would be done",
            affected=row.because[:1],
        )
        for name, row in sorted(reach.targets.items())
        if name not in told
    ]
    environments = {each.target.environment for each in (*preview.targets, *unsaid)}
    believed = replace(
        preview,
        number=pull.number,
        into=pull.into,
        law=stand.law,
        at=min(preview.at, judging.bench.clock.now()),
        targets=(*map(_planning, preview.targets), *unsaid),
        applies={name: gates_for(stand, name).apply for name in environments},
        notices=(*preview.notices, *_moved(judging, preview), *_doubts(preview, reach)),
        superseded=(),
        stranger=preview.stranger or pull.fork,
    )
    return believed, reach


def judged(
    judging: Judging, preview: RequestPreview, paths: tuple[str, ...], showings: tuple[Showing, ...]
) -> RequestPreview:
    """`preview` with each target's standing, and what its gates say of a merge now. `paths`: of the pull request; all
    of them count for code owners, whichever target they reach."""
    environments = sorted({each.target.environment for each in preview.targets})
    gates = {name: gates_for(judging.stand, name) for name in environments}
    verdicts = _verdicts(judging, gates)
    diverged = _diverged(judging, gates, preview)
    facts = _facts(judging, gates, paths, showings)
    return replace(
        preview,
        targets=tuple(
            replace(
                each,
                standing=_standing(each, gates[each.target.environment], facts, paths),
                verdicts=(
                    *(one for one in each.verdicts if one.gate not in _OURS),
                    *verdicts[each.target.environment],
                    *_locked(judging, each.target),
                    *diverged.get(each.target, ()),
                ),
            )
            for each in preview.targets
        ),
    )


def owners_asked(stand: Standpoint, preview: RequestPreview) -> bool:
    """Whether the files of the pull request decide whose approval is wanted."""
    return any(_owners(gates_for(stand, each.target.environment)) for each in preview.targets)


def _owners(gates: Gates) -> bool:
    return bool(gates.requires and gates.requires.reviews and gates.requires.reviews.codeowners)


def _planning(each: TargetPreview) -> TargetPreview:
    if each.outcome in _PLANNING:
        return each
    because = f"the plan stage says that it is {each.outcome}, which only an apply can say"
    return replace(each, outcome=Outcome.FAILED, because=because)


def _standing(
    each: TargetPreview, gates: Gates, facts: ApprovalFacts, paths: tuple[str, ...]
) -> Standing | None:
    """None where nothing can be approved: there is no plan, or nobody's word is wanted."""
    plan, requires = each.plan, gates.requires
    if requires is None or plan is None or plan.digests is None or plan.planned is None:
        return None
    asked = Approving(
        target=each.target, digests=plan.digests, planned=plan.planned, requires=requires, paths=paths
    )
    return standing(asked, facts)


def _facts(
    judging: Judging, gates: Mapping[str, Gates], paths: tuple[str, ...], showings: tuple[Showing, ...]
) -> ApprovalFacts:
    requires = tuple(each.requires for each in gates.values() if each.requires)
    owning = any(_owners(each) for each in gates.values())
    owners = owners_file(judging.stand.tree, judging.forge.project.brand) if owning else None
    wanted = Wanted(requires=requires, paths=paths, owners=owners, showings=showings)
    return approval_facts(judging.forge, judging.pull, wanted)


def _verdicts(judging: Judging, gates: Mapping[str, Gates]) -> dict[str, tuple[Verdict, ...]]:
    """What stands in the way of an apply right after a merge that would be now, by environment."""
    required = [one for each in gates.values() if each.requires for one in each.requires.checks]
    reports = judging.reports
    if required and reports is None:
        reports = judging.forge.checks(judging.pull.head_commit)
    return {name: tuple(_of_environment(judging, each, reports)) for name, each in gates.items()}


def _of_environment(
    judging: Judging, gates: Gates, reports: tuple[CheckReport, ...] | None
) -> Iterator[Verdict]:
    now, name = judging.bench.clock.now(), gates.environment
    if name not in judging.stand.gates.environments:
        because = f"`{name}` is new here: the default branch's gates do not know it yet"
        yield Verdict(gate="environment", answer=Answer.WAIT, code="environment-unknown", because=because)
    wanted = [each for each in (gates.requires.checks if gates.requires else ()) if not _own(each)]
    freezes = tuple(judging.stand.record.ledger.freezes(name).values())
    found = (
        window_verdict(gates, now),
        freeze_verdict(gates, now),
        hand_freeze_verdict(name, freezes),
        unenforced_verdict(gates, "preview"),
        promotion_foreseen(gates),
        *checks_verdicts(wanted, reports, judging.pull.head_commit),
    )
    yield from (each for each in found if each.answer is not Answer.ALLOW)


def _locked(judging: Judging, name: TargetName) -> tuple[Verdict, ...]:
    verdict = hand_lock_verdict(name, judging.stand.record.ledger.frozen_targets(name.environment))
    return () if verdict.answer is Answer.ALLOW else (verdict,)


def _diverged(
    judging: Judging, gates: Mapping[str, Gates], preview: RequestPreview
) -> dict[TargetName, tuple[Verdict]]:
    """The targets of which the head lacks something that its branch has, both as the publish stage has fetched them."""
    stand, pull, bench = judging.stand, judging.pull, judging.bench
    asking = {name for name, each in gates.items() if each.requires and each.requires.undiverged}
    names = [each.target for each in preview.targets if each.target.environment in asking]
    if not names:
        return {}
    comparing = Comparing(bench, stand.gates, partial(gates_for, stand))
    tip = bench.tools.repository.remote_branch(stand.remote, pull.into)
    found = divergences(comparing, pull.head_commit, tip, pull.into, names)
    return {name: (each,) for name, each in found.items() if each.answer is not Answer.ALLOW}


def _own(required: RequiredCheck) -> bool:
    """Our own checks wait for nobody, least of all for themselves."""
    return required.name == CHECK or required.name.startswith(f"{CHECK}/")


def _moved(judging: Judging, preview: RequestPreview) -> list[Diagnostic]:
    """The preview was judged by other gates than those that hold now."""
    law = judging.stand.law
    if preview.law == law:
        return []
    message = (
        f"the plans were judged by the gates of `{preview.law[:12]}`, and those of `{law[:12]}` hold now"
    )
    return [Diagnostic(code="preview-law-moved", message=message, severity=Severity.WARNING)]


def _doubts(preview: RequestPreview, reach: RequestReach) -> list[Diagnostic]:
    """Mistakes for which nobody can say what is affected: they close, unless the preview is closed by itself."""
    if any(each.severity is Severity.ERROR for each in preview.notices):
        return []
    return [replace(each, severity=Severity.ERROR) for each in reach.doubts]
