"""A vendor's OpenAPI as a judge of what is sent and what the practice tenant answers."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import yaml
from openapi_schema_validator import OAS30Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

Json = dict[str, Any]

FOLDER = os.environ.get("RESCIND_VENDOR_SPECS")
FILES = {
    "graph": "graph-v1.0-mock.openapi.yaml",
    "beta": "graph-beta-subset.openapi.yaml",
    "okta": "okta-management-subset.minimal.openapi.yaml",
    "okta-oauth": "okta-oauth-subset.openapi.yaml",
}
_HERE = "urn:spec"
#: How the pattern of a duration begins in Okta's document, whose own example (P30D) it refuses.
_IMPOSSIBLE = "^P(?:$)"


@dataclass(frozen=True)
class Exchange:
    """One request and its answer. ``path`` is without the API's base path."""

    method: str
    path: str
    query: str
    body: bytes
    status: int
    answer: bytes
    json_answer: bool


class Spec:
    """One OpenAPI document."""

    def __init__(self, name: str) -> None:
        assert FOLDER is not None
        text = (Path(FOLDER) / FILES[name]).read_text(encoding="utf-8")
        self.document = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
        resource = Resource.from_contents(self.document, default_specification=DRAFT4)
        self._registry = Registry().with_resource(_HERE, resource)
        self._paths = sorted(self.document["paths"], key=lambda path: path.count("{"))

    def operation(self, method: str, path: str) -> Json | None:
        """Return what the document says of a request; None where it has no such path."""
        for template in self._paths:
            pattern = re.sub(r"\\\{[^/]+?\\\}", "[^/]+", re.escape(template))
            if re.fullmatch(pattern, path):
                item = self.document["paths"][template]
                found: Json | None = item.get(method.lower())
                return found if found is None else {"_shared": item.get("parameters", []), **found}
        return None

    def faults(self, exchange: Exchange) -> Iterator[str]:
        """Yield what of an exchange does not fit the document, which has its operation."""
        operation = self.operation(exchange.method, exchange.path)
        assert operation is not None
        yield from self._query(operation, exchange)
        yield from self._body(operation, exchange)
        yield from self._answer(operation, exchange)

    def _query(self, operation: Json, exchange: Exchange) -> Iterator[str]:
        every = (*operation["_shared"], *operation.get("parameters", []))
        declared = {
            parameter["name"]: parameter
            for parameter in map(self._resolved, every)
            if parameter["in"] == "query"
        }
        sent = dict(parse_qsl(exchange.query, keep_blank_values=True))
        yield from (f"query {name} is not declared" for name in sent if name not in declared)
        for name, parameter in declared.items():
            if parameter.get("required") and name not in sent:
                yield f"query {name} is missing"
            boolean = parameter.get("schema", {}).get("type") == "boolean"
            if boolean and sent.get(name, "true") not in ("true", "false"):
                yield f"query {name} is no boolean: {sent[name]}"

    def _body(self, operation: Json, exchange: Exchange) -> Iterator[str]:
        body = self._resolved(operation.get("requestBody") or {})
        schema = _schema(body)
        if not exchange.body:
            if body.get("required"):
                yield "the body is missing"
        elif schema is not None:
            yield from self._validated("body", schema, json.loads(exchange.body))

    def _answer(self, operation: Json, exchange: Exchange) -> Iterator[str]:
        answers = {str(status): each for status, each in operation["responses"].items()}
        status = str(exchange.status)
        found = answers.get(status) or answers.get(f"{status[0]}XX") or answers.get("default")
        if found is None:
            yield f"status {status} is not among {', '.join(answers)}"
            return
        schema = _schema(self._resolved(found))
        if schema is not None and exchange.json_answer and exchange.answer:
            yield from self._validated("answer", schema, json.loads(exchange.answer))

    def _validated(self, what: str, schema: Json, value: Any) -> Iterator[str]:
        rooted = _rooted(schema)
        for error in OAS30Validator(rooted, registry=self._registry).iter_errors(value):
            if what == "answer" and error.instance is None:
                continue  # vendors answer null where their documents do not say so (recorded answers)
            anything = list(error.absolute_schema_path)[-2:] == ["additionalProperties", "type"]
            if anything and error.validator_value == "object":
                continue  # Microsoft's beta document writes "object" for anything at all
            if error.validator == "pattern" and error.validator_value.startswith(_IMPOSSIBLE):
                continue
            place = "/".join(str(part) for part in error.absolute_path)
            yield f"{what} {place or '(whole)'}: {error.message[:200]}"

    def _resolved(self, part: Json) -> Json:
        while "$ref" in part:
            found: Any = self.document
            for step in part["$ref"].removeprefix("#/").split("/"):
                found = found[step.replace("~1", "/").replace("~0", "~")]
            part = found
        return part


@cache
def spec(name: str) -> Spec:
    """Load a document, once in a process."""
    return Spec(name)


def _schema(holder: Json) -> Json | None:
    content = holder.get("content") or {}
    found = next((each for kind, each in content.items() if "json" in kind), None)
    return found.get("schema") if found else None


def _rooted(value: Any) -> Any:
    """Let references lead into the document, wherever the schema stands: ``$ref`` and a discriminator's."""
    if isinstance(value, dict):
        mapping = value.get("mapping") if "propertyName" in value else None
        mapped = {"mapping": {name: _led(to) for name, to in mapping.items()}} if mapping else {}
        rooted = {
            key: _led(item) if key == "$ref" else _rooted(item) for key, item in value.items()
        }
        return rooted | mapped
    return [_rooted(item) for item in value] if isinstance(value, list) else value


def _led(reference: Any) -> Any:
    here = isinstance(reference, str) and reference.startswith("#")
    return f"{_HERE}{reference}" if here else _rooted(reference)
