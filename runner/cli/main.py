"""The one border: what the verbs return becomes an exit code, and so does whatever is raised."""

from __future__ import annotations

import gc
import importlib
import io
import sys
from collections.abc import Sequence

import click

from runner import __version__
from runner.cli.grammar import Program
from runner.cli.settings import Settings

# What a command reads it keeps to its end, so that looking for circles among it finds nothing: as Python comes, that is
# a tenth of the time of `status` over a thousand targets.
_BETWEEN_COLLECTIONS = 200_000

# What tells of an error is imported when there is one: `--help` and completion pay for click alone.
_BORDER = "runner.cli.border"


def _version(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        click.echo(f"runner {__version__}")
        context.exit()


program = Program(
    "runner",
    help="""Keep infrastructure in step with Git: preview, apply in order, and record it in Git itself.

    \b
    runner init              start here, in a repository
    runner preview dev       what would change in the environment `dev`
    runner up dev            change it
    runner status            where everything stands
    """,
    epilog="`runner help selectors` says how targets are named. Every option can be given as GITOPS_RUNNER_<OPTION>.",
    params=[
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_version,
            help="Which version this is.",
        )
    ],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    no_args_is_help=True,
    subcommand_metavar="VERB [ARGS]...",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line `argv` (without the program's name; the process's own by default) → the exit code."""
    try:
        return _ran(list(sys.argv[1:] if argv is None else argv))
    finally:
        # Python would look for circles once more among all that is about to go: 35 ms of a `preview`.
        gc.freeze()


def _ran(arguments: list[str]) -> int:
    settings = Settings()
    gc.set_threshold(_BETWEEN_COLLECTIONS)
    for stream in (sys.stdout, sys.stderr):
        # A locale that cannot spell a letter is no reason to fall over.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = program.main(arguments, prog_name="runner", standalone_mode=False, obj=settings)
        sys.stdout.flush()
    except click.exceptions.Exit as left:
        return left.exit_code
    except SystemExit as left:  # how click ends a completion, and answers a reader who left
        return left.code if isinstance(left.code, int) else 1
    except BaseException as error:  # noqa: BLE001 - the border
        told = importlib.import_module(_BORDER).told
        return int(told(error, settings, arguments))
    return code if isinstance(code, int) else 0
