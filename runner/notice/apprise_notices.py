"""Messages by apprise, which knows some hundred services by an address each (https://appriseit.com/services/)."""

from __future__ import annotations

import logging
import warnings

from apprise import Apprise, NotifyFormat

from runner.notice import Notices

# It logs addresses, secrets and all, and where nobody listens, Python prints warnings on stderr.
_SILENT = logging.getLogger("apprise")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False


class AppriseNotices:
    """See Notices. Its own limits hold: four seconds to connect, four to answer."""

    def send(self, address: str, title: str, body: str) -> str:
        """See Notices."""
        try:
            with warnings.catch_warnings(action="ignore"):  # what its plugins use of old is not for our users
                told = Apprise()
                if not told.add(address):
                    return "apprise knows no such address"
                taken = told.notify(title=title, body=body, body_format=NotifyFormat.TEXT)
        except Exception as problem:  # noqa: BLE001 - a plugin may raise anything, with the address in it
            return f"it failed with {type(problem).__name__}"
        return "" if taken else "it did not answer, or refused"


def opened() -> Notices:
    """The room as wiring asks for it."""
    return AppriseNotices()
