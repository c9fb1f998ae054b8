"""Where `${secret:…}` gets its values: variables of the runner's own environment, SSM, Secrets Manager.

What a user's configuration may name is narrowed twice: by `allow.secrets` of the environment, and by names that carry
the runner's or CI's own power and are never handed out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Protocol

from runner.diagnostics import Diagnostic
from runner.errors import AskedWrongly, Denied
from runner.model.references import SecretReference

FORBIDDEN = ("GITOPS_RUNNER_*", "*_TOKEN", "ACTIONS_*", "CI_*", "AWS_*")
"""Variables that no reference may name, whatever is allowed (DESIGN, section 2)."""


class SecretSource(Protocol):
    """One scheme of secrets."""

    def value(self, reference: SecretReference) -> str:
        """The secret's text. AskedWrongly when there is none, Denied when it may not be read, NoAnswer."""


class VariableSecrets:
    """`env:NAME`: variables that the runner was started with."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def value(self, reference: SecretReference) -> str:
        """See SecretSource. Denied `secret-forbidden`, AskedWrongly `secret-not-set`."""
        if any(fnmatchcase(reference.name.upper(), pattern) for pattern in FORBIDDEN):
            message = (
                f"`{reference}` may not be given to a stack: it carries the power of the runner or of CI"
            )
            hint = f"give the secret another name; never read: {', '.join(FORBIDDEN)}"
            raise Denied(Diagnostic(code="secret-forbidden", message=message, hint=hint, span=reference.span))
        if reference.name not in self._variables:
            message = f"the variable `{reference.name}` that `{reference}` names is not set"
            hint = "set it where the runner is started"
            raise AskedWrongly(
                Diagnostic(code="secret-not-set", message=message, hint=hint, span=reference.span)
            )
        return self._variables[reference.name]


class FetchedSecrets:
    """`ssm:` or `secretsmanager:`: asked once, `fetch` takes the name and the key (empty: none)."""

    def __init__(self, fetch: Callable[[str, str], str]) -> None:
        self._fetch = fetch
        self._fetched: dict[tuple[str, str], str] = {}

    def value(self, reference: SecretReference) -> str:
        """See SecretSource."""
        place = (reference.name, reference.key)
        if place not in self._fetched:
            self._fetched[place] = self._fetch(*place)
        return self._fetched[place]


class Secrets:
    """All schemes of one environment. `allowed` are the globs of `allow.secrets`; None: the key is absent, and every
    secret that a scheme hands out may be named (by a stranger's pull request none may: the caller passes ())."""

    def __init__(self, sources: Mapping[str, SecretSource], allowed: tuple[str, ...] | None) -> None:
        self._sources = sources
        self._allowed = allowed

    def value(self, reference: SecretReference) -> str:
        """The secret. Denied `secret-not-allowed`; AskedWrongly `secret-scheme-unknown`; else as its source says."""
        if self._allowed is not None and not any(fnmatchcase(str(reference), glob) for glob in self._allowed):
            message = f"`{reference}` is not among the secrets that this environment allows"
            hint = "add it to `allow.secrets` of the environment, on the default branch"
            raise Denied(
                Diagnostic(code="secret-not-allowed", message=message, hint=hint, span=reference.span)
            )
        source = self._sources.get(reference.scheme)
        if source is None:
            message = f"`{reference}` names secrets of `{reference.scheme}`, which are not available here"
            hint = (
                f"available: {', '.join(sorted(self._sources))}; SSM and Secrets Manager need the extra `aws`"
            )
            raise AskedWrongly(
                Diagnostic(code="secret-scheme-unknown", message=message, hint=hint, span=reference.span)
            )
        return source.value(reference)
