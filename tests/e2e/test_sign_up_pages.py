"""Signing up as people meet it: narrow and wide, without scripts, by keyboard, and from a page of the brand's own."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from prefcenter.services import signing_up
from prefcenter.store.consents import ConsentRecord
from prefcenter.store.outbox import OutboxMessage
from prefcenter.store.registry import Brand
from tests.e2e.test_recipient_pages import assert_accessible, assert_fits, assert_targets_are_large, press
from tests.houses import House

pytestmark = [pytest.mark.e2e, pytest.mark.allow_hosts(["127.0.0.1"])]

ADDRESS = "jane.signs.up@example.com"


@pytest.fixture(autouse=True)
def sender(house: House) -> None:
    with house.wiring.database.write() as session:
        session.get_one(Brand, house.brands["acme"].id).service_from = "service@acme.example"
        session.commit()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A phone without scripts."""
    context = browser.new_context(viewport={"width": 360, "height": 800}, java_script_enabled=False)
    yield context.new_page()
    context.close()


def link(house: House) -> str:
    """The link of the newest mail that asks."""
    with house.wiring.database.read() as session:
        mail = session.scalars(select(OutboxMessage).order_by(OutboxMessage.id.desc())).first()
    assert mail is not None
    found = re.search(r"/s/confirm/\S+", (mail.content or {})["text"])
    assert found
    return found[0]


def consents(house: House) -> list[str]:
    with house.wiring.database.read() as session:
        return list(session.scalars(select(ConsentRecord.scope).order_by(ConsentRecord.id)))


def heading(page: Page) -> str:
    return page.get_by_role("heading", level=1).inner_text()


def test_signing_up_and_confirming_without_scripts(page: Page, site: str, house: House) -> None:
    """G6, G8, U2: nothing is ticked; without the age nothing is stored; the mail's page has one button."""
    page.goto(f"{site}/s/acme")
    assert page.locator("input[type=checkbox]:checked").count() == 0
    page.get_by_label("Newsletter").check()
    page.get_by_label("Your email address").fill(ADDRESS)
    press(page, "Sign up")
    expect(page.get_by_role("alert")).to_contain_text("We may not sign up anybody younger than 13. We stored nothing.")
    expect(page.get_by_label("Newsletter")).to_be_checked()
    expect(page.get_by_label("Your email address")).to_have_value(ADDRESS)
    page.get_by_label("I am 13 or older").check()
    press(page, "Sign up")
    assert heading(page) == "One more step: look into your mail"
    assert consents(house) == []
    page.goto(site + link(house))
    assert page.get_by_role("button").count() == 1
    press(page, "Yes, send me these emails")
    expect(page.get_by_role("status")).to_contain_text("Confirmed.")
    assert consents(house) == ["topic:acme/news"]
    page.get_by_role("link", name="See all your choices").click()
    assert heading(page) == "What we may send you"


@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (360, "light"), (1280, "light")])
def test_every_state_is_accessible_and_fits(browser: Browser, site: str, house: House, width: int, scheme: str) -> None:
    """U2: axe, sideways scrolling, targets; the form, its errors, what follows, and what is over."""
    size = {"width": width, "height": 800}
    context = browser.new_context(viewport=size, bypass_csp=True, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()

    def look() -> None:
        assert_accessible(page)
        assert_fits(page)
        assert_targets_are_large(page)

    page.goto(f"{site}/s/acme")
    look()
    page.get_by_label("Your email address").fill("jane@nowhere")
    press(page, "Sign up")
    assert page.locator("[aria-invalid=true]").count() == 4
    look()
    page.get_by_label("Your email address").fill(ADDRESS)
    page.get_by_label("Offers").check()
    page.get_by_label("I am 13 or older").check()
    press(page, "Sign up")
    look()
    page.goto(site + link(house))
    look()
    press(page, "Yes, send me these emails")
    look()
    page.goto(site + link(house))
    assert heading(page) == "Confirmed. These emails come to j•••@example.com:"
    page.goto(f"{site}/s/acme")
    page.get_by_label("Your email address").fill(f"{scheme}@example.com")
    page.get_by_label("Offers").check()
    page.get_by_label("I am 13 or older").check()
    press(page, "Sign up")
    house.clock.move(days=8)
    page.goto(site + link(house))
    assert heading(page) == "This link is no longer good"
    look()
    context.close()


def test_it_takes_a_keyboard_only(browser: Browser, site: str, house: House) -> None:
    """U2: Tab, Space and Enter, in the order of the page."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{site}/s/acme")
    keys = page.keyboard
    for press_key in ("Tab", "Tab", "Space", "Tab"):  # Past the newsletter, to the offers, and to the address.
        keys.press(press_key)
    keys.type(ADDRESS)
    keys.press("Tab")
    keys.press("Space")
    with page.expect_navigation():
        keys.press("Enter")
    assert heading(page) == "One more step: look into your mail"
    page.goto(site + link(house))
    keys.press("Tab")
    with page.expect_navigation():
        keys.press("Enter")
    assert heading(page).startswith("Confirmed.")
    page.close()
    assert len(consents(house)) == 1


def test_the_form_works_on_a_page_of_the_brands_own(page: Page, site: str, house: House) -> None:
    """S9: pasted as it is printed, under a strict policy of that site, and without scripts."""
    with house.wiring.database.read() as session:
        form = signing_up.form_of(session, "acme")
        words = signing_up.words_of(form, signing_up.in_english, "en")
        html = signing_up.snippet(form, house.wiring.links, words)
    shop = html.replace(house.wiring.config.base_url, site)
    policy = {"Content-Security-Policy": f"default-src 'none'; form-action {site}"}
    page.route(
        "http://shop.example/",
        lambda route: route.fulfill(
            body=f"<!doctype html><html lang=en><title>Shop</title><h1>Shop</h1>{shop}",
            content_type="text/html; charset=utf-8",
            headers=policy,
        ),
    )
    page.goto("http://shop.example/")
    page.get_by_label("Offers").check()
    page.get_by_label("Your email address").fill(ADDRESS)
    page.get_by_label("I am 13 or older").check()
    press(page, "Sign up")
    assert heading(page) == "One more step: look into your mail"
    assert page.url == f"{site}/s/acme"
    page.goto(site + link(house))
    press(page, "Yes, send me these emails")
    with house.wiring.database.read() as session:
        [consent] = session.scalars(select(ConsentRecord))
    assert (consent.evidence or {})["asked"]["origin"] == "http://shop.example"
