"""The OpenAPI description, made from the types that decode and encode, so that it cannot differ from what happens.

Source: OpenAPI 3.1.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import msgspec

from prefcenter import __version__
from prefcenter.services.checking import MOST_RECIPIENTS
from prefcenter.services.linking import MOST_ADDRESSES
from prefcenter.web.api.link_schemas import LinkRequest, LinkResponse
from prefcenter.web.api.message_schemas import MessageAnswer, MessageRequest, MessageState
from prefcenter.web.api.problems import CONTENT_TYPE, Problems
from prefcenter.web.api.schemas import CheckRequest, CheckResponse, Problem

_SCHEMAS: Final = (
    CheckRequest,
    CheckResponse,
    LinkRequest,
    LinkResponse,
    MessageRequest,
    MessageAnswer,
    MessageState,
    Problem,
)
_REF: Final = "#/components/schemas/{name}"

_AT_EVERY_CALL: Final = {
    "500": "Something went wrong on our side. Send nothing.",
    "503": "It cannot be decided now. Send nothing, and ask again after `Retry-After` seconds.",
}

_EXAMPLE_REQUEST: Final = {
    "message_type": "spring-offers",
    "recipients": [{"ref": "1", "email": "a@example.com"}, {"ref": "2", "email": "b@example.com"}],
}
_EXAMPLE_RESPONSE: Final = {
    "at": "2026-03-02T15:04:05Z",
    "ledger_position": 42,
    "decisions": [
        {"ref": "1", "verdict": "cleared", "reasons": [], "until": None},
        {
            "ref": "2",
            "verdict": "refused",
            "reasons": [
                {
                    "code": "opt_out",
                    "scope": "topic:spring-offers",
                    "since": "2026-02-27T09:00:00Z",
                    "source": "one_click",
                }
            ],
            "until": None,
        },
    ],
}

_LINKS_REQUEST: Final = {
    "brand": "acme",
    "topic": "offers",
    "recipients": [{"ref": "1", "email": "a@example.com"}, {"ref": "2", "email": "not an address"}],
}
_LINKS_RESPONSE: Final = {
    "links": [
        {
            "ref": "1",
            "unsubscribe": "https://prefs.example.com/u/cea…",
            "preferences": "https://prefs.example.com/p/cia…",
            "headers": {
                "List-Unsubscribe": "<https://prefs.example.com/u/cea…>, "
                "<mailto:u-cea…@in.example.com?subject=unsubscribe>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                "List-Id": "Acme: Offers <offers.acme.prefs.example.com>",
                "List-Help": "<https://prefs.example.com/p/cia…>",
            },
        },
        {"ref": "2", "problem": "This is not an email address: … Write it as name@example.com."},
    ]
}

_MESSAGE_REQUEST: Final = {
    "message_type": "spring-offers",
    "to": {"email": "a@example.com"},
    "template": "spring",
    "variables": {"first_name": "Ann"},
}
_MESSAGE_ANSWER: Final = {"id": 7, "state": "queued", "verdict": "cleared", "reasons": [], "until": None}


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The description as a value; it is the same for every caller, and must not be changed."""
    _, schemas = msgspec.json.schema_components(_SCHEMAS, ref_template=_REF)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "prefcenter",
            "version": __version__,
            "summary": "Ask before you send.",
            "description": "One suppression list for email, texts and post. Every answer is made at the moment of the "
            "call from everything on file. Errors are `application/problem+json` (RFC 9457).",
        },
        "servers": [{"url": "/"}],
        "paths": {
            "/api/v1/check": {"post": _check()},
            "/api/v1/links": {"post": _links()},
            "/api/v1/messages": {"post": _send()},
            "/api/v1/messages/{message_id}": {"get": _message()},
            "/api/v1/openapi.json": {"get": _itself()},
        },
        "components": {
            "schemas": schemas,
            "responses": {kind.name.lower(): _response_to(kind) for kind in Problems},
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "Made by `prefcenter key add`."}
            },
        },
    }


@lru_cache(maxsize=1)
def document_json() -> bytes:
    """The description as JSON."""
    return msgspec.json.encode(document())


def _check() -> dict[str, Any]:
    return {
        "operationId": "check",
        "summary": "May this be sent to these?",
        "description": "Name a registered `message_type`; or a `class`, with a `brand` (else all brands are meant) and "
        "perhaps a `topic`. Each recipient has exactly one of `email`, `phone` and `post`. The answers come in the "
        f"order of the recipients, up to {MOST_RECIPIENTS:,} a call. A recipient that cannot be one is `invalid` with "
        "a `problem`, and the others get their answers. Send only what is `cleared`, and soon.",
        "security": [{"key": []}],
        "x-scope": "check",
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _ref(CheckRequest), "example": _EXAMPLE_REQUEST}},
        },
        "responses": {
            "200": {
                "description": "A decision for each recipient.",
                "content": {"application/json": {"schema": _ref(CheckResponse), "example": _EXAMPLE_RESPONSE}},
            },
            **_problems(),
        },
    }


def _links() -> dict[str, Any]:
    return {
        "operationId": "links",
        "summary": "The links that a mail to these carries, whichever tool sends it.",
        "description": "For marketing of a `brand`, about a `topic` or in general. Put `unsubscribe` and `preferences` "
        "into the mail, and send `headers` along as they are. Addresses are made known that aren't; asking again gives "
        f"the same links. The answers come in the order of the recipients, up to {MOST_ADDRESSES:,} a call. A "
        "recipient that cannot be one has a `problem` instead of links, and the others get theirs. Ask `check` too: "
        "links say nothing about whether the mail may be sent. A key with the scope `record` will do as well.",
        "security": [{"key": []}],
        "x-scope": "send",
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _ref(LinkRequest), "example": _LINKS_REQUEST}},
        },
        "responses": {
            "200": {
                "description": "The links of each recipient.",
                "content": {"application/json": {"schema": _ref(LinkResponse), "example": _LINKS_RESPONSE}},
            },
            **_problems(),
        },
    }


def _send() -> dict[str, Any]:
    answer = {"schema": _ref(MessageAnswer)}
    return {
        "operationId": "send",
        "summary": "Send this through the gate.",
        "description": "Takes a message of a registered type, with either `content` or a `template` and its "
        "`variables`. It is decided now, and again when it is dispatched: what is queued may still be refused. A "
        "request that comes again under the same `Idempotency-Key` within 30 days gets the answer that it had.",
        "security": [{"key": []}],
        "x-scope": "send",
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "schema": {"type": "string", "maxLength": 255, "pattern": "^[!-~]*$"},
            }
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _ref(MessageRequest), "example": _MESSAGE_REQUEST}},
        },
        "responses": {
            "200": {"description": "Refused, with the reasons.", "content": {"application/json": answer}},
            "202": {
                "description": "Queued, or waiting for its hour.",
                "content": {"application/json": answer | {"example": _MESSAGE_ANSWER}},
            },
            **_problems(),
        },
    }


def _message() -> dict[str, Any]:
    return {
        "operationId": "message",
        "summary": "How far a message has come.",
        "security": [{"key": []}],
        "x-scope": "send",
        "parameters": [
            {"name": "message_id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 0}}
        ],
        "responses": {
            "200": {
                "description": "Its state, without address or content.",
                "content": {"application/json": {"schema": _ref(MessageState)}},
            },
            "404": _problem("There is no such message."),
            **_problems(),
        },
    }


def _itself() -> dict[str, Any]:
    schema = {"type": "object", "required": ["openapi", "info", "paths"]}
    return {
        "operationId": "description",
        "summary": "This description.",
        "security": [],
        "responses": {
            "200": {"description": "OpenAPI 3.1.", "content": {"application/json": {"schema": schema}}},
        },
    }


def _problems() -> dict[str, Any]:
    named = {str(kind.value.status): {"$ref": f"#/components/responses/{kind.name.lower()}"} for kind in Problems}
    return named | {status: _problem(text) for status, text in _AT_EVERY_CALL.items()}


def _response_to(kind: Problems) -> dict[str, Any]:
    response = _problem(kind.value.meaning)
    if kind is Problems.NO_KEY:
        response["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}, "required": True}}
    return response


def _problem(text: str) -> dict[str, Any]:
    return {"description": text, "content": {CONTENT_TYPE: {"schema": _ref(Problem)}}}


def _ref(schema: type[msgspec.Struct]) -> dict[str, str]:
    return {"$ref": _REF.format(name=schema.__name__)}
