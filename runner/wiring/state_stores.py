"""Which store keeps the states of an environment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct

from runner.git import Refs
from runner.git.repository import Repository
from runner.kit.clock import Clock
from runner.model.environment import StateBackend, StateSettings
from runner.vault import StateStore
from runner.vault.as_written import AsWrittenStates
from runner.vault.git_states import GitStates
from runner.vault.local_states import LocalStates
from runner.vault.s3_states import S3States
from runner.vault.state_seal import StateSeal
from runner.wiring.clouds import bucket_of


class StoreNeeds(Struct, frozen=True, kw_only=True):
    """What a store may need; `seal` asks for the key, so only who needs it calls it."""

    repository: Repository
    variables: Mapping[str, str]
    clock: Clock
    refs: Refs
    seal: Callable[[], StateSeal]


def store_of(settings: StateSettings, needs: StoreNeeds) -> StateStore:
    """The store that `settings` name."""
    match settings.backend:
        case StateBackend.AS_WRITTEN:
            return AsWrittenStates()
        case StateBackend.LOCAL:
            return LocalStates(needs.repository.root, settings.path or "states/{environment}/{stack}.tfstate")
        case StateBackend.GIT:
            return GitStates(needs.refs, needs.seal(), needs.clock)
        case StateBackend.S3:
            return S3States(
                bucket_of(settings, needs.variables),
                needs.seal(),
                needs.clock,
                location=f"s3://{settings.bucket}",
                prefix=settings.prefix,
            )


def sealed_objects_in(
    settings: StateSettings, environment: str, variables: Mapping[str, str]
) -> Iterator[tuple[str, bytes]]:
    """Every sealed object of an environment in its bucket, locks left out: place and bytes."""
    objects = bucket_of(settings, variables)
    prefix = f"{settings.prefix.strip('/')}/" if settings.prefix.strip("/") else ""
    for key in objects.names(f"{prefix}{environment}/"):
        found = None if key.endswith(".tflock") else objects.get(key)
        if found is not None:
            yield f"s3://{settings.bucket}/{key}", found.content
