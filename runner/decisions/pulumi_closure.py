"""The closure of a Pulumi target: project files, its stack's settings, its program, and what the configuration says."""

from __future__ import annotations

import posixpath

from msgspec import Struct

from runner.decisions.closure import Closure, Code
from runner.decisions.gathering import Gathering
from runner.decisions.lookup import FILES, joined, located
from runner.decisions.program_reading import ProgramReading
from runner.decisions.python_places import below
from runner.decisions.said_in_settings import gather_said
from runner.model.code import FileFacts, FileReference, literal
from runner.model.code_files import PROJECT_FILES
from runner.model.environment import Gates
from runner.model.target import Target

_ENDINGS = (".yaml", ".yml")


class Project(Struct, frozen=True, kw_only=True):
    """What a project file says: `configs` is where stacks have their settings; `plain` False where a key stands in a
    form that is not looked into, so that nothing is believed of it."""

    files: tuple[str, ...]
    name: str = ""
    main: str = ""
    runtime: str = ""
    configs: str = ""
    plain: bool = True


def project_of(directory: str, code: Code) -> Project:
    """The project in a directory that is free of links."""
    files = tuple(
        path for name in PROJECT_FILES if located(code, path := below(directory, name)).kind in FILES
    )
    facts = code.program(located(code, files[0]).path) if files else None
    said = _said(facts)
    return Project(
        files=files,
        name=said.get("name", ""),
        main=said.get("main", ""),
        runtime=said.get("runtime", ""),
        configs=said.get("configs", ""),
        plain=facts is not None and not facts.diagnostics and "odd" not in said,
    )


def _said(facts: FileFacts | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in facts.references if facts else ():
        found.setdefault(each.function, literal(each.path) or "")
    return found


def pulumi_closure(target: Target, gates: Gates, found: Gathering) -> Closure:
    """The closure of `target`, in `found`'s tree."""
    directory = located(found.code, target.stack.directory).path
    read_program(target, directory, found)
    gather_said(target, gates, found, directory, None)
    return Closure(
        target=target.name,
        directory=directory,
        items=tuple(found.items[name] for name in sorted(found.items)),
        watches=tuple(found.watches[key] for key in sorted(found.watches)),
        widened=tuple(found.widened),
        diagnostics=tuple(found.diagnostics.values()),
    )


def stack_references(target: Target, code: Code) -> tuple[FileReference, ...]:
    """The references of a target's program to other stacks, wherever in its code they stand."""
    reading = read_program(target, located(code, target.stack.directory).path, Gathering(code))
    return tuple(reading.stacks)


def read_program(target: Target, directory: str, found: Gathering) -> ProgramReading:
    """Adds the program of the project in `directory` to `found`."""
    code, stack = found.code, target.name.environment
    project = project_of(directory, code)
    program = _program(directory, project, code)
    configs = (joined(directory, project.configs) if project.configs else None) or directory
    own = {below(configs, f"Pulumi.{stack}{ending}") for ending in _ENDINGS}
    found.unread = lambda path: path not in own and _is_settings(path, (directory, configs))
    reading = ProgramReading(found, directory, posixpath.dirname(program) or ".", stack)
    for path in project.files:
        reading.read(path, "it describes the project")
    for path in sorted(own):
        reading.read(path, f"it holds the settings of `{stack}`")
    found.watch(configs, f"Pulumi.{stack}.{{yaml,yml}}", f"it would hold the settings of `{stack}`")
    for each in (*target.inputs.values(), *target.environment_inputs.values()):
        if isinstance(each.value, str) and each.value:
            reading.text(each.value, f"the input `{each.name}` names it")
    if project.runtime == "python" and project.plain and located(code, program).kind in FILES:
        for path in reading.search.manifests(directory):
            reading.read(path, "it says what is installed for the program")
        reading.read(program, "the program")
    elif project.runtime == "python":
        reading.whole("its program is not where the project says, or that is not plain")
    else:
        reading.everything(directory, "a program may read all of its directory", runs=True)
    reading.follow()
    return reading


def _program(directory: str, project: Project, code: Code) -> str:
    """The file in which a Python program begins."""
    main = joined(directory, project.main or ".") or directory
    return main if located(code, main).kind in FILES else below(main, "__main__.py")


def _is_settings(path: str, places: tuple[str, ...]) -> bool:
    """Whether a file holds the settings of some stack."""
    place, name = posixpath.split(path)
    stem, ending = posixpath.splitext(name)
    return ending in _ENDINGS and stem.startswith("Pulumi.") and (place or ".") in places
