"""``prefcenter check`` and ``prefcenter explain``."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.conftest import JANE_AT_HOME, Prefcenter


def test_cleared_is_exit_0_and_refused_is_exit_3(acme: Prefcenter) -> None:
    acme("check", "email", "jane@example.com")
    acme("suppress", "add", "email", "jane@example.com", "--reason", "opt_out")
    acme("check", "email", " Jane@Example.COM ", exits=3)
    acme("check", "email", "jane@example.com", "--class", "service")


def test_reroute_is_exit_4(acme: Prefcenter) -> None:
    acme("suppress", "add", "email", "jane@example.com", "--reason", "hard_bounce")
    assert acme.json("check", "email", "jane@example.com", "--class", "service", exits=4)["verdict"] == "reroute"


def test_the_answer_in_json_is_one_decision_as_the_api_gives_it(acme: Prefcenter) -> None:
    acme("suppress", "add", "email", "jane@example.com", "--reason", "opt_out", "--topic", "offers")
    answer = acme.json("check", "email", "jane@example.com", "--type", "spring-offers", exits=3)
    since = answer["reasons"][0].pop("since")
    assert answer == {
        "verdict": "refused",
        "reasons": [{"code": "opt_out", "scope": "topic:offers", "source": "operator"}],
        "until": None,
    }
    assert datetime.fromisoformat(since).tzinfo is not None
    assert since.endswith("Z")


def test_without_a_type_only_refusals_of_whole_brands_refuse(acme: Prefcenter) -> None:
    acme("suppress", "add", "email", "jane@example.com", "--reason", "opt_out", "--topic", "offers")
    acme("check", "email", "jane@example.com")
    acme("check", "email", "jane@example.com", "--topic", "offers", exits=3)
    acme("suppress", "add", "email", "jane@example.com", "--reason", "opt_out", "--brand", "acme")
    acme("check", "email", "jane@example.com", exits=3)


def test_a_postal_opt_out_is_found_in_another_spelling(acme: Prefcenter) -> None:
    acme("suppress", "add", "post", JANE_AT_HOME, "--reason", "opt_out")
    acme("check", "post", "JANE DOE; 12 Main Street; #4; SPRINGFIELD; IL; 62701-1234", exits=3)
    acme("check", "post", "Jane Doe; 14 Main St; Apt 4; Springfield; IL; 62701")


def test_a_pause_names_its_end(acme: Prefcenter) -> None:
    until = (datetime.now(UTC) + timedelta(days=20)).date().isoformat()
    acme("suppress", "add", "email", "jane@example.com", "--reason", "paused", "--until", until)
    assert acme.json("check", "email", "jane@example.com", exits=3)["until"] == f"{until}T00:00:00Z"


def test_bad_questions_are_exit_2(acme: Prefcenter) -> None:
    acme("check", "fax", "1", exits=2)
    acme("check", "email", "nobody", exits=2)
    acme("check", "post", "Jane Doe; 12 Main St", exits=2)
    acme("check", "email", "jane@example.com", "--type", "unheard-of", exits=2)
    acme("check", "email", "jane@example.com", "--brand", "unheard-of", exits=2)
    acme("check", "sms", "+14155550100", "--type", "spring-offers", exits=2)
    acme("check", "email", "jane@example.com", "--type", "spring-offers", "--class", "legal", exits=2)


def test_explain_tells_the_evidence_and_how_it_ended(acme: Prefcenter) -> None:
    acme("suppress", "add", "email", "jane@example.com", "--reason", "complaint", "--note", "rang us", "--as", "ann")
    words = ("suppress", "lift", "email", "jane@example.com", "--reason", "complaint")
    acme(*words, "--evidence", "wrote on 3 May that it was a slip", "--as", "bob")
    told = acme("explain", "email", "jane@example.com").stdout
    assert "by ann" in told
    assert "note: rang us" in told
    assert "evidence: wrote on 3 May that it was a slip" in told
    assert "jane@example.com" not in told
    answer = acme.json("explain", "email", "jane@example.com")
    assert answer["standing"] == []
    assert [each["kind"] for each in answer["ended"][0]["history"]] == ["suppress", "lift"]
    assert answer["verdicts"]["marketing"]["verdict"] == "cleared"


def test_explain_gives_the_verdict_first_then_why_then_what_happened(acme: Prefcenter) -> None:
    """Whoever is on the telephone needs the answer, and the entries behind it, before the history of each."""
    for reason in ("complaint", "opt_out"):
        acme("suppress", "add", "email", "jane@example.com", "--reason", reason, "--as", "ann")
    acme("suppress", "add", "email", "jane@example.com", "--reason", "opt_out", "--brand", "acme")
    lines = acme("explain", "email", "jane@example.com").stdout.splitlines()
    titles = [line for line in lines[1:] if line and not line.startswith(" ")]
    assert titles == ["What may be sent (in general, of all brands)", "On the list", "What happened"]
    assert "  marketing  refused: complaint (entry 1); opt_out (entry 2, 3)" in lines
    happened = lines[lines.index("What happened") + 1 :]
    assert len(happened) == 3
    moments = re.findall(r"\d{4}-\d\d-\d\d.\d\d:\d\d\S*(?: UTC)?", "\n".join(lines))
    assert len(moments) == 7
    assert all(moment.endswith(" UTC") for moment in moments)


def test_explain_keeps_a_long_evidence_on_its_line(acme: Prefcenter) -> None:
    """A mail's whole text is evidence; with its line ends it would read as lines of the explanation."""
    words = ("suppress", "add", "email", "jane@example.com", "--reason", "opt_out", "--note", "first\n\nOn the list")
    acme(*words)
    assert "note: first On the list\n" in acme("explain", "email", "jane@example.com").stdout
    [entry] = acme.json("explain", "email", "jane@example.com")["standing"]
    assert entry["history"][0]["evidence"]["note"] == "first\n\nOn the list"


def test_explain_as_of_then_tells_what_held_then(acme: Prefcenter) -> None:
    acme("suppress", "add", "email", "jane@example.com", "--reason", "opt_out")
    then = datetime.now(UTC).isoformat()
    acme("suppress", "lift", "email", "jane@example.com", "--reason", "opt_out", "--evidence", "signed up again")
    answer = acme.json("explain", "email", "jane@example.com", "--at", then)
    assert [each["code"] for each in answer["standing"]] == ["opt_out"]
    assert answer["verdicts"]["marketing"]["verdict"] == "refused"
    before = acme.json("explain", "email", "jane@example.com", "--at", "2020-01-01")
    assert (before["standing"], before["ended"]) == ([], [])
    acme("explain", "email", "jane@example.com", "--at", "yesterday", exits=2)


LISTED = "Robert Smith; 12 N Main St; Apt 4; Springfield; IL; 62701"


@pytest.mark.parametrize(
    ("asked", "exits", "told"),
    [
        ("Bob Smith; 12 North Main Street; Apt 4", 3, "no key is the same; rules for pairs: nickname, score 0.900"),
        ("Robert Smith; 12 S Main St; ", 3, "the same by its keys: core, nozip; rules for pairs: line, score 0.800"),
        ("R Smith; 12 N Main St; # 4", 3, "rules for pairs: initial, score 0.800, unsure: held back"),
        ("Robert Smyth; 12 N Mian St; ", 0, "unsure: let through, and told to a person"),
    ],
)
def test_a_postal_match_is_explained_by_its_keys_and_scores(
    acme: Prefcenter, asked: str, exits: int, told: str
) -> None:
    """P9: what the rules for pairs find is refused as in a file, and a person can follow why."""
    acme("suppress", "add", "post", LISTED, "--reason", "opt_out")
    acme("check", "post", f"{asked}; Springfield; IL; 62701", exits=exits)
    assert told in acme("explain", "post", f"{asked}; Springfield; IL; 62701").output


def test_another_person_there_is_not_met(acme: Prefcenter) -> None:
    """P6, P9: a sister, a neighbour, and somebody else on the avenue of that name."""
    acme("suppress", "add", "post", LISTED, "--reason", "opt_out")
    for other in (
        "Roberta Smith; 12 N Main St; Apt 4",
        "Robert Smith; 14 N Main St; Apt 4",
        "Jim Smith; 12 N Main Ave; ",
    ):
        acme("check", "post", f"{other}; Springfield; IL; 62701", exits=0)
