"""What the preference page offers beside its boxes: breaks, limits, sharing, letters; on both databases."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from prefcenter.core.channels import Channel, Level, MessageClass, Verdict
from prefcenter.core.postal.address import PostalAddress
from prefcenter.services import sharing
from prefcenter.services.deciding import decide_all, question_about_class
from prefcenter.services.points import Point
from prefcenter.store.consents import ConsentRecord
from prefcenter.store.frequencies import FrequencyLimit
from prefcenter.store.ledger import LedgerEntry
from tests.houses import EMAIL, PHONE, POST, House, sent

GPC = {"Sec-GPC": "1"}
LETTER = {
    "whom": "me",
    "name": "Jane Doe",
    "address1": "12 N Main St",
    "city": "Springfield",
    "state": "IL",
    "zip": "62701",
}


@pytest.fixture
def family(house: House) -> list[Point]:
    """One person with an address in each channel."""
    return house.know((Channel.EMAIL, EMAIL), (Channel.SMS, PHONE), (Channel.POST, POST))


@pytest.fixture
def path(house: House, family: list[Point]) -> str:
    return house.choose(family[0])


def undo(client: FlaskClient, path: str, page: str) -> int:
    found = re.search(r'name="entries" value="([^"]+)"', page)
    assert found is not None, "the page offers no undo"
    return client.post(path + "/undo", data={"entries": found[1]}).status_code


def reasons(house: House) -> list[tuple[str, str]]:
    return [(channel, reason) for channel, reason, _, _ in house.suppressions()]


def limits(house: House) -> list[tuple[str, str]]:
    with house.wiring.database.read() as session:
        rows = session.scalars(select(FrequencyLimit).where(FrequencyLimit.ended_at.is_(None)))
        return sorted((row.channel, row.most) for row in rows)


def may_send(house: House, point: Point, message_class: MessageClass = MessageClass.MARKETING) -> Verdict:
    with house.wiring.database.read() as session:
        question = question_about_class(session, message_class, brand="acme")
        return decide_all(session, house.wiring.keyring, question, [point], at=house.clock())[0].verdict


# Breaks


def test_a_break_stops_marketing_until_its_day_and_ends_by_itself(
    client: FlaskClient, house: House, family: list[Point], path: str
) -> None:
    """E13, E18: every channel of the person, with the day said; nothing has to be turned on again."""
    page = client.post(path, data={"do": "save", "pause": "30"}).text
    assert "Marketing email to j•••@example.com is paused until December 24, 2026" in page
    assert reasons(house) == [("email", "paused"), ("sms", "paused"), ("post", "paused")]
    assert may_send(house, family[0]) is Verdict.REFUSED
    assert may_send(house, family[0], MessageClass.SERVICE) is Verdict.CLEARED
    house.clock.move(days=31)
    assert may_send(house, family[0]) is Verdict.CLEARED


def test_a_page_of_somebody_on_a_break_says_so_and_keeps_the_choices(client: FlaskClient, path: str) -> None:
    """U1: paused is not off: the boxes stand as they stood, and the unsubscribe page still offers to end it."""
    before = client.get(path).text
    client.post(path, data={"do": "save", "pause": "60"})
    after = client.get(path).text
    assert "paused until January 23, 2027" in after
    assert after.count('name="was"') == before.count('name="was"')


def test_a_break_does_not_make_the_unsubscribe_page_say_off(
    client: FlaskClient, house: House, family: list[Point], path: str
) -> None:
    """E7: who is on a break can still leave for good."""
    client.post(path, data={"do": "save", "pause": "30"})
    assert "Already off" not in client.get(house.path(family[0], "acme/offers")).text


def test_a_shorter_break_changes_nothing_and_the_same_one_neither(client: FlaskClient, house: House, path: str) -> None:
    """E18: through a link it gets only longer."""
    client.post(path, data={"do": "save", "pause": "90"})
    before = house.ledger()
    for days in ("30", "90"):
        assert "Nothing changed" in client.post(path, data={"do": "save", "pause": days}).text
    assert house.ledger() == before
    page = client.get(path).text
    assert 'id="pause"' not in page  # None that is offered would be longer.


def test_undoing_a_longer_break_brings_the_shorter_one_back(
    client: FlaskClient, house: House, family: list[Point], path: str
) -> None:
    """E18: undo takes back the press, and not what was chosen before it."""
    client.post(path, data={"do": "save", "pause": "30"})
    house.clock.move(hours=1)
    page = client.post(path, data={"do": "save", "pause": "90"}).text
    assert undo(client, path, page) == 200
    assert may_send(house, family[0]) is Verdict.REFUSED
    assert "until December 24, 2026" in client.get(path).text


@pytest.mark.parametrize("days", ["", "0", "-30", "31", "1e9", "x"])
def test_only_the_offered_lengths_count(client: FlaskClient, house: House, path: str, days: str) -> None:
    client.post(path, data={"do": "save", "pause": days})
    assert house.suppressions() == []


# How often


def test_a_limit_holds_for_email_and_texts_and_only_gets_stricter(client: FlaskClient, house: House, path: str) -> None:
    """E18: weekly, then monthly; weekly again is no way back."""
    page = client.post(path, data={"do": "save", "frequency": "weekly"}).text
    assert "At most one marketing email a week to j•••@example.com" in page
    assert limits(house) == [("email", "weekly"), ("sms", "weekly")]
    client.post(path, data={"do": "save", "frequency": "monthly"})
    assert "Nothing changed" in client.post(path, data={"do": "save", "frequency": "weekly"}).text
    assert limits(house) == [("email", "monthly"), ("sms", "monthly")]
    assert house.ledger() == ["frequency"] * 4
    page = client.get(path).text
    assert "At most one marketing email a month" in page
    assert 'id="frequency"' not in page


def test_undoing_a_limit(client: FlaskClient, house: House, path: str) -> None:
    """E18."""
    page = client.post(path, data={"do": "save", "frequency": "weekly"}).text
    assert undo(client, path, page) == 200
    assert limits(house) == []


def test_one_press_saves_everything_and_undoes_everything(client: FlaskClient, house: House, path: str) -> None:
    """U3, X7: one entry for each real change, all named on one page."""
    fields = dict(sent(client.get(path).text, without=["topic:acme/offers"]))
    page = client.post(path, data=fields | {"pause": "30", "frequency": "weekly", "sharing": "no"}).text
    assert page.count("<li>") == 8
    assert sorted(house.ledger()) == ["frequency"] * 2 + ["suppress"] * 6
    assert undo(client, path, page) == 200
    assert (house.suppressions(), limits(house)) == ([], [])


def test_the_page_that_a_mail_links_to_for_fewer_is_there(client: FlaskClient, path: str) -> None:
    """E12: “Get fewer instead” on the unsubscribe page."""
    assert 'id="fewer"' in client.get(path).text


# Sharing


def test_sharing_is_off_and_can_be_refused_for_good(
    client: FlaskClient, house: House, family: list[Point], path: str
) -> None:
    """G10, G12, G15: off until allowed; refused once it is not asked about any more, for any of the person's points."""
    assert may_send(house, family[0], MessageClass.SHARING) is Verdict.REFUSED
    assert "Do not sell or share my personal information" in client.get(path).text
    client.post(path, data={"do": "save", "sharing": "no"})
    assert reasons(house) == [("email", "no_sharing")]
    for point in family:
        page = client.get(house.choose(point)).text
        assert "You asked us on November 23, 2026" in page
        assert 'name="sharing"' not in page
    assert may_send(house, family[0]) is Verdict.CLEARED
    client.post(path, data={"do": "save", "sharing": "no"})
    assert house.ledger() == ["suppress"]


def test_a_browser_signal_is_honoured_once_and_said(client: FlaskClient, house: House, path: str) -> None:
    """G11: Sec-GPC with a person's link sets do-not-share for the person, and leaves email alone."""
    pages = [client.get(path, headers=GPC).text for _ in range(3)]
    assert all("Global Privacy Control" in page for page in pages)
    assert reasons(house) == [("email", "no_sharing")]
    assert house.ledger() == ["suppress"]
    with house.wiring.database.read() as session:
        assert session.scalars(select(LedgerEntry)).one().facts["signal"] == "Sec-GPC"
    assert "Global Privacy Control" not in client.get(path).text


def test_the_unsubscribe_page_honours_the_signal_too(client: FlaskClient, house: House, family: list[Point]) -> None:
    """G11, E4: it says so, and the subscription is as it was."""
    page = client.get(house.path(family[0], "acme/offers"), headers=GPC).text
    assert "Global Privacy Control" in page
    assert "Stop these emails" in page
    assert reasons(house) == [("email", "no_sharing")]


def test_who_allowed_sharing_is_told_so_and_can_end_it(
    client: FlaskClient, house: House, family: list[Point], path: str
) -> None:
    """G10, U1: what was allowed is shown as it is, with the box that ends it, whatever else is off."""
    given = {"channel": "email", "purpose": "sharing", "scope": "all", "basis": "express", "source": "api"}
    with house.wiring.database.write() as session:
        session.add(ConsentRecord(digest=family[0].digest, pepper_id="", since=house.clock(), **given))
        session.commit()
    client.post(house.path(family[0], "acme/offers"), data={"scope": "brand"})
    page = client.get(path).text
    assert "You allowed us to share" in page
    client.post(path, data={"do": "save", "sharing": "no"})
    assert "You asked us on" in client.get(path).text


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {}),
        ("GET", {"Sec-GPC": "0"}),
        ("GET", {"Sec-GPC": "1", "Sec-Purpose": "prefetch;prerender"}),
        ("HEAD", GPC),
        ("OPTIONS", GPC),
    ],
)
def test_what_only_looks_records_nothing(
    client: FlaskClient, house: House, path: str, method: str, headers: dict[str, str]
) -> None:
    """E4: scanners send no signal; what looks ahead bears nobody's will."""
    client.open(path, method=method, headers=headers)
    assert house.ledger() == []


def test_a_signal_with_a_forged_link_records_nothing(client: FlaskClient, house: House, path: str) -> None:
    """E5."""
    assert client.get(path[:-3] + "aaa", headers=GPC).status_code == 404
    assert house.ledger() == []


# Letters


def test_the_form_stops_letters_at_once(client: FlaskClient, house: House, path: str) -> None:
    """P1, P4: as a NO SNAIL MAIL mail does, for all brands."""
    answer = client.post(path + "/post", data=LETTER)
    assert answer.status_code == 200
    assert "No more advertising mail by post to J•••" in answer.text
    assert house.suppressions() == [("post", "opt_out", "all", "preference_page")]
    jane = house.wiring.points.parse(Channel.POST, "Jane Doe; 12 North Main Street; ; Springfield; IL; 62701")
    assert may_send(house, jane) is Verdict.REFUSED
    john = house.wiring.points.parse(Channel.POST, "John Roe; 12 North Main Street; ; Springfield; IL; 62701")
    assert may_send(house, john) is Verdict.CLEARED
    assert undo(client, path, answer.text) == 200
    assert house.suppressions() == []


def test_everyone_at_the_address_needs_no_name(client: FlaskClient, house: House, path: str) -> None:
    """P9, P15: a household's, with whoever lives there."""
    client.post(path + "/post", data=LETTER | {"whom": "everyone", "name": ""})
    john = house.wiring.points.post(PostalAddress("John Roe", "", "12 N Main St", "", "Springfield", "IL", "62701"))
    assert john.level is Level.INDIVIDUAL
    assert may_send(house, john) is Verdict.REFUSED


def test_the_old_address_is_stopped_too(client: FlaskClient, house: House, path: str) -> None:
    """P8: each address as it was given."""
    old = {"old_address1": "9 Elm Ave", "old_city": "Peoria", "old_state": "IL", "old_zip": "61602"}
    page = client.post(path + "/post", data=LETTER | old).text
    assert page.count("<li>") == 2
    jane = house.wiring.points.parse(Channel.POST, "Jane Doe; 9 Elm Ave; ; Peoria; IL; 61602")
    assert may_send(house, jane) is Verdict.REFUSED


def test_slips_are_named_beside_their_fields_and_nothing_typed_is_lost(
    client: FlaskClient, house: House, path: str
) -> None:
    """U2, P2: what is missing, in text; the rest stays as it was typed; nothing is recorded."""
    answer = client.post(path + "/post", data=LETTER | {"zip": "", "city": "", "old_address1": "9 <Elm>"})
    assert answer.status_code == 422
    for said in ("Write the ZIP Code", "Write the city", 'value="12 N Main St"', 'value="9 &lt;Elm&gt;"', "open"):
        assert said in answer.text
    assert answer.text.count('aria-invalid="true" aria-describedby') == 5
    assert house.suppressions() == []


def test_a_country_abroad_needs_no_zip(client: FlaskClient, house: House, path: str) -> None:
    """P2: an address is asked for what its country has."""
    abroad = {"address1": "Hauptstr. 5", "city": "10115 Berlin", "state": "", "zip": "", "country": "Germany"}
    assert client.post(path + "/post", data=LETTER | abroad).status_code == 200
    assert house.suppressions() != []


@pytest.mark.parametrize("value", ["\x00", "a\nb", "x" * 200, "😀"])
def test_strange_fields_are_told_or_taken(client: FlaskClient, house: House, path: str, value: str) -> None:
    """X4: never an error of ours."""
    assert client.post(path + "/post", data=LETTER | {"address1": value}).status_code in (200, 422)


def test_the_form_of_a_forged_link_does_nothing(client: FlaskClient, house: House, path: str) -> None:
    """E5."""
    assert client.post(path[:-3] + "aaa/post", data=LETTER).status_code == 404
    assert house.suppressions() == []


def test_nothing_asks_for_sharing_for_twelve_months(client: FlaskClient, house: House, family: list[Point]) -> None:
    """G12: from when on the person may be asked again is told to whoever would ask."""
    wiring = house.wiring
    client.get(house.choose(family[0]), headers=GPC)
    with wiring.database.read() as session:
        found = sharing.sharing_of(session, wiring.keyring, family[0], at=house.clock())
    assert (found.is_allowed, found.is_refused) == (False, True)
    assert found.may_ask_from == house.clock().replace(year=2027)
