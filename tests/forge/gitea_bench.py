"""The conformance suite's bench on the real Gitea: a repository of one test, whose people use its API as they would."""

import base64
import itertools
from typing import cast

from runner.forge import Forge, Project
from runner.forge.access import Access
from runner.forge.calling import Patience
from runner.forge.gitea import opened
from runner.kit.clock import SystemClock
from runner.kit.redaction import Redactor
from runner.kit.stop import Stop
from runner.model.person import Person
from runner.model.pull_request import ReviewState
from tests.components.gitea_server import Account, GiteaServer

_COUNT = itertools.count(1)
_EVENTS = {
    ReviewState.APPROVED: "APPROVED",
    ReviewState.CHANGES_REQUESTED: "REQUEST_CHANGES",
    ReviewState.COMMENTED: "COMMENT",
}


class GiteaPeople:
    """The accounts of a session: `author`, `reviewer` (in the team acme/platform), `reader`, and our own `robot`."""

    def __init__(self, server: GiteaServer) -> None:
        self.server = server
        self.accounts = {login: server.new_account(login) for login in ("alice", "bob", "carol", "robot")}
        server.ask(server.admin, "POST", "orgs", {"username": "acme"})
        team = {"name": "platform", "permission": "read", "units": ["repo.code"]}
        made = cast(dict[str, object], server.ask(server.admin, "POST", "orgs/acme/teams", team))
        server.ask(server.admin, "PUT", f"teams/{made['id']}/members/bob")
        server.ask(server.admin, "PUT", f"teams/{made['id']}/members/robot")


class GiteaBench:
    """See runner.conformance.forge.ForgeBench."""

    def __init__(self, people: GiteaPeople) -> None:
        self.server = people.server
        self.accounts = people.accounts
        self.name = f"infra-{next(_COUNT)}"
        self.path = f"acme/{self.name}"
        self.team = "acme/platform"
        self.page = 51
        self._opened: list[Forge] = []
        self._owner_of: dict[str, str] = {}
        admin = self.server.admin
        self.server.ask(admin, "POST", "orgs/acme/repos", {"name": self.name, "auto_init": True})
        for login, permission in (("alice", "write"), ("bob", "write"), ("robot", "admin")):
            path = f"repos/{self.path}/collaborators/{login}"
            self.server.ask(admin, "PUT", path, {"permission": permission})
        self.author, self.reviewer, self.reader = (self._person(each) for each in ("alice", "bob", "carol"))

    def _person(self, login: str) -> Person:
        found = cast(dict[str, object], self.server.ask(self.server.admin, "GET", f"users/{login}"))
        return Person(login=login, id=str(found["id"]))

    def ask(self, by: Person, method: str, path: str, body: object = None) -> dict[str, object]:
        """One request below this repository."""
        answer = self.server.ask(self.accounts[by.login], method, f"repos/{self.path}/{path}", body)
        return cast(dict[str, object], answer)

    @property
    def forge(self) -> Forge:
        """See ForgeBench."""
        return self._forge(self.accounts["robot"])

    def forge_of(self, person: Person) -> Forge:
        """See ForgeBench."""
        return self._forge(self.accounts[person.login])

    def _forge(self, account: Account) -> Forge:
        redactor = Redactor()
        redactor.add(account.token)
        api = f"{self.server.url}/api/v1"
        host = self.server.url.partition("://")[2]
        project = Project(brand="gitea", host=host, path=self.path, web=self.server.url, api=api)
        patience = Patience(clock=SystemClock(), wait=Stop().wait)
        forge = opened(project, Access(redactor=redactor, patience=patience, token=account.token))
        self._opened.append(forge)
        return forge

    @property
    def brand(self) -> str:
        """As `forge.type` has it."""
        return "gitea"

    def remote(self, login: str) -> str:
        """The address to push to as that account."""
        return self.server.remote(self.accounts[login], self.path)

    def leave(self) -> None:
        """Lets all connections go."""
        for forge in self._opened:
            forge.close()

    def push(self, branch: str, by: Person) -> str:
        """See ForgeBench: the server makes the commit, which is a push of that person."""
        where = f"repos/{self._owner_of.get(by.login, 'acme')}/{self.name}"
        account = self.accounts[by.login]
        found = cast(list[dict[str, object]], self.server.ask(account, "GET", f"{where}/branches"))
        place = (
            {"branch": branch}
            if branch in [each["name"] for each in found]
            else {"branch": "main", "new_branch": branch}
        )
        person = {"name": by.login.title(), "email": f"{by.login}@example.test"}
        content = base64.b64encode(b"# a stack\n").decode()
        words = {"content": content, "message": "a change", "author": person, "committer": person}
        path = f"{where}/contents/stacks/{next(_COUNT)}.tf"
        made = cast(dict[str, dict[str, str]], self.server.ask(account, "POST", path, {**words, **place}))
        return made["commit"]["sha"]

    def fork(self, by: Person) -> None:
        """See ForgeBench."""
        self.ask(by, "POST", "forks", {})
        self._owner_of[by.login] = by.login

    def open(self, branch: str, by: Person, title: str, *, draft: bool = False) -> int:
        """See ForgeBench."""
        head = f"{by.login}:{branch}" if by.login in self._owner_of else branch
        wanted = {"head": head, "base": "main", "title": f"WIP: {title}" if draft else title}
        return int(str(self.ask(by, "POST", "pulls", wanted)["number"]))

    def close(self, number: int) -> None:
        """See ForgeBench."""
        self.ask(self.author, "PATCH", f"pulls/{number}", {"state": "closed"})

    def label(self, number: int, name: str) -> None:
        """See ForgeBench."""
        made = self.ask(self.author, "POST", "labels", {"name": name, "color": "#ff0000"})
        self.ask(self.author, "POST", f"issues/{number}/labels", {"labels": [made["id"]]})

    def review(self, number: int, by: Person, state: ReviewState, body: str) -> None:
        """See ForgeBench."""
        self.ask(by, "POST", f"pulls/{number}/reviews", {"event": _EVENTS[state], "body": body})

    def dismiss(self, number: int, by: Person) -> None:
        """See ForgeBench."""
        robot = Person(login="robot")
        found = cast(list[dict[str, object]], self.ask(robot, "GET", f"pulls/{number}/reviews"))
        given = [each["id"] for each in found if cast(dict[str, str], each["user"])["login"] == by.login]
        self.ask(robot, "POST", f"pulls/{number}/reviews/{given[-1]}/dismissals", {"message": "back"})

    def say(self, number: int, by: Person, body: str) -> str:
        """See ForgeBench."""
        return str(self.ask(by, "POST", f"issues/{number}/comments", {"body": body})["id"])

    def rewrite(self, number: int, id: str, by: Person, body: str) -> None:
        """See ForgeBench: whoever may write code edits every comment."""
        self.ask(by, "PATCH", f"issues/comments/{id}", {"body": body})

    def remove(self, number: int, id: str) -> None:
        """See ForgeBench."""
        self.ask(Person(login="robot"), "DELETE", f"issues/comments/{id}")

    def report(self, commit: str, name: str, by: Person, *, passed: bool) -> None:
        """See ForgeBench."""
        state = "success" if passed else "failure"
        self.ask(by, "POST", f"statuses/{commit}", {"context": name, "state": state})

    def protect(self, branch: str, check: str, approvals: int) -> None:
        """See ForgeBench."""
        rule = {
            "rule_name": branch,
            "enable_push": False,
            "enable_status_check": True,
            "status_check_contexts": [check],
            "required_approvals": approvals,
        }
        self.ask(Person(login="robot"), "POST", "branch_protections", rule)
