"""What is written below each key, put into the JSON Schema. Read when somebody asks for a schema: pydantic would read
the source of every section whenever a file is checked, which is a seventh of what that costs.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator

from pydantic import BaseModel

from runner.model.references import Json


def describe(schema: dict[str, Json], model: type[BaseModel], root: type[BaseModel]) -> None:
    """Adds descriptions to the schema of `model`, whose sections all descend from `root`."""
    found = schema.get("$defs")
    sections = found if isinstance(found, dict) else {}
    for each in _below(root):
        section = schema if each is model else sections.get(each.__name__)
        properties = section.get("properties") if isinstance(section, dict) else None
        if not isinstance(properties, dict):
            continue
        texts = _texts(each)
        for name, field in each.model_fields.items():
            written = properties.get(field.alias or name)
            if name in texts and isinstance(written, dict):
                written.setdefault("description", texts[name])


def _below(root: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for each in root.__subclasses__():
        yield each
        yield from _below(each)


def _texts(model: type[BaseModel]) -> dict[str, str]:
    """Field -> the string below it, of the class and of those that it inherits from."""
    texts: dict[str, str] = {}
    for each in reversed([each for each in model.__mro__ if each.__module__ == model.__module__]):
        body = ast.parse(inspect.getsource(each)).body[0]
        if not isinstance(body, ast.ClassDef):
            continue
        for field, below in zip(body.body, body.body[1:], strict=False):
            match field, below:
                case (
                    ast.AnnAssign(target=ast.Name(id=name)),
                    ast.Expr(value=ast.Constant(value=str() as text)),
                ):
                    texts[name] = inspect.cleandoc(text)
                case _:
                    continue
    return texts
