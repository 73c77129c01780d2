"""Raw mails on the path of ``prefcenter inbound``: every recorded one is recorded or put before a person (P1, P2)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from prefcenter.core.keys import Peppers
from prefcenter.core.tokens import SigningKeys
from prefcenter.providers import intake, mta
from prefcenter.services.points import Points
from prefcenter.services.ports import Keyring
from prefcenter.services.receiving import Reception, take_in
from prefcenter.store.engine import Database
from prefcenter.store.reviews import Review
from prefcenter.store.suppressions import Suppression

MAILS = Path(__file__).parents[1] / "payloads" / "mails"
AT = datetime(2026, 3, 2, 19, 0, tzinfo=UTC)


def take(database: Database, raw: bytes, recipients: tuple[str, ...] = ()) -> dict[str, object]:
    keyring = Keyring(Peppers(["a pepper for tests, of good length"]), SigningKeys(["a key for tests, of good length"]))
    handlers = intake.handlers(Reception(keyring, Points(keyring.peppers), "https://prefs.example.com"))
    incoming = mta.incoming_mail(raw, recipients)
    return mta.as_json(*take_in(database, incoming, handlers[incoming.provider], at=AT))


def test_every_recorded_mail_ends_on_the_list_or_with_a_person(sqlite_database: Database) -> None:
    """P2: a clear one is recorded, an unclear one is reviewed, none is lost."""
    wrong = []
    for expected_file in sorted(MAILS.glob("*.json")):
        expected = json.loads(expected_file.read_text(encoding="utf-8"))["outcome"]
        answer = take(sqlite_database, expected_file.with_suffix(".eml").read_bytes())
        allowed = ("recorded",) if expected == "certain" else ("review", "recorded_and_review")
        if expected in ("certain", "review") and answer["outcome"] not in allowed:
            wrong.append((expected_file.stem, expected, answer["outcome"]))
    assert wrong == []
    with sqlite_database.read() as session:
        assert session.scalars(select(Review)).first() is not None
        assert session.scalars(select(Suppression)).first() is not None


def test_the_answer_has_the_form_of_the_contract(sqlite_database: Database) -> None:
    """``inbound --json``: id, outcome, requests with every field and its confidence, leftover."""
    answer = take(sqlite_database, (MAILS / "block-plain.eml").read_bytes())
    assert list(answer) == ["id", "outcome", "requests", "leftover"]
    [request] = answer["requests"]  # type: ignore[misc]
    assert list(request) == [
        *("name", "company", "care_of", "address1", "address2", "city", "state", "zip", "country"),
        *("level", "confidence"),
    ]
    assert set(request["confidence"].values()) == {1.0}


def test_the_same_mail_again_is_the_same_message(database: Database) -> None:
    """X5: with the same envelope; its answer is the stored one."""
    raw = (MAILS / "couple.eml").read_bytes()
    first = take(database, raw, ("a@in.example",))
    assert take(database, raw, ("a@in.example",)) == first
    assert take(database, raw, ("b@in.example",))["id"] != first["id"]


def test_other_words_under_the_same_message_id_are_another_mail(sqlite_database: Database) -> None:
    """P2: a program that gives every mail the same Message-ID must not cost anybody a request."""
    head = b"From: jane@example.com\r\nSubject: NO SNAIL MAIL\r\nMessage-ID: <same@form.example>\r\n\r\n"
    for name in (b"Jane Doe", b"Joe Bloggs"):
        take(sqlite_database, head + name + b"\r\n12 Oak St\r\nSpringfield, IL 62704\r\n")
    with sqlite_database.read() as session:
        assert len(session.scalars(select(Suppression)).all()) == 2


@pytest.mark.parametrize("raw", [b"", b"\x00", b"\xff" * 1000, b"Subject: NO SNAIL MAIL\r\n\r\n\x00"])
def test_what_is_no_mail_goes_to_a_person(sqlite_database: Database, raw: bytes) -> None:
    """P2."""
    assert take(sqlite_database, raw)["outcome"] == "review"
