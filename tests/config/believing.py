"""A repository in memory, believed or not."""

from collections.abc import Mapping
from pathlib import Path

from runner.config.configuration import BranchFacts, Configuration, united
from runner.config.reading_gates import read_gates
from runner.config.reading_wishes import read_wishes
from runner.config.remembering import ConfigurationReader
from runner.config.schema.checking import check
from runner.diagnostics import Diagnostic
from runner.errors import AskedWrongly
from runner.kit.tree import DictTree

CONTRACT = Path(__file__).parent / "contract"
MAIN = BranchFacts(remote_head="main")
STACKS = {"stacks/network/main.tf": "", "stacks/app/main.tf": "", "stacks/database/main.tf": ""}


def reader(directory: Path | None = None) -> ConfigurationReader:
    return ConfigurationReader(lambda: check, directory)


def believe(
    files: Mapping[str, str | bytes], law: Mapping[str, str | bytes] | None = None, facts: BranchFacts = MAIN
) -> Configuration:
    own = reader()
    gates = read_gates(DictTree(files if law is None else law), facts, own)
    return united(gates, read_wishes(DictTree(files), gates, own))


def mistakes(files: Mapping[str, str | bytes], facts: BranchFacts = MAIN) -> tuple[Diagnostic, ...]:
    """Every mistake; none when it is believed."""
    try:
        believe(files, facts=facts)
    except AskedWrongly as error:
        return error.diagnostics
    return ()
