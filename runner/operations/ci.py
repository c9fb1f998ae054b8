"""`ci`: the one command for CI. It hears the event it runs in, asks the forge for what opens a gate, and does what that
comes to, or says why it does nothing.

Work is level-triggered: a rerun, a late event and a duplicate come to the same. Three stages keep what runs a pull
request's code apart from what may write to the forge, and from what may change the cloud (law 4).
"""

from __future__ import annotations

from pathlib import Path
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from runner.decisions.check_conclusion import conclusion
from runner.decisions.comment_commands import CommandVerb
from runner.decisions.intent import (
    ON_THE_RECORD,
    Answer,
    ApplyRequest,
    CatchUp,
    CleanUp,
    Intent,
    IntentFacts,
    Nothing,
    Obey,
    Preview,
    QueueCheck,
    Recount,
    Resume,
    Stage,
    admitted_in,
    intent,
)
from runner.diagnostics import Diagnostic, Severity
from runner.errors import AskedWrongly, Denied
from runner.forge import Forge
from runner.model.check import CheckState
from runner.model.entry import Actor
from runner.model.previewed import RequestPreview
from runner.model.pull_request import PullRequest
from runner.model.rumour import Rumour
from runner.operations.answering import answer
from runner.operations.applying_before_merge import ApplyAsked, apply_before_merge
from runner.operations.bench import Bench
from runner.operations.catching_up import CaughtUp, catch_up
from runner.operations.check_alone import report_nothing, report_whole
from runner.operations.heard_facts import UNASKED, facts_of, facts_without_forge
from runner.operations.obeying import Asking, obey
from runner.operations.preview_artifact import FILE, read_artifact, write_artifact
from runner.operations.publishing import Published, publish, recount
from runner.operations.pull_preview import Asked, pull_preview
from runner.operations.queue_contents import queue_head, queued_pulls, strange
from runner.operations.queued_requests import publish_queued
from runner.operations.request_endings import clean_up, drop_old
from runner.operations.stale_previews import mark_stale
from runner.operations.standpoint import Standpoint, standpoint
from runner.operations.whole_previews import Keeping, keeping_of, summarise
from runner.report.ci_text import ci_summary

HELP = (
    "on a pull request, one line each: `runner preview [SELECTOR…]`, `runner apply [--merge] [SELECTOR…]`, "
    "`runner approve TARGET DIGEST`, "
    "`runner reject TARGET [REASON]`, `runner lock TARGET REASON`, `runner unlock TARGET`, `runner freeze ENVIRONMENT "
    "REASON`, `runner thaw ENVIRONMENT|TARGET`, `runner cancel [SELECTOR…]`, `runner help`"
)


class CiRequest(Struct, frozen=True, kw_only=True):
    """`artifact` is where the plan stage writes, and the publish stage reads, what was planned; `document` where what
    publishes writes the whole of it, for the job to keep: None where it keeps none."""

    stage: Stage = Stage.ALL
    artifact: Path = Path(FILE)
    document: Path | None = None


class CiResult(Struct, frozen=True, kw_only=True):
    """`event` in the forge's own words; `did` what came of it, in one sentence with its because. The rest is there
    where it was done."""

    event: str
    did: str
    preview: RequestPreview | None = None
    published: Published | None = None
    caught: CaughtUp | None = None
    notes: tuple[Diagnostic, ...] = ()
    next: tuple[str, ...] = ()
    exit_code: int = 0


class _Job(Struct, frozen=True, kw_only=True):
    """One job of CI: what it heard, where it stands, whom it asks."""

    request: CiRequest
    bench: Bench
    rumour: Rumour
    stand: Standpoint
    forge: Forge
    facts: IntentFacts

    @property
    def pull(self) -> PullRequest:
        """The pull request that the event is of; only asked for where the intent found one."""
        assert self.facts.pull is not None
        return self.facts.pull

    @property
    def keeping(self) -> Keeping:
        """Where people can open the whole of what is planned."""
        return keeping_of(self.rumour, self.request.document)


def ci(request: CiRequest, bench: Bench) -> CiResult:
    """Does what the event asks for in this stage. AskedWrongly `not-in-ci`, `ci-without-remote`, or the mistakes of the
    default branch's gates; NoAnswer where forge or remote do not answer: run the job again."""
    rumour = bench.tools.heard()
    if rumour is None:
        raise AskedWrongly.of(
            "not-in-ci",
            "no event is heard: this is no job of GitHub Actions, Gitea or Forgejo Actions, or GitLab CI",
            hint="by hand: `runner preview --changed`, `runner up --behind`",
        )
    stand = standpoint(bench)
    forge = bench.tools.forge(stand.gates, stand.remote, bench.stop)
    try:
        job = _Job(
            request=request,
            bench=bench,
            rumour=rumour,
            stand=stand,
            forge=forge,
            facts=_facts(request, bench, stand, forge, rumour),
        )
        wanted = intent(rumour, job.facts)
        done = _done(job, admitted_in(request.stage, wanted) or wanted)
        summarise(job.keeping, _summary(done))
        return replace(done, notes=(*_trusting(request), *stand.gates.warnings, *done.notes))
    finally:
        forge.close()


def _facts(request: CiRequest, bench: Bench, stand: Standpoint, forge: Forge, rumour: Rumour) -> IntentFacts:
    try:
        return facts_of(bench, stand, forge, rumour)
    except UNASKED:
        found = facts_without_forge(bench, stand, rumour) if request.stage is Stage.PLAN else None
        if found is None:
            raise
        return found


def _trusting(request: CiRequest) -> tuple[Diagnostic, ...]:
    if request.stage is not Stage.ALL:
        return ()
    return (
        Diagnostic(
            code="ci-one-job",
            message="everything is done in one job, so everyone who may push may use all that it is allowed to",
            hint="`runner init --ci` writes a job for each of `--stage plan`, `publish` and `apply`",
            severity=Severity.WARNING,
        ),
    )


def _done(job: _Job, wanted: Intent) -> CiResult:
    match wanted:
        case Preview():
            return _previewed(job, wanted)
        case CatchUp() | Resume():
            return _caught_up(job, wanted)
        case QueueCheck():
            return _queued(job, wanted)
        case Recount():
            told = recount(job.bench, job.forge, job.pull)
            return _published(job, wanted.because, told)
        case CleanUp():
            told = clean_up(job.bench, job.forge, job.pull)
            return _published(job, wanted.because, told)
        case Obey():
            return _obeyed(job, wanted)
        case ApplyRequest():
            return _before_merge(job, wanted)
        case Answer():
            answer(job.forge, wanted.number, job.rumour.comment, wanted.because, wanted.line)
            return _result(job, f"answered: {wanted.because}")
        case Nothing():
            if wanted.check and job.request.stage in (Stage.PUBLISH, Stage.ALL):
                report_nothing(job.forge, wanted.check, wanted.because)
            return _result(job, f"nothing to do: {wanted.because}")
        case _:
            assert_never(wanted)


def _previewed(job: _Job, wanted: Preview) -> CiResult:
    stage = job.request.stage
    if stage is Stage.PUBLISH:
        preview = _handed_over(job, job.pull.head_commit)
    else:
        asked = Asked(
            pull=job.pull,
            brand=job.forge.project.brand,
            stranger=wanted.stranger,
            named=wanted.named,
            selectors=wanted.selectors,
        )
        preview = pull_preview(job.bench, job.stand, asked)
    if stage is Stage.PLAN:
        write_artifact(job.request.artifact, preview)
        found = conclusion(preview)
        return _result(job, f"{wanted.because}; planned: {found.because}", preview=preview)
    told = publish(job.bench, job.forge, job.pull, preview, heard=job.rumour.commit, keeping=job.keeping)
    return replace(_published(job, wanted.because, told), preview=preview)


def _handed_over(job: _Job, head: str) -> RequestPreview:
    """What the plan stage wrote. Without it the check is red, with why: one that never reports would block for ever."""
    try:
        return read_artifact(job.request.artifact)
    except (AskedWrongly, Denied) as refused:
        if job.rumour.commit in ("", head):
            because = refused.diagnostics[0].message
            report_whole(job.forge, head, CheckState.FAILED, because)
        raise


def _published(job: _Job, because: str, told: Published) -> CiResult:
    code = 1 if told.state is CheckState.FAILED and job.request.stage is Stage.ALL else 0
    return _result(job, f"{because}; {told.state}: {told.because}", published=told, exit_code=code)


def _caught_up(job: _Job, wanted: CatchUp | Resume) -> CiResult:
    caught = catch_up(job.bench, job.forge, wanted)
    applied = [name for name, each in caught.outcomes.items() if each.outcome == "succeeded"]
    for branch in caught.commits:
        if applied:
            pulls = job.forge.open_pull_requests(branch)
            mark_stale(job.bench, job.stand, job.forge, pulls, applied, f"an apply of `{branch}`")
    if isinstance(wanted, Resume):
        drop_old(job.bench, job.stand, job.forge)
    return _result(
        job,
        wanted.because,
        caught=caught,
        notes=caught.notes,
        next=caught.next,
        exit_code=caught.exit_code,
    )


def _before_merge(job: _Job, wanted: ApplyRequest) -> CiResult:
    """What is applied from a pull request, answered to who asked."""
    assert job.facts.comment is not None
    by = Actor(name=job.facts.comment.author.login, confirmed=True)
    asked = ApplyAsked(pull=job.pull, by=by, selectors=wanted.selectors, merge=wanted.merge)
    done = apply_before_merge(job.bench, job.stand, job.forge, asked)
    answer(job.forge, wanted.number, job.rumour.comment, done.because)
    caught = CaughtUp(
        outcomes=done.outcomes,
        pending=done.pending,
        commits={job.pull.into: done.commit} if done.commit else {},
        exit_code=done.exit_code,
    )
    did = f"{wanted.because}; {done.because}"
    return _result(job, did, caught=caught, notes=done.notes, exit_code=done.exit_code)


def _queued(job: _Job, wanted: QueueCheck) -> CiResult:
    """What is queued is planned as it would be merged: each target needs the approvals of that very plan."""
    head, number, stage = queue_head(wanted.commit, wanted.into), job.rumour.number, job.request.stage
    if stage is Stage.PUBLISH:
        preview = _handed_over(job, wanted.commit)
    else:
        asked = Asked(
            pull=head,
            brand=job.forge.project.brand,
            stranger=strange(job.bench, job.stand, job.forge, head, number),
            queued=True,
        )
        preview = pull_preview(job.bench, job.stand, asked)
    if stage is Stage.PLAN:
        write_artifact(job.request.artifact, preview)
        return _result(job, f"{wanted.because}; planned: {conclusion(preview).because}", preview=preview)
    pulls = queued_pulls(job.bench, job.stand, job.forge, head, number)
    told = publish_queued(job.bench, job.forge, pulls, preview, heard=wanted.commit)
    return replace(_published(job, wanted.because, told), preview=preview)


def _obeyed(job: _Job, wanted: Obey) -> CiResult:
    """Approvals and rejections stand in the comment itself, and are read from it: what is left is to look again."""
    match wanted.command.verb:
        case CommandVerb.APPROVE | CommandVerb.REJECT:
            return _published(job, wanted.because, recount(job.bench, job.forge, job.pull))
        case CommandVerb.HELP:
            words = HELP
        case verb if verb in ON_THE_RECORD and job.facts.comment is not None:
            asking = Asking(command=wanted.command, comment=job.facts.comment, pull=job.pull)
            words, code = obey(job.bench, job.stand, asking)
            answer(job.forge, wanted.number, job.rumour.comment, words)
            return _result(job, f"answered: {words}", exit_code=code)
        case verb:
            words = f"`{verb}` is not done from a comment by this version: run `runner {verb}` by hand"
    answer(job.forge, wanted.number, job.rumour.comment, words)
    return _result(job, f"answered: {words}")


def _summary(done: CiResult) -> str:
    outcomes = done.caught.outcomes.values() if done.caught else ()
    return ci_summary(done.event, done.did, done.preview, outcomes)


def _result(job: _Job, did: str, **more: object) -> CiResult:
    words = " ".join(filter(None, (job.rumour.name, job.rumour.action)))
    return CiResult(event=words or str(job.rumour.kind), did=did, **more)  # type: ignore[arg-type]
