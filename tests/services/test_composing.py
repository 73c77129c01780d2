"""What leaves: the mail that is made of what somebody wrote."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from prefcenter.core.channels import Channel, MessageClass, ServiceCategory
from prefcenter.core.errors import BadInput
from prefcenter.services import catalogue, message_types
from prefcenter.services.catalogue import BrandFacts
from prefcenter.services.composing import Content, compose
from prefcenter.services.links import LinkMaker, links_for, token_in_mailbox
from prefcenter.services.message_types import TypeFacts
from prefcenter.services.points import Points
from prefcenter.services.ports import Evidence, Keyring
from prefcenter.store import registry
from prefcenter.store.engine import Database
from tests.houses import EMAIL, START

ME = Evidence("tester")
BASE = "https://prefs.example.com"
ACME = BrandFacts(
    name="Acme",
    postal_address="Acme Inc.\n1 Main St\nSpringfield, IL 62701",
    sender_name="Acme & Söhne, Ltd.",
    marketing_from="news@acme.example",
    service_from="service@acme.example",
)
Composer = Callable[..., Content]


@pytest.fixture
def composer(sqlite_database: Database, keyring: Keyring, points: Points) -> Composer:
    """Composes for Jane under a type that is registered when it is first asked for."""

    def compose_one(
        content: Content,
        kind: MessageClass = MessageClass.MARKETING,
        *,
        brand: BrandFacts = ACME,
        base: str = BASE,
        inbound: str = "in.example.com",
        **facts: Any,
    ) -> Content:
        if kind is MessageClass.SERVICE:
            facts.setdefault("category", ServiceCategory.TRANSACTION)
            facts.setdefault("category_reason", "It confirms an order.")
        told = TypeFacts(name="It", message_class=kind, channel=facts.pop("channel", Channel.EMAIL), **facts)
        with sqlite_database.write() as session:
            if registry.brand_by_slug(session, "acme") is None:
                catalogue.add_brand(session, "acme", brand, ME, at=START)
                catalogue.add_topic(session, "offers", name="Spring offers", evidence=ME, at=START)
            message_types.add_type(session, "it", told, ME, at=START)
        with sqlite_database.read() as session:
            registered = registry.type_by_slug(session, "it")
            assert registered is not None
            maker = LinkMaker(keyring.signing, base, inbound)
            point = points.email(EMAIL) if told.channel is Channel.EMAIL else points.phone("+14155550100")
            return compose(session, keyring, maker, point, registered, content)

    return compose_one


HELLO = Content(subject="Spring is here", text="Hello,\n\nall is half price: https://acme.example/sale?a=1&b=2.\n")


def test_marketing_carries_the_headers_of_one_click(composer: Composer) -> None:
    """E1, E9: one HTTPS address first, then the tokened mailbox; one-click exactly; a list named by its topic."""
    made = composer(HELLO, topic="offers")
    ways = re.fullmatch(r"<(https://[^>]+)>, <mailto:([^>?]+)\?subject=unsubscribe>", made.headers["List-Unsubscribe"])
    assert ways is not None
    assert ways[1].startswith(f"{BASE}/u/")
    assert token_in_mailbox(ways[2], "in.example.com") == ways[1].removeprefix(f"{BASE}/u/")
    assert made.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert made.headers["List-Id"] == '"Acme: Spring offers" <offers.acme.prefs.example.com>'
    assert made.headers["List-Help"].startswith(f"<{BASE}/p/")
    assert EMAIL not in repr(made)


def test_without_an_inbound_domain_there_is_no_mailbox(composer: Composer) -> None:
    """E1."""
    made = composer(HELLO, inbound="")
    assert re.fullmatch(r"<https://[^>]+>", made.headers["List-Unsubscribe"])
    assert made.headers["List-Id"] == "Acme <acme.prefs.example.com>"


def test_marketing_shows_who_sends_it_and_how_to_end_it_in_both_bodies(composer: Composer) -> None:
    """E10."""
    made = composer(HELLO, topic="offers")
    link = made.headers["List-Unsubscribe"].partition(">")[0].removeprefix("<")
    choices = made.headers["List-Help"].strip("<>")
    for body in (made.text, made.html):
        for shown in (link, choices, "1 Main St", "Springfield, IL 62701", "Spring offers", "Unsubscribe"):
            assert shown in body
    assert "Sent by Acme & Söhne, Ltd." in made.text
    assert "Sent by Acme &amp; Söhne, Ltd." in made.html
    assert made.text.startswith("Hello,\n\nall is half price: https://acme.example/sale?a=1&b=2.\n\n-- \n")
    assert (made.sender, made.headers["From"]) == (
        "news@acme.example",
        '"Acme & Söhne, Ltd." <news@acme.example>',
    )


def test_the_links_are_those_that_the_command_gives(
    composer: Composer, sqlite_database: Database, keyring: Keyring, points: Points
) -> None:
    """E5, E7: bound to the point and the topic together."""
    made = composer(HELLO, topic="offers")
    maker = LinkMaker(keyring.signing, BASE, "in.example.com")
    with sqlite_database.write() as session:
        known = links_for(session, keyring, maker, points.email(EMAIL), at=START, brand="acme", topic="offers")
    assert known.unsubscribe in made.text


@pytest.mark.parametrize("kind", [MessageClass.SERVICE, MessageClass.LEGAL, MessageClass.REQUESTED])
def test_other_mail_says_who_sends_it_and_invites_nobody(composer: Composer, kind: MessageClass) -> None:
    """G5, E10: no marketing footer, no list, another From."""
    made = composer(Content(subject="Your order", text="It is on its way."), kind)
    assert made.sender == "service@acme.example"
    assert set(made.headers) == {"From"}
    for body in (made.text, made.html):
        assert "Sent by Acme" in body
        assert "/u/" not in body
        assert "Main St" not in body
        assert ("/p/" in body) == (kind is MessageClass.SERVICE)
        assert not re.search(r"subscribe|offer|miss|back", body, re.IGNORECASE)


@pytest.mark.parametrize(
    ("lacking", "said"),
    [
        ({"postal_address": ""}, ("no postal address", 'prefcenter brand set acme --postal-address "…"')),
        ({"marketing_from": ""}, ("marketing comes from", "prefcenter brand set acme --marketing-from ADDRESS")),
        (
            {"marketing_from": "", "postal_address": ""},
            ("marketing comes from and no postal address", '--marketing-from ADDRESS --postal-address "…"'),
        ),
    ],
)
def test_a_brand_that_lacks_something_is_told_what_and_how(
    composer: Composer, lacking: dict[str, str], said: tuple[str, str]
) -> None:
    """E10: before anything leaves."""
    facts = {name: getattr(ACME, name) for name in BrandFacts.__dataclass_fields__}
    with pytest.raises(BadInput) as refused:
        composer(HELLO, brand=BrandFacts(**(facts | lacking)))
    for part in said:
        assert part in str(refused.value)


def test_service_mail_needs_an_address_of_its_own(composer: Composer) -> None:
    """E10."""
    brand = BrandFacts(name="Acme", marketing_from="news@acme.example")
    with pytest.raises(BadInput, match="--service-from ADDRESS"):
        composer(HELLO, MessageClass.SERVICE, brand=brand)


@pytest.mark.parametrize(
    ("kind", "sender"),
    [(MessageClass.SERVICE, "news@acme.example"), (MessageClass.MARKETING, "service@acme.example")],
)
def test_no_type_comes_from_the_address_of_the_other_kind(composer: Composer, kind: MessageClass, sender: str) -> None:
    """E10."""
    with pytest.raises(BadInput, match="another sender"):
        composer(HELLO, kind, sender=sender)


def test_a_type_may_have_a_sender_of_its_own(composer: Composer) -> None:
    """E10."""
    assert composer(HELLO, sender="spring@acme.example").sender == "spring@acme.example"


def test_marketing_with_links_that_are_not_https_is_refused(composer: Composer) -> None:
    """E1: but for this machine itself, where a demo lives."""
    with pytest.raises(BadInput, match="PREFCENTER_BASE_URL"):
        composer(HELLO, base="http://prefs.example.com")


def test_a_demo_on_this_machine_can_send(composer: Composer) -> None:
    """E9: who has no domain names lists under localhost (RFC 2919)."""
    made = composer(HELLO, topic="offers", base="http://127.0.0.1:8000")
    assert made.headers["List-Id"].endswith("<offers.acme.localhost>")


def test_html_is_made_of_text_and_nothing_in_it_is_obeyed(composer: Composer) -> None:
    made = composer(Content(subject="Hi", text='Hello <script>alert("x")</script>,\nsee https://a.example/?x=1&y=2.'))
    assert "<script" not in made.html
    assert "Hello &lt;script&gt;" in made.html
    assert '<a href="https://a.example/?x=1&amp;y=2">https://a.example/?x=1&amp;y=2</a>.' in made.html


def test_text_is_made_of_html_with_what_its_links_lead_to(composer: Composer) -> None:
    link = '<a class="b" href="https://a.example/?x=1&amp;y=2">our shop</a>'
    html = f"<html><body><h1>Sale</h1><p>See {link}.</p></body></html>"
    made = composer(Content(subject="Hi", html=html))
    assert made.text.startswith("Sale\nSee our shop (https://a.example/?x=1&y=2).\n\n-- \n")
    assert made.html.index("our shop") < made.html.index("Unsubscribe") < made.html.index("</body>")
    assert made.html.count("</body>") == 1


@pytest.mark.parametrize(
    "line", ["Hi\r\nBcc: all@example.com", "Hi\nX: y", "Hi\x00", "Hi\x85there", "Hi\u2028X", "Hi\ud800"]
)
def test_no_header_is_slipped_in_by_a_subject(composer: Composer, line: str) -> None:
    with pytest.raises(BadInput, match="control character"):
        composer(Content(subject=line, text="Hi"))


@pytest.mark.parametrize(
    "headers",
    [
        {"X-A": "b\r\nBcc: c@example.com"},
        {"X A": "b"},
        {"X-A:": "b"},
        {"list-unsubscribe": "<x>"},
        {"Bcc": "a@b.c"},
        {"": "b"},
    ],
)
def test_no_header_is_slipped_in_by_a_header(composer: Composer, headers: dict[str, str]) -> None:
    """E1: and ours are made by us alone."""
    with pytest.raises(BadInput):
        composer(Content(subject="Hi", text="Hi", headers=headers))


def test_what_is_not_ascii_in_a_header_is_encoded(composer: Composer) -> None:
    """RFC 2047: SendGrid takes a header's value as it is."""
    made = composer(Content(subject="Grüße", text="Hi", headers={"X-Campaign": "Frühling" * 20}))
    assert made.subject == "Grüße"
    assert made.headers["X-Campaign"].isascii()
    assert "\n" not in made.headers["X-Campaign"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (Content(subject=" ", text="Hi"), "no subject"),
        (Content(subject="Hi", text=" \n", html=" "), "neither a text nor an HTML body"),
        (Content(subject="Hi", text="a\x00b"), "no mail can carry"),
        (Content(subject="Hi", html="a\ud83d"), "no mail can carry"),
        (Content(subject="x" * 501, text="Hi"), "longer than 500"),
    ],
)
def test_what_is_no_mail_is_refused(composer: Composer, content: Content, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        composer(content)


def test_a_text_message_is_its_text(composer: Composer) -> None:
    made = composer(
        Content(text=" Your code is 123. "), MessageClass.REQUESTED, channel=Channel.SMS, sender="+14155550111"
    )
    assert made == Content(text="Your code is 123.", sender="+14155550111")


@pytest.mark.parametrize("content", [Content(subject="Hi", text="Hi"), Content(text="Hi", html="<p>Hi"), Content()])
def test_a_text_message_has_nothing_else(composer: Composer, content: Content) -> None:
    with pytest.raises(BadInput):
        composer(content, MessageClass.REQUESTED, channel=Channel.SMS)
