"""What the machine's disk refuses, as an error that a person can act on."""

from __future__ import annotations

import errno

from runner.errors import RunnerError, ToolUnavailable

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def told_of(error: OSError) -> RunnerError:
    """ToolUnavailable `disk-full` where there is no room, `disk-refused` for all else that a file can refuse."""
    place = f" at `{error.filename}`" if error.filename else ""
    if error.errno in _FULL:
        return ToolUnavailable.of(
            "disk-full",
            f"there is no room left on the disk{place}: {error.strerror}",
            hint="make room where the Git directory and the temporary directory lie, then run it again",
        )
    return ToolUnavailable.of("disk-refused", f"a file could not be used{place}: {error.strerror or error}")
