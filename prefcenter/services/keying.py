"""In which form the postal entries of the list are keyed, and whether some should be keyed anew."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel
from prefcenter.core.postal import versions
from prefcenter.services.points import Point
from prefcenter.store import fingerprints, keyings


def note_forms(session: Session, made: Sequence[tuple[int, Point]], at: datetime) -> None:
    """Note in which form postal entries are keyed; within the caller's transaction.

    Args:
        session: writes.
        made: entries, each with the point whose keys it has now.
        at: when.
    """
    postal = [(number, point.pepper_id) for number, point in made if point.channel is Channel.POST]
    if not postal:
        return
    form = versions.current()
    fingerprints.remember(session, fingerprints.POSTAL_FORM, [form], at)
    # What came in a token is known by its digest alone: nobody can ever key it anew.
    for pepper in {pepper for _, pepper in postal if pepper is not None}:
        keyings.note(session, [number for number, its in postal if its == pepper], form, pepper)


def outdated_warning(session: Session) -> str | None:
    """A sentence for operators where readable postal entries are not keyed in today's form; else None.

    They are found all the same, as the form finds them that they were keyed in.
    """
    count = keyings.count_of_other_forms(session, versions.current())
    if not count:
        return None
    what = "entry is" if count == 1 else "entries are"
    return f"{count:,} postal {what} keyed in an earlier form. Run `prefcenter suppress rekey`."
