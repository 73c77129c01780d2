"""The postal opt-out as a form: the same as a NO SNAIL MAIL mail, with nothing left to guess (P1, P2, P4).

Whoever fills it in need not be a customer, and is asked for no proof (G1, E19).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from prefcenter.core.channels import Level, Reason, Scope, Source
from prefcenter.core.errors import BadAddress
from prefcenter.core.postal.address import PostalAddress
from prefcenter.services import optouts
from prefcenter.services.points import Point, Points
from prefcenter.services.ports import Evidence
from prefcenter.services.suppressing import OptOut, Recorded

FIELDS = ("name", "address1", "address2", "city", "state", "zip", "country")
"""The fields of one address, as the form names them; the old one's begin with ``old_``."""

OLD = "old_"
LONGEST = 120
"""Characters that a field may have."""

_NEEDED = ("address1", "city", "state", "zip")


class Wrong(StrEnum):
    """What is wrong with a field."""

    MISSING = "missing"
    TOO_LONG = "too_long"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Filled:
    """What came of reading a form.

    Args:
        values: what was typed, by field; nothing of it is lost.
        level: the person alone, or everybody at the address.
        points: what it names: the address, and the old one where it was given; empty where something is wrong.
        wrong: what is wrong, by field.
    """

    values: Mapping[str, str]
    level: Level
    points: tuple[Point, ...] = ()
    wrong: Mapping[str, Wrong] = field(default_factory=dict)


def read(points: Points, typed: Mapping[str, str]) -> Filled:
    """Read the form's fields: those of :data:`FIELDS`, again with ``old_`` before them, and ``whom``.

    ``whom`` is ``everyone`` for all who live at the address; anything else is the person alone, so that nobody else's
    mail is stopped by a slip (P15).
    """
    names = [*FIELDS, *(OLD + name for name in FIELDS if name != "name")]
    values = {name: " ".join(typed.get(name, "").split())[: LONGEST * 4] for name in names}
    level = Level.HOUSEHOLD if typed.get("whom") == "everyone" else Level.INDIVIDUAL
    has_old = any(values[name] for name in names if name.startswith(OLD) and name != OLD + "country")
    wrong = _missing(values, level, has_old=has_old)
    wrong |= {name: Wrong.TOO_LONG for name, value in values.items() if len(value) > LONGEST}
    if wrong:
        return Filled(values, level, wrong=wrong)
    made: list[Point] = []
    for prefix in ("", OLD) if has_old else ("",):
        try:
            made.append(points.post(_address(values, prefix), level))
        except BadAddress as error:
            wrong[prefix + (error.field if error.field in FIELDS else "address1")] = Wrong.UNREADABLE
    return Filled(values, level, wrong=wrong) if wrong else Filled(values, level, tuple(made))


def _missing(values: Mapping[str, str], level: Level, *, has_old: bool) -> dict[str, Wrong]:
    needed = [name for name in _NEEDED if name not in ("state", "zip") or _is_domestic(values["country"])]
    needed += ["name"] if level is Level.INDIVIDUAL else []
    if has_old:
        domestic = _is_domestic(values[OLD + "country"])
        needed += [OLD + name for name in _NEEDED if name not in ("state", "zip") or domestic]
    return {name: Wrong.MISSING for name in needed if not values[name]}


def _is_domestic(country: str) -> bool:
    return country.strip().upper().replace(".", "") in ("", "US", "USA", "UNITED STATES", "UNITED STATES OF AMERICA")


def _address(values: Mapping[str, str], prefix: str) -> PostalAddress:
    parts = {name: values[prefix + name] for name in FIELDS if name != "name"}
    return PostalAddress(name=values["name"], **parts)


def record(session: Session, points: Points, filled: Filled, evidence: Evidence, *, at: datetime) -> list[Recorded]:
    """Put what the form names on the list, for all brands, at once; commits (P4).

    Returns:
        What came of each address, the present one first.
    """
    recorded = take(session, points, filled, evidence, at=at)
    session.commit()
    return recorded


def take(
    session: Session, points: Points, filled: Filled, evidence: Evidence, *, at: datetime, since: datetime | None = None
) -> list[Recorded]:
    """As :func:`record`, within the caller's transaction; ``since`` tells when it was asked, if that was before."""
    opt_out = OptOut(Reason.OPT_OUT, Scope.everything(), Source.PREFERENCE_PAGE, since=since)
    # Of a household the name says who asked, and not whom it covers: it is kept as it was given (P8).
    asked = [(replace(point, level=filled.level), opt_out) for point in filled.points]
    return optouts.take_many(session, points, asked, evidence, at=at)
