"""A pull request whose preview is published: a clone whose remote is a real Gitea, in which prod wants one review."""

import itertools
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Generic, TypeAlias

from typing_extensions import TypeVar

from runner.forge import Forge
from runner.kit.stop import Stop
from runner.model.change import ChangeKind
from runner.model.check import CheckReport
from runner.model.names import TargetName
from runner.model.plan import Digests
from runner.model.previewed import RequestPreview, TargetPreview
from runner.model.pull_request import Comment, PullRequest, ReviewState
from runner.operations.bench import Bench
from runner.operations.publishing import Published, publish, recount
from runner.report.comment_marker import MARKER
from runner.wiring.benches import open_bench
from tests.checkout import Checkout, git
from tests.forge.git_double_bench import GitDoubleBench
from tests.forge.gitea_bench import GiteaBench
from tests.report.previews import planned, preview_of
from tests.report.samples import change

NETWORK = TargetName(environment="prod", stack="network")
PROD = "requires:\n  reviews: {count: 1}\n"
STACK = (
    'variable "size" {{\n  default = {size}\n}}\nresource "terraform_data" "x" {{\n  input = var.size\n}}\n'
)
FILES = {
    "runner.yaml": "ledger: {remote: origin}\n",
    "environments/prod.yaml": PROD,
    "stacks/network/main.tf": STACK.format(size=1),
    "stacks/app/main.tf": STACK.format(size=1),
}


def digests(word: str) -> Digests:
    """Digests that differ for every word."""
    named = {name: f"c1:{name}-{word}" for name in Digests.__struct_fields__ if name != "plan"}
    return Digests(**named, plan=f"c1:{word.encode().hex():0<64}")


AnyBench: TypeAlias = GiteaBench | GitDoubleBench
AnyForge = TypeVar("AnyForge", bound=AnyBench, default=GiteaBench)


class PublishedRequest(Generic[AnyForge]):
    """The scene: `clone` on main with FILES, and the forge behind it."""

    def __init__(self, gitea: AnyForge, path: Path, files: Mapping[str, str | None] | None = None) -> None:
        self.gitea = gitea
        remote = gitea.remote("robot")
        self.clone: Checkout = _clone(remote, path)
        self.clone.commit({**FILES, **(files or {})}, "begin")
        self.clone.push("main")
        self._branches = itertools.count(1)
        self.made = datetime.now(UTC) - timedelta(minutes=30)

    def open(self, size: int = 2, files: Mapping[str, str | None] | None = None) -> PullRequest:
        """alice opens a pull request of a branch of its own, which changes the network."""
        self.clone.git("switch", "--quiet", "--detach", "origin/main")
        branch = f"change-{next(self._branches)}"
        self.push(branch, size, files)
        number = self.gitea.open(branch, self.gitea.author, "a change")
        return self.forge.pull_request(number)

    def push(self, branch: str, size: int, files: Mapping[str, str | None] | None = None) -> str:
        """alice pushes to the branch; the commit."""
        self.clone.git("switch", "--quiet", "-C", branch)
        commit = self.clone.commit(
            {"stacks/network/main.tf": STACK.format(size=size), **(files or {})}, f"size {size} on {branch}"
        )
        remote = self.gitea.remote("alice")
        self.clone.git("push", "--quiet", "--force", remote, f"HEAD:refs/heads/{branch}")
        return commit

    @property
    def forge(self) -> Forge:
        """As the robot that publishes, with nothing remembered."""
        return self.gitea.forge

    @contextmanager
    def job(self) -> Iterator[Bench]:
        """A bench over the clone, as a job has it, with nothing remembered."""
        bench = open_bench(
            self.clone.path, tell=lambda _: None, ask=None, stop=Stop(), variables=dict(os.environ)
        )
        try:
            yield bench
        finally:
            bench.tools.repository.close()

    def preview(self, pull: PullRequest, *targets: TargetPreview, **more: object) -> RequestPreview:
        """What a plan stage says of the pull request's head; of the network where nothing else is given."""
        self.made += timedelta(minutes=1)
        said = targets or (network("first"),)
        own = {
            "number": pull.number,
            "commit": pull.head_commit,
            "planned": pull.head_commit,
            "law": self.clone.git("rev-parse", "origin/main"),
            "at": self.made,
            "run": f"run-{self.made:%H%M}",
        }
        return preview_of(*said, **{**own, **more})

    def publish(self, pull: PullRequest, preview: RequestPreview, *, forge: Forge | None = None) -> Published:
        """As the publish stage's job does it, which heard of the pull request as it was when it was `pull`."""
        with self.job() as bench:
            asked = forge or self.forge
            now = asked.pull_request(pull.number)
            return publish(bench, asked, now, preview, heard=pull.head_commit)

    def recount(self, pull: PullRequest, forge: Forge | None = None) -> Published:
        """As the job of a review does it."""
        with self.job() as bench:
            asked = forge or self.forge
            return recount(bench, asked, asked.pull_request(pull.number))

    def approve(self, pull: PullRequest) -> None:
        """bob approves the head."""
        self.gitea.review(pull.number, self.gitea.reviewer, ReviewState.APPROVED, "good")

    def report(self, commit: str) -> CheckReport:
        """Our check of the whole on a commit."""
        [found] = [each for each in self.forge.checks(commit) if each.name == "runner"]
        return found

    def comments(self, pull: PullRequest) -> list[Comment]:
        """Ours, all of them."""
        return [each for each in self.forge.comments(pull.number) if MARKER in each.body]


def network(word: str, address: str = "terraform_data.x") -> TargetPreview:
    """A plan of the network that differs for every word."""
    return planned(
        "prod/network", change(ChangeKind.UPDATE, address, after={"input": word}), digests=digests(word)
    )


def _clone(remote: str, path: Path) -> Checkout:
    path.parent.mkdir(parents=True, exist_ok=True)
    git("clone", "--quiet", remote, str(path), cwd=path.parent)
    clone = Checkout(path, Path(remote))
    for key, setting in {
        "user.name": "Ada",
        "user.email": "ada@example.test",
        "commit.gpgsign": "false",
    }.items():
        clone.git("config", key, setting)
    return clone
