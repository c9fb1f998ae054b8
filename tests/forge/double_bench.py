"""The conformance suite's bench over a double: people change its World, and we ask over HTTP."""

from datetime import UTC, datetime

from runner.forge import Forge, Project
from runner.forge.access import Access, AppAccess, Opener
from runner.forge.calling import Patience
from runner.kit.clock import SetClock
from runner.kit.redaction import Redactor
from runner.model.forge_rights import TokenSource
from runner.model.person import Person
from runner.model.pull_request import ReviewState
from tests.forge.loopback_forge import LoopbackForge
from tests.forge.world import World


class Waits:
    """A clock and a patience that wait for nothing: `slept` are the seconds that would have been waited."""

    def __init__(self) -> None:
        self.clock = SetClock(datetime(2026, 1, 1, tzinfo=UTC))
        self.slept: list[float] = []
        self.stopped = False

    def wait(self, seconds: float) -> bool:
        """As Stop.wait, at once."""
        self.slept.append(seconds)
        self.clock.advance(seconds)
        return self.stopped

    @property
    def patience(self) -> Patience:
        """With this clock."""
        return Patience(clock=self.clock, wait=self.wait)


class DoubleBench:
    """See runner.conformance.forge.ForgeBench. `robot` is our own login on the double."""

    def __init__(
        self, world: World, server: LoopbackForge, project: Project, opener: Opener, robot: str
    ) -> None:
        self.world = world
        self.server = server
        self.project = project
        self.robot = robot
        self.waits = Waits()
        self.redactor = Redactor()
        self.page = 101
        self.team = "acme/platform"
        self.author, self.reviewer, self.reader = (self._person(each) for each in ("alice", "bob", "carol"))
        self._opener = opener
        self._opened: list[Forge] = []

    def _person(self, login: str) -> Person:
        return Person(login=login, id=str(self.world.people[login].id))

    @property
    def forge(self) -> Forge:
        """See ForgeBench."""
        return self.forge_of(Person(login=self.robot))

    def forge_of(self, person: Person) -> Forge:
        """See ForgeBench."""
        return self.opened(token=self.world.people[person.login].token)

    def opened(
        self, *, token: str = "", job: bool = False, app: AppAccess | None = None, source: str = ""
    ) -> Forge:
        """With another token, or as an app."""
        access = Access(
            redactor=self.redactor,
            patience=self.waits.patience,
            token=token,
            job=job,
            app=app,
            source=TokenSource(found=source),
        )
        forge = self._opener(self.project, access)
        self._opened.append(forge)
        return forge

    def leave(self) -> None:
        """Lets all connections go, and fails for what the published description does not have."""
        for forge in self._opened:
            forge.close()
        assert not self.server.mistakes, "\n".join(self.server.mistakes[:10])

    def push(self, branch: str, by: Person) -> str:
        """See ForgeBench."""
        return self.world.push(branch, by.login)

    def fork(self, by: Person) -> None:
        """See ForgeBench."""
        self.world.forks[by.login] = f"{by.login}/infra"

    def open(self, branch: str, by: Person, title: str, *, draft: bool = False) -> int:
        """See ForgeBench."""
        return self.world.open(branch, by.login, title, draft=draft)

    def close(self, number: int) -> None:
        """See ForgeBench."""
        self.world.pulls[number].state = "closed"

    def label(self, number: int, name: str) -> None:
        """See ForgeBench."""
        self.world.pulls[number].labels.append(name)

    def review(self, number: int, by: Person, state: ReviewState, body: str) -> None:
        """See ForgeBench."""
        self.world.judge(number, by.login, state.value, body)

    def dismiss(self, number: int, by: Person) -> None:
        """See ForgeBench."""
        for review in self.world.reviews:
            if review.number == number and review.by == by.login:
                review.state = "dismissed"

    def say(self, number: int, by: Person, body: str) -> str:
        """See ForgeBench."""
        return str(self.world.say(number, by.login, body).id)

    def rewrite(self, number: int, id: str, by: Person, body: str) -> None:
        """See ForgeBench."""
        self.world.rewrite(int(id), by.login, body)

    def remove(self, number: int, id: str) -> None:
        """See ForgeBench."""
        self.world.comments = [each for each in self.world.comments if each.id != int(id)]

    def report(self, commit: str, name: str, by: Person, *, passed: bool) -> None:
        """See ForgeBench."""
        self.world.report(commit, name, by.login, {"state": "success" if passed else "failure"})

    def protect(self, branch: str, check: str, approvals: int) -> None:
        """See ForgeBench."""
        self.world.protections[branch] = (check, approvals)
