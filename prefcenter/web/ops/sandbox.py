"""The sandbox's mailbox: every message as the person it went to sees it, for a demo and for trying things out.

Messages hold addresses, so under ``serve`` only operators see them, and only while no provider is configured.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, current_app, flash, jsonify, redirect, render_template, request, url_for
from flask_security import current_user
from werkzeug.wrappers import Response as AnyResponse

from prefcenter.core.channels import Channel
from prefcenter.core.errors import BadAddress, BadInput
from prefcenter.providers import sandbox_page, sandbox_scripts
from prefcenter.providers.conversations import conversations_of
from prefcenter.providers.sandbox_mime import raw_mail
from prefcenter.providers.sandbox_scripts import FATES
from prefcenter.services.operators import RoleName
from prefcenter.store import outbox
from prefcenter.store.outbox import SandboxMessage
from prefcenter.web.guards import guarded_by
from prefcenter.web.ops.replies import write_to_us
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

_ON_A_PAGE = 100
_ABSENT_ON_A_PAGE = 20
_LONGEST_REPLY = 1600


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
    """Show mails as people see them, texts as conversations, and what never got here, the newest first."""
    wiring = current_wiring()
    with wiring.database.read() as session:
        seen = sandbox_page.look(session, wiring.points, limit=_ON_A_PAGE, absent=_ABSENT_ON_A_PAGE)
        page = render_template(
            "ops/sandbox.html", seen=seen, can_reply=wiring.config.is_demo, can_script=_may_script(), fates=FATES
        )
    return Response(page, headers={"Content-Security-Policy": _PAGE_POLICY})


def _may_script() -> bool:
    """Whether whoever looks may say what happens to messages: anybody in a demo, else operators who may act."""
    wiring = current_wiring()
    if wiring.sandbox is None:  # In a demo with a provider's keys they leave for real.
        return False
    return wiring.config.is_demo or any(role.name != RoleName.VIEWER for role in current_user.roles)


@blueprint.post("/scripts")
@guarded_by("login")
def script() -> AnyResponse:
    """Say what becomes of messages to somebody, or of the next one."""
    wiring, form = current_wiring(), request.form
    if not _may_script():
        abort(403)
    channel, _, fate = form.get("fate", "").partition(":")
    try:
        with wiring.database.write() as session:
            sandbox_scripts.script(
                session,
                wiring.points,
                Channel(channel) if channel in FATES else Channel.POST,
                form.get("to", ""),
                fate,
                is_repeated="repeated" in form,
                at=wiring.clock(),
            )
    except (BadAddress, BadInput) as error:
        flash(str(error))
    return redirect(url_for("sandbox.messages", _anchor="scripts"), 303)


@blueprint.post("/scripts/<int:script_id>/remove")
@guarded_by("login")
def unscript(script_id: int) -> AnyResponse:
    """Take back what was said."""
    if not _may_script():
        abort(403)
    with current_wiring().database.write() as session:
        sandbox_scripts.unscript(session, script_id)
    return redirect(url_for("sandbox.messages", _anchor="scripts"), 303)


@blueprint.post("/replies")
@guarded_by("login")
def reply() -> AnyResponse:
    """Write a text as its person would: it takes the way that Twilio's webhook takes, signature and all.

    Only in a demo: elsewhere a START written here would be an operator's act that passes for a person's (X10).
    """
    wiring = current_wiring()
    if not wiring.config.is_demo:
        abort(404)
    name, sender = request.form.get("conversation", ""), request.form.get("sender", "")
    body = request.form.get("body", "").strip()[:_LONGEST_REPLY]
    with wiring.database.read() as session:
        talks = conversations_of(session, wiring.points, outbox.sandbox_messages(session, limit=_ON_A_PAGE))
    talk = next((one for one in talks if one.name == name and sender in one.senders), None)
    if talk is None:
        abort(404)
    problem = write_to_us(current_app, wiring, number=talk.number, sender=sender, body=body)
    if problem:
        flash(problem)
    return redirect(url_for("sandbox.messages", _anchor=f"text-{name}"), 303)


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


@blueprint.get("/messages/<int:message_id>.eml")
@guarded_by("login")
def message_source(message_id: int) -> Response:
    """Give one mail as its recipient's server got it, for a mail program or a look at its source."""
    return Response(_source_of(message_id), content_type="text/plain; charset=utf-8")


@blueprint.get("/messages/<int:message_id>/source")
@guarded_by("login")
def message_source_page(message_id: int) -> str:
    """Show the source of one mail."""
    source = _source_of(message_id).decode("utf-8", "replace")
    return render_template("ops/sandbox_source.html", message_id=message_id, source=source)


def _source_of(message_id: int) -> bytes:
    wiring = current_wiring()
    with wiring.database.read() as session:
        message = session.get(SandboxMessage, message_id)
        if message is None or message.channel != Channel.EMAIL.value:
            abort(404)
        return raw_mail(message)


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
