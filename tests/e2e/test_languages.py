"""The pages in each language, as a browser of that language shows them: nothing cut off, nothing too small."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from prefcenter.core.channels import Channel
from prefcenter.web.recipient.languages import LANGUAGES
from tests.e2e.test_recipient_pages import assert_accessible, assert_fits, assert_targets_are_large
from tests.houses import EMAIL, House

pytestmark = [pytest.mark.e2e, pytest.mark.allow_hosts(["127.0.0.1"])]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_fit_a_phone_in_every_language(browser: Browser, site: str, house: House, language: str) -> None:
    """U2: chosen by the browser; then the person chooses another one, and the answer speaks that one."""
    point = house.know((Channel.EMAIL, EMAIL))[0]
    context = browser.new_context(
        viewport={"width": 320, "height": 700}, locale=language, java_script_enabled=True, bypass_csp=True
    )
    page = context.new_page()
    for path in (house.path(point, "acme/offers"), house.choose(point), "/preferences", "/", "/help/sms"):
        page.goto(f"{site}{path}")
        expect(page.locator("html")).to_have_attribute("lang", language)
        assert_accessible(page)
        assert_fits(page)
        assert_targets_are_large(page)
    page.goto(f"{site}{house.path(point, 'acme/offers')}")
    other = "ja" if language != "ja" else "en"
    with page.expect_navigation():
        page.locator(f'footer a[hreflang="{other}"]').click()
    expect(page.locator("html")).to_have_attribute("lang", other)
    assert house.suppressions() == []
    with page.expect_navigation():
        page.locator("main form button").first.click()
    expect(page.locator("html")).to_have_attribute("lang", other)
    assert_accessible(page)
    assert_fits(page)
    context.close()
    assert len(house.suppressions()) == 1
