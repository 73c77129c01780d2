"""``POST /api/v1/links``: the links of many addresses, for mails that another tool sends."""

from __future__ import annotations

import msgspec
from flask import Response, request
from msgspec import Raw
from sqlalchemy.orm import Session

from prefcenter.core.channels import Source
from prefcenter.core.errors import BadAddress
from prefcenter.services.linking import MOST_ADDRESSES, Linked, link_all
from prefcenter.services.operators import KeyScope
from prefcenter.web.api import problems
from prefcenter.web.api.answers import ref_of
from prefcenter.web.api.keys import needs_scope
from prefcenter.web.api.link_schemas import LinkEnvelope, LinkRecipient, LinkResponse, RecipientLinks
from prefcenter.web.api.problems import Problems
from prefcenter.web.api.views import MOST_BYTES, blueprint
from prefcenter.web.guards import guarded_by
from prefcenter.web.wired import current_wiring

_decoder = msgspec.json.Decoder(LinkEnvelope)
_recipient_decoder = msgspec.json.Decoder(LinkRecipient)
_encode = msgspec.json.Encoder().encode


@blueprint.post("/links")
@guarded_by("api_key")
@needs_scope(KeyScope.SEND, KeyScope.RECORD)
def links(_session: Session) -> Response:
    """Give the links of each recipient, which is made known if it isn't."""
    request.max_content_length = MOST_BYTES
    try:
        asked = _decoder.decode(request.get_data(cache=False))
    except msgspec.ValidationError as error:
        return problems.answer(Problems.INVALID, f"{error}.")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return problems.answer(Problems.NOT_JSON, "The body is not JSON in UTF-8.")
    if len(asked.recipients) > MOST_ADDRESSES:
        return problems.answer(Problems.TOO_MANY, f"{len(asked.recipients):,} recipients are too many for one call.")
    read = [_recipient(raw) for raw in asked.recipients]
    addresses = [each.email for each in read if isinstance(each, LinkRecipient)]
    wiring = current_wiring()
    with wiring.database.write() as session:
        made = iter(
            link_all(
                session,
                wiring.keyring,
                wiring.links,
                wiring.points,
                addresses,
                at=wiring.clock(),
                source=Source.API,
                brand=asked.brand,
                topic=asked.topic,
            )
        )
    told = [_told(each.ref, next(made)) if isinstance(each, LinkRecipient) else each for each in read]
    return Response(_encode(LinkResponse(told)), content_type="application/json")


def _recipient(raw: Raw) -> LinkRecipient | RecipientLinks:
    try:
        return _recipient_decoder.decode(raw)
    except msgspec.DecodeError as error:
        return RecipientLinks(ref_of(raw), problem=f"{error}.")
    except UnicodeDecodeError:
        return RecipientLinks(ref_of(raw), problem="It is not text in UTF-8.")


def _told(ref: str | int | None, made: Linked | BadAddress) -> RecipientLinks:
    if isinstance(made, BadAddress):
        return RecipientLinks(ref, problem=str(made))
    return RecipientLinks(ref, made.links.unsubscribe, made.links.preferences, dict(made.headers))
