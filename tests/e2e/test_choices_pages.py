"""Breaks, limits, sharing and the form against letters as people meet them: with and without scripts, by keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from prefcenter.services.points import Point
from tests.e2e.test_recipient_pages import (
    assert_accessible,
    assert_fits,
    assert_targets_are_large,
    press,
)
from tests.e2e.test_recipient_pages import context as context
from tests.e2e.test_recipient_pages import jane as jane
from tests.e2e.test_recipient_pages import page as page
from tests.e2e.test_recipient_pages import scripts as scripts
from tests.houses import House

pytestmark = [pytest.mark.e2e, pytest.mark.allow_hosts(["127.0.0.1"])]


def test_taking_a_break_and_fewer_in_one_press(page: Page, site: str, house: House, jane: Point) -> None:
    """U2, U3: from “get fewer” on the unsubscribe page, chosen, saved, shown, undone; also without JavaScript."""
    page.goto(site + house.path(jane, "acme/offers"))
    with page.expect_navigation():
        page.get_by_role("link", name="Get fewer instead").click()
    page.get_by_label("Take a break").select_option("30")
    page.get_by_label("How often at most").select_option("weekly")
    page.get_by_label("Do not sell or share").check()
    press(page, "Save")
    said = page.get_by_role("status")
    expect(said).to_contain_text("Marketing email to j•••@example.com is paused until December 24, 2026")
    expect(said).to_contain_text("At most one marketing email a week to j•••@example.com")
    expect(said).to_contain_text("not sold or shared")
    assert_fits(page)
    press(page, "Undo")
    expect(page.get_by_role("heading", level=1)).to_have_text("Undone")
    assert house.suppressions() == []


def test_stopping_letters_with_a_slip_on_the_way(page: Page, site: str, house: House, jane: Point) -> None:
    """P1, U2: a slip is told beside its field, what was typed stays, and then it is done."""
    page.goto(site + house.choose(jane))
    form = page.get_by_role("region", name="No more letters")
    form.get_by_label("Everyone at this address").check()
    form.get_by_label("Street and number").first.fill("9 Elm Ave")
    form.get_by_label("City").first.fill("Peoria")
    form.get_by_label("State", exact=True).first.fill("IL")
    press(page, "Stop letters to this address")
    zip_code = page.get_by_label("ZIP Code").first
    expect(zip_code).to_have_accessible_description("Write the ZIP Code; its first five digits are enough.")
    expect(page.get_by_label("Street and number").first).to_have_value("9 Elm Ave")
    expect(page.get_by_label("Everyone at this address")).to_be_checked()
    assert house.suppressions() == []
    zip_code.fill("61602")
    press(page, "Stop letters to this address")
    expect(page.get_by_role("status")).to_contain_text("to anybody at the address of")
    assert house.suppressions() == [("post", "opt_out", "all", "preference_page")]


def test_the_keyboard_is_enough_to_take_a_break(page: Page, site: str, house: House, jane: Point) -> None:
    """U2: Tab, arrow and Enter; the focus is where it is said to be."""
    page.goto(site + house.choose(jane))
    page.get_by_label("How often at most").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "pause"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("a week")
    assert sorted({reason for _, reason, _, _ in house.suppressions()}) == ["no_sharing", "paused"]


def test_the_signal_of_a_browser_is_honoured_and_said(browser: Browser, site: str, house: House, jane: Point) -> None:
    """G11: the page says that it was honoured."""
    context = browser.new_context(extra_http_headers={"Sec-GPC": "1"})
    page = context.new_page()
    page.goto(site + house.choose(jane))
    expect(page.get_by_role("status")).to_contain_text("Global Privacy Control")
    expect(page.get_by_label("Do not sell or share")).to_have_count(0)
    assert_accessible(page)
    context.close()
    assert house.suppressions() == [("email", "no_sharing", "all", "preference_page")]


@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (360, "light"), (1280, "light"), (1280, "dark")])
def test_every_state_is_accessible(
    browser: Browser, site: str, house: House, jane: Point, width: int, scheme: str
) -> None:
    """U2: WCAG 2.2 AA by axe, no sideways scrolling, large targets; in each state that the choices can be in."""
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
    page.get_by_label("Take a break").select_option("60")
    page.get_by_label("How often at most").select_option("weekly")
    page.get_by_label("Do not sell or share").check()
    check()
    press(page, "Save")
    check()
    page.goto(site + house.choose(jane))
    page.get_by_text("I moved").click()
    check()
    page.get_by_label("Street and number").last.fill("9 Elm Ave")
    press(page, "Stop letters to this address")
    check()
    page.get_by_label("Name", exact=True).fill("Jane Doe")
    for label, value in (("Street and number", "1 Oak St"), ("City", "Peoria"), ("State", "IL"), ("ZIP Code", "61602")):
        for field in (page.get_by_label(label).first, page.get_by_label(label).last):
            field.fill(value)
    press(page, "Stop letters to this address")
    expect(page.get_by_role("heading", level=1)).to_have_text("Saved")
    check()
    context.close()
