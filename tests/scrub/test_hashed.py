"""Partners' hashed lists in bulk: a file's rows are decided as the gate would decide them one by one."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest
from sqlalchemy import delete

from prefcenter.core.channels import Channel, MessageClass, Reason, Scope, Source, Verdict
from prefcenter.core.decision import Ask
from prefcenter.core.hashed import HashAlgorithm, canonicalise_hash
from prefcenter.core.keys import canonicalise_email
from prefcenter.files.columns import recognise
from prefcenter.scrub.addresses import hashed_email_keys
from prefcenter.scrub.index import build_index
from prefcenter.scrub.matching import judge
from prefcenter.services import deciding
from prefcenter.services.points import Points
from prefcenter.services.ports import Evidence, Keyring
from prefcenter.services.suppressing import OptOut, suppress
from prefcenter.store.engine import Database
from prefcenter.store.suppressions import SuppressionAddress

AT = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
ASK = Ask(Channel.EMAIL, MessageClass.MARKETING)
MD5, SHA256 = HashAlgorithm.MD5, HashAlgorithm.SHA256
INTERNATIONAL = "info@bücher.example"
WRITTEN = ["Jane@Example.com ", "bob@example.com", INTERNATIONAL, "eve@example.com", "", "jane@example.com"]


def _suppress(database: Database, points: Points, *entries: tuple[HashAlgorithm | None, str]) -> None:
    with database.write() as session:
        for algorithm, text in entries:
            digest = algorithm.hex_of(text) if algorithm is not None else ""
            point = points.email(text) if algorithm is None else points.hashed(canonicalise_hash(digest, algorithm))
            suppress(
                session, points, point, OptOut(Reason.OPT_OUT, Scope.everything(), Source.IMPORT), Evidence("a"), at=AT
            )
        session.commit()


def _tiers(database: Database, keyring: Keyring) -> dict[int, str]:
    with database.read() as session:
        index = build_index(session, keyring.peppers, ASK, at=AT)
    judged = judge(pl.DataFrame({"email": WRITTEN}), recognise(["email"]), index, "US")
    return dict(judged.found.select("row", "pc_tier").iter_rows())


@pytest.mark.parametrize("is_erased", [False, True])
def test_a_row_falls_to_its_hash_and_says_so(
    sqlite_database: Database, keyring: Keyring, points: Points, is_erased: bool
) -> None:
    """G3: erased down to keyed digests it still suppresses."""
    _suppress(sqlite_database, points, (MD5, "jane@example.com"), (SHA256, "bob@example.com"), (MD5, INTERNATIONAL))
    if is_erased:
        with sqlite_database.write() as session:
            session.execute(delete(SuppressionAddress))
            session.commit()
    assert _tiers(sqlite_database, keyring) == {0: "hashed", 1: "hashed", 2: "hashed", 5: "hashed"}


def test_the_rows_are_those_that_the_gate_would_refuse(
    sqlite_database: Database, keyring: Keyring, points: Points
) -> None:
    _suppress(sqlite_database, points, (MD5, "jane@example.com"), (None, "eve@example.com"))
    found = _tiers(sqlite_database, keyring)
    with sqlite_database.read() as session:
        question = deciding.question_about_class(session, MessageClass.MARKETING)
        asked = [points.email(text) for text in WRITTEN if text]
        decisions = deciding.decide_all(session, keyring, question, asked, at=AT)
    refused = [place for place, text in enumerate(WRITTEN) if text]
    assert set(found) == {
        place for place, made in zip(refused, decisions, strict=True) if made.verdict is Verdict.REFUSED
    }


def test_the_address_itself_names_the_match_where_both_stand_on_the_list(
    sqlite_database: Database, keyring: Keyring, points: Points
) -> None:
    _suppress(sqlite_database, points, (MD5, "jane@example.com"), (None, "jane@example.com"))
    assert _tiers(sqlite_database, keyring) == {0: "email", 5: "email"}


def test_hashes_of_a_column_are_those_of_its_addresses() -> None:
    texts = [str(canonicalise_email(text)) for text in ("jane@example.com", INTERNATIONAL)]
    rows = pl.DataFrame({"row": [3, 8], "key": texts}, schema={"row": pl.UInt32, "key": pl.String})
    made = hashed_email_keys(rows, [SHA256])
    assert set(made.iter_rows()) == {
        (3, f"sha256:{SHA256.hex_of('jane@example.com')}"),
        (8, f"sha256:{SHA256.hex_of(texts[1])}"),
        (8, f"sha256:{SHA256.hex_of(INTERNATIONAL)}"),
    }
