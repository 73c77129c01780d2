"""The recipient pages as people meet them: narrow and wide, without scripts, by keyboard, with assistive tools."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from prefcenter.core.channels import Channel
from prefcenter.services.points import Point
from tests.houses import EMAIL, PHONE, POST, House

pytestmark = [pytest.mark.e2e, pytest.mark.allow_hosts(["127.0.0.1"])]

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
ALL_OF_AA = {"target-size": {"enabled": True}}
"""Axe leaves this rule of WCAG 2.2 AA off unless asked."""
WIDTHS = (360, 1280)
SMALLEST_TARGET = 44


@pytest.fixture
def jane(house: House) -> Point:
    return house.know((Channel.EMAIL, EMAIL), (Channel.SMS, PHONE), (Channel.POST, POST))[0]


@pytest.fixture(params=[True, False], ids=["with-scripts", "without-scripts"])
def scripts(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(params=WIDTHS)
def context(browser: Browser, scripts: bool, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    size = {"width": request.param, "height": 800}
    opened = browser.new_context(viewport=size, java_script_enabled=scripts, reduced_motion="reduce")  # type: ignore[arg-type]
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext, site: str) -> Iterator[Page]:
    """A page that fails the test if it asks anybody but our own server for anything."""
    opened = context.new_page()
    strangers: list[str] = []
    opened.on(
        "request", lambda asked: strangers.append(asked.url) if not asked.url.startswith((site, "data:")) else None
    )
    yield opened
    assert strangers == []


def press(page: Page, name: str) -> None:
    """Press a button that sends its form, and wait for the page that answers: a click alone returns before it."""
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).click()


def assert_fits(page: Page) -> None:
    """Nothing scrolls sideways."""
    wide = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide[0] <= wide[1], f"{page.url} is {wide[0]} px wide in a window of {wide[1]} px"


def assert_accessible(page: Page) -> None:
    """Axe finds nothing, by WCAG 2.2 AA and its own best practices."""
    if not page.evaluate("typeof axe !== 'undefined'"):
        page.evaluate(AXE)
    found = page.evaluate("rules => axe.run(document, {rules}).then(result => result.violations)", ALL_OF_AA)
    problems = [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]
    assert problems == [], json.dumps(problems, indent=1)


def assert_targets_are_large(page: Page) -> None:
    """Buttons and the labels of boxes are at least 44 px high (U2 asks for 24)."""
    for target in page.locator("button, label").all():
        box = target.bounding_box()
        assert box is not None
        assert box["height"] >= SMALLEST_TARGET, target.inner_text()


def test_unsubscribing_and_undoing(page: Page, site: str, house: House, jane: Point) -> None:
    """E12, U2, U3: one page, one press, and a way back, also without JavaScript."""
    page.goto(site + house.path(jane, "acme/offers"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Stop Acme Offers emails to j•••@example.com?")
    press(page, "Stop these emails")
    expect(page.get_by_role("status")).to_contain_text("No more Acme Offers emails.")
    assert house.scopes() == ["topic:acme/offers"]
    press(page, "Undo")
    expect(page.get_by_role("heading", level=1)).to_have_text("Undone")
    assert house.suppressions() == []


def test_saving_preferences(page: Page, site: str, house: House, jane: Point) -> None:
    """U2, U3: unticking and saving, also without JavaScript."""
    page.goto(site + house.choose(jane))
    page.get_by_role("region", name="Email").get_by_label("Newsletter").uncheck()
    press(page, "Save")
    expect(page.get_by_role("status")).to_contain_text("Acme Newsletter emails to j•••@example.com")
    assert house.suppressions() == [("email", "opt_out", "topic:acme/news", "preference_page")]


def test_stopping_everything(page: Page, site: str, house: House, jane: Point) -> None:
    """G1, E12: one press, also without JavaScript."""
    page.goto(site + house.choose(jane))
    press(page, "Stop all marketing")
    expect(page.get_by_role("status")).to_contain_text("All marketing has stopped")
    with page.expect_navigation():
        page.get_by_role("link", name="See all your choices").click()
    expect(page.get_by_role("checkbox")).to_have_count(0)


def test_no_cookie_and_nothing_stored(
    page: Page, context: BrowserContext, site: str, house: House, jane: Point
) -> None:
    """E3, X4: the token is the capability."""
    page.goto(site + house.path(jane, "acme/offers"))
    press(page, "Stop all marketing email from Acme")
    page.goto(site + house.choose(jane))
    press(page, "Save")
    assert context.cookies() == []


def test_the_keyboard_is_enough(page: Page, site: str, house: House, jane: Point) -> None:
    """U2: Tab and Enter unsubscribe, Tab and Space change preferences, and the focus shows."""
    page.goto(site + house.path(jane, "acme/offers"))
    page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_be_visible()
    assert house.scopes() == ["topic:acme/offers"]
    page.goto(site + house.choose(jane))
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("No more marketing email")
    assert house.scopes() == ["topic:acme/offers", "all"]


def test_axe_does_find_what_is_wrong(browser: Browser, site: str) -> None:
    """U2: the check would notice: a box without a label, and text that is too faint."""
    page = browser.new_page()
    page.goto(site)
    page.evaluate("document.querySelector('main').innerHTML += '<input type=checkbox><p id=faint>faint</p>'")
    page.evaluate("document.getElementById('faint').style.color = '#eee'")
    with pytest.raises(AssertionError, match=r"color-contrast[\s\S]*label"):
        assert_accessible(page)
    page.close()


@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (360, "light"), (1280, "light"), (1280, "dark")])
def test_every_page_and_state_is_accessible(
    browser: Browser, site: str, house: House, jane: Point, width: int, scheme: str
) -> None:
    """U2: WCAG 2.2 AA by axe, no sideways scrolling at 320 px (which is 1280 px at 400 %), large targets."""
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

    unsubscribe, choose = house.path(jane, "acme/offers"), house.choose(jane)
    gone = house.path(jane, "beta/offers")
    house.delete_topic("beta/offers")
    stranger = house.wiring.points.email("stranger@example.com")
    for path in (
        "/",
        "/help/sms",
        "/u/nonsense",
        unsubscribe,
        gone,
        house.path(stranger),
        choose,
        house.choose(stranger),
    ):
        page.goto(site + path)
        check()
    page.goto(site + unsubscribe)
    press(page, "Stop these emails")
    check()
    page.reload()  # The press again: stopped already, no undo.
    check()
    page.goto(site + unsubscribe)
    check()
    page.goto(site + choose)
    page.get_by_label("All from Acme").first.uncheck()
    check()
    press(page, "Save")
    check()
    press(page, "Undo")
    check()
    page.goto(site + choose)
    page.get_by_label("All from Acme").first.uncheck()
    press(page, "Save")
    house.clock.move(hours=1)
    press(page, "Undo")
    expect(page.get_by_role("heading", level=1)).to_have_text("That is not possible from here")
    check()
    page.goto(site + choose)
    press(page, "Save")
    check()
    page.goto(site + choose)
    press(page, "Stop all marketing")
    check()
    page.goto(site + choose)
    check()
    context.close()


def test_a_database_that_fails_shows_a_page(page: Page, site: str, house: House, jane: Point) -> None:
    """U3: no “done” where nothing is durable; what went wrong is said in words."""
    page.goto(site + house.path(jane, "acme/offers"))
    with house.wiring.database.write() as session:
        session.connection().exec_driver_sql("ALTER TABLE suppressions RENAME TO hidden")
        session.commit()
    press(page, "Stop these emails")
    expect(page.get_by_role("heading", level=1)).to_have_text("We could not do that just now")
    assert_fits(page)
