"""The pages behind a code as people meet them: narrow and wide, without scripts, with assistive tools."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from prefcenter.core.channels import Channel, Reason, Scope, Source
from prefcenter.services import optouts
from prefcenter.services.points import Point
from prefcenter.services.ports import Evidence
from prefcenter.services.suppressing import OptOut
from prefcenter.store.outbox import OutboxMessage
from prefcenter.store.registry import Brand
from tests.e2e.test_recipient_pages import assert_accessible, assert_fits, assert_targets_are_large, press
from tests.houses import EMAIL, PHONE, START, House

pytestmark = [pytest.mark.e2e, pytest.mark.allow_hosts(["127.0.0.1"])]

NEW = "jane.doe@example.org"


@pytest.fixture
def jane(house: House) -> Point:
    """Somebody who stopped all mail, on file with two contact points."""
    house.wiring.adopt_keys()
    point = house.know((Channel.EMAIL, EMAIL), (Channel.SMS, PHONE))[0]
    with house.wiring.database.write() as session:
        session.get_one(Brand, house.brands["acme"].id).service_from = "service@acme.example"
        opt_out = OptOut(Reason.OPT_OUT, Scope.everything(), Source.PREFERENCE_PAGE)
        optouts.record(session, house.wiring.points, point, opt_out, Evidence("recipient"), at=START)
    return point


@pytest.fixture(params=[(360, True), (360, False), (1280, True)], ids=["phone", "phone-without-scripts", "desktop"])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    width, scripts = request.param
    context = browser.new_context(
        viewport={"width": width, "height": 800}, java_script_enabled=scripts, reduced_motion="reduce"
    )
    yield context.new_page()
    assert context.cookies() == []
    context.close()


def code_sent(house: House, to: str = EMAIL) -> str:
    with house.wiring.database.read() as session:
        query = select(OutboxMessage).where(OutboxMessage.to == to).order_by(OutboxMessage.id.desc())
        row = session.scalars(query).first()
    assert row is not None
    found = re.search(r"\b(\d{6})\b", str((row.content or {})["text"]))
    assert found is not None
    return found[1]


def enter(page: Page, site: str, house: House, jane: Point) -> None:
    page.goto(site + house.choose(jane))
    press(page, "Send me a code")
    page.get_by_label("Code").fill(code_sent(house))
    press(page, "Continue")
    expect(page.get_by_role("heading", level=1)).to_have_text("What we hold about you")


def test_turning_one_topic_on_again(page: Page, site: str, house: House, jane: Point) -> None:
    """E18, U3: a code, a tick, a press; nothing of it stands in the address."""
    enter(page, site, house, jane)
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(0)
    page.get_by_role("group", name="Marketing email from Acme").get_by_label("Offers").check()
    press(page, "Save")
    expect(page.get_by_role("status")).to_contain_text("Acme Offers emails come to jane@example.com again")
    assert house.scopes() == ["all_but:acme/offers"]
    assert re.fullmatch(re.escape(site) + r"/p/[a-z2-7]+/verified/save", page.url)


def test_correcting_the_address(page: Page, site: str, house: House, jane: Point) -> None:
    """G15: the new one is used once its own code was entered, and what was stopped stays stopped."""
    enter(page, site, house, jane)
    page.get_by_label("New email address").fill(NEW)
    press(page, "Send a code to the new one")
    page.get_by_label("Code").fill(code_sent(house, NEW))
    press(page, "Use it from now on")
    expect(page.get_by_role("status")).to_contain_text(f"From now on we have {NEW} of you.")


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (360, "dark"), (1280, "light")])
def test_every_page_behind_a_code_is_accessible(
    browser: Browser, site: str, house: House, jane: Point, width: int, scheme: str
) -> None:
    """U2: WCAG 2.2 AA by axe, no sideways scrolling at 320 px, large targets, on every page and state."""
    context = browser.new_context(
        viewport={"width": width, "height": 700},
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    page = context.new_page()

    def check() -> None:
        assert_accessible(page)
        assert_fits(page)
        assert_targets_are_large(page)

    page.goto(site + house.choose(jane))
    check()
    press(page, "Send me a code")
    check()
    right = code_sent(house)
    page.get_by_label("Code").fill(f"{(int(right) + 1) % 1_000_000:06}")
    press(page, "Continue")
    check()
    page.get_by_label("Code").fill(right)
    press(page, "Continue")
    check()
    with page.expect_download():
        page.get_by_role("button", name="Download all of it").click()
    page.get_by_label("New email address").fill(EMAIL)
    press(page, "Send a code to the new one")
    check()
    page.get_by_label("New email address").fill(NEW)
    press(page, "Send a code to the new one")
    check()
    press(page, "Back to what we hold about you")
    press(page, "Ask for deletion")
    check()
    press(page, "Back to what we hold about you")
    check()
    page.get_by_role("group", name="Marketing email from Acme").get_by_label("Offers").check()
    press(page, "Save")
    check()
    house.clock.move(minutes=31)
    press(page, "Back to what we hold about you")
    expect(page.get_by_role("heading", level=1)).to_have_text("This page has closed")
    check()
    for _ in range(3):
        page.goto(site + house.choose(jane))
        press(page, "Send me a code")
    expect(page.get_by_role("heading", level=1)).to_have_text("Too many codes")
    check()
    context.close()
