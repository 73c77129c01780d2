"""Which sender each channel has, by the settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from prefcenter.core.channels import Channel, MessageClass
from prefcenter.core.decision import Ask, Cleared, decide
from prefcenter.providers.sandbox import Sandbox
from prefcenter.providers.sendgrid_api import SendGridSender
from prefcenter.providers.twilio_api import TwilioSender
from prefcenter.services.errors import SendFailed
from prefcenter.services.ports import Outgoing
from prefcenter.store.engine import Database
from tests.houses import START, StillClock, wiring_on

TWILIO = {"twilio_account_sid": "AC1", "twilio_auth_token": "hush"}
SENDGRID = {"sendgrid_api_key": "SG.hush"}


def kinds(database: Database, folder: Path, settings: dict[str, str]) -> dict[Channel, type]:
    wiring = wiring_on(database, folder, StillClock(), **settings)
    return {channel: type(sender) for channel, sender in wiring.senders.items()}


@pytest.mark.parametrize("settings", [{}, {"twilio_auth_token": "hush"}, {"twilio_account_sid": "AC1"}])
def test_without_a_provider_all_goes_to_the_sandbox(
    sqlite_database: Database, tmp_path: Path, settings: dict[str, str]
) -> None:
    """The token alone verifies webhooks; it sends nothing."""
    wiring = wiring_on(sqlite_database, tmp_path, StillClock(), **settings)
    assert isinstance(wiring.sandbox, Sandbox)
    own = {channel: type(sender) for channel, sender in wiring.sandbox.senders.items()}
    assert kinds(sqlite_database, tmp_path, settings) == own


def test_with_both_each_channel_has_its_provider(sqlite_database: Database, tmp_path: Path) -> None:
    made = kinds(sqlite_database, tmp_path, TWILIO | SENDGRID)
    assert wiring_on(sqlite_database, tmp_path, StillClock(), **TWILIO).sandbox is None
    assert made == {Channel.EMAIL: SendGridSender, Channel.SMS: TwilioSender}


@pytest.mark.parametrize(
    ("settings", "channel", "missing"),
    [(TWILIO, Channel.EMAIL, "SENDGRID_API_KEY"), (SENDGRID, Channel.SMS, "TWILIO_AUTH_TOKEN")],
)
def test_a_channel_without_a_provider_sends_nothing_and_says_so(
    sqlite_database: Database, tmp_path: Path, settings: dict[str, Any], channel: Channel, missing: str
) -> None:
    """U3: beside a provider for the other channel, nothing vanishes into a sandbox that nobody sees."""
    sender = wiring_on(sqlite_database, tmp_path, StillClock(), **settings).senders[channel]
    cleared = decide(Ask(channel, MessageClass.SERVICE), (), (), START)
    assert isinstance(cleared, Cleared)
    message = Outgoing(1, channel, "x", MessageClass.SERVICE, "alerts", "y", "", "Hello")
    with pytest.raises(SendFailed, match=missing):
        sender.send(cleared, message)
    assert isinstance(sender.send_many([(cleared, message)])[0], SendFailed)
    assert sender.cancel("x") is False
    assert sender.most_at_once == 1
