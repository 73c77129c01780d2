"""The page for whoever lost the mail, as a person meets it: without scripts, on a phone and a desktop."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.test_recipient_pages import assert_accessible, assert_fits, assert_targets_are_large, press
from tests.houses import House

pytestmark = [pytest.mark.e2e, pytest.mark.allow_hosts(["127.0.0.1"])]

LABEL = "Email address or phone number"


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_an_address_is_stopped_by_typing_it(browser: Browser, site: str, house: House, width: int) -> None:
    """E19, U2: a slip is told beside the field, and what was typed stays."""
    context = browser.new_context(viewport={"width": width, "height": 800}, bypass_csp=True)
    page = context.new_page()
    page.goto(f"{site}/preferences")
    assert_accessible(page)
    assert_fits(page)
    assert_targets_are_large(page)
    page.get_by_label(LABEL).fill("jane@")
    press(page, "Stop all marketing")
    expect(page.get_by_label(LABEL)).to_have_value("jane@")
    expect(page.get_by_label(LABEL)).to_have_attribute("aria-invalid", "true")
    assert_accessible(page)
    page.get_by_label(LABEL).fill("jane.lost@example.com")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Done. No more marketing.")
    assert_accessible(page)
    assert_fits(page)
    context.close()
    assert house.suppressions() == [("email", "opt_out", "all", "preference_page")]


@pytest.mark.parametrize("width", [360, 1280])
def test_letters_are_stopped_without_any_link(browser: Browser, site: str, house: House, width: int) -> None:
    """P1, P4, U2: slips are told beside their fields; then it is done."""
    context = browser.new_context(viewport={"width": width, "height": 800}, java_script_enabled=True, bypass_csp=True)
    page = context.new_page()
    page.goto(f"{site}/preferences")
    form = page.locator("#post")
    form.get_by_label("Name").fill("Jane Roe")
    press(page, "Stop letters to this address")
    expect(form.get_by_label("Name")).to_have_value("Jane Roe")
    assert_accessible(page)
    assert_fits(page)
    for name, value in {"address1": "12 N Main St", "city": "Springfield", "state": "IL", "zip": "62701"}.items():
        page.locator(f"#post-{name}").fill(value)
    press(page, "Stop letters to this address")
    expect(page.get_by_role("heading", level=1)).to_have_text("Saved")
    assert_accessible(page)
    assert_fits(page)
    context.close()
    assert house.suppressions() == [("post", "opt_out", "all", "preference_page")]
