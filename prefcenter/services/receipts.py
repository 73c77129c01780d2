"""What the mail house says that it received of a pull: it is compared with what was told, and recorded (P12)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from prefcenter.core.errors import BadInput, PrefcenterError
from prefcenter.files.formats import open_table
from prefcenter.scrub.kept import PLACE
from prefcenter.services.following import follow, rows_folder
from prefcenter.services.mailing_rows import told_rows
from prefcenter.services.ports import Evidence
from prefcenter.store import ledger, mailing_pulls
from prefcenter.store.mailing_pulls import MailingPull, MailingReceipt
from prefcenter.store.mailings import Mailing


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What a mail house acknowledges.

    Args:
        received: how many rows.
        received_from: who says so.
        sha256: the hash of the file that it sent, or None where it only named a number.
        ids: the ids in that file, or None where it has none.
    """

    received: int
    received_from: str
    sha256: str | None = None
    ids: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A receipt on record, beside what it is about."""

    mailing: Mailing
    pull: MailingPull
    receipt: MailingReceipt

    @property
    def agrees(self) -> bool:
        """Whether the mail house has exactly what it was told."""
        return agrees(self.pull, self.receipt)


def record_receipt(
    session: Session,
    base: Path,
    name: str,
    acknowledged: Acknowledged,
    evidence: Evidence,
    *,
    at: datetime,
    pull: int | None = None,
    version: int | None = None,
) -> Recorded:
    """Record what the mail house says that it received of a pull; a number that differs is recorded as it is.

    Args:
        session: writes.
        base: where the kept rows of all mailings lie, by which ids are compared.
        name: the mailing.
        acknowledged: what the mail house says.
        evidence: who records it.
        at: now.
        pull: which pull, or None where only one waits for a receipt.
        version: which version, or None for the newest that is out.

    Raises:
        NotFound: there is no such mailing.
        BadInput: there is no such pull, or several wait for a receipt.
    """
    row = follow(session, name, version).row
    meant = _meant(session, row, pull)
    receipt = MailingReceipt(
        pull_id=meant.id,
        at=at,
        actor=evidence.actor,
        received_from=acknowledged.received_from,
        received=acknowledged.received,
        missing=_missing(session, base, row, meant, acknowledged),
        sha256=acknowledged.sha256,
    )
    session.add(receipt)
    facts = {
        "mailing": row.name,
        "version": row.version,
        "pull": meant.number,
        "told": meant.told,
        "received": acknowledged.received,
        "missing": receipt.missing,
    }
    personal = {"received_from": acknowledged.received_from, **evidence.personal}
    ledger.append(session, "mailing_receipt", at=at, actor=evidence.actor, facts=facts, personal=personal)
    session.commit()
    return Recorded(row, meant, receipt)


def unacknowledged(session: Session, row: Mailing) -> list[MailingPull]:
    """The pulls that told something new which the mail house has not acknowledged yet, the oldest first."""
    pulls = mailing_pulls.pulls_of(session, row.id)
    return waiting(pulls, mailing_pulls.receipts_of(session, [pull.id for pull in pulls]))


def waiting(pulls: Sequence[MailingPull], receipts: Sequence[MailingReceipt]) -> list[MailingPull]:
    """The same of pulls and receipts at hand. Who has a pull that told all so far again has those before it."""
    by_id = {pull.id: pull for pull in pulls}
    good = [by_id[receipt.pull_id] for receipt in receipts if agrees(by_id[receipt.pull_id], receipt)]
    settled = {pull.number for pull in good}
    everything = max((pull.number for pull in good if pull.told > pull.rows), default=0)
    return [pull for pull in pulls if pull.rows and pull.number not in settled and pull.number > everything]


def _meant(session: Session, row: Mailing, number: int | None) -> MailingPull:
    pulls = mailing_pulls.pulls_of(session, row.id)
    told = f"“{row.name}”, version {row.version},"
    if not pulls:
        raise BadInput(f"Nothing was pulled from {told} so far.", remedy=f"`prefcenter mailing pull {row.name}` does.")
    if number is not None:
        found = next((pull for pull in pulls if pull.number == number), None)
        if found is None:
            raise BadInput(f"{told} has no pull {number}.", remedy=f"The last one is {pulls[-1].number}.")
        return found
    waiting = unacknowledged(session, row)
    if len(waiting) > 1:
        raise BadInput(
            f"The pulls {', '.join(str(pull.number) for pull in waiting)} of {told} wait for a receipt.",
            remedy="Say which one with --pull.",
        )
    if not waiting:
        raise PrefcenterError(
            f"Every pull of {told} is acknowledged.", remedy="Say with --pull which one the receipt is about."
        )
    return waiting[0]


def agrees(pull: MailingPull, receipt: MailingReceipt) -> bool:
    """Whether the mail house has exactly what it was told, as far as it says."""
    return receipt.missing == 0 and receipt.received == pull.told


def _missing(session: Session, base: Path, row: Mailing, pull: MailingPull, acknowledged: Acknowledged) -> int:
    """How many of the rows that were told are not with the mail house, as far as it says."""
    short = max(pull.told - acknowledged.received, 0)
    if acknowledged.ids is None or row.row_id is None or row.rows_erased_at is not None:
        return short
    folder = rows_folder(row, base)
    told = told_rows(folder, mailing_pulls.pulled_rows(session, row.id, of=pull), ())
    if pull.told == pull.rows:
        # An id of several rows is told once, whichever of them is late first.
        before = told_rows(folder, mailing_pulls.pulled_rows(session, row.id, before=pull), ())
        told = told.join(before, on=[name for name in told.columns if name != PLACE], how="anti")
    return max(short, len(set(told[row.row_id]) - acknowledged.ids))


def read_receipt(path: Path, received_from: str, row_id: str | None) -> Acknowledged:
    """Take a file of the mail house's as its receipt: the rows in it, and their ids where it has that column.

    Raises:
        BadInput: it cannot be read as a table, or a row of it cannot.
    """
    table = open_table(path)
    has_ids = row_id is not None and row_id in table.columns.names
    ids: set[str] = set()
    rows = 0
    for block in table.blocks():
        if block.bad:
            raise BadInput(f"{path.name}: row {block.bad[0].row_number} {block.bad[0].problem}.", remedy="Mend it.")
        rows += len(block.row_numbers)
        if row_id is not None and has_ids:
            ids |= set(block.frame[row_id].str.strip_chars())
    return Acknowledged(rows, received_from, table.facts().sha256, frozenset(ids) if has_ids else None)
