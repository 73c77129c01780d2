"""Which language a page speaks, and what its markup says of it."""

from __future__ import annotations

import pytest
from flask import Flask, g

from prefcenter.web.recipient import languages


@pytest.mark.parametrize("path", ["/", "/?lang=xx", "/?lang=EN-us", "/nothing"])
def test_a_page_names_its_language_and_direction(app: Flask, path: str) -> None:
    """U2: what reads aloud must know the language (WCAG 3.1.1)."""
    page = app.test_client().get(path, headers={"Accept-Language": "xx, en;q=0.1"}).text
    assert '<html lang="en" dir="ltr">' in page


@pytest.mark.parametrize(
    ("path", "header", "contact", "chosen"),
    [
        ("/", "", None, "en"),
        ("/", "de-AT,fr;q=0.5", None, "de"),
        ("/", "nl,fr;q=0.5", None, "fr"),
        ("/?lang=fr", "de", None, "fr"),
        ("/?lang=tlh", "de", None, "de"),
        ("/", "de", "fr-CA", "fr"),
        ("/?lang=de", "", "fr", "de"),
        ("/api/v1/openapi.json", "de", None, "en"),
        ("/api/v1/nothing", "de", None, "en"),
    ],
)
def test_the_person_then_the_contact_then_the_browser_choose(
    app: Flask, monkeypatch: pytest.MonkeyPatch, path: str, header: str, contact: str | None, chosen: str
) -> None:
    """U2: a language that a person asked for wins; one that we do not speak is passed over."""
    monkeypatch.setattr(languages, "LANGUAGES", {"en": "English", "de": "Deutsch", "fr": "Français"})
    with app.test_request_context(path, headers={"Accept-Language": header}):
        g.contact_language = contact
        assert languages.choose() == chosen


def test_a_posted_choice_of_language_counts_and_a_garbled_one_harms_nothing(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """X4: a body that cannot be read must not keep a page from answering."""
    monkeypatch.setattr(languages, "LANGUAGES", {"en": "English", "de": "Deutsch"})
    with app.test_request_context("/u/x", method="POST", data={"lang": "de"}):
        assert languages.choose() == "de"
    garbled = {"content_type": "multipart/form-data; boundary=x", "data": b"--x\r\n"}
    with app.test_request_context("/u/x", method="POST", **garbled):
        assert languages.choose() == "en"
