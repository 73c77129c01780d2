"""A recipient's page is whole in one answer: its style stands in it, its policy allows just that, and it is small."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re

import brotli
import pytest
from flask.testing import FlaskClient

from prefcenter.core import contrast
from prefcenter.core.channels import Channel
from prefcenter.services import catalogue
from prefcenter.services.brand_looks import LookChange, set_look
from prefcenter.services.ports import Evidence
from prefcenter.web.recipient.page_style import style_of
from tests.houses import EMAIL, House

MOST_BYTES = 10_000


@pytest.fixture
def paths(house: House) -> list[str]:
    point = house.know((Channel.EMAIL, EMAIL))[0]
    return ["/", "/help/sms", "/nothing", house.path(point, "acme/offers"), house.choose(point)]


def test_the_policy_allows_the_page_its_own_style_and_nothing_else(client: FlaskClient, paths: list[str]) -> None:
    """E5, U2: no script, nothing from elsewhere; the digest is that of the very text in the page."""
    for path in paths:
        answer = client.get(path)
        (style,) = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        policy = answer.headers["Content-Security-Policy"]
        assert f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:;" in policy
        assert "script" not in policy


def test_a_page_asks_for_nothing_more(client: FlaskClient, paths: list[str]) -> None:
    """U2: complete in one round trip: nothing in it is fetched from anywhere."""
    for path in paths:
        page = client.get(path).text
        assert re.findall(r"<(?:script|iframe|object|video|audio|source)\b", page) == []
        assert re.findall(r"<link[^>]*href=\"([^\"]*)\"", page) == ["data:,"]
        assert "@import" not in page
        assert "url(" not in page


def test_a_page_is_small(client: FlaskClient, paths: list[str]) -> None:
    """U2: with all that belongs to it, within the first packets of an answer."""
    for path in [path for path in paths if path != "/nothing"]:
        plain = client.get(path).data
        by_gzip = client.get(path, headers={"Accept-Encoding": "gzip"})
        by_brotli = client.get(path, headers={"Accept-Encoding": "gzip, br"})
        assert by_gzip.headers["Content-Encoding"] == "gzip"
        assert by_brotli.headers["Content-Encoding"] == "br"
        assert "Accept-Encoding" in by_gzip.headers["Vary"]
        assert gzip.decompress(by_gzip.data) == brotli.decompress(by_brotli.data) == plain
        assert len(by_brotli.data) <= len(by_gzip.data) <= MOST_BYTES


def test_the_console_is_not_compressed(client: FlaskClient) -> None:
    """X4: its pages hold secrets of a session, and what a stranger adds must not make them shorter."""
    answer = client.get("/ops/login", headers={"Accept-Encoding": "gzip, br"}, follow_redirects=True)
    assert "Content-Encoding" not in answer.headers


def test_a_page_wears_its_brands_look(client: FlaskClient, house: House, paths: list[str]) -> None:
    """U2: name, logo, colours, address and notice; the policy allows the style with the brand's colours in it."""
    picture = b"\x89PNG\r\n\x1a\n and so on"
    with house.wiring.database.write() as session:
        change = LookChange(accent="#1d6b45", logo=picture)
        set_look(session, "acme", change, Evidence("ann@example.com"), at=house.clock())
        facts = {"postal_address": "1 Main St\nSpringfield IL", "privacy_url": "https://acme.example/privacy"}
        catalogue.set_brand(session, "acme", facts, Evidence("ann@example.com"), at=house.clock())
    for path in paths[3:]:
        page = client.get(path).text
        assert ":root{--accent:#1d6b45}@media (prefers-color-scheme:dark){:root{--accent:#89b29e}}</style>" in page
        assert f'src="data:image/png;base64,{base64.b64encode(picture).decode()}"' in page
        assert "Acme · 1 Main St, Springfield IL" in page
        assert '<a href="https://acme.example/privacy" rel="noreferrer">Privacy notice (version 1)</a>' in page
    assert "--accent:#1d6b45" not in client.get("/").text
    test_the_policy_allows_the_page_its_own_style_and_nothing_else(client, paths)


def test_a_store_that_fails_leaves_the_page_plain(client: FlaskClient, house: House, paths: list[str]) -> None:
    """U3: the page that says so must not need what has failed."""
    with house.wiring.database.write() as session:
        session.connection().exec_driver_sql("ALTER TABLE brands RENAME TO hidden")
        session.commit()
    answer = client.get(paths[3])
    assert answer.status_code in (500, 503)
    assert "<h1>" in answer.text


def test_colours_are_checked_against_the_grounds_that_are_shown() -> None:
    """U2: what is measured is what is in the style sheet."""
    light, _, dark = style_of().text.partition("@media (prefers-color-scheme: dark)")
    for text, grounds in ((light, contrast.LIGHT_GROUNDS), (dark, contrast.DARK_GROUNDS)):
        shown = [contrast.colour(found) for found in re.findall(r"--(?:surface|page|on-accent): (#\w+);", text)]
        assert set(shown) == set(grounds)
