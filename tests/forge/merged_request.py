"""Pull requests with real plans, merged on a real Gitea, and caught up with as the apply job does."""

from collections.abc import Mapping
from pathlib import Path

from runner.decisions.intent import CatchUp, Resume
from runner.model.names import TargetName
from runner.model.plan import Plan
from runner.model.previewed import Outcome, TargetPreview
from runner.model.pull_request import Merge, MergeKind, PullRequest
from runner.model.selection_request import SelectionRequest
from runner.operations.bench import Bench
from runner.operations.catching_up import CaughtUp, catch_up
from runner.operations.opening import opened
from runner.operations.planning import PlanRequest
from runner.operations.rounds import Course, plan_round
from runner.operations.standpoint import standpoint
from runner.operations.status import StatusRequest, StatusRow, status
from runner.operations.survey import Law, survey_at
from runner.operations.up import UpRequest, up
from runner.report.apply_comment import APPLY_MARKER
from tests.forge.forge_jobs import TOKENS
from tests.forge.git_double_bench import HEADS
from tests.forge.published_request import AnyForge, PublishedRequest


class MergedRequest(PublishedRequest[AnyForge]):
    """See PublishedRequest; what was there at the beginning is applied."""

    def __init__(
        self,
        gitea: AnyForge,
        path: Path,
        files: Mapping[str, str | None] | None = None,
        *,
        begun: bool = True,
    ) -> None:
        runner = f"ledger: {{remote: origin}}\nforge: {{type: {gitea.brand}, url: {gitea.server.url}}}\n"
        super().__init__(gitea, path, {"runner.yaml": runner, **(files or {})})
        beginning = UpRequest(
            selection=SelectionRequest(selectors=("prod",)), yes=True, break_glass="the beginning"
        )
        with self.job() as bench:
            assert not begun or up(beginning, bench).exit_code == 0

    def planned(self, pull: PullRequest) -> dict[TargetName, Plan]:
        """What merging the head into the branch's tip would do, planned for real."""
        with self.job() as bench:
            return self._planned(bench, pull)

    def _planned(self, bench: Bench, pull: PullRequest) -> dict[TargetName, Plan]:
        repository = bench.tools.repository
        stand = standpoint(bench)
        tip = repository.fetch_branch("origin", pull.into)
        repository.fetch_ref("origin", HEADS[self.gitea.brand].format(pull.number))
        merge = repository.merge_tree(tip, pull.head_commit)
        commit = repository.commit_tree(merge.tree, [tip, pull.head_commit], "a merge")
        law = Law(commit=stand.law, gates=stand.gates, remote=stand.remote)
        whole = survey_at(bench, commit, law, conducts=True)
        whole.record.ledger.refresh(["prod"])
        with opened(bench, whole, "preview") as session:
            course = Course(
                targets=whole.wishes.targets,
                needs=whole.needs(whole.wishes.targets),
                request=PlanRequest(later=True),
                approve=lambda _: False,
                verb="preview",
            )
            plan_round(session, course, course.targets)
            return {name: plan for name, plan in session.planned.items() if plan.changed}

    def show(self, pull: PullRequest) -> dict[TargetName, Plan]:
        """Publishes what was planned."""
        plans = self.planned(pull)
        rows = [
            TargetPreview(target=name, outcome=Outcome.PLANNED, plan=plan)
            for name, plan in sorted(plans.items())
        ]
        told = self.publish(pull, self.preview(pull, *rows))
        assert set(told.approvable) == set(plans), told
        return plans

    def merge(self, pull: PullRequest, kind: MergeKind = MergeKind.MERGE) -> PullRequest:
        """As bob does it on the forge."""
        forge = self.gitea.forge_of(self.gitea.reviewer)
        return forge.merge(Merge(number=pull.number, head=pull.head_commit, kind=kind))

    def catch_up(self) -> CaughtUp:
        """As the apply job of a push to main does it."""
        wanted = CatchUp(branch="main", environments=("prod",), because="a push")
        with self.job() as bench:
            return catch_up(bench, self.forge, wanted)

    def resume(self) -> CaughtUp:
        """As the scheduled job does it."""
        with self.job() as bench:
            return catch_up(bench, self.forge, Resume(because="the schedule"))

    def as_person(self, login: str) -> dict[str, str]:
        """The variables of somebody who types a verb: their token, and Git that may reach the forge."""
        return {TOKENS[self.gitea.brand]: self.gitea.accounts[login].token, "GIT_ALLOW_PROTOCOL": "file:http"}

    def told(self, pull: PullRequest) -> list[str]:
        """What was told of the apply, a comment each."""
        return [each.body for each in self.forge.comments(pull.number) if APPLY_MARKER in each.body]

    def status(self, target: TargetName) -> tuple[StatusRow, ...]:
        """As somebody sees it who has main checked out."""
        self.clone.git("fetch", "--quiet", "origin", "main")
        self.clone.git("switch", "--quiet", "--detach", "FETCH_HEAD")
        request = StatusRequest(selection=SelectionRequest(selectors=(str(target),)))
        with self.job() as bench:
            return status(request, bench).rows

    def record(self, target: TargetName) -> list[dict[str, str]]:
        """The entries of a target, newest first, as trailers in Git."""
        ref = f"refs/runner/live/{target.environment}"
        self.clone.git("fetch", "--quiet", "origin", f"+{ref}:refs/seen/live")
        found = []
        for message in self.clone.git("log", "--first-parent", "--format=%B%x00", "refs/seen/live").split(
            "\0"
        ):
            lines = [line.split(": ", 1) for line in message.strip().splitlines() if ": " in line]
            trailers = {one[0]: one[1] for one in lines}
            if trailers.get("Target") == str(target):
                found.append(trailers)
        return found
