"""One file: read, checked, given back as plain JSON; and the JSON Schema for editors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from pydantic import BaseModel, ValidationError

from runner.config import Checked, FileKind, Mistake
from runner.config.schema.describing import describe
from runner.config.schema.environment_file import EnvironmentFile
from runner.config.schema.mistakes import mistake_of, unique
from runner.config.schema.runner_file import RunnerFile
from runner.config.schema.scalars import AsWritten
from runner.config.schema.stack_file import StackFile
from runner.config.yaml_reader import Document, read_yaml
from runner.errors import AskedWrongly
from runner.model.references import Json

MODELS: dict[FileKind, type[BaseModel]] = {
    FileKind.ENVIRONMENT: EnvironmentFile,
    FileKind.RUNNER: RunnerFile,
    FileKind.STACK: StackFile,
}


def check(kind: FileKind, file: str, content: bytes, limit: int) -> Checked:
    """See Checker."""
    try:
        document = read_yaml(file, content, limit)
    except AskedWrongly as error:
        mistakes = tuple(Mistake(key="", diagnostic=each) for each in error.diagnostics)
        return Checked(value={}, places=None, nodes=0, mistakes=mistakes)
    written: Json = {} if document.value is None else document.value
    found = [Mistake(key="", diagnostic=each) for each in document.mistakes]
    if not isinstance(written, dict):
        message = f"this file must be a mapping of keys to values, not {_noun(written)}"
        found.append(Mistake(key="", diagnostic=document.places.problem("config-value", message)))
        written = {}
    value, more = _validated(MODELS[kind], written, document)
    return Checked(value=value, places=document.root, nodes=document.nodes, mistakes=unique([*found, *more]))


def _noun(value: Json) -> str:
    return "a list" if isinstance(value, list) else "one value"


def _validated(
    model: type[BaseModel], written: dict[str, Json], document: Document
) -> tuple[Mapping[str, Json], tuple[Mistake, ...]]:
    """The value as plain JSON, without the top-level keys under which there are mistakes; and these."""
    try:
        believed = model.model_validate(written)
    except ValidationError as error:
        details = error.errors(include_url=False)
        mistakes = unique([mistake_of(each, model, written, document.places) for each in details])
        wrong = {mistake.key for mistake in mistakes}
        rest = {key: value for key, value in written.items() if key not in wrong}
        if "" in wrong or len(rest) == len(written):
            return {}, mistakes
        value, more = _validated(model, rest, document)
        return value, (*mistakes, *more)
    dumped = believed.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return cast(dict[str, Json], dumped), ()


def json_schema(kind: FileKind) -> dict[str, Json]:
    """The JSON Schema (2020-12) of one kind of file, with descriptions, for editors and for `runner schema`."""
    model = MODELS[kind]
    schema = cast(dict[str, Json], model.model_json_schema(by_alias=True, mode="validation"))
    describe(schema, model, AsWritten)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def json_schemas() -> dict[str, Json]:
    """All three, by the kind of file."""
    return {kind.value: json_schema(kind) for kind in FileKind}
