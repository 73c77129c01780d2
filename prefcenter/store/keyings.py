"""In which form each postal entry of the list was last keyed, so that it can be keyed anew when the form changes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import ForeignKey, Row, Select, String, and_, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from prefcenter.core.channels import Channel
from prefcenter.store.base import Base
from prefcenter.store.dialects import insert_in, name_of
from prefcenter.store.suppressions import Suppression, SuppressionAddress


class SuppressionKeying(Base):
    """The newest form and pepper that a postal entry has keys of; one without a row was keyed before this was noted."""

    __tablename__ = "suppression_keyings"

    suppression_id: Mapped[int] = mapped_column(ForeignKey("suppressions.id"), primary_key=True, autoincrement=False)
    form: Mapped[str] = mapped_column(String(16))
    pepper_id: Mapped[str] = mapped_column(String(16))


def note(session: Session, suppression_ids: Sequence[int], form: str, pepper_id: str) -> None:
    """Note that entries have the keys of a form and pepper now."""
    rows = [{"suppression_id": number, "form": form, "pepper_id": pepper_id} for number in suppression_ids]
    if rows:
        session.execute(_upsert(name_of(session)), rows)


@cache
def _upsert(dialect: str) -> Any:
    new = insert_in(dialect, SuppressionKeying)
    return new.on_conflict_do_update(
        index_elements=["suppression_id"], set_={"form": new.excluded.form, "pepper_id": new.excluded.pepper_id}
    )


def outdated(
    session: Session, form: str, pepper_id: str, *, after: int, limit: int, every: bool = False
) -> Sequence[Row[Any]]:
    """Readable postal entries in force that have not the keys of this form and pepper, by ascending id.

    Args:
        session: reads only.
        form: the form that they should have.
        pepper_id: the pepper.
        after: the last id that was seen.
        limit: at most so many.
        every: all of them, whatever they have.

    Returns:
        Rows of ``id``, ``level`` and ``given``.
    """
    query = _readable(Suppression.id, Suppression.level, SuppressionAddress.given)
    if not every:
        query = query.where(
            or_(
                SuppressionKeying.form.is_(None),
                SuppressionKeying.form != form,
                SuppressionKeying.pepper_id != pepper_id,
            )
        )
    return session.execute(query.where(Suppression.id > after).order_by(Suppression.id).limit(limit)).all()


def count_of_other_forms(session: Session, form: str) -> int:
    """How many readable postal entries in force have not the keys of this form."""
    keyed = select(SuppressionKeying.suppression_id).where(SuppressionKeying.form == form)
    # Asked before each mailing, and nearly always none: two lists of numbers are held against each other at once.
    others = select(SuppressionAddress.suppression_id).except_(keyed)
    query = select(func.count()).where(
        Suppression.id.in_(others), Suppression.channel == Channel.POST.value, Suppression.ended_at.is_(None)
    )
    return session.scalar(query) or 0


def count_erased(session: Session) -> int:
    """How many postal entries in force have no readable address: their keys stay as they are, for ever."""
    query = (
        select(func.count())
        .select_from(Suppression)
        .outerjoin(SuppressionAddress, SuppressionAddress.suppression_id == Suppression.id)
        .where(
            Suppression.channel == Channel.POST.value,
            Suppression.ended_at.is_(None),
            SuppressionAddress.suppression_id.is_(None),
        )
    )
    return session.scalar(query) or 0


def _readable(*what: Any) -> Select[Any]:
    return (
        select(*what)
        .select_from(Suppression)
        .join(SuppressionAddress, SuppressionAddress.suppression_id == Suppression.id)
        .outerjoin(SuppressionKeying, SuppressionKeying.suppression_id == Suppression.id)
        .where(and_(Suppression.channel == Channel.POST.value, Suppression.ended_at.is_(None)))
    )
