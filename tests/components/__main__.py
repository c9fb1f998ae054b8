"""`python -m tests.components`: obtains what is not there yet, and ends with 1 where a part is missing."""

import sys
import time
from collections.abc import Callable

from tests.components import gitea_build, mirror_parts, npm_parts, tofu_build
from tests.components.shelf import Shelf, Unobtainable

# OpenTofu first: it can try the providers where there is no Terraform.
PARTS: tuple[tuple[str, Callable[[Shelf], str], str], ...] = (
    (tofu_build.NAME, tofu_build.obtain, "a Go build, some minutes"),
    (mirror_parts.AWS, mirror_parts.obtain_aws, "a download of 75 MB"),
    (mirror_parts.LOCAL, mirror_parts.obtain_local, "a Go build, half a minute"),
    (npm_parts.OPENAPI, npm_parts.obtain_description, "a download of 28 MB"),
    (npm_parts.PAYLOADS, npm_parts.obtain_payloads, "a download of half a megabyte"),
    (gitea_build.NAME, gitea_build.obtain, "a Go build, some minutes"),
)


def main() -> int:
    """Obtains every part; a part that cannot be had does not keep the others back."""
    shelf = Shelf.of_this_user()
    missing = 0
    with shelf.locked():
        for name, obtain, cost in PARTS:
            if shelf.holds(name):
                _say(f"{name}: there")
                continue
            _say(f"{name}: obtaining it ({cost})")
            started = time.monotonic()
            try:
                said = obtain(shelf)
            except Unobtainable as reason:
                missing += 1
                _say(f"{name}: missing: {reason}")
                continue
            shelf.mark(name, said)
            _say(f"{name}: obtained and run in {time.monotonic() - started:.0f} s ({said})")
    return 1 if missing else 0


def _say(line: str) -> None:
    print(f"components: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
