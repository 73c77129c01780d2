"""Partners' hashed lists: which files are taken, and where the digests stand in them."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, MessageClass, Reason, Scope, Source, Verdict
from prefcenter.core.decision import Decision
from prefcenter.core.errors import BadInput
from prefcenter.core.hashed import HashAlgorithm
from prefcenter.core.keys import Peppers
from prefcenter.services import gate, optouts, preferences
from prefcenter.services.deciding import decide_all, question_about_class
from prefcenter.services.fanning_out import inherit
from prefcenter.services.list_rows import Defaults
from prefcenter.services.lists import Imported, import_list
from prefcenter.services.outgoing import Draft, queue
from prefcenter.services.points import Points
from prefcenter.services.ports import Evidence, Keyring
from prefcenter.services.suppressing import OptOut
from prefcenter.store import suppressions
from prefcenter.store.contacts import Contact, ContactPoint
from prefcenter.store.engine import Database
from prefcenter.store.outbox import OutboxMessage
from prefcenter.store.registry import Brand, MessageType
from prefcenter.store.suppressions import SuppressionAddress

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
ANN = Evidence("ann")
MD5, SHA256 = HashAlgorithm.MD5, HashAlgorithm.SHA256
JANE, BOB, EVE = "jane@example.com", "bob@example.com", "eve@example.com"

Take = Callable[..., Imported]


def md5(address: str) -> str:
    return hashlib.md5(address.encode()).hexdigest()


def sha256(address: str) -> str:
    return hashlib.sha256(address.encode()).hexdigest()


@pytest.fixture
def take(sqlite_database: Database, keyring: Keyring, points: Points, tmp_path: Path) -> Take:
    return taker(sqlite_database, keyring, points, tmp_path)


def taker(database: Database, keyring: Keyring, points: Points, folder: Path) -> Take:
    """Import a text as a hashed list."""

    def run(text: str, hashed: HashAlgorithm | None = MD5, channel: Channel | None = None, **given: Reason) -> Imported:
        path = folder / "partner.csv"
        path.write_text(text, encoding="utf-8")
        defaults = Defaults(channel, hashed=hashed, **given)
        rejects = folder / "rejected.csv"
        return import_list(database, keyring, points, path, defaults, ANN, rejects=rejects, clock=lambda: AT)

    return run


def ask(database: Database, keyring: Keyring, points: Points, *addresses: str) -> list[Decision]:
    with database.read() as session:
        question = question_about_class(session, MessageClass.MARKETING)
        asked = [points.email(address) for address in addresses]
        return decide_all(session, keyring, question, asked, at=AT + timedelta(hours=1))


def verdicts(database: Database, keyring: Keyring, points: Points, *addresses: str) -> list[str]:
    return [decision.verdict.value for decision in ask(database, keyring, points, *addresses)]


@pytest.mark.parametrize("algorithm", HashAlgorithm)
def test_a_digest_suppresses_its_address_and_nobody_else(
    database: Database, keyring: Keyring, points: Points, tmp_path: Path, algorithm: HashAlgorithm
) -> None:
    digest = algorithm.hex_of(JANE)
    done = taker(database, keyring, points, tmp_path)(f"hash\n{digest.upper()}\n", algorithm)
    assert (done.read, done.new, done.rejected) == (1, 1, 0)
    decisions = ask(database, keyring, points, " Jane@EXAMPLE.com ", BOB)
    assert [decision.verdict for decision in decisions] == [Verdict.REFUSED, Verdict.CLEARED]
    (reason,) = decisions[0].reasons
    assert (reason.code, reason.scope, reason.source, reason.since) == (
        Reason.OPT_OUT,
        Scope.everything(),
        Source.IMPORT,
        AT,
    )


def test_the_same_list_again_changes_nothing(take: Take) -> None:
    text = f"md5\n{md5(JANE)}\n{md5(BOB)}\n{md5(JANE).upper()}\n"
    first, second = take(text), take(text)
    assert (first.new, first.already) == (2, 1)
    assert (second.new, second.already) == (0, 3)


@pytest.mark.parametrize(
    "text",
    [
        "{0}\n{1}\n",
        "{0},2024-05-01\n{1},2024-05-02\n",
        "id,email_md5,reason\n1,{0},\n2, {1} ,spam\n",
        "phone_md5,email_md5\n{2},{0}\n{2},{1}\n",
        "Hash;Opted out at\n{0};2024-05-01\n{1};2024-05-01\n",
    ],
)
def test_the_column_is_found_with_or_without_a_header(
    take: Take, sqlite_database: Database, keyring: Keyring, points: Points, text: str
) -> None:
    done = take(text.format(md5(JANE), md5(BOB), md5("+14155550100")))
    assert (done.read, done.new, done.rejected) == (2, 2, 0)
    assert verdicts(sqlite_database, keyring, points, JANE, BOB, EVE) == ["refused", "refused", "cleared"]


def test_what_a_row_says_besides_is_taken_as_from_a_plain_list(take: Take, sqlite_database: Database) -> None:
    take(f"md5,since,reason\n{md5(JANE)},2024-05-01,Spam\n", reason=Reason.OBJECTION)
    with sqlite_database.read() as session:
        ((row, given),) = suppressions.page(session)
    assert (row.reason, row.since, row.source_ref) == ("complaint", datetime(2024, 5, 1, tzinfo=UTC), "partner.csv")
    assert given == {"address": f"md5:{md5(JANE)}"}


@pytest.mark.parametrize("header", ["md5\n", ""])
def test_a_row_without_a_digest_is_kept_beside_with_its_place(take: Take, tmp_path: Path, header: str) -> None:
    rows = [md5(JANE), md5(BOB), "jane@example.com", md5(EVE)[:-1], "x" * 32, sha256(JANE), md5(EVE)]
    done = take(header + "".join(f"{row}\n" for row in rows))
    assert (done.read, done.new, done.rejected) == (7, 3, 4)
    with (tmp_path / "rejected.csv").open(newline="", encoding="utf-8") as file:
        told = [(row["pc_row"], row["pc_problem"]) for row in csv.DictReader(file)]
    assert [place for place, _ in told] == ["3", "4", "5", "6"]
    words = ["a plain address", "31 hex digits", "other characters", "as SHA-256 makes"]
    assert all(word in problem for word, (_, problem) in zip(words, told, strict=True))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"email\n{JANE}\n{BOB}\n", "plain addresses.*without --hashed"),
        (f"{JANE}\n{BOB}\n", "plain addresses.*without --hashed"),
        (f"digest\n{'a' * 64}\n", "as SHA-256 makes.*--hashed sha256"),
        ("digest\nyes\nno\n", "no column of MD5 digests"),
        (f"one,two\n{'a' * 32},{'b' * 32}\n", "several columns of MD5 digests: one, two"),
        ("digest\n", "no rows"),
    ],
)
def test_a_file_that_is_no_such_list_is_refused_whole_and_helpfully(take: Take, text: str, told: str) -> None:
    with pytest.raises(BadInput, match=told) as raised:
        take(text)
    assert "jane" not in str(raised.value)


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.POST])
def test_other_channels_have_no_hashed_lists_and_are_told_why(take: Take, channel: Channel) -> None:
    with pytest.raises(BadInput, match="hides nothing"):
        take(f"md5\n{md5(JANE)}\n", channel=channel)
    done = take(f"channel,md5\n{channel},{md5(JANE)}\nemail,{md5(BOB)}\n")
    assert (done.new, done.rejected) == (1, 1)


def test_a_whole_list_from_another_house_brings_its_hashed_entries_along(
    take: Take, sqlite_database: Database, keyring: Keyring, points: Points
) -> None:
    """A plain export writes them as ``md5:…`` in the column of the address."""
    done = take(f"email\n{JANE}\nMD5:{md5(BOB)}\n", None)
    assert (done.new, done.rejected) == (2, 0)
    assert verdicts(sqlite_database, keyring, points, JANE, BOB, EVE) == ["refused", "refused", "cleared"]


def test_a_hashed_entry_is_found_under_a_new_pepper_and_when_its_digest_was_erased(
    take: Take, sqlite_database: Database, keyring: Keyring
) -> None:
    """G3: what is left is a keyed digest, and it still suppresses."""
    take(f"md5\n{md5(JANE)}\n")
    with sqlite_database.write() as session:
        session.execute(delete(SuppressionAddress))
        session.commit()
    renewed = Keyring(Peppers(["a newer pepper of good length", *_secrets(keyring)]), keyring.signing)
    assert verdicts(sqlite_database, renewed, Points(renewed.peppers), JANE, BOB) == ["refused", "cleared"]


def _secrets(keyring: Keyring) -> list[str]:
    from tests.conftest import PEPPER

    assert Peppers([PEPPER]).ids == keyring.peppers.ids
    return [PEPPER]


def test_the_persons_own_act_lifts_the_partners_entry_too(
    take: Take, sqlite_database: Database, keyring: Keyring, points: Points
) -> None:
    take(f"md5\n{md5(JANE)}\n")
    jane = points.email(JANE)
    with sqlite_database.write() as session:
        own = OptOut(Reason.OPT_OUT, Scope.everything(), Source.ONE_CLICK)
        optouts.record(session, points, jane, own, Evidence("recipient"), at=AT)
    with sqlite_database.write() as session:
        ended = optouts.lift(session, jane, Reason.OPT_OUT, ANN, at=AT, points=points)
    assert len(ended) == 2
    assert verdicts(sqlite_database, keyring, points, JANE) == ["cleared"]


def _know(database: Database, points: Points) -> int:
    """Jane, with a phone and an email address on file."""
    with database.write() as session:
        contact = Contact(created_at=AT)
        session.add(contact)
        session.flush()
        for point in (points.email(JANE), points.phone("+14155550100")):
            session.add(
                ContactPoint(
                    contact_id=contact.id, channel=point.channel.value, digest=point.digest, pepper_id=point.pepper_id,
                    value=dict(point.given or {}), source="import", created_at=AT,
                )
            )  # fmt: skip
        session.commit()
        return contact.id


def test_a_reason_that_binds_the_person_reaches_points_that_are_added_later(
    take: Take, sqlite_database: Database, keyring: Keyring, points: Points
) -> None:
    """G15."""
    take(f"md5,reason\n{md5(JANE)},objection\n")
    contact = _know(sqlite_database, points)
    with sqlite_database.write() as session:
        inherit(session, points, contact)
        session.commit()
    assert _by_phone(sqlite_database, keyring, points) == ["objection"]


def test_a_message_that_waits_is_brought_back_to_its_decision_and_refused(
    take: Take, sqlite_database: Database, keyring: Keyring, points: Points
) -> None:
    """X2: the gate finds the hash at dispatch, and an import does not wait for the day."""
    with sqlite_database.write() as session:
        rows = [
            queue(
                session,
                Draft(
                    channel=Channel.EMAIL,
                    message_class=MessageClass.SERVICE,
                    message_type="notice",
                    point=points.email(address),
                    text="Hello",
                    send_at=AT + timedelta(days=9),
                ),
                at=AT,
            ).id
            for address in (JANE, BOB)
        ]
        session.add(
            MessageType(
                slug="notice", name="Notice", message_class="service", channel="email", fallbacks=[],
                category="account", approved_by="ann", created_at=AT, brand_id=_brand(session),
            )
        )  # fmt: skip
        session.commit()
    take(f"md5,reason\n{md5(JANE)},minor\n")
    with sqlite_database.read() as session:
        due = [session.get_one(OutboxMessage, number) for number in rows]
        assert [row.due_at for row in due] == [AT, AT + timedelta(days=9)]
        made = [gate.clear(session, keyring, points, row, at=AT) for row in due]
        assert [decision.verdict for decision in made] == [Verdict.REFUSED, Verdict.CLEARED]


def _brand(session: Session) -> int:
    brand = Brand(slug="acme", code=1, name="Acme", country="US", created_at=AT)
    session.add(brand)
    session.flush()
    return brand.id


def test_a_preference_page_shows_what_a_partners_hash_ended(
    take: Take, sqlite_database: Database, keyring: Keyring, points: Points
) -> None:
    take(f"md5,since\n{md5(JANE)},2026-05-01\n")
    with sqlite_database.read() as session:
        jane, bob = preferences.choices(session, keyring, [points.email(JANE), points.email(BOB)], at=AT)
    assert not jane.everything.is_on
    assert jane.everything.off_since == datetime(2026, 5, 1, tzinfo=UTC)
    assert bob.everything.is_on


def test_a_reason_that_binds_the_person_reaches_the_points_on_file(
    take: Take, sqlite_database: Database, keyring: Keyring, points: Points
) -> None:
    """G15: whose address a hash is can be told by those on file."""
    _know(sqlite_database, points)
    take(f"md5,reason\n{md5(BOB)},objection\n{md5(JANE)},opt_out\n")
    assert _by_phone(sqlite_database, keyring, points) == []
    take(f"md5,reason\n{md5(JANE)},objection\n")
    assert _by_phone(sqlite_database, keyring, points) == ["objection"]


def _by_phone(database: Database, keyring: Keyring, points: Points) -> list[str]:
    """What refuses a text to Jane, but for the consent that it lacks."""
    with database.read() as session:
        question = question_about_class(session, MessageClass.MARKETING)
        (decision,) = decide_all(session, keyring, question, [points.phone("+14155550100")], at=AT)
    return [reason.code for reason in decision.reasons if reason.suppression_id is not None]
