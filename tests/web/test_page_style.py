"""A recipient's page is whole in one answer: its style stands in it, its policy allows just that, and it is small."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re

import brotli
import pytest
from flask.testing import FlaskClient

from prefcenter.core.channels import Channel
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
        assert re.findall(r"<(?:script|img|iframe|object|video|audio|source)\b", page) == []
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
