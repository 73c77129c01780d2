"""What goes in and out of ``/api/v1/messages``, as types."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from prefcenter.web.api.schemas import ReasonGiven, Slug

_Body = Annotated[str, Meta(max_length=500_000, pattern="^[^\x00]*$")]
_Value = Annotated[str, Meta(max_length=10_000, pattern="^[^\x00]*$")]


class MessageRecipient(Struct, frozen=True, forbid_unknown_fields=True):
    """To whom: exactly one of `email` and `phone`, the one that the type goes by."""

    email: Annotated[str, Meta(max_length=1000)] | None = None
    phone: Annotated[str, Meta(max_length=100)] | None = None


class MessageContent(Struct, frozen=True, forbid_unknown_fields=True):
    """What it says; a text message has a `text` only."""

    subject: Annotated[str, Meta(max_length=998, pattern="^[^\x00]*$")] = ""
    text: _Body = ""
    html: _Body = ""


class MessageRequest(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A message of a registered type to one recipient, with either `content` or a `template`."""

    message_type: Slug
    to: MessageRecipient
    content: MessageContent | None = None
    template: Annotated[Slug, Meta(description="A registered template.")] | None = None
    variables: Annotated[dict[str, _Value | int | float], Meta(description="Values for the template.")] = field(
        default_factory=dict
    )
    send_at: Annotated[datetime, Meta(tz=True, description="When it is to leave; now by default.")] | None = None


class MessageAnswer(Struct, frozen=True):
    """What was decided now; it is decided again when it is dispatched."""

    id: int
    state: Literal["queued", "waiting", "refused"]
    verdict: Literal["cleared", "refused", "reroute", "wait"]
    reasons: list[ReasonGiven]
    until: Annotated[datetime, Meta(tz=True)] | None = None


class MessageState(Struct, frozen=True):
    """How far a message has come."""

    id: int
    state: Annotated[
        str,
        Meta(
            description="`queued`, `waiting`, `sending`, `sent`, `refused`, `rerouted`, `failed`, `unknown`, and what "
            "its provider told of it since, such as `delivered`."
        ),
    ]
    channel: str
    message_type: str
    reasons: Annotated[list[str], Meta(description="Why it is in that state: code and scope of each reason.")]
    problem: str
    created_at: Annotated[datetime, Meta(tz=True)]
    due_at: Annotated[datetime, Meta(tz=True, description="When it is looked at next, while it waits.")] | None
    sent_at: Annotated[datetime, Meta(tz=True)] | None
    rerouted_from: int | None
    rerouted_to: int | None
