"""What the guards hold a mailing for, and what they let pass."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from prefcenter.core.channels import Channel
from prefcenter.scrub.canaries import Watched
from prefcenter.scrub.run import Tally
from prefcenter.scrub.shifted import PlaceCheck
from prefcenter.services.guarding import DEFAULT_GUARDS, Guards, Seen, reasons_to_hold, survivors_told
from prefcenter.services.ports import Keyring
from prefcenter.services.sealing import LedgerKeys, seal
from prefcenter.store import ledger
from prefcenter.store.engine import Database
from prefcenter.store.mailings import Mailing

AT = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)


def seen(read: int = 10_000, removed: int = 200, **changed: Any) -> Seen:
    unreadable = changed.pop("unreadable", 0)
    review = changed.pop("review", 0)
    tally = Tally(kept=read - removed - unreadable - review, suppressed=removed, unreadable=unreadable, review=review)
    facts: dict[str, Any] = {
        "mailing": "spring",
        "brand": "acme",
        "channel": Channel.POST,
        "vendor": "",
        "places": PlaceCheck(),
        "list_entries": 5_000,
        "speaking": 4_000,
    }
    return Seen(tally=tally, **facts | changed)


def before(database: Database, *shares: float, **changed: Any) -> None:
    """Put mailings on record of which these shares were removed, the oldest first."""
    with database.write() as session:
        for number, share in enumerate(shares, start=1):
            removed = round(share * 10_000)
            counts = {"read": 10_000, "suppressed": removed, "review": 0, "unreadable": 0}
            facts = {
                "name": "spring",
                "version": number,
                "brand": "acme",
                "channel": "post",
                "state": "prepared",
                "prepared_at": AT - timedelta(days=30 - number),
                "stale_after": AT,
                "ledger_position": changed.get("position", 0),
                "manifest": {
                    "counts": counts,
                    "vendor": changed.get("vendor", ""),
                    "list_entries": changed.get("entries", 5_000),
                },
            }
            session.add(
                Mailing(**facts | {name: changed[name] for name in ("name", "state", "brand") if name in changed})
            )
        session.commit()


def held(database: Database, what: Seen, guards: Guards = DEFAULT_GUARDS) -> tuple[str, ...]:
    with database.read() as session:
        return reasons_to_hold(session, what, guards)


def test_a_stopped_brand_is_held_however_short_its_file_is(sqlite_database: Database) -> None:
    """E17: what our own gate would not send, another tool must not either; post and texts are not stopped."""
    few = seen(10, 0, channel=Channel.EMAIL, stopped_since=AT)
    (told,) = held(sqlite_database, few)
    assert told.startswith("The marketing mail of acme is stopped since 2026-11-23 18:00 UTC")
    assert held(sqlite_database, seen(10, 0, stopped_since=AT)) == ()
    assert held(sqlite_database, seen(10, 0, channel=Channel.EMAIL)) == ()


@pytest.mark.parametrize("removed", [201, 610])
def test_a_share_near_the_usual_one_passes(sqlite_database: Database, removed: int) -> None:
    before(sqlite_database, 0.02, 0.019, 0.03, 0.022)
    assert held(sqlite_database, seen(removed=removed)) == ()


def test_a_share_far_above_the_usual_one_is_held(database: Database) -> None:
    """More than three times the median of the mailings before of this name."""
    before(database, 0.02, 0.02, 0.02)
    assert held(database, seen(removed=601)) == (
        "6.01% of the rows were removed (601); 2.00% are usual in the 3 mailings before of this name.",
    )
    assert held(database, seen(removed=600)) == ()


def test_a_share_far_below_the_usual_one_is_held(sqlite_database: Database) -> None:
    before(sqlite_database, 0.02, 0.02, 0.02)
    assert held(sqlite_database, seen(removed=66)) == (
        "0.66% of the rows were removed (66); 2.00% are usual in the 3 mailings before of this name.",
    )
    assert held(sqlite_database, seen(removed=67)) == ()


def test_rows_held_back_for_review_count_as_removed(sqlite_database: Database) -> None:
    before(sqlite_database, 0.02, 0.02, 0.02)
    assert held(sqlite_database, seen(removed=60, review=140)) == ()


def test_what_chance_moves_is_not_far(sqlite_database: Database) -> None:
    """Five times the usual share is 24 rows more: nothing that a person could tell anything from."""
    before(sqlite_database, 0.0006, 0.0006, 0.0006)
    assert held(sqlite_database, seen(removed=30)) == ()
    assert held(sqlite_database, seen(removed=36))


def test_two_mailings_make_no_usual_share(sqlite_database: Database) -> None:
    before(sqlite_database, 0.02, 0.02)
    assert held(sqlite_database, seen(removed=5_000)) == ()


@pytest.mark.parametrize(
    "changed", [{"state": "held"}, {"state": "failed"}, {"brand": "other"}, {"name": "autumn"}, {"vendor": "Lists Inc"}]
)
def test_only_what_went_out_of_the_same_kind_makes_the_usual_share(
    sqlite_database: Database, changed: dict[str, Any]
) -> None:
    before(sqlite_database, 0.02, 0.02, 0.02, **changed)
    assert held(sqlite_database, seen(removed=5_000)) == ()


def test_a_vendor_is_measured_by_its_own_files_whatever_the_mailing_is_called(sqlite_database: Database) -> None:
    before(sqlite_database, 0.02, 0.02, 0.02, vendor="Lists Inc", name="winter")
    before(sqlite_database, 0.5, 0.5, 0.5)
    assert held(sqlite_database, seen(removed=5_000, vendor="lists inc")) == (
        "50.00% of the rows were removed (5,000); 2.00% are usual in the 3 mailings before of lists inc.",
    )
    assert held(sqlite_database, seen(removed=5_000)) == ()


def test_where_nobody_says_whose_list_it_is_last_years_mailings_tell_what_is_usual(sqlite_database: Database) -> None:
    for year in ("2024", "2025", "2026"):
        before(sqlite_database, 0.02, name=f"spring-{year}")
    assert held(sqlite_database, seen(mailing="Spring 2027", removed=700)) == (
        "7.00% of the rows were removed (700); 2.00% are usual in the 3 mailings before of such a name.",
    )
    assert held(sqlite_database, seen(mailing="Spring 2027", removed=300)) == ()
    assert held(sqlite_database, seen(mailing="autumn-2027", removed=700)) == ()


def test_a_mailing_of_a_new_name_is_measured_by_all_of_the_brand_and_more_gently(sqlite_database: Database) -> None:
    for name, share in (("a", 0.01), ("b", 0.02), ("c", 0.04), ("d", 0.02), ("e", 0.03)):
        before(sqlite_database, share, name=name)
    assert held(sqlite_database, seen(mailing="new", removed=2_000)) == ()
    (told,) = held(sqlite_database, seen(mailing="new", removed=2_001))
    assert told == (
        "20.01% of the rows were removed (2,001); 1.00% to 4.00% are usual in the 5 mailings before by this channel"
        " (--vendor says that it is another's list)."
    )
    assert held(sqlite_database, seen(mailing="new", removed=20)) == ()
    assert held(sqlite_database, seen(mailing="new", removed=19))
    assert held(sqlite_database, seen(mailing="new", removed=2_001, vendor="Lists Inc")) == ()


def test_a_first_mailing_and_the_first_after_the_list_was_filled_pass(sqlite_database: Database) -> None:
    """No false alarm where there is nothing to compare with."""
    assert held(sqlite_database, seen(removed=5_000)) == ()
    for name in "abcde":
        before(sqlite_database, 0.0, name=name)
    assert held(sqlite_database, seen(mailing="new", removed=300)) == ()


def test_a_service_letter_that_nobody_refused_passes(sqlite_database: Database) -> None:
    """E14: a long list of opt-outs from marketing says nothing of it."""
    assert held(sqlite_database, seen(removed=0, list_entries=5_000, speaking=3)) == ()


def test_nobody_removed_is_held_where_the_list_is_long_enough(sqlite_database: Database) -> None:
    assert held(sqlite_database, seen(removed=0, speaking=99)) == ()
    assert held(sqlite_database, seen(removed=0, speaking=100)) == (
        "Nobody was removed from 10,000 rows, though 100 entries of the list speak against this mailing.",
    )


def test_nobody_removed_passes_where_that_is_usual(sqlite_database: Database) -> None:
    before(sqlite_database, 0.0, 0.0, 0.0)
    assert held(sqlite_database, seen(removed=0)) == ()
    before(sqlite_database, 0.01, 0.01, 0.01, 0.01, name="autumn")
    assert held(sqlite_database, seen(removed=0, mailing="autumn")) == (
        (
            "Nobody was removed from 10,000 rows, though 4,000 entries of the list speak against this mailing and"
            " 1.00% are usual."
        ),
    )


def test_zips_in_other_states_are_held_beyond_two_in_a_hundred(sqlite_database: Database) -> None:
    assert held(sqlite_database, seen(places=PlaceCheck(5_000, 100))) == ()
    assert held(sqlite_database, seen(places=PlaceCheck(5_000, 101))) == (
        "ZIP and state disagree in 2.0% of the rows that have both (101 of 5,000 looked at): columns may have shifted.",
    )


def test_more_than_a_quarter_unreadable_is_held(sqlite_database: Database) -> None:
    assert held(sqlite_database, seen(unreadable=2_500)) == ()
    assert held(sqlite_database, seen(unreadable=2_501)) == (
        "2,501 of 10,000 rows could not be read (25%); unreadable.csv says why.",
    )


def test_a_list_that_shrank_is_held_unless_the_ledger_says_why(database: Database, keyring: Keyring) -> None:
    """X7, E13: an opt-out leaves the list by a lift or a voiding, which the ledger holds, and in no other way."""
    keys = LedgerKeys(keyring.signing)

    def ended(kind: str, channel: str = "post") -> None:
        with database.write() as session:
            ledger.append(session, kind, at=AT, actor="recipient", facts={"suppression": 1, "channel": channel})
            session.commit()
        with database.write() as session:
            seal(session, keys, at=AT)

    ended("lift")
    before(database, 0.02, position=1)
    assert held(database, seen(list_entries=5_001)) == ()
    assert held(database, seen(list_entries=4_998)) == (
        (
            "The list shrank: it has 4,998 entries for post, and had 5,000 at spring, version 1; 0 were lifted or"
            " voided since. See `prefcenter ledger verify`."
        ),
    )
    ended("lift")
    ended("void", channel="email")
    assert len(held(database, seen(list_entries=4_998))) == 1
    ended("void")
    assert held(database, seen(list_entries=4_998)) == ()


def test_a_small_file_is_held_by_nothing_but_a_canary(sqlite_database: Database) -> None:
    """Shares of few rows say little; a canary that survives says all (P13)."""
    told = survivors_told([Watched(4, (2, 4))], Watched(20, ()))
    small = seen(read=999, removed=0, unreadable=500, places=PlaceCheck(400, 400))
    assert held(sqlite_database, small) == ()
    survived = seen(read=999, removed=0, survivors=told)
    assert held(sqlite_database, survived) == ("2 canaries survived, and would have been sent to: rows 2, 4.",)


def test_a_survivor_is_told_once_by_its_number(sqlite_database: Database) -> None:
    """X8: whoever reads the manifest learns no address. The same canaries go through with each file."""
    told = survivors_told([Watched(4, (3,)), Watched(4, (3,))], Watched(20, (17,)))
    assert told == (
        "1 canary survived, and would have been sent to: row 3.",
        "The list does not find itself: suppression 17 would have been sent to, of 20 looked up.",
    )


def test_thresholds_are_settings(sqlite_database: Database) -> None:
    assert held(sqlite_database, seen(removed=0), Guards(from_rows=100_000)) == ()
    assert held(sqlite_database, seen(read=20, removed=1, unreadable=9), Guards(from_rows=10))
