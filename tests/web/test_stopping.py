"""What the unsubscribe pages say, for each channel and scope, and what they offer after it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from prefcenter.core.channels import Channel
from prefcenter.store.mailings import Mailing, MailingState
from tests.houses import EMAIL, PHONE, POST, House

GIVEN = {Channel.EMAIL: EMAIL, Channel.SMS: PHONE, Channel.POST: POST}


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS, Channel.POST])
@pytest.mark.parametrize("what", ["acme/offers", "acme", ""])
def test_every_sentence_is_whole_and_names_what_stops(
    client: FlaskClient, house: House, channel: Channel, what: str
) -> None:
    """U1, E18: nothing is left open in a sentence, and the address is shown as far as it may be."""
    point = house.know((channel, GIVEN[channel]))[0]
    link = house.path(point, what)
    asked, done, off = client.get(link).text, client.post(link, data={"scope": "topic"}).text, client.get(link).text
    for page, begins in ((asked, "Stop "), (done, "Done. No more "), (off, "Already off: ")):
        (heading,) = re.findall(r"<h1>(.*?)</h1>", page)
        assert heading.startswith(begins)
        assert "%(" not in page
        assert ("Acme" in heading) == bool(what)
        assert ("Acme Offers" in heading) == ("/" in what)
    assert GIVEN[channel] not in asked + done + off


def test_whoever_is_not_on_file_is_told_of_their_own_address(app: Flask, house: House) -> None:
    """E18: nothing can be shown of a digest."""
    point = house.wiring.points.email("stranger@example.com")
    page = app.test_client().get(house.path(point, "acme/offers")).text
    assert "<h1>Stop Acme Offers emails to your email address?</h1>" in page


def test_the_done_page_stops_the_rest_too_by_one_press(client: FlaskClient, house: House) -> None:
    """E12, U1: letters and texts are separate, and one button ends those as well."""
    point, letters = house.know((Channel.EMAIL, EMAIL), (Channel.POST, POST))
    assert "<h1>Stop " in client.get(house.path(letters, "beta/offers")).text
    done = client.post(house.path(point, "acme/offers"), data={"scope": "topic"}).text
    found = re.search(r'action="(/p/[^"]+)"[^>]*>\s*<button[^>]*name="do" value="stop_everything"', done)
    assert found is not None
    assert "All marketing has stopped" in client.post(found[1], data={"do": "stop_everything"}).text
    assert ("email", "objection", "all", "preference_page") in house.suppressions()
    assert "<h1>Already off: " in client.get(house.path(letters, "beta/offers")).text


def test_mail_that_is_printed_is_named_with_its_last_day(client: FlaskClient, house: House) -> None:
    """P12: after the drop it counts as in flight, and the page says until when."""
    point = house.know((Channel.POST, POST))[0]
    link = house.path(point, "acme/offers")
    assert "until about" not in client.post(link).text
    at = house.clock()
    with house.wiring.database.write() as session:
        session.add(_dropped(at - timedelta(days=1)))
        session.commit()
    assert "until about December 6, 2026" in client.post(link).text


def _dropped(at: datetime) -> Mailing:
    return Mailing(
        name="spring",
        version=1,
        brand="acme",
        channel="post",
        state=MailingState.DROPPED,
        prepared_at=at,
        stale_after=at + timedelta(days=7),
        dropped_at=at,
        ledger_position=0,
        manifest={},
    )
