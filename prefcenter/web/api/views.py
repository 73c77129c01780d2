"""The endpoints of the API."""

from __future__ import annotations

import msgspec
from flask import Blueprint, Response, render_template, request
from flask.blueprints import BlueprintSetupState
from sqlalchemy.orm import Session

from prefcenter.services import checking
from prefcenter.services.operators import KeyScope
from prefcenter.web.api import openapi, problems
from prefcenter.web.api.answers import answered, recipients_of
from prefcenter.web.api.keys import needs_scope
from prefcenter.web.api.problems import Problems
from prefcenter.web.api.schemas import CheckEnvelope
from prefcenter.web.guards import guarded_by
from prefcenter.web.metrics import count_decisions
from prefcenter.web.wired import current_wiring

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")

MOST_BYTES = 16 * 1024 * 1024
"""Room for 10,000 postal addresses, and then some."""

_check_decoder = msgspec.json.Decoder(CheckEnvelope)
_encode = msgspec.json.Encoder().encode


@blueprint.post("/check")
@guarded_by("api_key")
@needs_scope(KeyScope.CHECK)
def check(session: Session) -> Response:
    """Say for each recipient whether a message may be sent to it."""
    request.max_content_length = MOST_BYTES
    try:
        asked = _check_decoder.decode(request.get_data(cache=False))
    except msgspec.ValidationError as error:
        return problems.answer(Problems.INVALID, f"{error}.")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return problems.answer(Problems.NOT_JSON, "The body is not JSON in UTF-8.")
    if len(asked.recipients) > checking.MOST_RECIPIENTS:
        return problems.answer(Problems.TOO_MANY, f"{len(asked.recipients):,} recipients are too many for one call.")
    wiring = current_wiring()
    at = wiring.clock()
    recipients = recipients_of(asked.recipients)
    position = checking.position_of(session, wiring.database, wiring.ledger_keys, wiring.anchors, at=at)
    question = checking.question_of(session, asked.message_type, asked.message_class, asked.brand, asked.topic)
    answers = checking.check(session, wiring.keyring, wiring.points, question, [whom for _, whom in recipients], at=at)
    count_decisions(question.message_class, answers)
    return _json(answered(at, position, [ref for ref, _ in recipients], answers))


@blueprint.get("/openapi.json")
@guarded_by("open")
def description() -> Response:
    """Describe the API to programs; open to all."""
    return Response(openapi.document_json(), content_type="application/json")


@guarded_by("open")
def docs() -> str:
    """Describe the API to people; open to all."""
    return render_template("api/docs.html", spec=openapi.document(), problems=list(Problems), written=_written)


def _written(value: object) -> str:
    """JSON for people, in the order in which the description has it."""
    return msgspec.json.format(_encode(value), indent=2).decode()


@blueprint.record_once
def _add_docs(state: BlueprintSetupState) -> None:
    """The page stands outside the versioned prefix."""
    state.app.add_url_rule("/api/docs", "api_docs", docs, methods=["GET"])


def _json(answer: msgspec.Struct) -> Response:
    return Response(_encode(answer), content_type="application/json")
