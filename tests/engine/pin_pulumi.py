"""`python -m tests.engine.pin_pulumi 3.260.0 < pulumi-3.260.0-checksums.txt`: pins another release of Pulumi's CLI.

The file stands beside the archives of each release. Compare it with a second publication of the same sums (Pulumi's
Homebrew formula names them too) before the pins are committed.
"""

from __future__ import annotations

import json
import re
import sys

from runner.engine.pulumi_archive import PINS

PLATFORMS = ("darwin-arm64", "darwin-x64", "linux-arm64", "linux-x64")


def pins_of(version: str, sums: str) -> dict[str, object] | None:
    """The pins as they are written; None where a platform's sum is missing in `sums`."""
    found = {name: each for each, name in re.findall(r"\b([0-9a-f]{64})\b[ *]+(\S+)", sums)}
    pins = {platform: found.get(f"pulumi-v{version}-{platform}.tar.gz", "") for platform in PLATFORMS}
    told = {**json.loads(PINS.read_bytes()), "version": version, "sha256": pins}
    told["source"] = f"pulumi-{version}-checksums.txt of the release"
    return told if all(pins.values()) else None


def main() -> int:
    """Writes the pins; the exit code is that of a script."""
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    told = pins_of(sys.argv[1].removeprefix("v"), sys.stdin.read())
    if told is None:
        print(f"there is not a sum for each of {', '.join(PLATFORMS)}", file=sys.stderr)
        return 1
    PINS.write_text(json.dumps(told, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
