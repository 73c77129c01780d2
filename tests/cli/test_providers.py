"""``prefcenter providers``: agreeing with stand-ins for SendGrid and Twilio, and what is told of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from prefcenter.providers.stand_ins.loopback import LoopbackServer
from prefcenter.providers.stand_ins.sendgrid_server import Scripted, SendGridStandIn
from prefcenter.providers.stand_ins.sendgrid_suppressions import Group
from prefcenter.providers.stand_ins.twilio_account import TwilioAccount
from prefcenter.providers.stand_ins.twilio_server import TwilioStandIn
from tests.cli.conftest import Prefcenter

KEY, ACCOUNT, TOKEN = "SG.cli", "AC" + "0" * 32, "a token"


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Agreeing:
    """The command line with a provider for each channel."""

    prefcenter: Prefcenter
    sendgrid: SendGridStandIn
    twilio: TwilioAccount


@pytest.fixture
def agreeing(acme: Prefcenter) -> Iterator[Agreeing]:
    sendgrid, account = SendGridStandIn(_now, KEY), TwilioAccount(ACCOUNT, TOKEN, _now)
    with LoopbackServer(sendgrid.respond) as server, TwilioStandIn(account) as twilio:
        acme.environ |= {
            "SENDGRID_API_KEY": KEY,
            "PREFCENTER_SENDGRID_HOST": server.url,
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "PREFCENTER_TWILIO_HOST": twilio.url,
        }
        yield Agreeing(acme, sendgrid, account)
        sendgrid.close()


def test_drift_is_shown_taken_away_by_a_sync_and_gone(agreeing: Agreeing) -> None:
    """X8: exit 3 while they differ, addresses masked."""
    run = agreeing.prefcenter
    agreeing.sendgrid.lists.groups[14] = Group("Offers", members={"left@example.com": 0})
    run("type", "add", "offers-sms", "--class", "marketing", "--channel", "sms", "--sender", "+18005550101")
    run("providers", "map", "14", "--topic", "offers")
    run("suppress", "add", "email", "jane@example.com", "--reason", "opt_out")
    run("suppress", "add", "sms", "+14155550100", "--reason", "opt_out")
    shown = run("providers", "drift", exits=3).stdout
    assert "1 ours, not there (group:14): never told" in shown
    assert "1 there, not ours (group:14): not taken over yet" in shown
    assert "jane@example.com" not in shown
    assert "left@example.com" not in shown
    done = run("providers", "sync").stdout
    assert "SendGrid (everything gone through): 1 read there, 1 taken over, 1 told." in done
    assert "Twilio (everything gone through): 1 told." in done
    assert set(agreeing.sendgrid.lists.groups[14].members) == {"left@example.com", "jane@example.com"}
    assert agreeing.twilio.consents == {("+14155550100", "+18005550101"): "opt-out"}
    assert "no drift" in run("providers", "drift").stdout


def test_both_answer_programs(agreeing: Agreeing) -> None:
    """With counts, and entries by their numbers."""
    run = agreeing.prefcenter
    agreeing.sendgrid.lists.groups[14] = Group("Offers")
    run("providers", "map", "14", "--topic", "offers")
    run("suppress", "add", "email", "jane@example.com", "--reason", "opt_out")
    mail, texts = run.json("providers", "drift", exits=3)
    assert (mail["provider"], mail["drift"], texts["provider"], texts["drift"]) == ("sendgrid", True, "twilio", False)
    assert mail["counts"] == [{"direction": "ours_not_there", "list": "group:14", "reason": "never_told", "count": 1}]
    assert mail["entries"][0] | {"who": ""} == {
        "direction": "ours_not_there",
        "list": "group:14",
        "reason": "never_told",
        "who": "",
        "suppression": 1,
        "detail": "",
    }
    mail, _ = run.json("providers", "sync")
    assert (mail["whole"], mail["told"]) == (True, 1)
    mail, _ = run.json("providers", "sync")
    assert (mail["whole"], mail["told"]) == (False, 0)
    told = run.json("providers", "list")
    assert told["lists"] == [{"provider": "sendgrid", "list": "group:14", "scope": "topic:acme/offers"}]
    assert [each["unfinished"] for each in told["runs"]] == [False, False]


def test_a_provider_that_is_down_stops_no_other_and_is_named(agreeing: Agreeing) -> None:
    """Exit 1, one sentence, nothing lost."""
    run = agreeing.prefcenter
    run("type", "add", "offers-sms", "--class", "marketing", "--channel", "sms", "--sender", "+18005550101")
    run("suppress", "add", "sms", "+14155550100", "--reason", "opt_out")
    agreeing.sendgrid.next(Scripted(502))
    done = run("providers", "sync", exits=1)
    assert done.stderr.startswith("SendGrid answered with status 502.")
    assert len(agreeing.twilio.consents) == 1
    agreeing.sendgrid.next(Scripted(502))
    told = json.loads(run("providers", "drift", "--json", exits=1).stdout)
    assert [each["provider"] for each in told if "error" in each] == ["sendgrid"]
    run("providers", "sync")


def test_a_group_that_is_gone_is_a_problem(agreeing: Agreeing) -> None:
    """What it stood for is told to nobody, so the sync does not say that all is well."""
    run = agreeing.prefcenter
    run("providers", "map", "14", "--topic", "offers")
    assert "Problem: Group 14 is not there any more" in run("providers", "sync", exits=1).stdout
    run("providers", "drift", exits=3)
    run("providers", "unmap", "14")
    run("providers", "sync")
    assert run.json("providers", "list")["lists"] == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("map", "offers"), "neither the number of an unsubscribe group"),
        (("map", "14", "--topic", "nothing"), "no topic “nothing”"),
        (("map", "global", "--brand", "acme"), "cannot stand for one brand"),
        (("unmap", "14"), "Nothing is said of the list 14"),
    ],
)
def test_what_cannot_be_a_meaning_is_refused(acme: Prefcenter, words: tuple[str, ...], says: str) -> None:
    assert says in acme("providers", *words, exits=2).stderr


@pytest.mark.parametrize("what", ["sync", "drift"])
def test_without_a_provider_there_is_nothing_to_agree_with(acme: Prefcenter, what: str) -> None:
    assert "No provider is configured" in acme("providers", what, exits=1).stderr
