"""The sandbox's mailbox: every message as the person it went to sees it, for a demo and for trying things out.

Messages hold addresses, so under ``serve`` only operators see them, and only while no provider is configured.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, jsonify, render_template
from werkzeug.wrappers import Response as AnyResponse

from prefcenter.store import outbox
from prefcenter.store.outbox import SandboxMessage
from prefcenter.web.guards import guarded_by
from prefcenter.web.ops.signing_in import ask_to_sign_in
from prefcenter.web.security_headers import CONTENT_SECURITY_POLICY
from prefcenter.web.wired import current_wiring

blueprint = Blueprint("sandbox", __name__, url_prefix="/sandbox")

_PAGE_POLICY = f"{CONTENT_SECURITY_POLICY}; frame-src 'self'"
_MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""A mail's HTML may look as it likes and link wherever it likes, but runs, loads and submits nothing."""


@blueprint.before_request
def _only_where_allowed() -> AnyResponse | None:
    config = current_wiring().config
    if config.is_demo:
        return None
    if config.has_provider:
        abort(404)
    return ask_to_sign_in()


@blueprint.get("")
@guarded_by("login")
def messages() -> Response:
    """Show the messages as people see them, the newest first."""
    with current_wiring().database.read() as session:
        page = render_template("ops/sandbox.html", messages=outbox.sandbox_messages(session, limit=100))
    return Response(page, headers={"Content-Security-Policy": _PAGE_POLICY})


@blueprint.get("/messages.json")
@guarded_by("login")
def messages_json() -> Response:
    """List the messages for programs, the newest first."""
    with current_wiring().database.read() as session:
        return jsonify([_as_json(message) for message in outbox.sandbox_messages(session)])


@blueprint.get("/messages/<int:message_id>.html")
@guarded_by("login")
def message_html(message_id: int) -> Response:
    """Show the HTML of one mail, for a frame in which it can do nothing."""
    with current_wiring().database.read() as session:
        message = session.get(SandboxMessage, message_id)
    if message is None or not message.html:
        abort(404)
    headers = {"Content-Security-Policy": _MAIL_POLICY, "X-Frame-Options": "SAMEORIGIN"}
    return Response(message.html, content_type="text/html; charset=utf-8", headers=headers)


def _as_json(message: SandboxMessage) -> dict[str, Any]:
    return {
        "id": message.id,
        "channel": message.channel,
        "to": message.to,
        "class": message.message_class,
        "message_type": message.message_type,
        "subject": message.subject,
        "text": message.text,
        "html": message.html,
        "headers": message.headers,
        "at": message.at.isoformat(),
    }
