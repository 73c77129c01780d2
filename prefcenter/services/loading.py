"""The file that comes back from address hygiene, reordered and respelt, as a mailing's newer rows (P8).

Its rows are joined with the kept ones by the file's own id, whatever their order. Nothing is replaced: from then on a
row is judged on its old *and* its new address, since a suppression stays where it was given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from prefcenter.core.errors import BadInput
from prefcenter.files.formats import open_table
from prefcenter.files.layouts import read_layout
from prefcenter.files.tables import Table
from prefcenter.scrub.kept import PLACE, KeptFacts, KeptRows, kept_facts, read_facts, refused
from prefcenter.scrub.run import Progress
from prefcenter.services import kept_folders
from prefcenter.services.following import channel_of, follow, require_out, rows_folder
from prefcenter.services.joining import Ids, Joined, ids_of
from prefcenter.services.ports import Clock, Evidence, Keyring
from prefcenter.services.pulling import list_now
from prefcenter.services.sealing import LedgerKeys
from prefcenter.store import ledger, mailing_pulls
from prefcenter.store.engine import Database
from prefcenter.store.mailing_pulls import MailingLoad
from prefcenter.store.mailings import Mailing


@dataclass(frozen=True, slots=True)
class Returned:
    """The file that came back, and how to read it.

    Args:
        file: the file.
        row_id: its column with the ids of the mailing's file, or None for the one of the same name.
        mapping: the column of a role, where its name does not tell it.
        layout: where its columns stand, or None where it is not of fixed width.
        of: the input that it came of, where inputs of the mailing have the same ids.
    """

    file: Path
    row_id: str | None = None
    mapping: Mapping[str, str] | None = None
    layout: Path | None = None
    of: str | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came back.

    Args:
        mailing: the version of the mailing.
        number: which load of it this is.
        rows: the rows of the file.
        matched: the kept rows that have a newer address now.
        unknown: ids that no kept row has: seeds, or rows that never went through the list.
        missing: kept rows that did not come back.
        repeated: ids that came back more than once; each of their addresses counts.
        blank: rows without an id.
        unreadable: rows that cannot be read.
        refused: rows that would be refused on their new address, and were not told to the mail house yet.
        seeds: how many seeds the clean file had.
        remarks: what a person should know, as sentences.
    """

    mailing: Mailing
    number: int
    rows: int
    matched: int
    unknown: Ids
    missing: Ids
    repeated: Ids
    blank: int
    unreadable: int
    refused: int
    seeds: int
    remarks: tuple[str, ...]

    @property
    def counts(self) -> dict[str, int]:
        """The figures alone: no ids."""
        return {
            "rows": self.rows,
            "matched": self.matched,
            "unknown": self.unknown.count,
            "missing": self.missing.count,
            "repeated": self.repeated.count,
            "blank": self.blank,
            "unreadable": self.unreadable,
            "refused": self.refused,
        }


def load(
    database: Database,
    keyring: Keyring,
    ledger_keys: LedgerKeys,
    base: Path,
    name: str,
    returned: Returned,
    evidence: Evidence,
    *,
    clock: Clock,
    version: int | None = None,
    index_in: Path | None = None,
    progress: Progress | None = None,
) -> Loaded:
    """Take the file that came back as the newer rows of a mailing, and tell what became of its rows.

    Args:
        database: the list, and the mailing's record.
        keyring: the keys, checked first (X12).
        ledger_keys: they seal the ledger.
        base: where the kept rows of all mailings lie.
        name: the mailing.
        returned: the file, and how to read it.
        evidence: who asks.
        clock: tells the time.
        version: which version, or None for the newest that is out.
        index_in: where the list is kept as it was read.
        progress: told after each block; it may stop the load by what it raises.

    Raises:
        NotFound: there is no such mailing.
        BadInput: the mailing has no ids, the file cannot be read, or none of its ids is known.
        PrefcenterError: the mailing is held, withdrawn or failed, or its rows are not kept any more.
        Unavailable: somebody else is at work on it.
    """
    at = clock()
    with database.read() as session:
        followed = follow(session, name, version)
    row = followed.row
    require_out(row)
    folder = rows_folder(row, base)
    table, row_id = _open(row, returned)
    with kept_folders.locked(folder):
        _, index = list_now(database, keyring, ledger_keys, row, folder, index_in, at=at)
        with database.read() as session:
            number = mailing_pulls.next_load(session, row.id)
            told = mailing_pulls.pulled_places(session, row.id)
        joined = Joined(ids_of(folder, returned.of), row_id)
        path = folder / f"loaded-{number}.parquet"
        with _new_file(path, _facts(table, row, row_id, folder)) as kept:
            late: set[int] = set()
            for block in table.blocks():
                late.update(refused(kept.put(joined.take(block)), kept.facts, index)[PLACE])
                if progress is not None:
                    progress(block.bytes_done, table.size, joined.rows)
            _refuse_stranger(table.path, joined, row)
            kept.close()
        loaded = _loaded(row, number, joined, len(late - told), tuple(followed.remarks(at)))
        _note(database, loaded, table, evidence, at=at)
    return loaded


def _open(row: Mailing, returned: Returned) -> tuple[Table, str]:
    """The file that came back, and the column by which its rows are known."""
    if row.row_id is None:
        raise BadInput(
            f"“{row.name}”, version {row.version}, was scrubbed without --id: nothing tells its rows apart.",
            remedy="Scrub the file that came back under the same name: that makes the next version.",
        )
    layout = read_layout(returned.layout) if returned.layout is not None else None
    table = open_table(returned.file, mapping=returned.mapping, layout=layout)
    table.columns.require(channel_of(row))
    row_id = returned.row_id or row.row_id
    if row_id not in table.columns.names:
        raise BadInput(
            f"{table.path.name} has no column {row_id!r}.",
            remedy=f"--id names one of: {', '.join(table.columns.names[:30])}.",
        )
    return table, row_id


def _facts(table: Table, row: Mailing, row_id: str, folder: Path) -> KeptFacts:
    scrubbed = read_facts(kept_folders.kept_files(folder)[0])
    return kept_facts(
        table.columns,
        channel_of(row),
        source=table.path.name,
        first=0,
        row_id=row_id,
        country=scrubbed.country,
        unsure=scrubbed.unsure,
    )


@contextmanager
def _new_file(path: Path, facts: KeptFacts) -> Iterator[KeptRows]:
    """A file of kept rows that takes its name when the context ends well.

    That is before the load is on record: a crash between the two judges by an address too many, not one too few.
    """
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)  # A load that was killed left it.
    try:
        with KeptRows(unfinished, facts) as kept:
            yield kept
        kept_folders.put_in_place(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def _refuse_stranger(path: Path, joined: Joined, row: Mailing) -> None:
    if not joined.matched:
        raise BadInput(
            f"{path.name}: none of {joined.rows:,} rows has an id of “{row.name}”, version {row.version}, in"
            f" {joined.row_id!r}.",
            remedy="Say with --id which column holds the ids of the clean file, or with --version which version it is.",
        )


def _loaded(row: Mailing, number: int, joined: Joined, late: int, remarks: tuple[str, ...]) -> Loaded:
    return Loaded(
        mailing=row,
        number=number,
        rows=joined.rows,
        matched=joined.matched,
        unknown=joined.unknown,
        missing=joined.missing(),
        repeated=joined.came_twice(),
        blank=joined.blank,
        unreadable=joined.unreadable,
        refused=late,
        seeds=int(row.manifest.get("counts", {}).get("seeds", 0)),
        remarks=remarks,
    )


def _note(database: Database, loaded: Loaded, table: Table, evidence: Evidence, *, at: datetime) -> None:
    row, facts = loaded.mailing, table.facts()
    with database.write() as session:
        session.add(
            MailingLoad(
                mailing_id=row.id,
                number=loaded.number,
                at=at,
                actor=evidence.actor,
                file_name=facts.name,
                sha256=facts.sha256,
                counts=loaded.counts,
            )
        )
        told = {"mailing": row.name, "version": row.version, "load": loaded.number, "sha256": facts.sha256}
        entry = told | loaded.counts | dict(evidence.facts)
        ledger.append(session, "mailing_load", at=at, actor=evidence.actor, facts=entry, personal=evidence.personal)
        session.commit()
