"""What goes in and out of the API, as types: they decode and encode, and the OpenAPI description is made from them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

# A NUL is no part of any name, and PostgreSQL takes none.
Slug = Annotated[str, Meta(max_length=64, pattern="^[^\x00]*$")]
Ref = Annotated[str, Meta(max_length=200, description="The caller's own name for the recipient; comes back unchanged.")]

Line = Annotated[str, Meta(max_length=500)]


class Post(Struct, frozen=True, forbid_unknown_fields=True):
    """A person or a firm at a postal address, as written."""

    name: Line | None = None
    company: Line | None = None
    address1: Line | None = None
    address2: Line | None = None
    city: Line | None = None
    state: Line | None = None
    zip: Line | None = None
    country: Line | None = None


class Recipient(Struct, frozen=True, forbid_unknown_fields=True):
    """Whom it would go to: exactly one of `email`, `phone` and `post`."""

    ref: Ref | int | None = None
    email: Annotated[str, Meta(max_length=1000)] | None = None
    phone: Annotated[str, Meta(max_length=100, description="E.164, or as written in the default country.")] | None = (
        None
    )
    post: Post | None = None


class CheckQuestion(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What would be sent: a registered message type, or a class in general."""

    message_type: Annotated[Slug, Meta(description="A registered message type; stands alone.")] | None = None
    message_class: (
        Annotated[
            Literal["marketing", "service", "legal", "requested", "sharing"],
            Meta(description="A class in general, instead of a message type."),
        ]
        | None
    ) = msgspec.field(name="class", default=None)
    brand: Annotated[Slug, Meta(description="With `class`: one brand; without it, all brands.")] | None = None
    topic: Annotated[Slug, Meta(description="With `class`: one topic.")] | None = None


class CheckEnvelope(CheckQuestion, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A check whose recipients are decoded one by one, so that a bad one does not spoil the others."""

    recipients: list[Raw]


class CheckRequest(CheckQuestion, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """May this be sent to these? Name a `message_type`, or a `class` and perhaps its `brand` and `topic`."""

    recipients: Annotated[list[Recipient], Meta(max_length=10_000)]


class ReasonGiven(Struct, frozen=True):
    """One reason that speaks against it."""

    code: Annotated[str, Meta(description="The reason, such as `opt_out` or `consent_missing`.")]
    scope: Annotated[str, Meta(description="How far it reaches: `all`, `brand:…`, `topic:…` or `sender:…`.")]
    since: Annotated[datetime, Meta(tz=True)] | None
    source: Annotated[str, Meta(description="How it reached us, such as `one_click`.")]


class RecipientDecision(Struct, frozen=True):
    """The answer for one recipient. Send only what is `cleared`."""

    ref: str | int | None
    verdict: Literal["cleared", "refused", "reroute", "wait", "invalid"]
    reasons: list[ReasonGiven]
    until: (
        Annotated[
            datetime,
            Meta(tz=True, description="When to ask again, or when the refusal ends by itself; else null."),
        ]
        | None
    ) = None
    problem: Annotated[str, Meta(description="What is wrong with an `invalid` recipient.")] | UnsetType = UNSET


class CheckResponse(Struct, frozen=True):
    """The answers, in the order of the recipients."""

    at: Annotated[datetime, Meta(tz=True)]
    ledger_position: Annotated[
        int, Meta(ge=0, description="Everything up to this position of the ledger was taken into account.")
    ]
    decisions: list[RecipientDecision]


class Problem(Struct, frozen=True):
    """What went wrong, as RFC 9457 says it."""

    type: str
    title: str
    status: Annotated[int, Meta(ge=400, le=599)]
    detail: str
