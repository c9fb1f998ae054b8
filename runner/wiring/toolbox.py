"""The tools of one repository: which implementation stands behind each protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from importlib import import_module, resources
from pathlib import Path
from threading import Lock, Thread
from types import MappingProxyType
from typing import Protocol, TypeVar

from runner.config.configuration import GatesConfiguration
from runner.diagnostics import Diagnostic
from runner.engine import Engine
from runner.errors import RunnerError, ToolUnavailable
from runner.forge import Forge
from runner.git import Delivery, Refs
from runner.git.command import Starter
from runner.git.keeping import KeptSubmission
from runner.kit.clock import Clock
from runner.kit.redaction import Redactor
from runner.kit.stop import Stop
from runner.kit.tree import Tree
from runner.ledger import Leases, Ledger
from runner.ledger.recorded_values import Values
from runner.model.entry import NOBODY, Actor
from runner.model.environment import Gates, StateSettings
from runner.model.happening import Happening, Noted
from runner.model.names import TargetName
from runner.model.references import Json, SecretReference
from runner.model.rumour import Rumour
from runner.model.stack import EngineWish
from runner.notice import Notices
from runner.operations.tools import ChildView, LeaseTerms, Part, Record, Workshop
from runner.report.explanations import gathered
from runner.vault import EnvironmentKeys, KeptPlans, StateStore
from runner.wiring.code_toolbox import CHECKER, CodeToolbox
from runner.wiring.records import Records

WORKSHOP = "runner.wiring.workshop"
"""Imported when an engine is to run, or something sealed to be opened: neither is needed to look."""

FORGES = "runner.wiring.forges"
"""Imported when a forge is asked: httpx comes with it."""

NOTICES = "runner.notice.apprise_notices"
HEARING = "runner.forge.hearing"
"""Imported in CI."""

PARTS: Mapping[str, str] = MappingProxyType(
    {"hearing-by-hand": "runner.operations.hearing_by_hand:opened"},
)
"""Imported when asked for."""

DISCOVERY = "runner.engine.discovery"
ENGINES = "runner.wiring.engines"
"""Imported when an engine is to run."""


_Kind = TypeVar("_Kind")


class _Discovery(Protocol):
    def foresee(self, wishes: Iterable[EngineWish]) -> None: ...


class _Workshop(Workshop, Protocol):
    def values(self, gates: Gates, refs: Refs, ledger: Ledger) -> Values: ...


class Toolbox(CodeToolbox):
    """See operations.tools.Tools."""

    def __init__(
        self,
        directory: Path,
        variables: Mapping[str, str],
        clock: Clock,
        tell: Callable[[Happening], None],
        *,
        starter: Starter,
    ) -> None:
        super().__init__(directory, variables, starter)
        self._clock = clock
        self._tell = tell
        self._lock = Lock()
        self._entered: _Workshop | None = None

    @property
    def cache(self) -> Path:
        """The user's cache: nothing in it is believed that could be wrong."""
        top = self._variables.get("XDG_CACHE_HOME") or str(
            Path(self._variables.get("HOME", "~"), ".cache").expanduser()
        )
        return Path(top) / "gitops-runner"

    @property
    def provider_cache(self) -> Path | None:
        """See Tools."""
        return self.cache / "plugins"

    def record(self, remote: str, gates: GatesConfiguration, law: Tree) -> Record:
        """See Tools."""
        return self._records.opened(remote, gates, law)

    def leases(self, record: Record, terms: LeaseTerms) -> Leases:
        """See Tools."""
        return self._records.leases(record, terms)

    def forge(self, gates: GatesConfiguration, remote: str, stop: Stop) -> Forge:
        """See Tools."""
        forges = import_module(FORGES)
        needs = forges.ForgeNeeds(
            remote=self.repository.remote_url(remote) if remote else "",
            root=self.repository.root,
            variables=self._variables,
            redactor=Redactor(),
            clock=self._clock,
            stop=stop,
        )
        found: Forge = forges.forge_of(gates.forge, needs)
        return found

    def notices(self) -> Notices:
        """See Tools."""
        try:
            found: Notices = import_module(NOTICES).opened()
        except ImportError:
            raise ToolUnavailable.of(
                "notify-extra-missing",
                "nobody can be told: apprise is not installed",
                hint="pip install 'gitops-runner[notify]'",
            ) from None
        return found

    def part(self, part: Part[_Kind]) -> _Kind:
        """See Tools."""
        module, _, attribute = PARTS[part.name].partition(":")
        found: _Kind = getattr(import_module(module), attribute)
        return found

    def heard(self) -> Rumour | None:
        """See Tools."""
        rumour: Rumour | None = import_module(HEARING).heard(self._variables)
        return rumour

    def resend(self, record: Record) -> Sequence[tuple[KeptSubmission, Delivery]]:
        """See Tools."""
        return self._records.outboxes[record.remote].resend()

    def engine(self, wish: EngineWish, gates: GatesConfiguration) -> Engine:
        """See Tools."""
        return self._workshop.engine(wish, gates)

    def foresee(self, wishes: Iterable[EngineWish] = ()) -> None:
        """See Tools. Beside us, who wait for git, for a checker, and for a program of Go to say its version."""
        Thread(target=self._foreseen, args=(tuple(wishes),), name="foresee").start()

    def _foreseen(self, wishes: tuple[EngineWish, ...]) -> None:
        wanted = wishes or import_module(DISCOVERY).likely(self._directory)
        Thread(target=self._discovery.foresee, args=(wanted,), name="foresee").start()
        import_module(WORKSHOP)
        conductor = import_module(ENGINES).conductor
        for wish in wanted:
            with suppress(RunnerError):  # told where the engine is asked for
                conductor(wish.name)

    def states(self, gates: Gates, settings: StateSettings, record: Record) -> StateStore:
        """See Tools."""
        return self._workshop.states(gates, settings, record)

    def child(self, gates: Gates, purpose: str) -> ChildView:
        """See Tools."""
        return self._workshop.child(gates, purpose)

    def secret(self, gates: Gates, reference: SecretReference) -> str:
        """See Tools."""
        return self._workshop.secret(gates, reference)

    def equip(self, gates: Gates, record: Record) -> None:
        """See Tools."""
        self._workshop.equip(gates, record)

    def begin(self, gates: Gates, record: Record) -> None:
        """See Tools."""
        self._workshop.begin(gates, record)

    def fingerprint(self, gates: Gates, record: Record) -> Callable[[bytes], str]:
        """See Tools."""
        return self._workshop.fingerprint(gates, record)

    def passphrase(self, gates: Gates, record: Record, target: TargetName) -> str:
        """See Tools."""
        return self._workshop.passphrase(gates, record, target)

    def explanations(self) -> Mapping[str, str]:
        """See Tools."""
        texts = sorted(
            resources.files("runner").joinpath("explanations").iterdir(), key=lambda each: each.name
        )
        return gathered(each.read_text(encoding="utf-8") for each in texts if each.name.endswith(".md"))

    def schemas(self) -> Mapping[str, Json]:
        """See Tools."""
        found: Mapping[str, Json] = import_module(CHECKER).json_schemas()
        return found

    def actor(self) -> Actor:
        """See Tools."""
        signing = self.repository.signing()
        if signing and signing.key and signing.commits:
            return Actor(name=signing.key)
        email = self.repository.known_identity().rpartition("<")[2].rstrip(">")
        return Actor(name=self.repository.user_email() or email or NOBODY)

    def kept_plans(self, gates: Gates, record: Record) -> KeptPlans:
        """See Tools."""
        return self._workshop.kept_plans(gates, record)

    def key_places(self, gates: Gates, record: Record) -> EnvironmentKeys:
        """See Tools."""
        return self._workshop.key_places(gates, record)

    def sealed_elsewhere(self, gates: Gates) -> Iterator[tuple[str, bytes]]:
        """See Tools."""
        return self._workshop.sealed_elsewhere(gates)

    def embedded_engine(self) -> str:
        """See Tools."""
        return self._workshop.embedded_engine()

    def install(self, engine: str) -> str:
        """See Tools."""
        return self._workshop.install(engine)

    def _note(self, diagnostic: Diagnostic) -> None:
        self._tell(Noted(diagnostic=diagnostic))

    @cached_property
    def _discovery(self) -> _Discovery:
        found: _Discovery = import_module(DISCOVERY).Discovery(self.cache, self._variables)
        return found

    @property
    def _workshop(self) -> _Workshop:
        with self._lock:
            if self._entered is None:
                made: _Workshop = import_module(WORKSHOP).SealedWorkshop(
                    self.repository, self._variables, self._clock, self._discovery, self._note
                )
                self._entered = made
            return self._entered

    def _values(self, gates: Gates, refs: Refs, ledger: Ledger) -> Values:
        return self._workshop.values(gates, refs, ledger)

    @cached_property
    def _records(self) -> Records:
        return Records(
            repository=self.repository,
            variables=self._variables,
            clock=self._clock,
            values=self._values,
            tell=self._note,
        )
