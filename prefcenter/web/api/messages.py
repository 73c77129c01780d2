"""``/api/v1/messages``: messages of other systems, which leave through the gate or not at all."""

from __future__ import annotations

import msgspec
from flask import Response, g, request
from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel
from prefcenter.core.errors import BadInput, NotFound
from prefcenter.services import messages
from prefcenter.services.messages import Desk, Once, Order, Progress
from prefcenter.services.operators import KeyScope
from prefcenter.services.templates import Written
from prefcenter.web.api import problems
from prefcenter.web.api.keys import needs_scope
from prefcenter.web.api.message_schemas import MessageAnswer, MessageRequest, MessageState
from prefcenter.web.api.problems import Problems
from prefcenter.web.api.views import blueprint
from prefcenter.web.guards import guarded_by
from prefcenter.web.wired import current_wiring

MOST_BYTES = 4 * 1024 * 1024
_LONGEST_KEY = 255
_LARGEST_ID = 2**63 - 1

_decoder = msgspec.json.Decoder(MessageRequest)
_encode = msgspec.json.Encoder().encode


@blueprint.post("/messages")
@guarded_by("api_key")
@needs_scope(KeyScope.SEND)
def send_message(_session: Session) -> Response:
    """Take a message: 202 where it was queued, 200 where it was refused."""
    request.max_content_length = MOST_BYTES
    body = request.get_data(cache=False)
    try:
        asked = _decoder.decode(body)
    except msgspec.ValidationError as error:
        return problems.answer(Problems.INVALID, f"{error}.")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return problems.answer(Problems.NOT_JSON, "The body is not JSON in UTF-8.")
    order, once = _order(asked), _once(body)
    wiring = current_wiring()
    desk = Desk(wiring.keyring, wiring.points, wiring.links)
    with wiring.database.write() as session:
        taken = messages.take(session, desk, order, at=wiring.clock(), once=once)
    told = msgspec.convert(taken, MessageAnswer, from_attributes=True)
    return Response(_encode(told), 200 if taken.state == "refused" else 202, content_type="application/json")


@blueprint.get("/messages/<int:message_id>")
@guarded_by("api_key")
@needs_scope(KeyScope.SEND)
def message_state(session: Session) -> Response:
    """Tell how far a message has come."""
    message_id = (request.view_args or {})["message_id"]
    found = messages.find(session, message_id) if message_id <= _LARGEST_ID else None
    if found is None:
        raise NotFound(f"There is no message {message_id}.")
    return Response(_encode(_state(found)), content_type="application/json")


def _order(asked: MessageRequest) -> Order:
    if (asked.to.email is None) == (asked.to.phone is None):
        raise BadInput("A message has one recipient.", remedy="Give either “email” or “phone” as “to”.")
    written = None if asked.content is None else Written(**msgspec.structs.asdict(asked.content))
    return Order(
        message_type=asked.message_type,
        to=asked.to.email or asked.to.phone or "",
        channel=Channel.EMAIL if asked.to.email is not None else Channel.SMS,
        content=written,
        template=asked.template,
        variables={name: str(value) for name, value in asked.variables.items()},
        send_at=asked.send_at,
    )


def _once(body: bytes) -> Once | None:
    """How the caller marks this request, if it does; the same JSON is the same request, however it is laid out."""
    key = request.headers.get("Idempotency-Key", "").strip()
    if not key:
        return None
    if len(key) > _LONGEST_KEY or not key.isprintable():
        raise BadInput(f"The Idempotency-Key is longer than {_LONGEST_KEY} characters, or cannot be read.")
    plain = msgspec.json.encode(msgspec.json.decode(body), order="deterministic")
    return Once(f"key:{g.api_key}", key, plain)


def _state(found: Progress) -> MessageState:
    row = found.row
    return MessageState(
        id=row.id,
        state=row.state,
        channel=row.channel,
        message_type=row.message_type,
        reasons=row.why,
        problem=row.problem,
        created_at=row.created_at,
        due_at=row.due_at if row.state in ("queued", "waiting", "scheduled") else None,
        sent_at=row.sent_at,
        rerouted_from=row.rerouted_from,
        rerouted_to=found.rerouted_to,
    )
