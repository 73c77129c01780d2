"""Operators and API keys."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from prefcenter.core.errors import BadInput, NotFound
from prefcenter.services import operators
from prefcenter.services.errors import AlreadyThere
from prefcenter.services.operators import KeyScope, RoleName
from prefcenter.services.ports import Evidence
from prefcenter.store.engine import Database
from prefcenter.store.ledger import LedgerEntry
from prefcenter.store.operators import Role, key_by_digest

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
SYSTEM = Evidence("system")


def test_roles_are_made_when_they_are_first_given(database: Database) -> None:
    with database.write() as session:
        for email in ("ann@example.com", "bob@example.com"):
            operators.add_operator(session, email, [RoleName.APPROVER], "correct horse", SYSTEM, at=AT)
        assert len(session.scalars(select(Role)).all()) == 1
        with pytest.raises(AlreadyThere):
            operators.add_operator(session, "ANN@example.com", [RoleName.ADMIN], "correct horse", SYSTEM, at=AT)


def test_the_ledger_tells_of_an_operator_without_their_address(database: Database) -> None:
    """X8."""
    with database.write() as session:
        operators.add_operator(session, "ann@example.com", [RoleName.ADMIN], "correct horse", SYSTEM, at=AT)
        entry = session.query(LedgerEntry).one()
    assert entry.kind == "operator_added"
    assert "ann" not in str(entry.facts)


@pytest.mark.parametrize(("roles", "password"), [([], "correct horse"), ([RoleName.ADMIN], "short")])
def test_an_operator_needs_a_role_and_a_password(
    sqlite_database: Database, roles: list[RoleName], password: str
) -> None:
    with sqlite_database.write() as session, pytest.raises(BadInput):
        operators.add_operator(session, "ann@example.com", roles, password, SYSTEM, at=AT)


def test_only_the_digest_of_a_key_is_kept(database: Database) -> None:
    with database.write() as session:
        secret = operators.add_key(session, " crm  east ", [KeyScope.READ, KeyScope.CHECK], SYSTEM, at=AT)
        found = key_by_digest(session, operators.digest_of(secret))
        assert found is not None
        assert (found.name, found.scopes) == ("crm east", ["check", "read"])
        with pytest.raises(AlreadyThere):
            operators.add_key(session, "crm east", [KeyScope.READ], SYSTEM, at=AT)
        operators.revoke_key(session, "crm east", SYSTEM, at=AT)
        assert key_by_digest(session, operators.digest_of(secret)) is None
        with pytest.raises(NotFound):
            operators.revoke_key(session, "other", SYSTEM, at=AT)
