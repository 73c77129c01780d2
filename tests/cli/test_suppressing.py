"""``prefcenter suppress add``, ``lift``, ``void``, ``list``."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from prefcenter.core.channels import Reason
from prefcenter.services.sealing import seal
from prefcenter.store import ledger
from prefcenter.store.ledger import LedgerEntry, LedgerPersonal
from tests.cli.conftest import JANE_AT_HOME, Prefcenter

COMPUTED = ("consent_missing", "policy_version", "quiet_hours", "frequency_cap")


@pytest.mark.parametrize(
    ("scoped", "scope"),
    [
        ([], "all"),
        (["--brand", "acme"], "brand:acme"),
        (["--topic", "offers"], "topic:offers"),
        (["--brand", "acme", "--topic", "offers"], "topic:offers"),
    ],
)
def test_the_scope_is_what_was_named(acme: Prefcenter, scoped: list[str], scope: str) -> None:
    words = ("suppress", "add", "sms", "(415) 555-0100", "--reason", "opt_out")
    assert acme.json(*words, *scoped)["scope"] == scope
    assert [each["scope"] for each in acme.json("suppress", "list")] == [scope]


def test_a_topic_that_several_brands_have_needs_its_brand(acme: Prefcenter) -> None:
    acme("brand", "add", "bolt")
    acme("topic", "add", "offers", "--brand", "bolt")
    words = ("suppress", "add", "email", "jane@example.com", "--reason", "opt_out", "--topic", "offers")
    assert "acme, bolt" in acme(*words, exits=2).stderr


def test_the_same_again_changes_nothing(acme: Prefcenter) -> None:
    words = ("suppress", "add", "email", "jane@example.com", "--reason", "opt_out")
    assert acme.json(*words)["new"] is True
    assert acme.json(*words)["new"] is False
    assert len(acme.json("suppress", "list")) == 1


@pytest.mark.parametrize("reason", [each.value for each in Reason if each.value not in COMPUTED])
def test_every_reason_that_can_stand_on_the_list_can_be_put_there(acme: Prefcenter, reason: str) -> None:
    acme("suppress", "add", "email", "jane@example.com", "--reason", reason)


@pytest.mark.parametrize("reason", COMPUTED)
def test_a_reason_that_is_worked_out_at_each_decision_cannot(acme: Prefcenter, reason: str) -> None:
    acme("suppress", "add", "email", "jane@example.com", "--reason", reason, exits=2)


def test_an_opt_out_has_no_end(acme: Prefcenter) -> None:
    """E13: an opt-out never expires."""
    words = ("suppress", "add", "email", "jane@example.com", "--until", "2099-01-01", "--reason")
    assert "never ends by itself" in acme(*words, "opt_out", exits=2).stderr
    acme(*words, "paused")


def test_dates_that_cannot_be_are_refused(acme: Prefcenter) -> None:
    words = ("suppress", "add", "email", "jane@example.com", "--reason")
    acme(*words, "opt_out", "--since", "2099-01-01", exits=2)
    acme(*words, "paused", "--until", "2020-01-01", exits=2)


def test_hearsay_of_a_death_stops_marketing_only(acme: Prefcenter) -> None:
    acme("suppress", "add", "email", "jane@example.com", "--reason", "deceased", "--unverified")
    acme("check", "email", "jane@example.com", exits=3)
    acme("check", "email", "jane@example.com", "--class", "service")


def test_a_household_covers_everybody_there(acme: Prefcenter) -> None:
    """P9: a household opt-out matches everybody at the address."""
    acme("suppress", "add", "post", JANE_AT_HOME, "--reason", "opt_out", "--level", "household")
    acme("check", "post", "Someone Else; 12 Main St; Apt 4; Springfield; IL; 62701", exits=3)
    acme("suppress", "add", "email", "jane@example.com", "--reason", "opt_out", "--level", "household", exits=2)


def test_lifting_takes_evidence_which_the_ledger_keeps_as_personal_data(acme: Prefcenter) -> None:
    """X10: lifting takes the recipient's own act with its evidence."""
    acme("suppress", "add", "email", "jane@example.com", "--reason", "opt_out")
    words = ("suppress", "lift", "email", "jane@example.com", "--reason", "opt_out")
    acme(*words, exits=2)
    acme(*words, "--evidence", "  ", exits=2)
    acme("check", "email", "jane@example.com", exits=3)
    acme(*words, "--evidence", "Her mail of 3 May", "--as", "ann")
    acme("check", "email", "jane@example.com")
    with acme.database.read() as session:
        entry = session.query(LedgerEntry).filter_by(kind="lift").one()
        assert "Her mail" not in str(entry.facts)
        assert session.get(LedgerPersonal, entry.id).data == {"evidence": "Her mail of 3 May"}  # type: ignore[union-attr]
        assert entry.actor == "ann"
    assert "no opt_out on the list" in acme(*words, "--evidence", "again", exits=2).stderr


def test_a_lift_of_one_topic_leaves_the_others(acme: Prefcenter) -> None:
    for scoped in (["--topic", "offers"], ["--brand", "acme"]):
        acme("suppress", "add", "email", "jane@example.com", "--reason", "opt_out", *scoped)
    words = ("suppress", "lift", "email", "jane@example.com", "--reason", "opt_out", "--evidence", "asked")
    acme(*words, "--topic", "offers")
    assert [each["scope"] for each in acme.json("suppress", "list")] == ["brand:acme"]


def test_voiding_takes_two_different_operators(acme: Prefcenter) -> None:
    """X10: two different operators may void a wrong record."""
    entry = acme.json("suppress", "add", "email", "jane@example.com", "--reason", "hard_bounce")["id"]
    assert "second operator" in acme("suppress", "void", str(entry), "--as", "ann").stdout
    acme("check", "email", "jane@example.com", exits=3)
    acme("suppress", "void", str(entry), "--as", "ANN ", exits=1)
    acme("suppress", "void", str(entry), "--as", "bob")
    acme("check", "email", "jane@example.com")
    acme("suppress", "void", "999", exits=2)


def test_the_list_masks_addresses_unless_it_is_asked_not_to(acme: Prefcenter) -> None:
    acme("suppress", "add", "email", "jane@example.com", "--reason", "opt_out")
    assert "jane@example.com" not in acme("suppress", "list").output
    assert "jane@example.com" in acme("suppress", "list", "--show-addresses").stdout
    assert acme.json("suppress", "list")[0]["address"] == "j•••@example.com"


def test_the_list_can_be_narrowed_and_shows_ended_ones_only_when_asked(acme: Prefcenter) -> None:
    acme("suppress", "add", "email", "jane@example.com", "--reason", "opt_out")
    acme("suppress", "add", "sms", "+14155550100", "--reason", "complaint")
    acme("suppress", "lift", "sms", "+14155550100", "--reason", "complaint", "--evidence", "asked")
    assert acme.json("suppress", "list", "--channel", "sms") == []
    assert len(acme.json("suppress", "list", "--ended")) == 2
    assert len(acme.json("suppress", "list", "--ended", "--limit", "1")) == 1
    assert [each["code"] for each in acme.json("suppress", "list", "--reason", "opt_out")] == ["opt_out"]


def test_a_note_is_kept_as_personal_data(acme: Prefcenter) -> None:
    """X8: a note may hold personal data, so it is erasable."""
    acme("suppress", "add", "email", "jane@example.com", "--reason", "no_contact", "--note", "Threat by Mr Doe")
    with acme.database.read() as session:
        entry = session.query(LedgerEntry).filter_by(kind="suppress").one()
        assert "Doe" not in str(entry.facts)
        assert ledger.personal_of(session, [entry.id])[entry.id]["note"] == "Threat by Mr Doe"


def test_a_postal_entry_is_known_again_without_its_address(acme: Prefcenter) -> None:
    """X8: initials and the ZIP tell an operator which of forty entries it is, and nobody where to write."""
    told = acme("suppress", "add", "post", JANE_AT_HOME, "--reason", "opt_out").stdout
    assert "opt_out for J••• D•••, 1•• M•••, 62701, all brands (entry 1)" in told
    assert "J••• D•••, 1•• M•••, 62701" in acme("suppress", "list").stdout
    assert acme("explain", "post", JANE_AT_HOME).stdout.startswith("J••• D•••, 1•• M•••, 62701 (post), as of ")
    for words in (("suppress", "list"), ("suppress", "list", "--id", "1"), ("explain", "post", JANE_AT_HOME)):
        for part in ("Jane", "Doe", "Main", " 12 ", "Springfield"):
            assert part not in acme(*words).stdout


def test_one_entry_is_shown_with_its_history_ended_or_not(acme: Prefcenter) -> None:
    """X7: each line of it names its place in the ledger, where it can be looked up."""
    words = ("email", "jane@example.com", "--reason", "opt_out")
    acme("suppress", "add", "email", "bob@example.com", "--reason", "opt_out")
    acme("suppress", "add", *words, "--note", "rang us", "--as", "ann")
    acme("suppress", "lift", *words, "--evidence", "Her mail of 3 May", "--as", "bob")
    with acme.database.write() as session:
        seal(session, acme.ledger_keys, at=datetime.now(UTC))
    entry = acme.json("suppress", "list", "--id", "2")
    assert (entry["id"], entry["address"], entry["ended_by"]) == (2, "j•••@example.com", "lift")
    assert [(each["kind"], each["actor"], each["position"]) for each in entry["history"]] == [
        ("suppress", "ann", 5),
        ("lift", "bob", 6),
    ]
    lines = acme("suppress", "list", "--id", "2").stdout.splitlines()
    assert "address           j•••@example.com" in lines
    assert "own act           no" in lines
    assert lines[-2].endswith("suppress of entry 2 by ann (ledger position 5); note: rang us")
    assert lines[-1].endswith("lift of entry 2 by bob (ledger position 6); evidence: Her mail of 3 May")
    assert "bob@example" not in "".join(lines)
    assert "address           jane@example.com" in acme("suppress", "list", "--id", "2", "--show-addresses").stdout
    assert "There is no entry 7" in acme("suppress", "list", "--id", "7", exits=2).stderr
