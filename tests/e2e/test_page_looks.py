"""How recipients' pages look and hold: a brand's colours, high contrast, wide text, right to left, one request."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from prefcenter.core.channels import Channel
from prefcenter.services import catalogue
from prefcenter.services.brand_looks import set_look
from prefcenter.services.points import Point
from prefcenter.services.ports import Evidence
from prefcenter.services.sampling_looks import LOOKS
from tests.e2e.test_recipient_pages import assert_accessible, assert_fits, assert_targets_are_large, press
from tests.houses import EMAIL, House

pytestmark = [pytest.mark.e2e, pytest.mark.allow_hosts(["127.0.0.1"])]

ANN = Evidence("ann@example.com")
ACCENT = "rgb(29, 107, 69)"


@pytest.fixture
def jane(house: House) -> Point:
    """Somebody on file of a brand with a look of its own."""
    with house.wiring.database.write() as session:
        set_look(session, "acme", LOOKS["acme"], ANN, at=house.clock())
        facts = {
            "postal_address": "1 Trailhead Way, Burlington, VT 05401",
            "privacy_url": "https://acme.example/privacy",
            "domain": "acme.example",
        }
        catalogue.set_brand(session, "acme", facts, ANN, at=house.clock())
    return house.know((Channel.EMAIL, EMAIL))[0]


@pytest.fixture
def narrow(browser: Browser) -> Iterator[BrowserContext]:
    """A window of 1280 by 1024 pixels at 400 %."""
    opened = browser.new_context(viewport={"width": 320, "height": 256})
    yield opened
    opened.close()


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (360, "dark"), (1280, "light"), (1280, "dark")])
def test_a_brands_look_is_accessible_in_both_schemes(
    browser: Browser, site: str, house: House, jane: Point, width: int, scheme: str
) -> None:
    """U2: WCAG 2.2 AA with the brand's own colours, on the page that asks and on the one that is done."""
    page = browser.new_page(viewport={"width": width, "height": 740}, color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(site + house.path(jane, "acme/offers"))
    for _ in range(2):
        assert_accessible(page)
        assert_fits(page)
        assert_targets_are_large(page)
        if page.get_by_role("button", name="Stop these emails").count():
            press(page, "Stop these emails")
    expect(page.get_by_role("status")).to_contain_text("Done. No more Acme Offers emails.")
    page.close()


def test_a_page_is_one_request_and_its_style_is_applied(browser: Browser, site: str, house: House, jane: Point) -> None:
    """U2: complete in one round trip, and the policy lets its own style through."""
    page = browser.new_page(viewport={"width": 360, "height": 740}, color_scheme="light")
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.startswith("http") else None)
    page.on("console", lambda message: said.append(message.text))
    page.goto(site + house.path(jane, "acme/offers"), wait_until="networkidle")
    button = page.get_by_role("button", name="Stop these emails")
    assert button.evaluate("element => getComputedStyle(element).backgroundColor") == ACCENT
    assert page.locator("img").evaluate("image => image.naturalWidth") == 96
    assert (len(asked), said) == (1, [])
    page.close()


def test_the_buttons_are_on_the_first_screen_of_a_phone(browser: Browser, site: str, house: House, jane: Point) -> None:
    """U1: understood in five seconds: question and both buttons stand on the first screen of a small phone."""
    page = browser.new_page(viewport={"width": 360, "height": 560})
    page.goto(site + house.path(jane, "acme/offers"))
    for button in page.get_by_role("button").all():
        box = button.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 560
    page.close()


def test_at_400_percent_with_wide_text_and_right_to_left_nothing_is_cut(
    narrow: BrowserContext, site: str, house: House, jane: Point
) -> None:
    """U2: reflow (1.4.10), text spacing (1.4.12), and scripts that run from the right."""
    page = narrow.new_page()
    for path in (house.path(jane, "acme/offers"), house.choose(jane), "/", "/help/sms", "/u/nothing"):
        page.goto(site + path)
        assert_fits(page)
        page.evaluate(
            "document.querySelectorAll('*').forEach(each => Object.assign(each.style, {lineHeight: '1.5',"
            " letterSpacing: '0.12em', wordSpacing: '0.16em'}))"
        )
        assert_fits(page)
        page.evaluate("document.documentElement.dir = 'rtl'")
        assert_fits(page)
        _nothing_is_clipped(page)


def _nothing_is_clipped(page: Page) -> None:
    clipped = page.evaluate(
        "[...document.querySelectorAll('button, h1, p, label')]"
        ".filter(each => each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).display !== 'inline')"
        ".map(each => each.outerHTML)"
    )
    assert clipped == []


def test_high_contrast_keeps_edges_and_focus(browser: Browser, site: str, house: House, jane: Point) -> None:
    """U2: where the system chooses the colours, buttons still have an edge, and the focus shows."""
    context = browser.new_context(forced_colors="active")
    page = context.new_page()
    page.goto(site + house.path(jane, "acme/offers"))
    page.keyboard.press("Tab")
    style = page.evaluate(
        "(style => [style.borderTopStyle, style.outlineStyle])(getComputedStyle(document.activeElement))"
    )
    assert style == ["solid", "solid"]
    context.close()
