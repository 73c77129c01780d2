"""One mailing as a person follows it: its versions, what went to and fro, and what is to be done next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from prefcenter.core.errors import NotFound
from prefcenter.services.following import OUT, follow
from prefcenter.services.guarding import SURVIVED, is_blocked
from prefcenter.services.mailing_ends import keep_until
from prefcenter.services.receipts import agrees, waiting
from prefcenter.store import mailing_pulls, mailings
from prefcenter.store.mailing_pulls import MailingLoad, MailingPull, MailingReceipt
from prefcenter.store.mailings import Mailing, MailingState


@dataclass(frozen=True, slots=True)
class VersionPage:
    """One version of a mailing.

    Args:
        row: its record.
        is_current: whether it is the one that is out, or would be next.
        last_expected: when the last piece can be expected to have arrived; None for what is not posted.
        rows_until: until when its rows are kept; None where none are.
        loads: the files that came back.
        pulls: the pulls, each with what the mail house said to it.
        next_steps: what is to be done, as sentences.
    """

    row: Mailing
    is_current: bool
    last_expected: datetime | None
    rows_until: datetime | None
    loads: Sequence[MailingLoad]
    pulls: Sequence[tuple[MailingPull, Sequence[MailingReceipt]]]
    next_steps: tuple[str, ...]

    @property
    def counts(self) -> Mapping[str, Any]:
        """The figures of its scrub."""
        counts: Mapping[str, Any] = self.row.manifest.get("counts", {})
        return counts

    @property
    def pulled(self) -> int:
        """How many rows were told to the mail house so far."""
        return sum(pull.rows for pull, _ in self.pulls)

    @property
    def has_survivors(self) -> bool:
        """Whether a canary survived (P13)."""
        return SURVIVED in self.row.held_because

    @property
    def asked_in_vain(self) -> datetime | None:
        """When it was last asked and nothing was to be pulled; None where the last asking made a pull, or none was."""
        asked = self.row.asked_at
        return None if asked is None or any(pull.at >= asked for pull, _ in self.pulls) else asked

    def as_dict(self) -> dict[str, Any]:
        """The same as programs read it: the record and its manifest, with all that followed."""
        return mailings.as_dict(self.row) | {
            "held_because": self.row.held_because or None,
            "last_expected": self.last_expected,
            "row_id": self.row.row_id,
            "rows_kept_until": self.rows_until,
            "rows_erased_at": self.row.rows_erased_at,
            "pulled": self.pulled,
            "asked_at": self.row.asked_at,
            "asked_position": self.row.asked_position,
            "loads": [
                {"load": load.number, "at": load.at, "by": load.actor, "file": load.file_name, "sha256": load.sha256}
                | load.counts
                for load in self.loads
            ],
            "pulls": [_pull(pull, receipts) for pull, receipts in self.pulls],
            "next_steps": list(self.next_steps),
        }


def _pull(pull: MailingPull, receipts: Sequence[MailingReceipt]) -> dict[str, Any]:
    return {
        "pull": pull.number,
        "at": pull.at,
        "by": pull.actor,
        "new": pull.rows,
        "told": pull.told,
        "ledger_position": pull.ledger_position,
        "file": pull.file_name,
        "sha256": pull.sha256,
        "receipts": [
            {
                "at": receipt.at,
                "by": receipt.received_from,
                "received": receipt.received,
                "missing": receipt.missing,
                "agrees": agrees(pull, receipt),
            }
            for receipt in receipts
        ],
    }


def mailing_page(session: Session, name: str, keep_for: timedelta, *, at: datetime) -> list[VersionPage]:
    """Every version of a mailing, the newest first.

    Raises:
        NotFound: there is no such mailing.
    """
    rows = mailings.all_versions(session, name)
    if not rows:
        raise NotFound(f"There is no mailing “{name}”.", remedy="`prefcenter mailing list` shows them.")
    current = follow(session, name).row.id
    return [_version(session, row, keep_for, at, is_current=row.id == current) for row in rows]


def _version(session: Session, row: Mailing, keep_for: timedelta, at: datetime, *, is_current: bool) -> VersionPage:
    pulls = mailing_pulls.pulls_of(session, row.id)
    receipts = mailing_pulls.receipts_of(session, [pull.id for pull in pulls])
    told = [(pull, [one for one in receipts if one.pull_id == pull.id]) for pull in pulls]
    is_kept = row.rows_folder is not None and row.rows_erased_at is None
    waits = row.state == MailingState.HELD or is_current
    return VersionPage(
        row=row,
        is_current=is_current,
        last_expected=mailings.last_expected(row) if row.state in OUT and is_current else None,
        rows_until=keep_until(row, keep_for) if is_kept else None,
        loads=mailing_pulls.loads_of(session, row.id),
        pulls=told,
        next_steps=tuple(_next_steps(row, told, at)) if waits else (),
    )


def _next_steps(
    row: Mailing, pulls: Sequence[tuple[MailingPull, Sequence[MailingReceipt]]], at: datetime
) -> Iterator[str]:
    name = shlex.quote(row.name)
    match row.state:
        case MailingState.HELD:
            if is_blocked(row.held_because):
                yield "It is held, and nobody may release it. Put right why a canary survived, and scrub it again."
            else:
                yield f"It is held. An approver looks at it: prefcenter mailing release {name} --as USER"
        case MailingState.PREPARING:
            yield "Its scrub is at work; if that was killed, the worker settles it within a minute."
        case MailingState.PREPARED:
            yield from _before_the_drop(row, name, at)
        case _:
            pass
    for pull in waiting([pull for pull, _ in pulls], [receipt for _, receipts in pulls for receipt in receipts]):
        said = any(receipts for told, receipts in pulls if told is pull)
        how = "the mail house's receipt does not agree" if said else "the mail house has not acknowledged it"
        yield f"Pull {pull.number}: {how}: prefcenter mailing receipt {name} --pull {pull.number} --received N"
    if row.state == MailingState.DROPPED and mailings.last_expected(row) > at:
        yield f"It is in flight until {mailings.last_expected(row):%Y-%m-%d}; late opt-outs cannot stop it any more."


def _before_the_drop(row: Mailing, name: str, at: datetime) -> Iterator[str]:
    is_stale = at > row.stale_after
    if is_stale and row.drop_at is not None and row.drop_at > at:
        yield f"Its file went stale on {row.stale_after:%Y-%m-%d}: pull before it is printed, or scrub it again."
    if row.cutoff_at is None or at <= row.cutoff_at:
        until = f" until the cut-off, {row.cutoff_at:%Y-%m-%d %H:%M} UTC" if row.cutoff_at is not None else ""
        yield f"Tell the mail house late opt-outs{until}: prefcenter mailing pull {name} --out FILE"
    if row.drop_at is not None and at < row.drop_at:
        yield f"When it has been posted ({row.drop_at:%Y-%m-%d} is planned): prefcenter mailing drop {name}"
    else:
        due = f" It was to be posted on {row.drop_at:%Y-%m-%d}." if row.drop_at is not None else ""
        yield f"When it has been posted: prefcenter mailing drop {name}.{due}"
