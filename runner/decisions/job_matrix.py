"""The jobs of a CI system: one a target, wave after wave."""

from __future__ import annotations

from collections.abc import Sequence

from runner.errors import AskedWrongly
from runner.model.names import TargetName
from runner.model.references import Json

MOST_JOBS = 256
"""As many as GitHub makes of one matrix; GitLab's limits are set by each site."""

Waves = Sequence[Sequence[TargetName]]


def checked_jobs(waves: Sequence[tuple[TargetName, ...]]) -> tuple[tuple[TargetName, ...], ...]:
    """The waves, where they are not too many jobs. AskedWrongly `too-many-jobs`: a part of them would be green without
    a plan."""
    count = sum(map(len, waves))
    if count > MOST_JOBS:
        raise AskedWrongly.of(
            "too-many-jobs",
            f"{count:,} targets are affected, and a matrix takes at most {MOST_JOBS} jobs",
            hint="`runner preview --changed` plans them in one job",
        )
    return tuple(waves)


def github_matrix(waves: Waves) -> Json:
    """One matrix a wave, for `strategy: matrix: ${{ fromJSON(…).wave1 }}`; jobs of a wave may run at once."""
    return {
        f"wave{number}": {"include": [_named(target) for target in wave]}
        for number, wave in enumerate(waves, 1)
    }


def gitlab_pipeline(waves: Waves) -> Json:
    """A child pipeline (JSON is YAML): a stage a wave, a job a target."""
    jobs: dict[str, Json] = {"stages": [f"wave{number}" for number in range(1, len(waves) + 1)]}
    for number, wave in enumerate(waves, 1):
        for target in wave:
            variables: dict[str, Json] = dict(_named(target))
            jobs[f"preview {target}"] = {
                "stage": f"wave{number}",
                "variables": variables,
                "script": ['runner preview "env/$target"'],
            }
    return jobs


def _named(target: TargetName) -> dict[str, Json]:
    return {"target": str(target), "environment": target.environment, "stack": target.stack}
