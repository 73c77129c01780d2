"""Which forms the list has keys of, told by a database from before that was noted."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from prefcenter.core.hashed import HashAlgorithm
from prefcenter.store import fingerprints, schema
from prefcenter.store.engine import Database

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
_ENTRY = text(
    "INSERT INTO suppressions (id, channel, digest, reason, scope, level, since, source, source_ref, actor, is_own_act,"
    " is_verified, recorded_at) VALUES (1, :channel, :digest, 'opt_out', 'all', '', :at, 'import', '', 'ann', :no, :no,"
    " :at)"
)


@pytest.mark.parametrize(("channel", "forms"), [("post", {"1"}), ("email", set())])
def test_a_list_that_has_postal_entries_already_has_them_in_the_first_form(
    database: Database, channel: str, forms: set[str]
) -> None:
    """X12: a later release without that form must know that it lacks it."""
    schema.downgrade(database.engine, "0003")
    with database.write() as session:
        session.execute(_ENTRY, {"channel": channel, "digest": b"0" * 16, "at": AT.replace(tzinfo=None), "no": False})
        session.commit()
    schema.upgrade(database.engine)
    with database.read() as session:
        assert fingerprints.postal_forms(fingerprints.known(session)) == forms


def test_going_down_and_up_again_forgets_no_hashed_list_and_no_later_form(sqlite_database: Database) -> None:
    """X1: what is forgotten here would be looked up by nobody."""
    with sqlite_database.write() as session:
        fingerprints.remember(session, fingerprints.HASH, ["md5"], AT)
        fingerprints.remember(session, fingerprints.POSTAL_FORM, ["2"], AT)
        session.commit()
    schema.downgrade(sqlite_database.engine, "0003")
    schema.upgrade(sqlite_database.engine)
    with sqlite_database.read() as session:
        known = fingerprints.known(session)
    assert fingerprints.hash_algorithms(known) == {HashAlgorithm.MD5}
    assert fingerprints.postal_forms(known) == {"2"}
