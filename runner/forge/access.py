"""What a brand needs to open a forge: as whom, and what every request goes through."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from runner.forge import Forge, Project
from runner.forge.calling import Patience
from runner.forge.credentials import AppClaim
from runner.kit.redaction import Redactor
from runner.model.forge_rights import TokenSource


class AppAccess(Struct, frozen=True, kw_only=True):
    """A GitHub App. `installation` 0: found by the repository."""

    claim: AppClaim
    installation: int = 0


class Access(Struct, frozen=True, kw_only=True):
    """`token` empty: nobody, who can read what is public. `job`: it is a CI job's own token, which some forges take in
    another header. `app` goes before the token. `source` is where it was found. An
    opener tells the redactor of every token before it is used."""

    redactor: Redactor
    patience: Patience
    token: str = ""
    job: bool = False
    app: AppAccess | None = None
    source: TokenSource = TokenSource()

    __repr__ = object.__repr__  # the token is not to be read in a traceback


Opener = Callable[[Project, Access], Forge]
"""What a brand, or an entry point of the group `gitops_runner.forges`, gives."""
