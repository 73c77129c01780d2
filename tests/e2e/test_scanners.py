"""Links are fetched by machines before people see them: by mail scanners, previews and browsers that look ahead."""

from __future__ import annotations

from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser
from sqlalchemy import func, select

from prefcenter.core.channels import Channel
from prefcenter.services import signing_up
from prefcenter.services.points import Point
from prefcenter.services.ports import Evidence
from prefcenter.store.consents import ConsentRecord
from prefcenter.store.outbox import OutboxMessage
from prefcenter.store.registry import Brand
from tests.houses import EMAIL, PHONE, POST, House

pytestmark = [pytest.mark.e2e, pytest.mark.allow_hosts(["127.0.0.1"])]


@pytest.fixture
def links(house: House) -> list[str]:
    """Every link that a message of ours carries, in each channel."""
    points = house.know((Channel.EMAIL, EMAIL), (Channel.SMS, PHONE), (Channel.POST, POST))
    return [*(path for point in points for path in _links_of(house, point)), "/s/acme", _link_to_confirm(house)]


def _link_to_confirm(house: House) -> str:
    """The link of a mail that asks whether somebody really signed up."""
    point = house.wiring.points.email("signs.up@example.com")
    with house.wiring.database.write() as session:
        session.get_one(Brand, house.brands["acme"].id).service_from = "service@acme.example"
        form = signing_up.form_of(session, "acme")
        words = signing_up.words_of(form, signing_up.in_english, "en")
        shown, at = Evidence("recipient", {"via": "/s"}), house.clock()
        signing_up.sign_up(session, house.wiring.links, point, form, ["offers"], words, shown, at=at)
        mail = session.scalars(select(OutboxMessage)).one()
        return "/s/confirm/" + str((mail.content or {})["text"]).partition("/s/confirm/")[2].split()[0]


def _consents(house: House) -> int:
    with house.wiring.database.read() as session:
        return session.scalar(select(func.count()).select_from(ConsentRecord)) or 0


def _links_of(house: House, point: Point) -> list[str]:
    return [house.path(point, "acme/offers"), house.path(point, "acme"), house.path(point), house.choose(point)]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": "Mozilla/5.0 (compatible; link scanner)"},
        {"Sec-Purpose": "prefetch;prerender", "Purpose": "prefetch", "X-Moz": "prefetch"},
        {"Accept": "*/*", "Range": "bytes=0-1023"},
    ],
    ids=["scanner", "prefetch", "part"],
)
def test_fetching_every_link_changes_nothing(
    site: str, house: House, links: list[str], method: str, headers: dict[str, str]
) -> None:
    """E4: whoever only fetches, however often and whatever it calls itself, has not decided anything."""
    before = house.ledger()
    for path in links * 2:
        with urlopen(Request(site + path, headers=headers, method=method), timeout=30) as answer:
            assert answer.status == 200
    assert house.suppressions() == []
    assert house.ledger() == before
    assert _consents(house) == 0


def test_a_headless_browser_that_runs_scripts_and_presses_nothing_changes_nothing(
    browser: Browser, site: str, house: House, links: list[str]
) -> None:
    """E4: some scanners open the page in a browser, scroll it, point at things, follow its links, and wait."""
    before = house.ledger()
    page = browser.new_page()
    for path in links:
        page.goto(site + path, wait_until="networkidle")
        page.mouse.wheel(0, 4_000)
        for button in page.get_by_role("button").all():
            button.hover()
        for address in page.evaluate("[...document.links].map(link => link.href)"):
            if address.startswith(site):
                page.goto(address, wait_until="load")
    page.close()
    assert house.suppressions() == []
    assert house.ledger() == before
    assert _consents(house) == 0
