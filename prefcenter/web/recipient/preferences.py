"""``/p/<token>``: the preference page. A link may be forwarded, so it only reduces (E18)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from flask import Response, make_response, render_template
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from prefcenter.core.channels import Channel, Reason, Scope, Source
from prefcenter.core.frequency import Limit, is_stricter
from prefcenter.core.tokens import Purpose, Token
from prefcenter.services import choosing, frequency, optouts, pausing, sharing
from prefcenter.services import preferences as showing
from prefcenter.services.choosing import Wishes
from prefcenter.services.frequency import Limited
from prefcenter.services.pausing import Paused
from prefcenter.services.points import Point
from prefcenter.services.preferences import PointChoices
from prefcenter.services.sharing import Sharing
from prefcenter.services.suppressing import OptOut, Recorded
from prefcenter.web.guards import guarded_by
from prefcenter.web.recipient import choice_words, code, postal_form, privacy_signal
from prefcenter.web.recipient import undo as tickets
from prefcenter.web.recipient.choice_words import ChannelWords
from prefcenter.web.recipient.postal_form import Shown
from prefcenter.web.recipient.routes import blueprint, evidence, submitted, token_of
from prefcenter.web.wired import current_wiring

_VIA: Final = "/p"


@dataclass(frozen=True, slots=True)
class Offered:
    """What the page shows and offers.

    Args:
        channels: all three channels side by side, also those without a contact point.
        is_any_on: whether any marketing is on, so that pausing or limiting it says something.
        paused: a sentence for each contact point that is paused.
        pauses: the lengths that would change something, each with the day that it would end.
        limited: a sentence for each contact point that has a limit.
        limits: the limits that would be stricter than what stands.
        sharing: whether the person's data may be shared.
    """

    channels: Sequence[tuple[Channel, ChannelWords, list[PointChoices]]]
    is_any_on: bool
    paused: Sequence[str]
    pauses: Sequence[tuple[int, str, datetime]]
    limited: Sequence[str]
    limits: Sequence[tuple[Limit, str]]
    sharing: Sharing


@blueprint.get("/p/<text>")
@guarded_by("token")
def show(text: str) -> str:
    """Show what the person gets, channel by channel; changes nothing (E4) but what the browser itself says (G11)."""
    token = token_of(text, Purpose.PREFERENCES)
    return _page(text, token)


def _page(text: str, token: Token, postal: Shown | None = None) -> str:
    is_signalled = privacy_signal.honour(token, _VIA)
    wiring = current_wiring()
    with wiring.database.read() as session:
        own = optouts.target_of(session, wiring.points, token).point
        offered = _offered(session, own, at=wiring.clock())
        sendable = code.sendable(session, token, own)
    return render_template(
        "recipient/preferences.html",
        text=text,
        offered=offered,
        is_signalled=is_signalled,
        sendable=sendable,
        postal=postal or postal_form.shown(),
        postal_action=f"/p/{text}/post",
    )


def _offered(session: Session, own: Point, *, at: datetime) -> Offered:
    wiring = current_wiring()
    mine = showing.points_of_person(session, wiring.points, own)
    shown = showing.choices(session, wiring.keyring, mine, at=at)
    active = [one.point for one in shown if one.everything.is_on]
    pauses = [(point, pausing.paused_until(session, point, at=at)) for point in active]
    limits = [(point, frequency.limit_of(session, point)) for point in active if point.channel in frequency.CHANNELS]
    ends = [(days, pausing.end_of(days, at)) for days in pausing.DAYS]
    standing = Recorded(0, is_new=False, since=at)
    return Offered(
        channels=_side_by_side(shown),
        is_any_on=bool(active),
        paused=[choice_words.paused(Paused(point, standing, until)) for point, until in pauses if until is not None],
        pauses=[
            (days, choice_words.pause_of(days), until)
            for days, until in ends
            if any(now is None or now < until for _, now in pauses)
        ],
        limited=[choice_words.limited(Limited(point, limit, None, None)) for point, limit in limits if limit],
        limits=[
            (limit, said)
            for limit, said in choice_words.LIMITS.items()
            if any(is_stricter(limit, now) for _, now in limits)
        ],
        sharing=sharing.sharing_of(session, wiring.keyring, own, at=at),
    )


def _side_by_side(shown: Sequence[PointChoices]) -> list[tuple[Channel, ChannelWords, list[PointChoices]]]:
    return [
        (channel, words, [choices for choices in shown if choices.point.channel is channel])
        for channel, words in choice_words.CHANNELS.items()
    ]


@blueprint.post("/p/<text>")
@guarded_by("token")
def save(text: str) -> str:
    """Do what the person changed, or stop everything, durably, and only then say so (U3)."""
    token = token_of(text, Purpose.PREFERENCES)
    privacy_signal.honour(token, _VIA)
    fields = submitted()
    if fields.get("do") == "stop_everything":
        return _stop_everything(text, token)
    return _save(text, token, fields)


def _save(text: str, token: Token, fields: MultiDict[str, str]) -> str:
    wiring = current_wiring()
    with wiring.database.write() as session:
        own = optouts.target_of(session, wiring.points, token).point
        saved = choosing.save(
            session,
            wiring.points,
            own,
            _wishes(fields),
            Source.PREFERENCE_PAGE,
            evidence(_VIA),
            at=wiring.clock(),
        )
    changes = [
        *(choice_words.ended(made) for made in saved.ended),
        *(choice_words.paused(made) for made in saved.paused),
        *(choice_words.limited(made) for made in saved.limited),
    ]
    return render_template(
        "recipient/saved.html",
        text=text,
        changes=changes,
        no_sharing=saved.sharing is not None,
        last_expected=None,
        ticket=tickets.ticket(wiring.keyring.signing, token, saved.recorded, saved.limit_ids),
    )


def _wishes(fields: MultiDict[str, str]) -> Wishes:
    pause, limit = fields.get("pause", ""), fields.get("frequency", "")
    return Wishes(
        unticked=_unticked(fields),
        pause_days=int(pause) if pause in {str(days) for days in pausing.DAYS} else None,
        limit=Limit(limit) if limit in set(Limit) else None,
        no_sharing=fields.get("sharing") == "no",
    )


def _unticked(fields: MultiDict[str, str]) -> list[tuple[str, str]]:
    """What was ticked when the page was made and is not any more: what the person changed, and nothing else.

    A page that is hours old therefore never touches what changed since; and a box cannot lift anything (E18).
    """
    ticked = set(fields.getlist("on"))
    gone = [field for field in dict.fromkeys(fields.getlist("was")) if field not in ticked]
    return [(ref, scope) for ref, _, scope in (field.partition(" ") for field in gone)]


def _stop_everything(text: str, token: Token) -> str:
    wiring = current_wiring()
    with wiring.database.write() as session:
        target = optouts.target_of(session, wiring.points, token)
        opt_out = OptOut(Reason.OBJECTION, Scope.everything(), Source.PREFERENCE_PAGE)
        recorded = optouts.record(session, wiring.points, target.point, opt_out, evidence(_VIA), at=wiring.clock())
    ticket = tickets.ticket(wiring.keyring.signing, token, [recorded])
    return render_template("recipient/all_stopped.html", text=text, recorded=recorded, ticket=ticket)


@blueprint.post("/p/<text>/post")
@guarded_by("token")
def stop_post(text: str) -> Response:
    """Take the NO SNAIL MAIL form (P1, P4): recorded at once, or shown again with its slips named."""
    token = token_of(text, Purpose.PREFERENCES)
    taken = postal_form.take(submitted(), f"{_VIA}/post")
    if isinstance(taken, Shown):
        return make_response(_page(text, token, taken), 422)
    page = render_template(
        "recipient/saved.html",
        text=text,
        changes=taken.changes,
        no_sharing=False,
        last_expected=taken.last_expected,
        is_post=True,
        ticket=tickets.ticket(current_wiring().keyring.signing, token, taken.recorded),
    )
    return make_response(page)


@blueprint.post("/p/<text>/undo")
@guarded_by("token")
def undo_saved(text: str) -> str:
    """Take back what the page's button did, within 30 minutes (E18)."""
    token = token_of(text, Purpose.PREFERENCES)
    wiring = current_wiring()
    undoing = tickets.read(wiring.keyring.signing, token, submitted().get("entries", ""))
    with wiring.database.write() as session:
        own = optouts.target_of(session, wiring.points, token).point
        choosing.undo(session, wiring.points, own, undoing, evidence(_VIA), at=wiring.clock())
    return render_template("recipient/undone.html", back=f"/p/{text}", preferences=f"/p/{text}")
