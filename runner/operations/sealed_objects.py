"""Which keys the objects that are kept of an environment take, read from their envelopes without opening them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runner.git import Refs
from runner.kit.envelope import Context, Purpose, read_header
from runner.model.names import decoded, encoded
from runner.vault import EnvironmentKeys

PLANS = "refs/runner/plans/"


def sealed_with(
    refs: Refs, places: EnvironmentKeys, environment: str, elsewhere: Iterable[tuple[str, bytes]] = ()
) -> Mapping[str, tuple[str, ...]]:
    """Key id -> what is sealed with it, in words. `elsewhere` are sealed objects outside Git, each with its place.

    HistoryMoved `state-not-authentic` or `plan-not-authentic` for bytes that are no envelope: what cannot be read may
    still be needed.
    """
    found: dict[str, list[str]] = {}
    for path, (_, content) in sorted(refs.blobs(places.ref, "states").items()):
        if not path.endswith("/index.json"):
            _note(found, Purpose.STATE, environment, _state_named(environment, path), content)
    for ref in refs.names(PLANS):
        for path, (_, content) in sorted(refs.blobs(ref, f"plans/{encoded(environment)}").items()):
            if path.endswith(".sealed"):
                _note(found, Purpose.PLAN, environment, f"a plan in `{ref}`", content)
    for place, content in elsewhere:
        _note(found, Purpose.STATE, environment, f"`{place}`", content)
    return {key: tuple(dict.fromkeys(words)) for key, words in found.items()}


def _note(
    found: dict[str, list[str]], purpose: Purpose, environment: str, words: str, content: bytes
) -> None:
    if content:  # the mark of a target that has ended is empty
        context = Context(purpose=purpose, ledger="", environment=environment, target=words)
        found.setdefault(read_header(content, context).key_id, []).append(words)


def _state_named(environment: str, path: str) -> str:
    _, stack, version = path.split("/")
    return f"version {int(version)} of the state of `{environment}/{decoded(stack)}`"
