"""The NO SNAIL MAIL form: shown on the preference page and wherever it is included, and what is said of its slips."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from prefcenter.core.channels import Channel, Level
from prefcenter.services import postal_form, typed_letters
from prefcenter.services.postal_form import OLD, Filled, Wrong
from prefcenter.services.suppressing import Recorded
from prefcenter.store import mailings
from prefcenter.web.recipient import choice_words, stopping
from prefcenter.web.recipient.routes import evidence
from prefcenter.web.wired import current_wiring

_HINTS = {
    "name": "name",
    "address1": "address-line1",
    "address2": "address-line2",
    "city": "address-level2",
    "state": "address-level1",
    "zip": "postal-code",
    "country": "country-name",
}
"""By what a browser fills a field in."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the form, as it is shown."""

    name: str
    label: str
    value: str
    error: str
    autocomplete: str
    is_needed: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """The form as it is shown: empty, or with what was typed and what is wrong beside it."""

    fields: tuple[Field, ...]
    old_fields: tuple[Field, ...]
    is_household: bool
    has_errors: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a form that was in order.

    Args:
        changes: a sentence for each address.
        recorded: its entries.
        last_expected: when the last printed piece should have come (P3), whoever is on it; None where none is out.
    """

    changes: tuple[str, ...]
    recorded: tuple[Recorded, ...]
    last_expected: datetime | None


def shown(filled: Filled | None = None) -> Shown:
    """Make the form ready to be shown by ``recipient/_post_form.html``, under the name ``postal``."""
    values = {} if filled is None else filled.values
    wrong = {} if filled is None else filled.wrong
    return Shown(
        tuple(_field(name, "", values, wrong) for name in postal_form.FIELDS),
        tuple(_field(name, OLD, values, wrong) for name in postal_form.FIELDS if name != "name"),
        filled is not None and filled.level is Level.HOUSEHOLD,
        bool(wrong),
    )


def _field(name: str, prefix: str, values: Mapping[str, str], wrong: Mapping[str, Wrong]) -> Field:
    slip = wrong.get(prefix + name)
    autocomplete = "off" if prefix else _HINTS[name]
    is_needed = not prefix and name in ("address1", "city")
    label = str(choice_words.POST_FIELDS[name])
    return Field(prefix + name, label, values.get(prefix + name, ""), _said(name, slip), autocomplete, is_needed)


def _said(name: str, slip: Wrong | None) -> str:
    match slip:
        case None:
            return ""
        case Wrong.MISSING:
            return str(choice_words.POST_MISSING[name])
        case Wrong.TOO_LONG:
            return str(gettext("This is too long: at most %(count)s characters.", count=postal_form.LONGEST))
        case _:
            return str(gettext("We cannot read this as part of a postal address."))


@dataclass(frozen=True, slots=True)
class Kept:
    """A form that was in order and waits for the worker (X4); ``place`` is the address as far as it may be shown."""

    place: str


def take(fields: MultiDict[str, str], via: str) -> Taken | Shown:
    """Record what was filled in, durably, or say what is wrong with it; for any view.

    Args:
        fields: what was posted.
        via: the way, for the ledger.
    """
    taken = take_or_keep(fields, via, at_once=True)
    if isinstance(taken, Kept):
        raise TypeError("What is taken at once is not kept.")
    return taken


def take_or_keep(fields: MultiDict[str, str], via: str, *, at_once: bool) -> Taken | Kept | Shown:
    """As :func:`take`; with ``at_once`` false it is kept durably for the worker instead of recorded."""
    wiring = current_wiring()
    filled = postal_form.read(wiring.points, fields)
    if filled.wrong:
        return shown(filled)
    at = wiring.clock()
    if not at_once:
        with wiring.database.write() as session:
            typed_letters.keep(session, filled, evidence(via), at=at)
        return Kept(stopping.address(Channel.POST, filled.points[0].masked))
    with wiring.database.write() as session:
        recorded = postal_form.record(session, wiring.points, filled, evidence(via), at=at)
        expected = [mailings.last_expected(mailing) for mailing in mailings.in_flight(session, at)]
    changes = tuple(_sentence(filled, point.masked) for point in filled.points)
    return Taken(changes, tuple(recorded), max(expected, default=None))


def _sentence(filled: Filled, masked: str | None) -> str:
    place = stopping.address(Channel.POST, masked)
    if filled.level is Level.HOUSEHOLD:
        return str(gettext("No more advertising mail by post to anybody at the address of %(address)s", address=place))
    return str(gettext("No more advertising mail by post to %(address)s", address=place))
