"""``prefcenter user`` and ``prefcenter key``."""

from __future__ import annotations

import re

from argon2 import PasswordHasher

from prefcenter.services.operators import digest_of
from prefcenter.store.operators import key_by_digest, operator_by_email
from tests.cli.conftest import Prefcenter


def test_a_key_is_printed_alone_and_once(prefcenter: Prefcenter) -> None:
    result = prefcenter("key", "add", "crm", "--scope", "send", "--scope", "check")
    assert re.fullmatch(r"pc_[A-Za-z0-9_-]{43}\n", result.stdout)
    with prefcenter.database.read() as session:
        found = key_by_digest(session, digest_of(result.stdout.strip()))
    assert found is not None
    assert found.scopes == ["check", "send"]
    assert result.stdout.strip() not in prefcenter("key", "list").output


def test_a_revoked_key_is_worthless(prefcenter: Prefcenter) -> None:
    secret = prefcenter("key", "add", "crm", "--scope", "check").stdout.strip()
    prefcenter("key", "revoke", "crm")
    with prefcenter.database.read() as session:
        assert key_by_digest(session, digest_of(secret)) is None
    assert prefcenter.json("key", "list")[0]["revoked_at"] is not None


def test_an_operator_gets_a_made_password_once_where_nobody_can_type_one(prefcenter: Prefcenter) -> None:
    password = prefcenter("user", "add", "Ann@Example.com", "--role", "approver").stdout.strip()
    with prefcenter.database.read() as session:
        found = operator_by_email(session, "ann@example.com")
    assert found is not None
    assert PasswordHasher().verify(found.password or "", password)
    assert prefcenter.json("user", "list")[0]["roles"] == ["approver"]


def test_a_password_can_be_handed_over_on_standard_input(prefcenter: Prefcenter) -> None:
    result = prefcenter("user", "add", "ann@example.com", "--role", "admin", "--password-stdin", text="correct horse\n")
    assert result.stdout == ""
    with prefcenter.database.read() as session:
        found = operator_by_email(session, "ann@example.com")
    assert found is not None
    assert PasswordHasher().verify(found.password or "", "correct horse")


def test_a_short_password_is_refused(prefcenter: Prefcenter) -> None:
    words = ("user", "add", "ann@example.com", "--role", "admin", "--password-stdin")
    assert "shorter" in prefcenter(*words, text="\n", exits=2).stderr


def test_a_disabled_operator_is_signed_out(prefcenter: Prefcenter) -> None:
    prefcenter("user", "add", "ann@example.com", "--role", "viewer")
    with prefcenter.database.read() as session:
        before = operator_by_email(session, "ann@example.com")
    prefcenter("user", "disable", "ann@example.com")
    with prefcenter.database.read() as session:
        after = operator_by_email(session, "ann@example.com")
    assert before is not None
    assert after is not None
    assert (before.active, after.active) == (True, False)
    assert before.fs_uniquifier != after.fs_uniquifier
    prefcenter("user", "disable", "nobody@example.com", exits=2)
