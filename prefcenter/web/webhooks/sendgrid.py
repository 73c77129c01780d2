"""What SendGrid calls: mail that came for us, and what became of ours."""

from __future__ import annotations

from flask import Response, jsonify, request

from prefcenter.providers import sendgrid_mail
from prefcenter.web.guards import guarded_by
from prefcenter.web.webhooks.routes import blueprint, kept, raw_body, require, take_in, take_in_at_once
from prefcenter.web.wired import current_wiring


@blueprint.post("/sendgrid/inbound")
@guarded_by("signature")
def sendgrid_inbound() -> Response:
    """Take in a mail; one that can never be read is kept for a person, and answered 200 all the same."""
    raw, config = raw_body(most_bytes=None), current_wiring().config
    require(sendgrid_mail.may_deliver_mail(config.sendgrid_parse_public_key, config.inbound_auth, raw, request.headers))
    inbound_id, handled = take_in(sendgrid_mail.incoming_mail(request.content_type or "", raw))
    return jsonify(id=inbound_id, outcome=handled.outcome)


@blueprint.post("/sendgrid/events")
@guarded_by("signature")
def sendgrid_events() -> Response:
    """Take in a batch of events; what refuses holds before the answer, and one that cannot be read stops no other."""
    raw, keys = raw_body(), current_wiring().event_public_keys
    require(any(sendgrid_mail.is_signed(key, raw, request.headers) for key in keys))
    take_in_at_once(sendgrid_mail.incoming_events(request.content_type or "", raw))
    return kept()
