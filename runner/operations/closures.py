"""Code digests of targets, for comparing the head with the record."""

from __future__ import annotations

from runner.decisions.terraform_closure import closure_of
from runner.model.target import Target
from runner.operations.survey import Survey


def code_digest(whole: Survey, target: Target) -> str:
    """The digest of all that the target's plan can see at the surveyed commit."""
    return closure_of(target, whole.believed.environments[target.name.environment], whole.code).code
