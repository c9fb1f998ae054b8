"""One check of `doctor`: run so that what it meets becomes a finding, never an end."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from runner.errors import RunnerError


class Check(Struct, frozen=True, kw_only=True):
    """What was found. `ok` None: it could not be looked at, or does not matter here."""

    name: str
    ok: bool | None
    found: str
    hint: str = ""


class Checked(Struct, frozen=True, kw_only=True):
    """A check with the exit code that it stands for; 0 where it is well or does not matter."""

    check: Check
    exit_code: int = 0


def looked(name: str, look: Callable[[], Check], *, matters: bool = True, code: int = 5) -> Checked:
    """Runs one check; `code` is what it stands for when it is not well. An error of ours is a finding with that error's
    own hint and exit code; where it does not matter (`matters` False), it is only shown."""
    try:
        check = look()
    except RunnerError as error:
        first = error.diagnostics[0]
        more = f" (and {len(error.diagnostics) - 1} more)" if len(error.diagnostics) > 1 else ""
        said = "; ".join(filter(None, map(str.strip, f"{first}".splitlines())))  # a finding is one line
        check = Check(name=name, ok=False if matters else None, found=f"{said}{more}", hint=first.hint)
        return Checked(check=check, exit_code=error.exit_code if matters else 0)
    except OSError as error:
        return Checked(
            check=Check(
                name=name, ok=False, found=f"{error.strerror or error}: {error.filename or ''}".rstrip(": ")
            ),
            exit_code=5,
        )
    return Checked(check=check, exit_code=0 if check.ok is not False else code)
