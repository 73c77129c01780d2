"""What goes in and out of ``POST /api/v1/links``, as types."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from prefcenter.services.linking import MOST_ADDRESSES
from prefcenter.web.api.schemas import Ref, Slug


class LinkRecipient(Struct, frozen=True, forbid_unknown_fields=True):
    """Whom the mail goes to."""

    email: Annotated[str, Meta(max_length=1000)]
    ref: Ref | int | None = None


class LinkQuestion(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is mailed."""

    brand: Annotated[Slug, Meta(description="Whose mail it is; needed only where there are several.")] | None = None
    topic: (
        Annotated[Slug, Meta(description="What the link ends; without one, all marketing email of the brand.")] | None
    ) = None


class LinkEnvelope(LinkQuestion, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A request whose recipients are decoded one by one, so that a bad one does not spoil the others."""

    recipients: list[Raw]


class LinkRequest(LinkQuestion, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whose links are wanted, for mail of a `brand` about a `topic`."""

    recipients: Annotated[list[LinkRecipient], Meta(max_length=MOST_ADDRESSES)]


class RecipientLinks(Struct, frozen=True):
    """The links of one recipient; or what is wrong with it, and no links."""

    ref: str | int | None
    unsubscribe: Annotated[str, Meta(description="Ends the topic, or all marketing of the brand.")] | UnsetType = UNSET
    preferences: Annotated[str, Meta(description="The recipient's preference page.")] | UnsetType = UNSET
    headers: (
        Annotated[
            dict[str, str],
            Meta(description="What the mail must carry as it stands here, so that one click unsubscribes (RFC 8058)."),
        ]
        | UnsetType
    ) = UNSET
    problem: Annotated[str, Meta(description="Why there are none.")] | UnsetType = UNSET


class LinkResponse(Struct, frozen=True):
    """The links, in the order of the recipients."""

    links: list[RecipientLinks]
