"""GitHub's published OpenAPI description: what it makes of a request and an answer, and answers made after it."""

import json
import re
from functools import cache
from pathlib import Path
from typing import cast

from openapi_schema_validator import OAS30Validator
from referencing import Registry
from referencing.jsonschema import DRAFT4

from tests.forge.loopback_forge import Reply, Request

_ROOT = "urn:github"
_PARAMETER = re.compile(r"\{\w+\}")
Schema = dict[str, object]


class Description:
    """Of `api.github.com`; an Enterprise server has the same under `/api/v3`, and GraphQL beside it is not in it."""

    def __init__(self, file: Path) -> None:
        self._whole = json.loads(file.read_bytes())
        resource = DRAFT4.create_resource(self._whole)
        self._registry = Registry().with_resource(_ROOT, resource)
        self._validators: dict[str, OAS30Validator] = {}

    def mistakes(self, request: Request, reply: Reply) -> list[str]:
        """What is not as described, in the request or in the answer."""
        path = request.path.removeprefix("/api/v3")
        if path == "/api/graphql":
            return []
        template = self._template(path)
        operation = self._whole["paths"].get(template, {}).get(request.method.lower())
        if operation is None:
            return [f"{request.method} {path} is not described"]
        where = f"#/paths/{template.replace('/', '~1')}/{request.method.lower()}"
        named = {each["name"]: each for each in map(self._resolved, operation.get("parameters", []))}
        found = [f"{template}: no parameter {name}" for name in request.query if name not in named]
        written = self._resolved(operation.get("requestBody", {}))
        if written.get("content"):
            place = f"{where}/requestBody/content/application~1json/schema"
            if request.body is not None or written.get("required"):
                found += self._invalid(place, request.body, f"{request.method} {template}")
        elif request.body is not None:
            found.append(f"{template} takes no body")
        return found + self._unlike(operation, where, reply, f"{request.method} {template} -> {reply.status}")

    def _unlike(self, operation: Schema, where: str, reply: Reply, what: str) -> list[str]:
        responses = cast(dict[str, Schema], operation["responses"])
        if str(reply.status) not in responses:
            return [] if reply.status in (401, 403, 404, 422, 429) else [f"{what} is not described"]
        described = self._resolved(responses[str(reply.status)])
        if "content" not in described or reply.status >= 300:
            return []
        place = f"{where}/responses/{reply.status}/content/application~1json/schema"
        return self._invalid(place, reply.body, what)

    def _invalid(self, place: str, value: object, what: str) -> list[str]:
        if place not in self._validators:
            reference = {"$ref": f"{_ROOT}{place}"}
            self._validators[place] = OAS30Validator(reference, registry=self._registry)
        return [
            f"{what}: {'/'.join(map(str, error.absolute_path))}: {error.message[:300]}"
            for error in self._validators[place].iter_errors(value)
            # Where it says `nullable`, some of its lists of words forget null.
            if not (error.validator == "enum" and error.instance is None and error.schema.get("nullable"))
        ]

    @cache  # noqa: B019  # as long-lived as the session
    def _template(self, path: str) -> str:
        """The described path that fits, the one with the fewest parameters first."""
        fitting = [
            template
            for template in self._whole["paths"]
            if re.fullmatch("[^/]+".join(map(re.escape, _PARAMETER.split(template))), path)
        ]
        return min(fitting, key=lambda each: len(_PARAMETER.findall(each)), default="")

    def reply(self, operation: str, status: int, told: object) -> Reply:
        """An answer of `get /repos/{owner}/{repo}` with what is `told`, and made up where more is required."""
        method, path = operation.split(" ")
        described = self._resolved(self._whole["paths"][path][method]["responses"][str(status)])
        content = cast(dict[str, dict[str, Schema]], described["content"])
        return Reply(status, self._made(content["application/json"]["schema"], told))

    def _resolved(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            found = self._whole
            for key in str(schema["$ref"])[2:].split("/"):
                found = found[key.replace("~1", "/")]
            schema = found
        return schema

    def _made(self, schema: Schema, told: object) -> object:
        schema = self._resolved(schema)
        if told is None:
            return None
        for several in ("anyOf", "oneOf", "allOf"):
            if several in schema and "properties" not in schema:
                return self._made(self._fitting(schema[several], told), told)
        if isinstance(told, list) and "items" in schema:
            return [self._made(cast(Schema, schema["items"]), each) for each in told]
        if not isinstance(told, dict) or "properties" not in schema:
            return told
        properties = cast(dict[str, Schema], schema["properties"])
        required = cast(list[str], schema.get("required", []))
        whole = {
            name: self._made(properties[name], told[name]) if name in properties else told[name]
            for name in told
        }
        return {name: self._invented(properties[name]) for name in required if name not in told} | whole

    def _fitting(self, choices: object, told: object) -> Schema:
        assert isinstance(choices, list)
        objects = [each for each in map(self._resolved, choices) if "properties" in each]
        return objects[0] if isinstance(told, dict) and objects else self._resolved(choices[0])

    def _invented(self, schema: Schema) -> object:
        schema = self._resolved(schema)
        if schema.get("nullable"):
            return None
        for several in ("anyOf", "oneOf", "allOf"):
            if several in schema and "properties" not in schema:
                return self._invented(cast(list[Schema], schema[several])[0])
        if "enum" in schema:
            return cast(list[object], schema["enum"])[0]
        match schema.get("type"):
            case "array":
                return []
            case "integer" | "number":
                return 0
            case "boolean":
                return False
            case "string":
                moment = schema.get("format") == "date-time"
                return "2026-01-01T00:00:00Z" if moment else "made-up"
            case _:
                properties = cast(dict[str, Schema], schema.get("properties", {}))
                required = cast(list[str], schema.get("required", []))
                return {name: self._invented(properties[name]) for name in required}
