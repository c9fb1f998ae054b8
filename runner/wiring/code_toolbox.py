"""The tools that read commits: enough for verbs that ask neither the record nor an engine, and quick to import."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from hashlib import blake2b
from importlib import import_module
from pathlib import Path

from runner.config import Checked, Checker, FileKind
from runner.config.configuration import BranchFacts, GatesConfiguration, WishesConfiguration
from runner.config.remembering import ConfigurationReader
from runner.errors import AskedWrongly
from runner.git.command import Starter, started
from runner.git.repository import Repository
from runner.kit.tree import Tree
from runner.model.code import FileFacts
from runner.model.environment import Gates
from runner.model.references import Json
from runner.model.target import Target
from runner.operations.code_tools import CodeJudged
from runner.source.index import FileIndex
from runner.source.known_code import KnownCode
from runner.source.pages import Pages, keep_pages, read_pages
from runner.wiring.head_start import HEAD_START

NETWORK_TIMEOUT = 60.0

CHECKER = "runner.config.schema.checking"
"""Imported when a configuration file is new: pydantic is paid for only then."""

GATES, WISHES = "runner.config.reading_gates", "runner.config.reading_wishes"
"""Imported when a configuration is read whole: where a change leaves it as it was, nobody has to."""

JUDGED_CODE = "runner.operations.judged_code"
"""Imported when the gates ask what the code may do."""

YAML = "runner.config.yaml_reader"
"""Imported when the project of a Pulumi stack is asked for."""

PARSERS = "runner.source.facts"
"""Imported when a file of code is new."""

_JUDGING = ("config", "config/schema", "decisions", "git", "kit", "model", "operations", "source")
"""Rooms that say how a tree is read: what another version of them kept is not believed."""


class CodeToolbox:
    """See operations.code_tools.CodeTools."""

    def __init__(self, directory: Path, variables: Mapping[str, str], starter: Starter = started) -> None:
        self._directory = directory
        self._variables = variables
        self._starter = starter

    @cached_property
    def repository(self) -> Repository:
        """See CodeTools."""
        seconds = _network_timeout(self._variables)
        return Repository.open(self._directory, network_timeout=seconds, starter=self._starter)

    @property
    def own_directory(self) -> Path:
        """Where this clone keeps what is ours."""
        return self.repository.git_directory / "runner"

    @property
    def here(self) -> str:
        """See CodeTools."""
        directory, root = self._directory.resolve(), self.repository.root.resolve()
        return directory.relative_to(root).as_posix() if directory.is_relative_to(root) else "."

    def gates(self, tree: Tree) -> GatesConfiguration:
        """See CodeTools."""
        reader = self._reader
        read: Callable[[Tree, BranchFacts, ConfigurationReader], GatesConfiguration]
        read = import_module(GATES).read_gates
        found = read(tree, self._branch_facts, reader)
        reader.keep()
        return found

    def wishes(self, tree: Tree, gates: GatesConfiguration) -> WishesConfiguration:
        """See CodeTools."""
        reader = self._reader
        read: Callable[[Tree, GatesConfiguration, ConfigurationReader], WishesConfiguration]
        read = import_module(WISHES).read_wishes
        found = read(tree, gates, reader)
        reader.keep()
        return found

    def code(self, tree: Tree, *, beside: KnownCode | None = None) -> KnownCode:
        """See CodeTools."""
        return KnownCode(tree, self._index, _parsed, beside)

    def judge_code(self, tree: Tree, code: KnownCode, asked: Iterable[tuple[Target, Gates]]) -> CodeJudged:
        """See CodeTools."""
        found: CodeJudged = import_module(JUDGED_CODE).judge_code(tree, code, asked)
        return found

    def document(self, path: str, content: bytes, nodes: int) -> Json:
        """See CodeTools."""
        value: Json = import_module(YAML).read_yaml(path, content, nodes).value
        return value

    def pages(self) -> Pages | None:
        """See CodeTools."""
        return read_pages(self.own_directory, self._maker)

    def keep(self, head: Mapping[str, Json], values: Mapping[str, Json]) -> None:
        """See CodeTools."""
        keep_pages(self.own_directory, self._maker, head, values)

    @cached_property
    def _maker(self) -> str:
        """Who reads a tree as we do now: the same program, that was told the same of the branches."""
        told = blake2b(repr(self._branch_facts).encode(), digest_size=16)
        for line in _program():
            told.update(line.encode())
        return told.hexdigest()

    @cached_property
    def _index(self) -> FileIndex:
        return FileIndex(self.own_directory)

    @cached_property
    def _reader(self) -> ConfigurationReader:
        return ConfigurationReader(_checker, self.own_directory)

    @cached_property
    def _branch_facts(self) -> BranchFacts:
        repository = self.repository
        remotes = repository.remotes()
        remote = "origin" if "origin" in remotes else remotes[0] if remotes else ""
        head = repository.default_branch(remote) if remote else ""
        # The only local branch is the last resort: nobody is asked for them where the remote's HEAD is known.
        return BranchFacts(remote_head=head, local=() if head else tuple(sorted(repository.branches())))


def _program() -> Iterator[str]:
    """The program's files, each with its size and its time."""
    top = Path(__file__).parent.parent
    for room in _JUDGING:
        with os.scandir(top / room) as entries:
            for entry in sorted(entries, key=lambda each: each.name):
                if entry.name.endswith(".py"):
                    known = entry.stat()
                    yield f"{room}/{entry.name} {known.st_size} {known.st_mtime_ns}\n"


def _network_timeout(variables: Mapping[str, str]) -> float:
    """Seconds that a remote may take for one command. AskedWrongly `bad-network-timeout`."""
    written = variables.get("GITOPS_RUNNER_NETWORK_TIMEOUT", "")
    try:
        seconds = float(written or NETWORK_TIMEOUT)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 3600:
        raise AskedWrongly.of(
            "bad-network-timeout",
            f"GITOPS_RUNNER_NETWORK_TIMEOUT is `{written}`, which is no number of seconds from 1 to 3600",
            hint=f"leave it unset for {NETWORK_TIMEOUT:g} seconds",
        )
    return seconds


def _parsed(kind: str, content: bytes, path: str) -> FileFacts:
    facts: FileFacts = import_module(PARSERS).parsed(kind, content, path)
    return facts


def _checker() -> Checker:
    return HEAD_START.checker(_checked_here)


def _checked_here(kind: FileKind, file: str, content: bytes, limit: int) -> Checked:
    check: Checker = import_module(CHECKER).check
    return check(kind, file, content, limit)
