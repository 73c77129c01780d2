"""Asking again for what stands on the list already: what ends the one request never takes the other with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient

from prefcenter.core.channels import Channel, Reason, Scope, Source
from prefcenter.providers import twilio_sms
from prefcenter.services import optouts, receiving
from prefcenter.services.errors import NotAllowed
from prefcenter.services.list_rows import Defaults
from prefcenter.services.lists import Imported, import_list
from prefcenter.services.points import Point
from prefcenter.services.ports import Evidence
from prefcenter.services.suppressing import OptOut
from prefcenter.store.engine import Database
from prefcenter.store.registry import MessageType
from prefcenter.web.app import build
from tests.houses import EMAIL, PHONE, START, House, StillClock, wiring_on

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
OURS = "+18005550123"
STOPPED = [f"sender:{OURS}"]


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def house(database: Database, tmp_path: Path, clock: StillClock) -> Iterator[House]:
    """Two brands with their topics, and a number of ours that texts are sent from."""
    made = House(wiring_on(database, tmp_path, clock), clock)
    made.furnish()
    with database.write() as session:
        kind = {"slug": "texts", "name": "Texts", "message_class": "marketing", "channel": "sms", "sender": OURS}
        brand = made.brands["acme"].id
        session.add(MessageType(**kind, brand_id=brand, fallbacks=[], approved_by="x", created_at=START))
        session.commit()
    yield made
    made.wiring.database.dispose()


@pytest.fixture
def client(house: House) -> FlaskClient:
    return build(house.wiring.config, house.wiring).test_client()


@pytest.fixture
def jane(house: House) -> Point:
    return house.know((Channel.EMAIL, EMAIL))[0]


def end_by_page(client: FlaskClient, path: str) -> dict[str, str]:
    """Press the button, and return what the page's undo would send."""
    found = re.search(r'name="entries" value="([^"]+)"', client.post(path, data={"scope": "topic"}).text)
    assert found is not None
    return {"entries": found[1]}


def text(house: House, body: str, sid: str) -> None:
    """Take in a text as the webhook does."""
    receiving.take_in(
        house.wiring.database, _of_twilio(body, sid), house.wiring.handlers["twilio-sms"], at=house.clock()
    )


def keep_only(house: House, body: str, sid: str) -> None:
    """Take in a text as a webhook does that dies before it has handled it."""
    with house.wiring.database.write() as session:
        receiving.keep(session, _of_twilio(body, sid), at=house.clock())


def _of_twilio(body: str, sid: str) -> receiving.Incoming:
    return twilio_sms.incoming_text(urlencode({"From": PHONE, "To": OURS, "Body": body, "MessageSid": sid}).encode())


def handle_what_is_left(house: House) -> None:
    house.clock.move(minutes=2)
    assert receiving.handle_leftovers(house.wiring.database, house.wiring.handlers, at=house.clock()) == 1


def record(house: House, source: Source, actor: str = "ann") -> int:
    wiring = house.wiring
    with wiring.database.write() as session:
        opt_out = OptOut(Reason.OPT_OUT, Scope.everything(), source)
        point = wiring.points.email(EMAIL)
        done = optouts.record(session, wiring.points, point, opt_out, Evidence(actor), at=house.clock())
    return done.suppression_id


def void(house: House, entry: int) -> None:
    for actor in ("bob", "cat"):
        with house.wiring.database.write() as session:
            optouts.void(session, entry, Evidence(actor), at=house.clock())


def test_a_click_after_the_page_outlives_the_undo_of_the_page(house: House, client: FlaskClient, jane: Point) -> None:
    """E13, E19: whoever had the mail forwarded may take back their own act, not the owner's later one."""
    path = house.path(jane, "acme/offers")
    undo = end_by_page(client, path)
    house.clock.move(minutes=5)
    assert client.post(path, data=ONE_CLICK).status_code == 200
    assert client.post(f"{path}/undo", data=undo).status_code == 403
    assert house.scopes() == ["topic:acme/offers"]


def test_an_undo_without_another_request_still_works(house: House, client: FlaskClient, jane: Point) -> None:
    """E18: and what was ended anew after it stays ended, whatever the old page sends."""
    path = house.path(jane, "acme/offers")
    undo = end_by_page(client, path)
    assert client.post(f"{path}/undo", data=undo).status_code == 200
    assert house.scopes() == []
    client.post(path, data=ONE_CLICK)
    client.post(f"{path}/undo", data=undo)
    assert house.scopes() == ["topic:acme/offers"]


def test_a_list_imported_meanwhile_outlives_the_undo_of_the_page(
    house: House, client: FlaskClient, jane: Point, tmp_path: Path
) -> None:
    """E13: what a page can still take back says less than a list; half an hour later it says as much."""
    path = house.path(jane)
    undo = end_by_page(client, path)
    assert bring_in(house, tmp_path).new == 1
    assert client.post(f"{path}/undo", data=undo).status_code == 200
    assert house.scopes() == ["all"]
    end_by_page(client, path)
    house.clock.move(minutes=30)
    assert bring_in(house, tmp_path).new == 0


def bring_in(house: House, folder: Path) -> Imported:
    file = folder / "list.csv"
    file.write_text(f"email\n{EMAIL}\n")
    w = house.wiring
    rejects = folder / "rejected.csv"
    return import_list(
        w.database, w.keyring, w.points, file, Defaults(), Evidence("ann"), rejects=rejects, clock=house.clock
    )


@pytest.mark.parametrize("first", [{"scope": "topic"}, ONE_CLICK])
def test_a_click_counts_although_it_met_what_had_ended_before(
    house: House, client: FlaskClient, jane: Point, first: dict[str, str]
) -> None:
    """E7: the second one-click within 30 days ends all of the brand, however old what the first one met."""
    client.post(house.path(jane, "acme/offers"), data=first)
    house.clock.move(days=40)
    client.post(house.path(jane, "acme/offers"), data=ONE_CLICK)
    assert house.scopes() == ["topic:acme/offers"]
    house.clock.move(days=1)
    client.post(house.path(jane, "acme/news"), data=ONE_CLICK)
    assert house.scopes() == ["topic:acme/offers", "brand:acme"]


def test_a_provider_that_tries_again_is_no_second_act(house: House, client: FlaskClient, jane: Point) -> None:
    """E3: and fills nothing, however often it tries."""
    for _ in range(5):
        client.post(house.path(jane, "acme/offers"), data=ONE_CLICK)
        house.clock.move(minutes=1)
    assert house.scopes() == ["topic:acme/offers"]
    assert house.ledger() == ["suppress"]
    for _ in range(5):
        client.post(house.path(jane, "acme/offers"), data={"scope": "topic"})
    assert house.ledger() == ["suppress", "repeat"]


def test_a_start_that_was_left_over_does_not_lift_a_later_stop(house: House) -> None:
    """S6: texts are not always handled in the order in which they came."""
    keep_only(house, "START", "SM1")
    house.clock.move(seconds=30)
    text(house, "STOP", "SM2")
    handle_what_is_left(house)
    assert house.scopes() == STOPPED


def test_a_start_between_two_stops_does_not_lift_the_second(house: House) -> None:
    """S6: also where the second STOP found the first one standing."""
    text(house, "STOP", "SM0")
    house.clock.move(minutes=10)
    keep_only(house, "START", "SM1")
    house.clock.move(seconds=30)
    text(house, "STOP", "SM2")
    handle_what_is_left(house)
    assert house.scopes() == STOPPED
    text(house, "START", "SM3")
    assert house.scopes() == []


def test_an_account_that_was_left_over_does_not_narrow_a_later_stop(house: House) -> None:
    """S5: it was an answer to something else."""
    keep_only(house, "ACCOUNT", "SM1")
    house.clock.move(seconds=30)
    text(house, "STOP", "SM2")
    handle_what_is_left(house)
    assert house.scopes() == STOPPED


def test_a_start_does_not_lift_what_the_page_ended_as_well(house: House, client: FlaskClient) -> None:
    """S6: START speaks of the STOP alone; all texts were ended on the page, where a narrowed STOP stood already."""
    [phone] = house.know((Channel.SMS, PHONE))
    for sid, body in enumerate(("STOP", "ACCOUNT")):
        text(house, body, f"SM{sid}")
        house.clock.move(minutes=1)
    assert house.scopes() == ["all"]
    assert client.post(house.path(phone), data={"scope": "topic"}).status_code == 200
    text(house, "START", "SM3")
    assert house.scopes() == ["all"]


def test_voiding_a_wrong_list_does_not_take_what_was_asked_for_on_the_phone(house: House) -> None:
    """X10: the agent's entry met the list's; neither of the two may vanish with the other."""
    entry = record(house, Source.IMPORT)
    assert record(house, Source.OPERATOR) == entry
    with pytest.raises(NotAllowed, match="operator"):
        void(house, entry)
    assert house.scopes() == ["all"]


def test_a_list_that_says_it_again_can_be_voided(house: House) -> None:
    """X10: nobody asked for it twice."""
    entry = record(house, Source.IMPORT)
    record(house, Source.IMPORT)
    void(house, entry)
    assert house.scopes() == []
