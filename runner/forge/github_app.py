"""A GitHub App: who it is, and a token for one repository after another."""

from __future__ import annotations

from typing import TypeVar
from urllib.parse import quote

from runner.forge import Project
from runner.forge.access import Access, AppAccess
from runner.forge.calling import Ask, Caller
from runner.forge.credentials import AppToken, Credential, Installation, Token
from runner.forge.github_payloads import BOT
from runner.forge.github_wire import AppWire, IdWire
from runner.model.person import Person

_Wire = TypeVar("_Wire")
_HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}


def caller_of(project: Project, access: Access, credential: Credential) -> Caller:
    """Requests to GitHub's REST API, of the version that the shapes are of."""
    return Caller(project.api, credential, access.redactor, access.patience, _HEADERS)


class AppIdentity:
    """Who an app is here: its name is asked with its claim, what it may comes with its token."""

    def __init__(self, project: Project, access: Access, app: AppAccess) -> None:
        self._project = project
        self._access = access
        self._app = app
        self.token = AppToken(app.claim, self._exchanged, access.patience.clock)

    def person(self) -> Person:
        """The account that its comments are by."""
        claim = self._app.claim.signed(self._access.patience.clock.now())
        slug = self._asked(claim, Ask(what="ask which app this is", path="app"), AppWire).slug
        return Person(login=f"{slug}{BOT}", bot=True)

    def grants(self) -> dict[str, str]:
        """What the installation may."""
        return self.token.installation().permissions

    def _exchanged(self, claim: str) -> Installation:
        """A token for this repository only."""
        number = self._app.installation
        if not number:
            path = f"repos/{quote(self._project.path)}/installation"
            number = self._asked(claim, Ask(what="find the app's installation", path=path), IdWire).id
        path = f"app/installations/{number}/access_tokens"
        body = {"repositories": [self._project.path.rpartition("/")[2]]}
        asked = Ask(what="get a token for the app", path=path, method="POST", body=body, repeatable=True)
        found = self._asked(claim, asked, Installation)
        self._access.redactor.add(found.token, "forge token")
        return found

    def _asked(self, claim: str, ask: Ask, kind: type[_Wire]) -> _Wire:
        self._access.redactor.add(claim, "forge claim")
        caller = caller_of(self._project, self._access, Token(claim))
        try:
            return caller.write(ask, kind)
        finally:
            caller.close()
