"""Leases and signs of life as JSON: one blob a target, one for each run that renews. For any store, Git or S3.

A lease that ended stays as a record: its fence must not be given twice. An intent stays in it when the work it
announced did not come to an entry.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from runner.ledger.codec import blob
from runner.ledger.json_fields import Fields, NotReadable, instant_text
from runner.ledger.ledger_paths import segment
from runner.model.lease import Intent, Lease
from runner.model.names import TargetName
from runner.model.references import Json

LEASES = "leases/"
RENEWALS = "renewals/"


class LeaseRecord(Struct, frozen=True, kw_only=True):
    """What stands about a target's lease. `released`: nobody holds it any more; `broken_by` names who took it away
    from its holder."""

    lease: Lease
    released: bool = False
    broken_by: str = ""

    def ended(self, *, keep_intent: bool, broken_by: str = "") -> LeaseRecord:
        """The record after its end."""
        lease = self.lease if keep_intent else replace(self.lease, intent=None)
        return LeaseRecord(lease=lease, released=True, broken_by=broken_by)


def lease_path(stack: str) -> str:
    """Where a target's lease stands."""
    return f"{LEASES}{segment(stack)}.json"


def renewal_path(run: str) -> str:
    """Where a run says that it lives: apart from its leases, so that a renewal changes none of the blobs that a
    submission under way expects."""
    return f"{RENEWALS}{segment(run)}.json"


def lease_blob(record: LeaseRecord) -> bytes:
    """One target's blob."""
    lease = record.lease
    value: dict[str, Json] = {
        "target": {"environment": lease.target.environment, "stack": lease.target.stack},
        "holder": lease.holder,
        "host": lease.host,
        "run": lease.run,
        "nonce": lease.nonce,
        "fence": lease.fence,
        "term": lease.term,
        "taken_at": instant_text(lease.taken_at),
        "released": record.released,
        "broken_by": record.broken_by,
    }
    if lease.intent:
        value["intent"] = {
            "run": lease.intent.run,
            "purpose": lease.intent.purpose,
            "code": lease.intent.code,
            "commit": lease.intent.commit,
            "at": instant_text(lease.intent.at),
            **({"process": lease.intent.process} if lease.intent.process else {}),
        }
    return blob(value)


def lease_of(content: bytes, renewal: int = 0) -> LeaseRecord:
    """Reads one target's blob; `renewal` is what its run last said. NotReadable."""
    written = Fields.of_blob(content, "a lease")
    name, intent = written.below("target"), written.below("intent")
    if name is None:
        raise NotReadable("a lease without a target")
    lease = Lease(
        target=TargetName(environment=name.text("environment"), stack=name.text("stack")),
        holder=written.text("holder"),
        host=written.text("host"),
        run=written.text("run"),
        nonce=written.text("nonce"),
        fence=written.number("fence"),
        renewal=renewal,
        term=written.seconds("term"),
        taken_at=written.instant("taken_at"),
        intent=_intent(intent) if intent else None,
    )
    return LeaseRecord(lease=lease, released=written.flag("released"), broken_by=written.text("broken_by"))


def renewal_blob(run: str, number: int, stop: str = "") -> bytes:
    """One run's sign of life. `stop`: who asks the run to stop, and why; the run's next sign comes without it."""
    asked: dict[str, Json] = {"stop": stop} if stop else {}
    return blob({"run": run, "renewal": number, **asked})


def renewal_of(content: bytes) -> int:
    """The number of a sign of life. NotReadable."""
    return Fields.of_blob(content, "a renewal").number("renewal")


def stop_of(content: bytes) -> str:
    """Who asks the run of a sign of life to stop, and why; empty where nobody does. NotReadable."""
    return Fields.of_blob(content, "a renewal").text("stop")


def _intent(written: Fields) -> Intent:
    return Intent(
        run=written.text("run"),
        purpose=written.text("purpose"),
        code=written.text("code"),
        commit=written.text("commit"),
        at=written.instant("at"),
        process=written.number("process"),
    )
