"""What every Forge promises of our token's rights, and of what guards an apply there."""

from __future__ import annotations

from collections.abc import Callable

from runner.conformance.forge_bench import ForgeBench
from runner.model.forge_rights import Need


def check_what_our_token_may_is_told(bench: ForgeBench) -> None:
    """By reading only; what is missing with the place to grant it, and what is not known as unknown."""
    commit = bench.push("feature", bench.author)
    found = {each.need: each for each in bench.forge.rights(commit, [bench.team])}
    for need in (Need.PULLS, Need.READ_CHECKS, Need.PEOPLE):
        assert found[need].allowed is True, found[need]
    assert found[Need.TEAMS].allowed or bench.forge.identity().kind == "job"
    assert found[Need.COMMENTS].allowed is not False
    assert found[Need.CHECKS].allowed is not False
    assert all(each.because for each in found.values())
    missing = {each.need: each for each in bench.forge.rights(commit, [f"{bench.team}-that-is-not"])}
    assert missing[Need.TEAMS].allowed is False
    assert Need.TEAMS not in {each.need for each in bench.forge.rights(commit, [])}
    reader = {each.need: each for each in bench.forge_of(bench.reader).rights(commit, [])}
    assert reader[Need.CHECKS].allowed is False, "who may only read the repository reports no check"
    assert reader[Need.CHECKS].grant
    assert all(each.grant for each in reader.values() if each.allowed is False)


def check_the_forge_s_own_ci_is_told(bench: ForgeBench) -> None:
    """Whether it is on, and how a place for secrets is guarded; unknown comes with its reason."""
    pipelines = bench.forge.pipelines()
    assert pipelines.enabled is not None or pipelines.because
    missing = bench.forge.job_environment("no-such-environment")
    assert missing.there is not True
    assert missing.guarded is not True
    assert missing.because


RIGHTS_CHECKS: tuple[Callable[[ForgeBench], None], ...] = (
    check_what_our_token_may_is_told,
    check_the_forge_s_own_ci_is_told,
)
