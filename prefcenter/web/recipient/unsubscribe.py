"""``/u/<token>``: the link in a mail that ends it, for a mailbox's one-click and for a person's own (E2–E7)."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from flask import Response, make_response, render_template
from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, Reason, ScopeKind, Source
from prefcenter.core.tokens import Purpose, Token
from prefcenter.services import clicks, optouts, preferences
from prefcenter.services.optouts import Target
from prefcenter.services.suppressing import OptOut
from prefcenter.store import mailings
from prefcenter.web import errors
from prefcenter.web.guards import guarded_by
from prefcenter.web.recipient import privacy_signal, stopping, wording
from prefcenter.web.recipient import undo as tickets
from prefcenter.web.recipient.routes import blueprint, evidence, submitted, token_of
from prefcenter.web.wired import current_wiring

_VIA: Final = "/u"
_ONE_CLICK: Final = "One-Click"


@blueprint.get("/u/<text>")
@guarded_by("token")
def ask(text: str) -> str:
    """Say what would end, and offer it; changes nothing (E4) but what the browser itself says (G11)."""
    token = token_of(text, Purpose.UNSUBSCRIBE)
    is_signalled = privacy_signal.honour(token, _VIA)
    wiring = current_wiring()
    with wiring.database.read() as session:
        target = optouts.target_of(session, wiring.points, token)
        refused = preferences.own_refusals(session, wiring.keyring, target, at=wiring.clock())
    wider = [reason for reason in refused if reason.scope.kind is not ScopeKind.TOPIC and not reason.scope.spared]
    since = min((reason.since for reason in wider or refused if reason.since is not None), default=None)
    return render_template(
        "recipient/unsubscribe.html",
        text=text,
        since=since,
        is_signalled=is_signalled,
        is_off=bool(refused),
        brand_is_off=bool(wider),
        asked=stopping.sentences(target),
        off=stopping.sentences(target, target.brand_scope if wider else target.scope).off,
        **_told(token, target),
    )


@blueprint.post("/u/<text>")
@guarded_by("token")
def end(text: str) -> Response:
    """End it, durably, and only then say so (U3).

    Exactly ``List-Unsubscribe=One-Click`` is a mailbox's one-click (RFC 8058 §3.2). Whatever else comes to a good link
    is taken as its page's button, an empty or garbled body too: somebody who went so far wants it to end.
    """
    token = token_of(text, Purpose.UNSUBSCRIBE)
    fields = submitted()
    if fields.get("List-Unsubscribe") == _ONE_CLICK:
        return _end_by_one_click(token)
    return _end_by_page(text, token, whole_brand=fields.get("scope") == "brand")


def _end_by_one_click(token: Token) -> Response:
    errors.answer_plainly()
    wiring = current_wiring()
    with wiring.database.write() as session:
        target = optouts.target_of(session, wiring.points, token)
        shown, at = evidence(_VIA), wiring.clock()
        cause = clicks.cause_of(wiring.keyring, shown, at=at)
        optouts.one_click(session, wiring.points, target, Source.ONE_CLICK, shown, at=at, cause=cause)
    return Response("Unsubscribed.\n", content_type="text/plain; charset=utf-8")


def _end_by_page(text: str, token: Token, *, whole_brand: bool) -> Response:
    wiring = current_wiring()
    with wiring.database.write() as session:
        target = optouts.target_of(session, wiring.points, token)
        scope = target.brand_scope if whole_brand else target.scope
        opt_out = OptOut(Reason.OPT_OUT, scope, Source.UNSUBSCRIBE_PAGE)
        recorded = optouts.record(session, wiring.points, target.point, opt_out, evidence(_VIA), at=wiring.clock())
        last_expected = _last_expected(session, target.point.channel)
    ticket = tickets.ticket(wiring.keyring.signing, token, [recorded])
    page = render_template(
        "recipient/stopped.html",
        ended=stopping.sentences(target, scope),
        since=stopping.since(target, wording.minute(recorded.since), is_new=recorded.is_new),
        last_expected=last_expected,
        ticket=ticket,
        text=text,
        **_told(token, target),
    )
    return make_response(page)


def _last_expected(session: Session, channel: Channel) -> datetime | None:
    """When the last printed piece should have come, whoever is on it: nobody learns here who is on a list (P12)."""
    if channel is not Channel.POST:
        return None
    under_way = mailings.in_flight(session, current_wiring().clock())
    return max((mailings.last_expected(mailing) for mailing in under_way), default=None)


@blueprint.post("/u/<text>/undo")
@guarded_by("token")
def undo(text: str) -> str:
    """Take back what the page's button did, within 30 minutes (E18)."""
    token = token_of(text, Purpose.UNSUBSCRIBE)
    wiring = current_wiring()
    made = tickets.entries(wiring.keyring.signing, token, submitted().get("entries", ""))
    with wiring.database.write() as session:
        optouts.undo(session, made, evidence(_VIA), at=wiring.clock())
        target = optouts.target_of(session, wiring.points, token)
    return render_template("recipient/undone.html", back=f"/u/{text}", **_told(token, target))


def _told(token: Token, target: Target) -> dict[str, object]:
    """What every page behind the link says of itself."""
    channel = target.point.channel
    return {
        "words": wording.WORDS[channel],
        "whole_brand": None if target.topic is None else stopping.sentences(target, target.brand_scope),
        "topic_is_gone": bool(token.topic_code) and target.topic is None,
        "brand_is_gone": bool(token.brand_code) and target.brand is None,
        "preferences": preferences_path(token),
    }


def preferences_path(token: Token) -> str:
    """The preference page of the same contact point, on this server."""
    made = current_wiring().links.links(token.channel, token.digest, token.brand_code, token.topic_code)
    return urlsplit(made.preferences).path
