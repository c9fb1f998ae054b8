"""Which engine a stack wants, and of which versions, from its files, its stack.yaml and runner.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from runner.config.configuration import EngineSettings
from runner.config.places import Places
from runner.config.section import Section
from runner.config.stack_search import Found
from runner.diagnostics import Diagnostic, Span
from runner.model.code_files import CODE, OPENTOFU_CODE, PROJECT_FILES
from runner.model.stack import EngineName, EngineWish

_VERSION = re.compile(r"v?(\d+(?:\.\d+){0,2}(?:-[0-9A-Za-z.-]+)?)")
_NO_CONSTRAINT = ("latest", "latest-allowed", "min-required", "system")
_OWN_FILE = {EngineName.TERRAFORM: ".terraform-version", EngineName.OPENTOFU: ".opentofu-version"}


class EngineChoice:
    """Chooses for all stacks of one tree. `files` are the engines' version files, path -> bytes."""

    def __init__(self, settings: Mapping[EngineName, EngineSettings], files: Mapping[str, bytes]) -> None:
        self._settings = settings
        self._files = files
        self._read = {path: _wanted(path, content) for path, content in files.items()}
        self.problems: list[Diagnostic] = []

    def of(self, found: Found, written: Section) -> EngineWish:
        """The engine of one stack; `written` is the section `engine` of its stack.yaml."""
        name = self._name(found, written)
        directory = found.placed.directory
        constraints: list[tuple[str, str]] = []
        if version := written.text("version"):
            constraints.append((version, _join(directory, "stack.yaml")))
        constraints += self._of_files(directory, name)
        settings = self._settings.get(name, EngineSettings())
        matching = [(glob, version) for glob, version in settings.versions if _matches(directory, glob)]
        if matching:
            glob, version = matching[-1]
            constraints.append((version, f'runner.yaml engines.{name}.versions["{glob}"]'))
        elif settings.version:
            constraints.append((settings.version, f"runner.yaml engines.{name}.version"))
        return EngineWish(
            name=name, constraints=tuple(constraints), path=settings.path, explicit=bool(settings.path)
        )

    def _name(self, found: Found, written: Section) -> EngineName:
        if name := written.text("name"):
            return EngineName(name)
        project = next((each for each in PROJECT_FILES if each in found.files), "")
        directory = found.placed.directory
        if project and (code := next((each for each in sorted(found.files) if each.endswith(CODE)), "")):
            self.problems.append(
                Diagnostic(
                    code="engine-ambiguous",
                    message=f"`{directory}` has both {project} and {code}, so its engine cannot be told",
                    span=Span(file=_join(directory, project), line=1, column=1),
                    hint="write `engine: pulumi` or `engine: terraform` into its stack.yaml",
                )
            )
        if project:
            return EngineName.PULUMI
        if any(each.endswith(OPENTOFU_CODE) for each in found.files):
            return EngineName.OPENTOFU
        return self._nearest(directory)

    def _nearest(self, directory: str) -> EngineName:
        """OpenTofu where the nearest version file speaks of it alone."""
        for place in self._places(directory):
            names = {name for name in _OWN_FILE if self._in(place, name)}
            if names:
                return EngineName.TERRAFORM if EngineName.TERRAFORM in names else EngineName.OPENTOFU
        return EngineName.TERRAFORM

    def _places(self, directory: str) -> Iterable[str]:
        """Where version files may speak of a directory, nearest first; nowhere in a tree that has none."""
        return _upward(directory) if self._read else ()

    def _in(self, place: str, engine: EngineName) -> list[tuple[str, str]]:
        """What the version files of one directory want of an engine: (version or word, origin)."""
        found = []
        for name in (_OWN_FILE.get(engine, ""), ".tool-versions"):
            path = _join(place, name)
            if name and (word := self._read.get(path, {}).get(engine)):
                found.append((word, path))
        return found

    def _of_files(self, directory: str, engine: EngineName) -> list[tuple[str, str]]:
        for place in self._places(directory):
            if wanted := self._in(place, engine):
                return [(version, path) for word, path in wanted if (version := self._version(word, path))]
        return []

    def _version(self, word: str, path: str) -> str:
        if word in _NO_CONSTRAINT:
            return ""
        if found := _VERSION.fullmatch(word):
            return found[1]
        problem = Places(path, None, self._files[path]).problem(
            "engine-version-unreadable",
            f"`{word}` is no version that can be kept to",
            hint="write a whole version there, `1.12.6`",
        )
        if problem not in self.problems:
            self.problems.append(problem)
        return ""


def _wanted(path: str, content: bytes) -> Mapping[EngineName, str]:
    """What one version file says: engine -> its word."""
    lines = [line.split("#")[0].split() for line in content.decode("utf-8", "replace").splitlines()]
    words = [line for line in lines if line]
    match path.rsplit("/", 1)[-1]:
        case ".terraform-version":
            return {EngineName.TERRAFORM: words[0][0]} if words else {}
        case ".opentofu-version":
            return {EngineName.OPENTOFU: words[0][0]} if words else {}
        case _:
            tools = {line[0]: line[1] for line in reversed(words) if len(line) > 1}
            return {name: tools[name.value] for name in EngineName if name.value in tools}


def _upward(directory: str) -> list[str]:
    """`directory` and everything above it, nearest first."""
    parts = [] if directory == "." else directory.split("/")
    return ["/".join(parts[:count]) or "." for count in range(len(parts), -1, -1)]


def _join(directory: str, name: str) -> str:
    return name if directory == "." else f"{directory}/{name}"


def _matches(directory: str, glob: str) -> bool:
    return fnmatchcase(directory, glob) or fnmatchcase(f"{directory}/", glob.removesuffix("*"))
