"""Keying the list anew when the canonical form of postal addresses changes: no opt-out is lost before, during or after.

The new form of these tests is today's under another name: no key of it meets a key of the form before, which is the
hardest case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import polars as pl
import pytest
from sqlalchemy import delete, func, select, update

from prefcenter.core.channels import Channel, Level, MessageClass, Reason, Scope, Source
from prefcenter.core.decision import Ask
from prefcenter.core.keys import MissingKey, Peppers
from prefcenter.core.postal import key_shapes, keys, many, standardise, versions
from prefcenter.core.postal.address import PostalAddress
from prefcenter.files.columns import recognise
from prefcenter.scrub.index import build_index
from prefcenter.scrub.matching import judge
from prefcenter.services import optouts, rekeying
from prefcenter.services.deciding import decide_all, question_about_class
from prefcenter.services.keying import outdated_warning
from prefcenter.services.list_audit import first_difference
from prefcenter.services.points import Points
from prefcenter.services.ports import Evidence, Keyring
from prefcenter.services.rekeying import Rekeyed, rekey
from prefcenter.services.suppressing import OptOut, suppress
from prefcenter.store.contacts import Contact, ContactPoint
from prefcenter.store.engine import Database
from prefcenter.store.ledger import LedgerEntry
from prefcenter.store.suppressions import Suppression, SuppressionAddress, SuppressionKey
from tests.conftest import PEPPER

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
ANN = Evidence("ann")
JANE = PostalAddress(name="Jane Doe", address1="12 N Main St", city="Springfield", state="IL", zip="62701")
BOB = PostalAddress(name="Bob Roe", address1="9 Oak Ave", city="Springfield", state="IL", zip="62701")
EVE = PostalAddress(name="Eve Poe", address1="9 Oak Ave", city="Springfield", state="IL", zip="62701")


def _as_one(table: pl.DataFrame) -> pl.DataFrame:
    return table.select("row", pl.col("key").str.replace("^p2:", "p1:"))


def _names(frame: pl.DataFrame) -> pl.DataFrame:
    """The primary keys in the form before: of persons their own, in the other levels the first stored."""
    fields = keys.standard_fields(frame)
    others = keys.stored_keys_frame(fields).filter(~pl.col("row").is_in(_persons(frame)))
    first = others.sort("tier", maintain_order=True).unique("row", keep="first", maintain_order=True)
    return pl.concat([_as_one(keys.primary_keys_frame(fields)), _as_one(first)])


def _persons(frame: pl.DataFrame) -> list[int]:
    return [place for place, level in enumerate(frame["level"]) if level == Level.INDIVIDUAL]


FORM_ONE = versions.FormerForm(probes=lambda frame: _as_one(keys.probe_keys(frame)), names=_names)


def _change_form(patch: pytest.MonkeyPatch) -> None:
    for module in (standardise, key_shapes, many):
        patch.setattr(module, "STANDARD_VERSION", 2)
    key_shapes._base.cache_clear()
    key_shapes._texts.cache_clear()


@pytest.fixture
def new_form() -> Iterator[Callable[..., None]]:
    """Change the canonical form, as a release would that keeps the one before; or forgets it."""
    with pytest.MonkeyPatch.context() as patch:

        def change(*, keeping: bool = True) -> None:
            _change_form(patch)
            patch.setattr(versions, "FORMER", {1: FORM_ONE} if keeping else {})

        yield change
    key_shapes._base.cache_clear()
    key_shapes._texts.cache_clear()


def _put(
    database: Database, points: Points, address: PostalAddress, level: Level = Level.INDIVIDUAL, erased: bool = False
) -> int:
    with database.write() as session:
        opt_out = OptOut(Reason.OPT_OUT, Scope.everything(), Source.OPERATOR)
        number = suppress(session, points, points.post(address, level), opt_out, ANN, at=AT).suppression_id
        if erased:
            session.execute(delete(SuppressionAddress).where(SuppressionAddress.suppression_id == number))
        session.commit()
        return number


def _rekey(database: Database, keyring: Keyring, points: Points, *, every: bool = False) -> Rekeyed:
    return rekey(database, keyring, points, ANN, clock=lambda: AT, every=every)


def _verdicts(database: Database, keyring: Keyring, points: Points, *addresses: PostalAddress) -> list[str]:
    with database.read() as session:
        question = question_about_class(session, MessageClass.MARKETING)
        asked = [points.post(address) for address in addresses]
        return [made.verdict.value for made in decide_all(session, keyring, question, asked, at=AT)]


def _scrubbed(database: Database, keyring: Keyring, *addresses: PostalAddress) -> list[int]:
    rows = pl.DataFrame([dict(address.items()) for address in addresses])
    with database.read() as session:
        index = build_index(session, keyring.peppers, Ask(Channel.POST, MessageClass.MARKETING), at=AT)
    return judge(rows, recognise(rows.columns), index, "US").found["row"].to_list()


def _kinds_of_keys(database: Database, number: int) -> int:
    with database.read() as session:
        query = select(func.count()).select_from(SuppressionKey).where(SuppressionKey.suppression_id == number)
        return session.scalar(query) or 0


def test_no_opt_out_is_lost_between_the_new_form_and_the_rekeying(
    database: Database, keyring: Keyring, points: Points, new_form: Callable[..., None]
) -> None:
    """E13, G3: readable and erased entries of the form before are found by check and scrub."""
    _put(database, points, JANE)
    _put(database, points, BOB, erased=True)
    new_form()
    assert _verdicts(database, keyring, points, JANE, BOB, EVE) == ["refused", "refused", "cleared"]
    assert _scrubbed(database, keyring, JANE, BOB, EVE) == [0, 1]
    with database.read() as session:
        assert "1 postal entry is keyed in an earlier form" in (outdated_warning(session) or "")


def test_a_product_that_lacks_the_form_of_the_list_decides_nothing(
    sqlite_database: Database, keyring: Keyring, points: Points, new_form: Callable[..., None]
) -> None:
    """X1, X12: what it cannot find it must not clear."""
    _put(sqlite_database, points, JANE)
    new_form(keeping=False)
    with pytest.raises(MissingKey, match="in the form 1, which this version of the product lacks"):
        _verdicts(sqlite_database, keyring, points, JANE)
    with pytest.raises(MissingKey, match="in the form 1"):
        _rekey(sqlite_database, keyring, points)


def test_rekeying_adds_the_keys_of_the_new_form_and_takes_none_away(
    database: Database, keyring: Keyring, points: Points, new_form: Callable[..., None]
) -> None:
    jane, home = _put(database, points, JANE), _put(database, points, BOB, Level.HOUSEHOLD)
    erased = _put(database, points, EVE, erased=True)
    before = [_kinds_of_keys(database, number) for number in (jane, home, erased)]
    new_form()
    done = _rekey(database, keyring, points)
    assert (done.form, done.rekeyed, done.failed, done.erased) == ("2", 2, [], 1)
    after = [_kinds_of_keys(database, number) for number in (jane, home, erased)]
    assert after == [2 * before[0], 2 * before[1], before[2]]
    with database.read() as session:
        assert outdated_warning(session) is None
        (entry,) = session.scalars(select(LedgerEntry).where(LedgerEntry.kind == "rekey"))
        assert first_difference(session) is None
    assert entry.facts == {"form": "2", "rekeyed": 2, "failed": 0, "erased": 1}
    assert _verdicts(database, keyring, points, JANE, BOB, EVE) == ["refused", "refused", "refused"]
    assert _rekey(database, keyring, points).rekeyed == 0


def test_the_new_keys_alone_find_an_entry_that_was_keyed_anew(
    sqlite_database: Database, keyring: Keyring, points: Points, new_form: Callable[..., None]
) -> None:
    number = _put(sqlite_database, points, JANE)
    old = {key.digest for key in points.post(JANE).stored}
    new_form()
    _rekey(sqlite_database, keyring, points)
    with sqlite_database.write() as session:
        session.execute(delete(SuppressionKey).where(SuppressionKey.digest.in_(old)))
        session.commit()
    assert _kinds_of_keys(sqlite_database, number) > 0
    assert _verdicts(sqlite_database, keyring, points, JANE) == ["refused"]


def test_an_entry_of_the_form_before_is_the_same_entry(
    sqlite_database: Database, keyring: Keyring, points: Points, new_form: Callable[..., None]
) -> None:
    """The same request again is no second entry, and the person's own act lifts the first."""
    number = _put(sqlite_database, points, JANE)
    new_form()
    assert _put(sqlite_database, points, JANE) == number
    with sqlite_database.write() as session:
        assert optouts.lift(session, points.post(JANE), Reason.OPT_OUT, ANN, at=AT) == [number]
    assert _verdicts(sqlite_database, keyring, points, JANE) == ["cleared"]


def test_an_entry_that_can_no_longer_be_read_is_named_and_keeps_its_keys(
    sqlite_database: Database, keyring: Keyring, points: Points, new_form: Callable[..., None]
) -> None:
    jane, bob = _put(sqlite_database, points, JANE), _put(sqlite_database, points, BOB)
    with sqlite_database.write() as session:
        odd = update(SuppressionAddress).where(SuppressionAddress.suppression_id == bob)
        session.execute(odd.values(given={"name": "Bob Roe", "address1": "nowhere"}))
        session.commit()
    new_form()
    done = _rekey(sqlite_database, keyring, points)
    assert done.rekeyed == 1
    assert [failed.suppression_id for failed in done.failed] == [bob]
    assert "nowhere" not in done.failed[0].problem
    assert jane != bob
    assert _verdicts(sqlite_database, keyring, points, BOB) == ["refused"]


def test_a_run_that_was_stopped_goes_on_where_it_stopped_and_is_on_the_ledger(
    sqlite_database: Database,
    keyring: Keyring,
    points: Points,
    new_form: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number in range(5):
        _put(sqlite_database, points, PostalAddress(**dict(JANE.items()) | {"address1": f"{number + 1} Elm St"}))
    new_form()
    monkeypatch.setattr(rekeying, "READ", 2)
    monkeypatch.setattr(rekeying, "CHUNK", 1)

    def stop(seen: int) -> None:
        if seen == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rekey(sqlite_database, keyring, points, ANN, clock=lambda: AT, progress=stop)
    assert _rekey(sqlite_database, keyring, points).rekeyed == 1
    with sqlite_database.read() as session:
        told = session.scalars(select(LedgerEntry).where(LedgerEntry.kind == "rekey").order_by(LedgerEntry.id))
        assert [entry.facts["rekeyed"] for entry in told] == [4, 1]


def test_what_ended_or_came_in_a_token_is_left_alone(
    sqlite_database: Database, keyring: Keyring, points: Points, new_form: Callable[..., None]
) -> None:
    number = _put(sqlite_database, points, JANE)
    with sqlite_database.write() as session:
        row = session.get_one(Suppression, number)
        row.ended_at, row.ended_by = AT, "void"
        session.commit()
    new_form()
    assert _rekey(sqlite_database, keyring, points).rekeyed == 0


def test_a_new_pepper_is_a_reason_too(sqlite_database: Database, keyring: Keyring, points: Points) -> None:
    number = _put(sqlite_database, points, JANE)
    before = _kinds_of_keys(sqlite_database, number)
    renewed = Keyring(Peppers(["a newer pepper of good length", PEPPER]), keyring.signing)
    assert _rekey(sqlite_database, renewed, Points(renewed.peppers)).rekeyed == 1
    assert _kinds_of_keys(sqlite_database, number) == 2 * before


def test_a_refusal_that_binds_a_person_reaches_the_postal_address_in_the_new_form(
    sqlite_database: Database, keyring: Keyring, points: Points, new_form: Callable[..., None]
) -> None:
    """G15."""
    with sqlite_database.write() as session:
        contact = Contact(created_at=AT)
        session.add(contact)
        session.flush()
        for point in (points.email("jane@example.com"), points.post(JANE)):
            session.add(
                ContactPoint(
                    contact_id=contact.id, channel=point.channel.value, digest=point.digest, pepper_id=point.pepper_id,
                    value=dict(point.given or {}), source="import", created_at=AT,
                )
            )  # fmt: skip
        session.flush()
        opt_out = OptOut(Reason.OBJECTION, Scope.everything(), Source.OPERATOR)
        number = suppress(session, points, points.email("jane@example.com"), opt_out, ANN, at=AT).suppression_id
        session.commit()
    new_form()
    _put(sqlite_database, points, BOB)
    before = _kinds_of_keys(sqlite_database, number)
    assert _rekey(sqlite_database, keyring, points, every=True).people == 1
    assert _kinds_of_keys(sqlite_database, number) > before
    assert _verdicts(sqlite_database, keyring, points, JANE) == ["refused"]
