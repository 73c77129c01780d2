"""The list as it was read for the last mailing: reused, never out of date, readable by its owner alone."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import delete, update

from prefcenter.core.channels import Channel, MessageClass, Reason, Scope, Source
from prefcenter.core.decision import Ask
from prefcenter.core.postal.address import PostalAddress
from prefcenter.files.columns import recognise
from prefcenter.scrub.index import build_index
from prefcenter.scrub.listed import listed
from prefcenter.scrub.matching import judge
from prefcenter.scrub.postal_cache import look_after, postal_records
from prefcenter.services.points import Points
from prefcenter.services.ports import Evidence, Keyring
from prefcenter.services.suppressing import OptOut, end, suppress
from prefcenter.store.engine import Database
from prefcenter.store.suppressions import Suppression, SuppressionAddress

AT = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
HOMES = ("Ann Able; 1 Oak St; ; Burlington; VT; 05401", "Bob Baker; 2 Oak St; ; Burlington; VT; 05401")


def opt_out(database: Database, points: Points, *homes: str) -> None:
    with database.write() as session:
        for home in homes:
            what = OptOut(Reason.OPT_OUT, Scope.everything(), Source.IMPORT)
            suppress(session, points, points.post(PostalAddress.parse(home)), what, Evidence("x"), at=AT)
        session.commit()


def numbers(database: Database, folder: Path | None) -> list[int]:
    with database.read() as session:
        return sorted(postal_records(session, folder, listed(session, Channel.POST))["suppression"])


def kept(folder: Path) -> list[int]:
    (path,) = folder.iterdir()
    return sorted(pl.read_parquet(path)["suppression"])


def test_the_list_is_read_once_and_what_is_new_beside_it(database: Database, points: Points, tmp_path: Path) -> None:
    """Half a million addresses are not read again for each mailing; a new opt-out is never missed for it."""
    folder = tmp_path / "index"
    opt_out(database, points, HOMES[0])
    (first,) = numbers(database, folder)
    with database.write() as session:
        # What was read once is not asked for again: this address could not be read.
        session.execute(update(SuppressionAddress).values(given={}))
        session.commit()
    opt_out(database, points, HOMES[1])
    assert numbers(database, folder) == [first, first + 1]
    assert kept(folder) == [first, first + 1]


def test_what_left_the_list_leaves_the_file(database: Database, points: Points, tmp_path: Path) -> None:
    """G3, G4: neither a lifted nor an erased entry stays behind."""
    opt_out(database, points, *HOMES)
    first, second = numbers(database, tmp_path / "index")
    with database.write() as session:
        end(session, session.get_one(Suppression, first), "lift", Evidence("x"), at=AT)
        session.execute(delete(SuppressionAddress).where(SuppressionAddress.suppression_id == second))
        session.commit()
    assert numbers(database, tmp_path / "index") == []
    assert kept(tmp_path / "index") == []


def test_what_left_the_list_leaves_the_file_without_a_mailing(
    database: Database, points: Points, tmp_path: Path
) -> None:
    """G3: names do not wait for the next mailing; what a crash or another version left goes as a whole."""
    folder = tmp_path / "index"
    opt_out(database, points, *HOMES, "Cid Cole; 3 Oak St; ; Burlington; VT; 05401")
    first, second, third = numbers(database, folder)
    for left_over in ("post-0123.parquet", ".post-abc.parquet"):
        (folder / left_over).write_bytes(b"names")
    with database.write() as session:
        end(session, session.get_one(Suppression, first), "lift", Evidence("x"), at=AT)
        session.execute(delete(SuppressionAddress).where(SuppressionAddress.suppression_id == second))
        session.commit()
    assert look(database, folder, AT) == 2
    (path,) = folder.glob("*.parquet")
    assert b"ABLE" not in path.read_bytes()
    assert b"BAKER" not in path.read_bytes()
    assert pl.read_parquet(path)["suppression"].to_list() == [third]
    assert numbers(database, folder) == [third]


def test_the_file_is_looked_after_every_ten_minutes(sqlite_database: Database, points: Points, tmp_path: Path) -> None:
    """G3: reading half a million entries is not for every round of the worker; a clock put back stops nothing."""
    opt_out(sqlite_database, points, *HOMES)
    first, second = numbers(sqlite_database, tmp_path)
    assert look(sqlite_database, tmp_path, AT) == 0
    for number, moment, gone in (
        (first, AT + timedelta(minutes=9), 0),
        (first, AT + timedelta(minutes=10), 1),
        (second, AT, 1),
    ):
        with sqlite_database.write() as session:
            session.execute(update(Suppression).where(Suppression.id == number).values(ended_at=AT, ended_by="lift"))
            session.commit()
        assert look(sqlite_database, tmp_path, moment) == gone


def test_nothing_kept_is_nothing_to_look_after(sqlite_database: Database, tmp_path: Path) -> None:
    assert look(sqlite_database, tmp_path / "none", AT) == 0


def look(database: Database, folder: Path, at: datetime) -> int:
    with database.read() as session:
        return look_after(session, folder, at=at)


def test_the_file_is_its_owners_alone_and_other_versions_go(
    sqlite_database: Database, points: Points, tmp_path: Path
) -> None:
    """X8: it holds addresses."""
    folder = tmp_path / "index"
    folder.mkdir()
    (folder / "post-0123.parquet").write_bytes(b"of other rules")
    opt_out(sqlite_database, points, *HOMES)
    numbers(sqlite_database, folder)
    (path,) = folder.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_row_is_judged_the_same_with_the_file_and_without(
    sqlite_database: Database, keyring: Keyring, points: Points, tmp_path: Path
) -> None:
    """One decision, whether the list was read now or for an earlier mailing."""
    opt_out(sqlite_database, points, *HOMES)
    columns = recognise(["name", "address1", "city", "state", "zip"])
    names = ("Anne Able", "Robert Baker", "Bob Baker", "Carl Cook")
    place = {"city": "Burlington", "state": "VT", "zip": "05401"}
    rows = pl.DataFrame(
        [{"name": name, "address1": f"{number} Oak St", **place} for number in (1, 2) for name in names]
    )
    found = []
    for folder in (None, tmp_path, tmp_path):
        with sqlite_database.read() as session:
            ask = Ask(Channel.POST, MessageClass.MARKETING)
            index = build_index(session, keyring.peppers, ask, at=AT, keep_in=folder)
        found.append(judge(rows, columns, index, "US").found)
    assert found[0].height == 3
    assert found[0].equals(found[1])
    assert found[0].equals(found[2])


def test_another_entry_of_an_old_ones_number_is_read_anew(
    sqlite_database: Database, keyring: Keyring, points: Points, tmp_path: Path
) -> None:
    """G14: after a restore numbers are given again; whoever has one now is found, and nobody else."""
    opt_out(sqlite_database, points, HOMES[0])
    numbers(sqlite_database, tmp_path)
    other = points.post(PostalAddress.parse(HOMES[1]))
    with sqlite_database.write() as session:
        session.execute(update(Suppression).values(digest=other.digest))
        session.execute(update(SuppressionAddress).values(given=dict(other.given or {})))
        session.commit()
    with sqlite_database.read() as session:
        index = build_index(
            session, keyring.peppers, Ask(Channel.POST, MessageClass.MARKETING), at=AT, keep_in=tmp_path
        )
    place = {"city": "Burlington", "state": "VT", "zip": "05401"}
    names = [("Ann Able", "1 Oak St"), ("Bob Baker", "2 Oak St")]
    rows = pl.DataFrame([{"name": name, "address1": line} | place for name, line in names])
    columns = recognise(["name", "address1", "city", "state", "zip"])
    assert judge(rows, columns, index, "US").kept(2).tolist() == [True, False]


@pytest.mark.parametrize("content", [b"", b"PAR1 and nothing else", b"\0" * 5000])
def test_a_damaged_file_costs_time_and_nothing_else(
    sqlite_database: Database, points: Points, tmp_path: Path, content: bytes
) -> None:
    folder = tmp_path / "index"
    opt_out(sqlite_database, points, *HOMES)
    expected = numbers(sqlite_database, folder)
    (path,) = folder.iterdir()
    path.write_bytes(content)
    assert numbers(sqlite_database, folder) == expected
    assert kept(folder) == expected


def test_a_folder_that_cannot_be_written_costs_time_and_nothing_else(
    sqlite_database: Database, points: Points, tmp_path: Path
) -> None:
    opt_out(sqlite_database, points, *HOMES)
    (tmp_path / "file").write_text("in the way")
    assert len(numbers(sqlite_database, tmp_path / "file")) == 2
