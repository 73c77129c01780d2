"""What we answer a text or a mail with, in the language on file for whoever wrote it (U2)."""

from __future__ import annotations

from typing import Any

import pytest

from prefcenter.core.channels import Channel
from prefcenter.core.postal.request import asks_no_snail_mail
from prefcenter.core.segments import Encoding, segmentation
from prefcenter.services import dispatching
from prefcenter.services.rendering import render, render_text_message
from prefcenter.store.contacts import Contact
from prefcenter.store.outbox import SandboxMessage
from prefcenter.web.recipient.languages import LANGUAGES
from tests.houses import row_of_point

PHONE, JANE = (Channel.SMS, "+14155550100"), (Channel.EMAIL, "jane@example.com")


def know(house: Any, language: str | None, *addresses: tuple[Channel, str]) -> None:
    """Put one person who reads this language on file."""
    with house.wiring.database.write() as session:
        contact = Contact(country="US", language=language, created_at=house.clock())
        session.add(contact)
        session.flush()
        points = [house.wiring.points.parse(channel, text) for channel, text in addresses]
        session.add_all(row_of_point(contact.id, point) for point in points)
        session.commit()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_stop_is_confirmed_in_the_language_on_file(house: Any) -> None:
    """S4: as short, with no marketing; somebody else who shares the number may have told no language."""
    know(house, None, PHONE)
    know(house, "es-MX", PHONE)
    answer = house.text("stop-please.form").data.decode()
    assert "Acme: Baja confirmada." in answer
    assert "unsubscribed" not in answer


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_help_is_given_in_the_language_on_file(house: Any) -> None:
    """S7: brand, contact and how to stop, whatever the language; the keyword stays as it is."""
    know(house, "fr", PHONE)
    answer = house.text("HELP", To="55501").data.decode()
    assert "<Message>Acme: Questions : help@acme.example" in answer
    assert "répondez STOP" in answer
    assert f"{house.config.base_url}/help/sms" in answer


def test_a_request_to_end_letters_is_acknowledged_in_the_language_on_file(house: Any) -> None:
    """P3: sentences and dates; the person's own words stay as they were."""
    know(house, "de", JANE)
    house.mail("no-snail-mail.form")
    wiring = house.wiring
    dispatching.dispatch_due(wiring.database, wiring.keyring, wiring.points, wiring.senders, house.clock)
    [message] = house.rows(SandboxMessage)
    assert message.subject == "Zu Ihrer Bitte, Briefpost zu beenden"
    for body in (message.text, message.html):
        assert "Sie ist seit dem 2. März 2026 gespeichert für:" in body
        assert "12 Oak St" in body
        assert "Hello" not in body
    assert '<html lang="de">' in message.html


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_answer_to_the_acknowledgement_starts_no_request(language: str) -> None:
    """P1: its subject comes back in every answer to it."""
    assert not asks_no_snail_mail("Re: " + render("email/acknowledgement-subject.txt", language=language))


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"ja"}))
def test_the_answers_to_texts_keep_to_the_letters_of_texts(language: str) -> None:
    """S4, S7: one letter outside GSM-7 would make two segments of them into four. Japanese has no such letters."""
    stop = {"brand": "Acme", "only_this_number": True, "can_keep_account_alerts": True}
    facts = {"brand": "Acme", "contact": "help@acme.example", "stop_url": "https://prefs.example.com/help/sms"}
    for text in (
        render_text_message("sms/stop-confirmation.txt", language=language, **stop),
        render_text_message("sms/help.txt", language=language, **facts),
    ):
        assert segmentation(text).encoding is Encoding.GSM_7
        assert segmentation(text).segments <= 2
