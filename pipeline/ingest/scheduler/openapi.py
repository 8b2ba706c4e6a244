"""What an OpenAPI 3.1 description of an HTTP API is made of: calls stated as data, and the document that they give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from pipeline.web_access import READING

Schema = Mapping[str, Any]
"""A JSON Schema."""

JSON = "application/json"


@dataclass(frozen=True)
class Content:
    """A body that is sent or answered."""

    schema: Schema
    media_type: str = JSON

    def to_json(self) -> dict[str, Any]:
        """Return it as the description's `content`."""
        return {"content": {self.media_type: {"schema": self.schema}}}


ERROR = Content({"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]})
"""What every refusal answers."""


@dataclass(frozen=True)
class Parameter:
    """A value in the path or the query."""

    name: str
    schema: Schema
    place: str = "query"
    required: bool = True

    def to_json(self) -> dict[str, Any]:
        """Return it as one of the description's `parameters`."""
        return {"name": self.name, "in": self.place, "required": self.required, "schema": self.schema}


@dataclass(frozen=True)
class Call:
    """One call: what it does, takes and answers; `refusals` maps each status of an error to what it means."""

    method: str
    path: str
    summary: str
    answer: Content
    status: int = 200
    body: Content | None = None
    parameters: tuple[Parameter, ...] = ()
    refusals: Mapping[int, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The call in one word and its path, such as `POST /poll`."""
        return f"{self.method} {self.path}"

    @property
    def writes(self) -> bool:
        """Whether it needs the token."""
        return self.method not in READING

    def to_json(self) -> dict[str, Any]:
        """Return the call as one of the description's operations."""
        told: dict[str, Any] = {"summary": self.summary, "responses": self._answers()}
        if self.parameters:
            told["parameters"] = [parameter.to_json() for parameter in self.parameters]
        if self.body:
            told["requestBody"] = {"required": True, **self.body.to_json()}
        if self.writes:
            told["security"] = [{"token": []}]
        return told

    def _answers(self) -> dict[str, Any]:
        refused = {str(status): {"description": cause, **ERROR.to_json()} for status, cause in self.refusals.items()}
        return {str(self.status): {"description": HTTPStatus(self.status).phrase, **self.answer.to_json()}, **refused}


def description(title: str, version: str, calls: tuple[Call, ...]) -> dict[str, Any]:
    """Return the OpenAPI description of these calls."""
    paths: dict[str, dict[str, Any]] = {}
    for call in calls:
        paths.setdefault(call.path, {})[call.method.lower()] = call.to_json()
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "paths": paths,
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }
