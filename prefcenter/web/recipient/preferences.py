"""``/p/<token>``: the preference page. A link may be forwarded, so it only reduces (E18)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from flask import render_template
from werkzeug.datastructures import MultiDict

from prefcenter.core.channels import Channel, Reason, Scope, Source
from prefcenter.core.tokens import Purpose, Token
from prefcenter.services import optouts
from prefcenter.services import preferences as choosing
from prefcenter.services.preferences import Ended, PointChoices
from prefcenter.services.suppressing import OptOut
from prefcenter.web.guards import guarded_by
from prefcenter.web.recipient import undo as tickets
from prefcenter.web.recipient import wording
from prefcenter.web.recipient.routes import blueprint, evidence, submitted, token_of
from prefcenter.web.wired import current_wiring

_VIA: Final = "/p"


@blueprint.get("/p/<text>")
@guarded_by("token")
def show(text: str) -> str:
    """Show what the person gets, channel by channel; changes nothing (E4)."""
    token = token_of(text, Purpose.PREFERENCES)
    return render_template("recipient/preferences.html", text=text, channels=_channels(_choices_of(token)))


def _choices_of(token: Token) -> Sequence[PointChoices]:
    wiring = current_wiring()
    with wiring.database.read() as session:
        target = optouts.target_of(session, wiring.points, token)
        mine = choosing.points_of_person(session, wiring.points, target.point)
        return choosing.choices(session, wiring.keyring, mine, at=wiring.clock())


def _channels(mine: Sequence[PointChoices]) -> list[tuple[Channel, wording.Words, list[PointChoices]]]:
    """All three channels, side by side, also those without a contact point."""
    return [
        (channel, words, [choices for choices in mine if choices.point.channel is channel])
        for channel, words in wording.WORDS.items()
    ]


@blueprint.post("/p/<text>")
@guarded_by("token")
def save(text: str) -> str:
    """End what the person unticked, or everything, durably, and only then say so (U3)."""
    token = token_of(text, Purpose.PREFERENCES)
    fields = submitted()
    if fields.get("do") == "stop_everything":
        return _stop_everything(text, token)
    return _save(text, token, fields)


def _save(text: str, token: Token, fields: MultiDict[str, str]) -> str:
    wiring = current_wiring()
    with wiring.database.write() as session:
        own = optouts.target_of(session, wiring.points, token).point
        ended = choosing.reduce(
            session, wiring.points, own, _unticked(fields), Source.PREFERENCE_PAGE, evidence(_VIA), at=wiring.clock()
        )
    ticket = tickets.ticket(wiring.keyring.signing, token, [made.recorded for made in ended])
    changes = [_sentence(made) for made in ended if made.recorded.is_new]
    return render_template("recipient/saved.html", text=text, changes=changes, ticket=ticket)


def _unticked(fields: MultiDict[str, str]) -> list[tuple[str, str]]:
    """What was ticked when the page was made and is not any more: what the person changed, and nothing else.

    A page that is hours old therefore never touches what changed since; and a box cannot lift anything (E18).
    """
    ticked = set(fields.getlist("on"))
    gone = [field for field in dict.fromkeys(fields.getlist("was")) if field not in ticked]
    return [(ref, scope) for ref, _, scope in (field.partition(" ") for field in gone)]


def _sentence(made: Ended) -> str:
    channel = made.point.channel
    kind = wording.kind(channel, made.kind.scope, made.kind.brand, made.kind.topic)
    return f"{wording.upper_first(kind)} {wording.place(channel, made.point.masked)}"


def _stop_everything(text: str, token: Token) -> str:
    wiring = current_wiring()
    with wiring.database.write() as session:
        target = optouts.target_of(session, wiring.points, token)
        opt_out = OptOut(Reason.OBJECTION, Scope.everything(), Source.PREFERENCE_PAGE)
        recorded = optouts.record(session, wiring.points, target.point, opt_out, evidence(_VIA), at=wiring.clock())
    ticket = tickets.ticket(wiring.keyring.signing, token, [recorded])
    return render_template("recipient/all_stopped.html", text=text, recorded=recorded, ticket=ticket)


@blueprint.post("/p/<text>/undo")
@guarded_by("token")
def undo_saved(text: str) -> str:
    """Take back what the page's button did, within 30 minutes (E18)."""
    token = token_of(text, Purpose.PREFERENCES)
    wiring = current_wiring()
    made = tickets.entries(wiring.keyring.signing, token, submitted().get("entries", ""))
    with wiring.database.write() as session:
        optouts.undo(session, made, evidence(_VIA), at=wiring.clock())
    return render_template("recipient/undone.html", back=f"/p/{text}", preferences=f"/p/{text}")
