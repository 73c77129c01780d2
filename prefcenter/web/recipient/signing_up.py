"""``/s/<brand>``: signing up by a form that asks for an age, and by a mail that asks again (G6, G8)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from flask import Response, make_response, render_template, request
from flask_babel import get_locale, gettext
from werkzeug.exceptions import TooManyRequests

from prefcenter.core.channels import Channel
from prefcenter.core.errors import BadAddress
from prefcenter.core.tokens import Purpose, Token
from prefcenter.services import confirming, signing_up
from prefcenter.services.confirming import Confirmed, Outcome
from prefcenter.services.points import Point
from prefcenter.services.signing_up import Form, Words
from prefcenter.web.guards import guarded_by
from prefcenter.web.recipient import limiting
from prefcenter.web.recipient.brand_look import show_brand
from prefcenter.web.recipient.routes import blueprint, evidence, submitted, token_of
from prefcenter.web.recipient.unsubscribe import preferences_path
from prefcenter.web.wired import current_wiring

_VIA: Final = "/s"
_CONFIRM_VIA: Final = "/s/confirm"
AT_MOST: Final = "20 per 10 minute"
"""So many sign-ups are taken from one network; whoever is told to wait has lost nothing."""

_LONGEST: Final = 254
_LONGEST_ORIGIN: Final = 200
_OVER: Final = frozenset({Outcome.EXPIRED, Outcome.GONE})


@blueprint.get("/s/<brand>")
@guarded_by("open")
def show_form(brand: str) -> str:
    """Show what one can sign up for, nothing ticked (U1); changes nothing (E4)."""
    return _page(_form(brand))


@blueprint.post("/s/<brand>")
@guarded_by("confirmed")
def sign_up(brand: str) -> Response:
    """Ask the address by mail, and tell everybody the same (X3). Without the statement of age nothing is kept (G8).

    There is neither cookie nor session that another site could misuse, so its form may post here as our own does.
    """
    wiring, form, fields = current_wiring(), _form(brand), submitted()
    words = _words(form)
    topics = set(fields.getlist("topic")) & {topic.slug for topic in form.topics}
    typed = fields.get("email", "").strip()
    point = _read(typed)
    wrong = [
        name
        for name, is_right in (
            ("version", fields.get("version") == words.version),
            ("topic", bool(topics)),
            ("email", point is not None),
            ("age", fields.get("age") == "yes"),
        )
        if not is_right
    ]
    if wrong or point is None:
        has_age = "age" not in wrong
        return make_response(_page(form, typed=typed[:_LONGEST], ticked=topics, has_age=has_age, wrong=wrong), 422)
    if not limiting.is_within(AT_MOST, _VIA):
        raise TooManyRequests
    shown = evidence(_VIA)
    with wiring.database.write() as session:
        signing_up.sign_up(
            session, wiring.links, point, form, topics, words, shown, at=wiring.clock(), origin=_origin()
        )
    return make_response(
        render_template("recipient/sign_up_sent.html", brand=form.brand, address=point.masked, days=_days())
    )


@blueprint.get("/s/confirm/<text>")
@guarded_by("token")
def ask_to_confirm(text: str) -> Response:
    """Say what would begin, and offer it by one button; changes nothing, since scanners fetch this too (E4)."""
    token = token_of(text, Purpose.CONFIRMATION)
    wiring = current_wiring()
    with wiring.database.read() as session:
        told = confirming.look(session, wiring.keyring, wiring.points, token.digest, at=wiring.clock())
    return _answer(token, told, text)


@blueprint.post("/s/confirm/<text>")
@guarded_by("token")
def confirm(text: str) -> Response:
    """Make it count, durably, and only then say so (U3); pressed again it says what holds."""
    token = token_of(text, Purpose.CONFIRMATION)
    wiring = current_wiring()
    with wiring.database.write() as session:
        told = confirming.confirm(
            session, wiring.keyring, wiring.points, token.digest, evidence(_CONFIRM_VIA), at=wiring.clock()
        )
    return _answer(token, told, text)


def _form(brand: str) -> Form:
    with current_wiring().database.read() as session:
        form = signing_up.form_of(session, brand)
    show_brand(slug=form.brand.slug)
    return form


def _words(form: Form) -> Words:
    return signing_up.words_of(form, gettext, str(get_locale() or "en"))


def _page(
    form: Form,
    *,
    typed: str = "",
    ticked: Collection[str] = (),
    has_age: bool = False,
    wrong: Sequence[str] = (),
) -> str:
    told = {"typed": typed, "ticked": ticked, "has_age": has_age, "wrong": wrong}
    return render_template("recipient/sign_up.html", brand=form.brand, words=_words(form), **told)


def _read(typed: str) -> Point | None:
    try:
        return current_wiring().points.email(typed) if len(typed) <= _LONGEST and typed.isprintable() else None
    except BadAddress:
        return None


def _origin() -> str:
    """The site that the form stood on, as the browser tells it: part of where the yes was given (S9)."""
    told = request.headers.get("Origin", "")
    return told if told.startswith(("https://", "http://")) and len(told) <= _LONGEST_ORIGIN else ""


def _days() -> int:
    return confirming.VALID_FOR.days


def _answer(token: Token, told: Confirmed, text: str) -> Response:
    if told.outcome in _OVER:
        with current_wiring().database.read() as session:
            form = signing_up.form_by_code(session, token.brand_code)
        return make_response(render_template("recipient/confirm_over.html", told=told, form=form, days=_days()), 410)
    if told.outcome is Outcome.WAITS:
        return make_response(render_template("recipient/confirm.html", told=told, text=text))
    choices = preferences_path(Token(Purpose.PREFERENCES, Channel.EMAIL, told.digest, token.brand_code))
    return make_response(render_template("recipient/confirmed.html", told=told, preferences=choices))
