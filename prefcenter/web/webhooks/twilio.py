"""What Twilio calls: texts from recipients, and what became of ours."""

from __future__ import annotations

from flask import Response, request

from prefcenter.providers import twilio_sms, twilio_status
from prefcenter.web.guards import guarded_by
from prefcenter.web.webhooks.routes import blueprint, kept, public_url, raw_body, require, take_in
from prefcenter.web.wired import current_wiring


def _is_signed(raw: bytes) -> bool:
    return twilio_sms.is_signed(current_wiring().twilio_token, public_url(), raw, request.headers)


@blueprint.post("/twilio/sms")
@guarded_by("signature")
def twilio_text() -> Response:
    """Take in a text, and answer with TwiML what was decided; a repeated text gets the same (S4)."""
    raw = raw_body()
    require(_is_signed(raw))
    _, handled = take_in(twilio_sms.incoming_text(raw))
    answer = twilio_sms.twiml(handled.answer, current_wiring().clock())
    return Response(answer, content_type="text/xml; charset=utf-8")


@blueprint.post("/twilio/status")
@guarded_by("signature")
def twilio_status_callback() -> Response:
    """Take in what became of a text of ours, and what that says of its recipient."""
    raw = raw_body()
    require(_is_signed(raw))
    incoming = twilio_sms.incoming_status(raw)
    take_in(twilio_status.with_argument(incoming, request.args.get(twilio_status.MESSAGE_ARGUMENT)))
    return kept()
