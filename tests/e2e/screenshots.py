"""Pictures of the pages for docs/screenshots: ``python -m tests.e2e.screenshots FOLDER``."""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright
from sqlalchemy import select
from werkzeug.serving import make_server

from prefcenter.config import Config
from prefcenter.core.channels import Channel, MessageClass
from prefcenter.providers.sandbox_posting import poster
from prefcenter.services import gate, operators, sampling
from prefcenter.services.links import links_for
from prefcenter.services.outgoing import Draft, queue
from prefcenter.services.ports import Evidence
from prefcenter.store import schema
from prefcenter.store.outbox import OutboxMessage
from prefcenter.web.app import build
from prefcenter.web.recipient.languages import DEFAULT, LANGUAGES
from prefcenter.wiring import Wiring, wire
from prefcenter.working import step
from tests.e2e.conftest import SilentHandler

SIZES = {"phone": (360, 800), "desktop": (1280, 900)}
PASSWORD = "a password for pictures"


def main(folder: Path) -> None:
    """Serve sample data and take the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    if browser_path is None:
        raise SystemExit("Chromium is missing: install it (`apt-get install chromium`).")
    with tempfile.TemporaryDirectory() as data, _served(Path(data)) as (wiring, address):
        unsubscribe, preferences = _links(wiring)
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=browser_path, args=arguments)
            for name, (width, height) in SIZES.items():
                page = browser.new_page(viewport={"width": width, "height": height})
                _recipient(page, folder, name, address, unsubscribe, preferences)
                _sign_up(page, folder, name, address, wiring)
                _verify(page, folder, name, f"{address}{preferences}", wiring)
                _operator(page, folder, name, address)
                page.close()
            page = browser.new_page(viewport={"width": 360, "height": 800}, color_scheme="dark")
            _recipient(page, folder, "phone-dark", address, unsubscribe, preferences)
            _sign_up(page, folder, "phone-dark", address, wiring)
            _verify(page, folder, "phone-dark", f"{address}{preferences}", wiring)
            page = browser.new_page(viewport={"width": 360, "height": 800})
            for language in sorted(set(LANGUAGES) - {DEFAULT}):
                for link, what in ((unsubscribe, "unsubscribe"), (preferences, "preferences")):
                    page.goto(f"{address}{link}?lang={language}")
                    _take(page, folder, f"{what}-phone-{language}")
            browser.close()


def _recipient(page: Page, folder: Path, name: str, address: str, unsubscribe: str, preferences: str) -> None:
    page.goto(f"{address}{preferences}")
    _take(page, folder, f"preferences-{name}")
    _choose(page, folder, name, f"{address}{preferences}")
    page.goto(f"{address}{unsubscribe}")
    _take(page, folder, f"unsubscribe-{name}")
    with page.expect_navigation():
        page.get_by_role("button").first.click()
    _take(page, folder, f"done-{name}")
    with page.expect_navigation():
        page.get_by_role("button", name="Undo").click()
    _take(page, folder, f"undone-{name}")
    for path, what in (
        ("/", "landing"),
        ("/preferences", "lost-the-mail"),
        ("/help/sms", "help-with-texts"),
        ("/u/cut-off", "no-such-page"),
    ):
        page.goto(f"{address}{path}")
        _take(page, folder, f"{what}-{name}")


def _choose(page: Page, folder: Path, name: str, preferences: str) -> None:
    """A break and a limit, shown and taken back, so that the next size finds the page as this one did; and a slip."""
    page.get_by_label("Take a break").select_option("30")
    page.get_by_label("How often at most").select_option("weekly")
    with page.expect_navigation():
        page.get_by_role("button", name="Save").click()
    _take(page, folder, f"preferences-saved-{name}")
    ticket = page.locator("input[name=entries]").get_attribute("value") or ""
    page.goto(preferences)
    _take(page, folder, f"preferences-paused-{name}")
    page.request.post(f"{preferences}/undo", form={"entries": ticket})
    page.goto(preferences)
    page.get_by_label("Street and number").first.fill("12 N Main St")
    with page.expect_navigation():
        page.get_by_role("button", name="Stop letters to this address").click()
    page.locator("#post").screenshot(path=folder / f"no-more-letters-{name}.png")


def _sign_up(page: Page, folder: Path, name: str, address: str, wiring: Wiring) -> None:
    """The form, with what is missing said beside its fields, and the way to the confirmation."""
    page.goto(f"{address}/s/acme")
    _take(page, folder, f"sign-up-{name}")
    page.get_by_label("Your email address").fill("jane@example")
    with page.expect_navigation():
        page.get_by_role("button", name="Sign up").click()
    _take(page, folder, f"sign-up-slips-{name}")
    page.get_by_label("Your email address").fill(f"{name}@example.com")
    page.get_by_label("I am 13 or older").check()
    page.locator("input[name=topic]").first.check()
    with page.expect_navigation():
        page.get_by_role("button", name="Sign up").click()
    _take(page, folder, f"sign-up-sent-{name}")
    mail = _newest(wiring, gate.OPT_IN)
    page.goto(address + "/s/confirm/" + str(mail["text"]).partition("/s/confirm/")[2].split()[0])
    _take(page, folder, f"confirm-{name}")
    with page.expect_navigation():
        page.get_by_role("button").first.click()
    _take(page, folder, f"confirmed-{name}")
    page.goto("about:blank")  # A page of ours would forbid the mail its style.
    page.set_content(str(mail["html"]))
    _take(page, folder, f"mail-that-asks-{name}")


def _verify(page: Page, folder: Path, name: str, preferences: str, wiring: Wiring) -> None:
    """What a code opens, after a topic was stopped; it is turned on again, so that the next size finds it so."""
    page.goto(preferences)
    page.get_by_role("region", name="Email").get_by_label("Offers").first.uncheck()
    with page.expect_navigation():
        page.get_by_role("button", name="Save").click()
    page.goto(preferences)
    with page.expect_navigation():
        page.get_by_role("button", name="Send me a code").first.click()
    _take(page, folder, f"code-{name}")
    mail = _newest(wiring, gate.CODE)
    page.get_by_label("Code").fill(next(filter(str.isdigit, str(mail["text"]).split())))
    with page.expect_navigation():
        page.get_by_role("button", name="Continue").click()
    _take(page, folder, f"what-we-hold-{name}")
    page.locator("input[name=topic][value$=offers]").first.check()
    with page.expect_navigation():
        page.get_by_role("button", name="Save").click()
    _take(page, folder, f"turned-on-{name}")
    page.goto("about:blank")
    page.set_content(str(mail["html"]))
    _take(page, folder, f"mail-with-a-code-{name}")


def _newest(wiring: Wiring, message_type: str) -> dict[str, Any]:
    """What the newest message of a type says."""
    of_type = select(OutboxMessage).where(OutboxMessage.message_type == message_type)
    with wiring.database.read() as session:
        return dict(session.scalars(of_type.order_by(OutboxMessage.id.desc()).limit(1)).one().content or {})


def _operator(page: Page, folder: Path, name: str, address: str) -> None:
    page.goto(f"{address}/ops")
    _take(page, folder, f"sign-in-{name}")
    page.get_by_label("Email").fill("admin@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button").first.click()
    _take(page, folder, f"overview-{name}")
    page.goto(f"{address}/sandbox")
    _take(page, folder, f"sandbox-{name}")


def _take(page: Page, folder: Path, name: str) -> None:
    page.screenshot(path=folder / f"{name}.png", full_page=True)


@contextmanager
def _served(data: Path) -> Iterator[tuple[Wiring, str]]:
    wiring = wire(Config.for_demo({"PREFCENTER_DATA_DIR": str(data)}))
    schema.upgrade(wiring.database.engine)
    wiring.adopt_keys()
    now = datetime.now(UTC)
    sampling.fill(wiring.database, wiring.points, at=now)
    with wiring.database.write() as session:
        operators.add_operator(
            session, "admin@example.com", [operators.RoleName.ADMIN], PASSWORD, Evidence("system"), at=now
        )
    server = make_server("127.0.0.1", 0, build(wiring.config, wiring), threaded=True, request_handler=SilentHandler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    try:
        _send_something(wiring, address, now)
        yield wiring, address
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        wiring.database.dispose()


def _send_something(wiring: Wiring, address: str, now: datetime) -> None:
    """A receipt that bounces, a text, and a receipt that arrives; what became of them comes back to our own server."""
    person = next(iter(sampling.people()))
    receipt = Draft(
        point=wiring.points.email(person.email),
        channel=Channel.EMAIL,
        message_class=MessageClass.SERVICE,
        message_type="acme-receipts",
        brand="acme",
        sender="service@acme.example.com",
        subject="Your receipt",
        text="Thank you for your order. The total was $42.00.",
    )
    bounces = replace(receipt, point=wiring.points.email("bounce@example.com"))
    text = Draft(
        point=wiring.points.phone(person.phone),
        channel=Channel.SMS,
        message_class=MessageClass.SERVICE,
        message_type="acme-delivery",
        brand="acme",
        sender="+18025550191",
        text="Acme Outfitters: your order arrives today.",
    )
    sandbox = wiring.sandbox
    if sandbox is None:
        raise SystemExit("Pictures are taken without the keys of any provider.")
    sandbox.post = poster(address)
    for draft in (bounces, text, receipt):
        with wiring.database.write() as session:
            queue(session, draft, at=now)
            session.commit()
        step(wiring)
    sandbox.stop()


def _links(wiring: Wiring) -> tuple[str, str]:
    point = wiring.points.email(next(iter(sampling.people())).email)
    with wiring.database.write() as session:
        made = links_for(session, wiring.keyring, wiring.links, point, at=wiring.clock(), brand="acme", topic="offers")
    base = wiring.config.base_url
    return made.unsubscribe.removeprefix(base), made.preferences.removeprefix(base)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
