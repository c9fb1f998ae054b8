"""OpenTofu, built from its Go module; it calls itself `-dev` then, which is the only difference."""

from pathlib import Path

from tests.components.makers import go_tool, said_by
from tests.components.shelf import Shelf, Unobtainable

VERSION = "1.12.6"
NAME = f"opentofu-{VERSION}"

# As OpenTofu's own go.mod has them: they count in a main module only.
_EDITS = (
    "-replace=github.com/hashicorp/hcl/v2=github.com/opentofu/hcl/v2@v2.20.2-0.20251021132045-587d123c2828",
    "-godebug=winsymlink=0",
    "-godebug=tlsmlkem=0",
)


def program(shelf: Shelf) -> Path:
    """Where the binary is, once it was obtained."""
    return shelf.root / NAME / "tofu"


def obtain(shelf: Shelf) -> str:
    """Builds it, runs it, puts it in place. Returns what `tofu version` says."""
    with shelf.bench() as bench:
        built = go_tool(
            "github.com/opentofu/opentofu/cmd/tofu",
            at=f"@v{VERSION}",
            edits=_EDITS,
            flags=["-ldflags=-s -w"],
            into=bench,
        )
        said = said_by(
            [built, "version"],
            cwd=bench,
            settings={"TF_CLI_CONFIG_FILE": "/dev/null", "CHECKPOINT_DISABLE": "1"},
        )
        if f"OpenTofu v{VERSION}" not in said:
            raise Unobtainable(f"the OpenTofu that was built says it is another one: {said.strip()}")
        finished = bench / "finished"
        finished.mkdir()
        built.rename(finished / "tofu")
        shelf.place(finished, program(shelf).parent)
    return said.splitlines()[0]
