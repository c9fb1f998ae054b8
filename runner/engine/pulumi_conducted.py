"""One stack of a workspace, and what Pulumi's Automation API is asked about it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from msgspec import Struct
from pulumi.automation.errors import CommandError, ConcurrentUpdateError, StackNotFoundError

from runner.engine import EngineEvent, Listener, PlanOptions, Workspace
from runner.engine.plan_size import refuse_large
from runner.engine.pulumi_command import LoggedStack, OnEventLine, PulumiThroughKit
from runner.engine.pulumi_crypter import Sealer, sealer_of, sealer_under
from runner.engine.pulumi_install import installation_of, installing
from runner.engine.pulumi_project import Project, own_encryption, pack_of, written_salt
from runner.engine.pulumi_state import salt_of
from runner.errors import LeaseHeld, TargetFailed
from runner.kit.process import Stop

_T = TypeVar("_T")


class Conducted(Struct, frozen=True, kw_only=True):
    """One operation: its workspace, the project in it, its command, its stack."""

    work: Workspace
    project: Project
    command: PulumiThroughKit
    stack: LoggedStack
    stop: Stop

    def ran(self, verb: str, call: Callable[[], _T]) -> _T:
        """What `call` answers; the engine's own words where it failed."""
        try:
            return call()
        except ConcurrentUpdateError:
            raise LeaseHeld(self.command.locked()) from None
        except StackNotFoundError:
            raise TargetFailed.of(
                "stack-missing",
                f"its backend has no stack `{self.project.stack}` of the project `{self.project.name}`",
                hint="the first one is made by who may write there: `pulumi stack init "
                f"{self.project.stack}`",
            ) from None
        except CommandError:
            raise self.command.failure(verb, self.stop) from None


def sealing_of(now: Conducted, standing: bytes) -> tuple[str, Sealer | None]:
    """The salt under which the stack's settings are sealed, and what seals as the engine would, which starts no process
    for each secret; None where its passphrase is not ours to know. A stack that is to be made has a new salt."""
    own = written_salt(now.project) if own_encryption(now.project) else ""
    salt, passphrase = own or salt_of(standing), now.command.opening
    if salt:
        return salt, sealer_under(salt, passphrase)
    if now.work.backend.file is None or standing or own_encryption(now.project):
        return "", None
    return sealer_of(passphrase)


def installed(now: Conducted, version: str, listen: Listener) -> None:
    """Puts what the program and its policy packs need into our tree, with no credential. What an earlier run of this
    trust has installed of the same is taken; a Python that is somebody's own is left as it is."""
    for place, runs in ((None, now.project), *((pack, pack_of(pack)) for pack in now.work.packs)):
        kept = installation_of(now.work, runs, version, place)
        if runs.installed or (kept is not None and kept.taken()):
            continue
        listen(
            EngineEvent(kind="message", text=f"installing what {(place or now.work.directory).name} needs")
        )
        _install(now, place or now.work.directory)
        if kept is not None:
            kept.keep()


def _install(now: Conducted, place: Path) -> None:
    given = installing(now.work.environment)
    now.ran("install", lambda: now.command.answered(["install"], {}, only=given, directory=place))


def previewed(
    now: Conducted, options: PlanOptions, log: Path, update_plan: Path, on_line: OnEventLine | None
) -> bytes:
    """The event log of a preview, whole; it lies at `log` then, and Pulumi's own plan at `update_plan`."""
    now.stack.begin(log, on_line)
    update_plan.unlink(missing_ok=True)
    targets = list(options.targets) or None
    packs = [str(pack) for pack in now.work.packs] or None
    if options.refresh_only:
        now.ran("refresh --preview-only", lambda: now.stack.preview_refresh(target=targets, color="never"))
    elif options.destroy:
        now.ran(
            "destroy --preview-only",
            lambda: now.stack.preview_destroy(
                target=targets, refresh=options.refresh or None, color="never", diff=True
            ),
        )
    else:
        now.ran(
            "preview",
            lambda: now.stack.preview(
                target=targets,
                replace=list(options.replace) or None,
                refresh=options.refresh or None,
                policy_packs=packs,
                plan=str(update_plan),
                color="never",
                diff=True,
            ),
        )
    refuse_large(now.work, log.stat().st_size)
    return log.read_bytes()


def carried_out(now: Conducted, options: PlanOptions, update_plan: Path | None) -> None:
    """Does it. With `update_plan` the engine refuses each step that this does not hold: as it comes to it, and so
    possibly after others. It does not bind the state that the plan was made of; who calls has compared."""
    targets = list(options.targets) or None
    stack = now.stack
    if options.refresh_only:
        stack.refresh(target=targets, color="never", on_event=_unheard)
    elif options.destroy:
        stack.destroy(target=targets, refresh=options.refresh or None, color="never", on_event=_unheard)
    else:
        stack.up(
            target=targets,
            replace=list(options.replace) or None,
            refresh=options.refresh or None,
            policy_packs=[str(pack) for pack in now.work.packs] or None,
            plan=str(update_plan) if update_plan else None,
            color="never",
            on_event=_unheard,
        )


def _unheard(_: object) -> None:
    """The Automation API asks for a log only where somebody listens."""
