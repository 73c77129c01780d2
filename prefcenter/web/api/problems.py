"""The problems that the API names itself; all other errors are answered by :mod:`prefcenter.web.errors`.

Source: RFC 9457.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import msgspec
from flask import Response

from prefcenter.web.api.schemas import Problem

CONTENT_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: its status, its name for people, and what it means."""

    status: int
    title: str
    meaning: str


class Problems(Enum):
    """Every kind of problem that the API names itself; each is explained on the documentation page under its name."""

    NO_KEY = Kind(401, "No valid key", "The request carries no API key, or one that is unknown or revoked.")
    WRONG_SCOPE = Kind(403, "Key without the scope", "The key is valid, but it may not do this.")
    NOT_JSON = Kind(400, "Not JSON", "The body is not JSON in UTF-8.")
    TOO_MANY = Kind(413, "Too many recipients", "One call takes at most 10,000 recipients.")
    INVALID = Kind(422, "Invalid request", "The body is JSON, but not what is asked for here; nothing was decided.")

    @property
    def slug(self) -> str:
        """Its name in addresses."""
        return self.name.lower().replace("_", "-")

    @property
    def uri(self) -> str:
        """The reference that names it, and at which it is explained."""
        return f"/api/docs#{self.slug}"


def answer(kind: Problems, detail: str, **headers: str) -> Response:
    """Make the response to a problem; headers are named with underscores."""
    told = Problem(kind.uri, kind.value.title, kind.value.status, detail)
    response = Response(msgspec.json.encode(told), kind.value.status, content_type=CONTENT_TYPE)
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return response
