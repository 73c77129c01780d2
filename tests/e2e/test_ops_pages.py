"""The operators' pages as people meet them: narrow and wide, without scripts, with assistive tools."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from importlib.resources import files
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from prefcenter.core.channels import Channel, Reason, Scope, Source
from prefcenter.services import operators
from prefcenter.services.operators import RoleName
from prefcenter.services.ports import Evidence
from prefcenter.store.mailings import Mailing
from prefcenter.store.outbox import SandboxMessage
from tests.houses import START, House
from tests.sent_messages import message_to, put_out
from tests.web.test_api_check import opt_out, register_type
from tests.web.test_ops import BOSS, PASSWORD, open_review

pytestmark = [pytest.mark.e2e, pytest.mark.allow_hosts(["127.0.0.1"])]

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
MAIL = """<!doctype html><html lang="en"><title>Spring offers</title><body style="font-family: sans-serif; color: #222">
<h1 style="color: #14532d">Spring is here</h1><p>Hello Jane, everything for the garden is 20&nbsp;% off this week.</p>
<p><a href="http://127.0.0.1:8000/u/x">Unsubscribe</a> · Acme, 1 Main St, Springfield, IL 62701</p></body></html>"""


@pytest.fixture
def busy_house(house: House) -> House:
    """A product in the middle of its day."""
    with house.wiring.database.write() as session:
        operators.add_operator(session, BOSS, [RoleName.ADMIN], PASSWORD, Evidence("system"), at=START)
    register_type(house)
    register_type(house, "sign-in-code", "sms", message_class="requested", topic_id=None, sender="+14155550199")
    register_type(house, "autumn-survey", "post", approved_by=None)
    for number in range(14):
        opt_out(house, Channel.EMAIL, f"p{number}@example.com", Scope.everything())
    for number in range(3):
        opt_out(house, Channel.EMAIL, f"c{number}@example.com", Scope.brand("acme"), reason=Reason.COMPLAINT)
    opt_out(house, Channel.SMS, "+14155550100", Scope.sender("+14155550199"), source=Source.SMS_KEYWORD)
    opt_out(house, Channel.POST, "Jane Doe; 12 N Main St; ; Springfield; IL; 62701", Scope.everything())
    open_review(house, "The mail names two people and one address.", due_in_days=-1)
    open_review(house, "The ZIP Code is missing: three places are called Springfield.", due_in_days=4)
    with house.wiring.database.write() as session:
        session.add(
            Mailing(
                name="spring-catalogue-2027", version=2, channel="post", state="prepared", prepared_at=START,
                stale_after=START + timedelta(days=7), drop_at=START + timedelta(days=9), ledger_position=12,
                manifest={},
            )
        )  # fmt: skip
        common = {"message_class": "marketing", "message_type": "spring-offers", "at": START}
        session.add_all(
            [
                SandboxMessage(
                    channel="email", to="jane@example.com", subject="Spring is here: 20 % off", text="Hello Jane",
                    html=MAIL, headers={"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}, **common,
                ),
                SandboxMessage(
                    channel="email", to="jane@example.com", subject="We have recorded your request", html="",
                    headers={}, text="Hello,\n\nwe will no longer write to you by post.\n\nhttp://127.0.0.1:8000/p/x",
                    message_class="requested", message_type="acknowledgement", at=START,
                ),
                SandboxMessage(
                    channel="sms", to="+14155550100", subject="", html="", headers={}, message_class="requested",
                    message_type="stop-confirmation", at=START,
                    text="Acme: you will get no more texts from this number. Help: help@acme.example",
                ),
            ]
        )  # fmt: skip
        session.commit()
    points = house.wiring.points
    put_out(
        house.wiring.database,
        message_to(points, "jane@example.com", state="refused", why=["opt_out brand:acme"], sent_at=None),
        message_to(points, "c1@example.com", state="failed", problem="bounced 5.1.1"),
        message_to(points, "p1@example.com", state="unknown", problem="SendGrid did not answer."),
    )
    return house


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[360, 1280])
def page(busy_house: House, browser: Browser, site: str, scheme: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page that fails the test if it asks anybody but our own server for anything."""
    size = {"width": request.param, "height": 800}
    context = browser.new_context(viewport=size, color_scheme=scheme, base_url=site, reduced_motion="reduce")  # type: ignore[arg-type]
    opened = context.new_page()
    strangers: list[str] = []
    opened.on(
        "request", lambda asked: strangers.append(asked.url) if not asked.url.startswith((site, "data:")) else None
    )
    yield opened
    assert strangers == []
    context.close()


def follow(page: Page, name: str) -> None:
    """Follow a link and wait for its page: a click alone returns while the old one is still going."""
    with page.expect_navigation():
        page.get_by_role("link", name=name).first.click()


def assert_good(page: Page, name: str) -> None:
    """Axe finds nothing by WCAG 2.2 AA, nothing scrolls sideways, and what can be pressed is at least 24 px (U2)."""
    picture(page, name)
    wide, window = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= window, f"{name} is {wide} px wide in a window of {window} px"
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {rules: {'target-size': {enabled: true}}}).then(told => told.violations)")
    problems = [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]
    assert problems == [], json.dumps(problems, indent=1)


def picture(page: Page, name: str) -> None:
    """Keep a picture for people, where they ask for it."""
    folder = os.environ.get("PICTURES")
    if folder:
        width = (page.viewport_size or {})["width"]
        is_dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
        path = Path(folder, f"{name}-{width}{'-dark' if is_dark else ''}.png")
        page.screenshot(path=path, full_page=True)


def script_a_bounce(page: Page) -> None:
    """Say that mail to somebody bounces, and take it back."""
    page.get_by_text("Let messages bounce").click()
    page.get_by_label("Messages to").fill("jane@example.com")
    page.get_by_label("What happens").select_option("email:bounce")
    page.get_by_label("Tell us of it twice").check()
    with page.expect_navigation():
        page.get_by_role("button", name="Set").click()
    page.get_by_text("told twice, in the wrong order").wait_for()
    assert_good(page, "sandbox-script")
    with page.expect_navigation():
        page.get_by_role("button", name="Remove: jane@example.com").click()
    page.get_by_text("told twice, in the wrong order").wait_for(state="detached")


def test_an_operator_finds_the_way_in_and_everything_is_accessible(page: Page) -> None:
    """U2: the form, a failed try, the overview, the sandbox and the API's description."""
    page.goto("/ops")
    assert_good(page, "login")
    page.get_by_label("Email address").fill(BOSS)
    page.get_by_label("Password").fill("not this one")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "do not belong together" in page.get_by_role("alert").inner_text()
    assert_good(page, "login-failed")
    page.get_by_label("Password").fill(PASSWORD)
    with page.expect_navigation():
        page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Overview").wait_for()
    assert_good(page, "overview")
    follow(page, "Sandbox")
    mail = page.frame_locator("iframe").first
    mail.get_by_role("heading", name="Spring is here").wait_for()
    assert_good(page, "sandbox")
    script_a_bounce(page)
    page.get_by_role("textbox", name="Reply as").fill("please stop")
    page.get_by_role("button", name="Send").click()
    page.get_by_role("article", name="Texts with").get_by_text("recorded").wait_for()
    assert_good(page, "sandbox-reply")
    follow(page, "Source of mail")
    page.get_by_role("heading", name="Source of mail").wait_for()
    assert_good(page, "sandbox-source")
    follow(page, "API")
    assert_good(page, "api")
    page.goto("/ops")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="Sign in").wait_for()
