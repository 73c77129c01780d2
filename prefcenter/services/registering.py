"""What every registration does alike: its slug and words are checked, it happens once, and the ledger tells it.

Nothing here commits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from prefcenter.core.errors import BadInput
from prefcenter.services.errors import AlreadyThere
from prefcenter.services.ports import Evidence
from prefcenter.store import ledger
from prefcenter.store.registry import Brand, MessageType, Topic

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?", re.ASCII)


def check_slug(slug: str) -> None:
    """Refuse what cannot stand in addresses, files and commands.

    Raises:
        BadInput: it is no slug.
    """
    if not _SLUG.fullmatch(slug):
        raise BadInput(
            f"“{slug[:80]}” cannot be a slug.",
            remedy="Use up to 64 lower-case letters a-z, digits and hyphens, such as spring-offers.",
        )


def name_from(slug: str) -> str:
    """Make a readable name where none was given.

    >>> name_from("spring-offers")
    'Spring offers'
    """
    return slug.replace("-", " ").capitalize()


def one_line(text: str, what: str, most: int, *, is_needed: bool = True) -> str:
    """Give a line without superfluous space.

    Raises:
        BadInput: it is empty and needed, too long, or holds what cannot be shown.
    """
    line = " ".join(text.split())
    if is_needed and not line:
        raise BadInput(f"The {what} is empty.")
    if len(line) > most or not line.isprintable():
        raise BadInput(f"The {what} is longer than {most} characters, or holds some that cannot be shown.")
    return line


def few_lines(text: str, what: str, most: int = 2_000) -> str:
    """Give a text of several lines, each without superfluous space.

    Raises:
        BadInput: it is too long, or holds what cannot be shown.
    """
    lines: Sequence[str] = [" ".join(line.split()) for line in text.strip().splitlines()]
    if len(text) > most or not all(line.isprintable() for line in lines):
        raise BadInput(f"The {what} is longer than {most} characters, or holds some that cannot be shown.")
    return "\n".join(lines)


def insert_once(session: Session, row: Brand | Topic | MessageType, taken: str, remedy: str = "") -> None:
    """Insert a row; the unique index says whether it was there.

    Raises:
        AlreadyThere: it was.
    """
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError as error:
        raise AlreadyThere(taken, remedy=remedy) from error


def tell(session: Session, kind: str, facts: Mapping[str, object], evidence: Evidence, at: datetime) -> None:
    """Tell the ledger who registered or changed what, and why."""
    told = {**facts, **evidence.facts}
    ledger.append(session, kind, at=at, actor=evidence.actor, facts=told, personal=evidence.personal)
