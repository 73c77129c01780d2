"""Finding the mailing that somebody speaks of, and saying what stands in the way of following it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, MessageClass
from prefcenter.core.errors import NotFound, PrefcenterError
from prefcenter.services import deciding
from prefcenter.store import mailings
from prefcenter.store.mailings import Mailing, MailingState

OUT = (MailingState.PREPARED, MailingState.DROPPED)
"""The states of what has left the house, or may."""


@dataclass(frozen=True, slots=True)
class Followed:
    """One version of a mailing, and what its reader should know of it.

    Args:
        row: the version.
        newer: a newer one that is out as well, or None: it took this one's place.
        waiting: a newer one that is not out, such as one that is held, or None.
    """

    row: Mailing
    newer: Mailing | None
    waiting: Mailing | None

    def remarks(self, at: datetime) -> Iterator[str]:
        """What a person should know, as sentences: other versions, and how late it is."""
        row = self.row
        if self.newer is not None:
            yield f"Version {self.newer.version} took the place of this version {row.version}."
        if self.waiting is not None:
            yield f"Version {self.waiting.version} is {self.waiting.state}; this is version {row.version}."
        if row.dropped_at is not None:
            yield (
                f"It was posted on {_day(row.dropped_at)}: what is told now counts as in flight, and may arrive until"
                f" {_day(mailings.last_expected(row))}."
            )
        elif row.cutoff_at is not None and at > row.cutoff_at:
            yield (
                f"The cut-off was {_minute(row.cutoff_at)}: what the mail house cannot take out any more is in flight,"
                f" and may arrive until {_day(mailings.last_expected(row))}."
            )


def follow(session: Session, name: str, version: int | None = None) -> Followed:
    """The version of a mailing that is meant: the one named, else the newest that is out, else the newest at all.

    Raises:
        NotFound: there is no such mailing, or no such version.
    """
    rows = mailings.all_versions(session, name)
    if not rows:
        raise NotFound(f"There is no mailing “{name}”.", remedy="`prefcenter mailing list` shows them.")
    if version is not None:
        row = next((row for row in rows if row.version == version), None)
        if row is None:
            raise NotFound(
                f"“{name}” has no version {version}.", remedy=f"It has {', '.join(str(row.version) for row in rows)}."
            )
    else:
        row = next((row for row in rows if row.state in OUT), rows[0])
    later = [other for other in rows if other.version > row.version]
    ended = (MailingState.FAILED, MailingState.WITHDRAWN)
    return Followed(
        row,
        newer=next((other for other in later if other.state in OUT), None),
        waiting=next((other for other in later if other.state not in (*OUT, *ended)), None),
    )


def superseded(rows: Sequence[Mailing]) -> dict[int, int]:
    """For each version that a newer one took the place of, by its id, the number of that one.

    A version that was posted, withdrawn or failed is what it is, whatever came later.

    Args:
        rows: all versions of some mailings.
    """
    newest: dict[str, int] = {}
    for row in rows:
        if row.state in OUT:
            newest[row.name] = max(row.version, newest.get(row.name, 0))
    open_states = (MailingState.PREPARED, MailingState.HELD)
    return {
        row.id: newest[row.name] for row in rows if row.state in open_states and row.version < newest.get(row.name, 0)
    }


def require_out(row: Mailing) -> None:
    """Refuse what has not left the house, and never will.

    Raises:
        PrefcenterError: says how the mailing stands, and what to do.
    """
    if row.state in OUT:
        return
    told = f"“{row.name}”, version {row.version}, "
    match row.state:
        case MailingState.HELD:
            raise PrefcenterError(
                f"{told}is held: nothing of it may leave the house. {row.held_because}".rstrip(),
                remedy=f"An approver looks at it: `prefcenter mailing release {shlex.quote(row.name)} --as USER`.",
            )
        case MailingState.PREPARING:
            raise PrefcenterError(f"{told}is still being prepared.", remedy="Wait for its scrub to end.")
        case MailingState.WITHDRAWN:
            raise PrefcenterError(f"{told}was withdrawn: it is not posted.")
        case _:
            raise PrefcenterError(f"{told}has failed: its files never came into place.", remedy="Scrub the file again.")


def rows_folder(row: Mailing, base: Path) -> Path:
    """Where the kept rows of a mailing lie.

    Raises:
        PrefcenterError: none are kept, or not any more.
    """
    told = f"“{row.name}”, version {row.version}"
    if row.rows_erased_at is not None:
        raise PrefcenterError(f"The kept rows of {told} were erased on {_day(row.rows_erased_at)}.")
    if row.rows_folder is None:
        raise PrefcenterError(f"No rows of {told} were kept: it is older than the keeping of rows.")
    return base / row.rows_folder


def question_of(session: Session, row: Mailing) -> deciding.Question:
    """What the list was asked when a mailing was prepared; it is asked the same again.

    Raises:
        UnknownType: its message type or brand is not there any more.
    """
    if row.message_type is not None:
        return deciding.question_about_type(session, row.message_type)
    return deciding.question_about_class(session, MessageClass.MARKETING, brand=row.brand)


def channel_of(row: Mailing) -> Channel:
    """The channel that a mailing goes by."""
    return Channel(row.channel)


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
