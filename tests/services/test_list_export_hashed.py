"""The list as digests, for partners."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from prefcenter.core.channels import Channel, Reason, Scope, Source
from prefcenter.core.errors import BadInput
from prefcenter.core.hashed import HashAlgorithm, canonicalise_hash
from prefcenter.services.fanning_out import inherit
from prefcenter.services.list_export_hashed import ExportedHashes, export_hashed
from prefcenter.services.points import Point, Points
from prefcenter.services.ports import Evidence
from prefcenter.services.suppressing import OptOut, suppress
from prefcenter.store.contacts import Contact, ContactPoint
from prefcenter.store.engine import Database
from prefcenter.store.ledger import LedgerEntry
from prefcenter.store.suppressions import SuppressionAddress

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
ANN = Evidence("ann")
MD5, SHA256 = HashAlgorithm.MD5, HashAlgorithm.SHA256
EVERYTHING = Scope.everything()

Export = Callable[..., tuple[ExportedHashes, list[list[str]]]]


@pytest.fixture
def export(database: Database, tmp_path: Path) -> Export:
    def run(algorithm: HashAlgorithm = MD5, **given: Channel | Reason) -> tuple[ExportedHashes, list[list[str]]]:
        path = tmp_path / "out.csv"
        done = export_hashed(database, path, algorithm, ANN, at=AT, **given)  # type: ignore[arg-type]
        with path.open(newline="", encoding="utf-8") as file:
            return done, list(csv.reader(file))

    return run


def _put(database: Database, points: Points, point: Point, reason: Reason, scope: Scope = EVERYTHING) -> int:
    with database.write() as session:
        done = suppress(session, points, point, OptOut(reason, scope, Source.OPERATOR), ANN, at=AT)
        session.commit()
        return done.suppression_id


def test_every_address_that_marketing_is_refused_to_goes_out_as_its_digest(
    database: Database, points: Points, export: Export
) -> None:
    """E16: hashed, with how far it reaches, and without a reason."""
    _put(database, points, points.email("Jane@Example.com"), Reason.DECEASED)
    _put(database, points, points.email("bob@example.com"), Reason.OPT_OUT, Scope.topic("acme", "offers"))
    _put(database, points, points.email("bob@example.com"), Reason.COMPLAINT, Scope.topic("acme", "offers"))
    _put(database, points, points.email("eve@example.com"), Reason.NO_SHARING)
    _put(database, points, points.phone("+14155550100"), Reason.OPT_OUT)
    done, rows = export()
    assert rows == [
        ["md5", "scope"],
        [MD5.hex_of("jane@example.com"), "all"],
        [MD5.hex_of("bob@example.com"), "topic:acme/offers"],
    ]
    assert (done.rows, done.erased, done.other_algorithm) == (2, 0, 0)


def test_partners_entries_of_the_same_algorithm_go_out_and_the_others_are_counted(
    database: Database, points: Points, export: Export
) -> None:
    for algorithm in HashAlgorithm:
        key = canonicalise_hash(algorithm.hex_of("jane@example.com"), algorithm)
        _put(database, points, points.hashed(key), Reason.OPT_OUT)
    for algorithm in HashAlgorithm:
        done, rows = export(algorithm)
        assert rows[1:] == [[algorithm.hex_of("jane@example.com"), "all"]]
        assert done.other_algorithm == 1


def test_an_erased_entry_cannot_go_out_and_is_counted(database: Database, points: Points, export: Export) -> None:
    """G3."""
    _put(database, points, points.email("jane@example.com"), Reason.OPT_OUT)
    number = _put(database, points, points.email("bob@example.com"), Reason.ERASED)
    with database.write() as session:
        session.execute(delete(SuppressionAddress).where(SuppressionAddress.suppression_id == number))
        session.commit()
    done, rows = export(SHA256)
    assert (done.rows, done.erased) == (1, 1)
    assert rows[1:] == [[SHA256.hex_of("jane@example.com"), "all"]]


def test_what_a_refusal_by_text_binds_goes_out_too(database: Database, points: Points, export: Export) -> None:
    """G15."""
    with database.write() as session:
        contact = Contact(created_at=AT)
        session.add(contact)
        session.flush()
        for point in (points.email("jane@example.com"), points.phone("+14155550100")):
            session.add(
                ContactPoint(
                    contact_id=contact.id, channel=point.channel.value, digest=point.digest, pepper_id=point.pepper_id,
                    value=dict(point.given or {}), source="import", created_at=AT,
                )
            )  # fmt: skip
        session.commit()
    _put(database, points, points.phone("+14155550100"), Reason.OBJECTION)
    with database.write() as session:
        inherit(session, points, contact.id)
        session.commit()
    _, rows = export()
    assert rows[1:] == [[MD5.hex_of("jane@example.com"), "all"]]


def test_the_ledger_is_told_what_left(database: Database, points: Points, export: Export) -> None:
    """E16."""
    _put(database, points, points.email("jane@example.com"), Reason.OPT_OUT)
    done, _ = export(reason=Reason.OPT_OUT)
    with database.read() as session:
        (entry,) = session.scalars(select(LedgerEntry).where(LedgerEntry.kind == "export"))
    assert entry.actor == "ann"
    assert entry.facts["hashed"] == "md5"
    assert (entry.facts["rows"], entry.facts["sha256"]) == (1, done.sha256)


def test_only_email_has_a_hashed_list(export: Export, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="for email"):
        export(channel=Channel.POST)
    assert not (tmp_path / "out.csv").exists()
