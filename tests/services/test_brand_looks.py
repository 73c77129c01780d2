"""How a brand's pages look."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from prefcenter.core.errors import BadInput
from prefcenter.services import catalogue
from prefcenter.services.brand_looks import MOST_LOGO_BYTES, LookChange, look_by_code, look_by_slug, set_look
from prefcenter.services.catalogue import BrandFacts
from prefcenter.services.ports import Evidence
from prefcenter.store import registry
from prefcenter.store.engine import Database
from prefcenter.store.ledger import LedgerEntry

AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
ANN = Evidence("ann@example.com")
PNG = b"\x89PNG\r\n\x1a\n and so on"


@pytest.fixture(autouse=True)
def acme(database: Database) -> None:
    with database.write() as session:
        facts = BrandFacts("Acme", domain="Acme.example", privacy_url="https://acme.example/privacy", policy_version=2)
        catalogue.add_brand(session, "acme", facts, ANN, at=AT)


def _set(database: Database, change: LookChange) -> None:
    with database.write() as session:
        set_look(session, "acme", change, ANN, at=AT)


def test_a_look_is_kept_and_told_to_the_ledger(database: Database) -> None:
    _set(database, LookChange(accent="#1D6B45", logo=PNG))
    _set(database, LookChange(accent_dark="#9dbdff"))
    with database.read() as session:
        look = look_by_slug(session, "acme")
        told = [entry.kind for entry in session.query(LedgerEntry).order_by(LedgerEntry.id)]
    assert look is not None
    assert (look.accent, look.accent_dark, look.logo, look.logo_type) == ("#1d6b45", "#9dbdff", PNG, "image/png")
    assert (look.domain, look.privacy_url, look.policy_version) == ("acme.example", "https://acme.example/privacy", 2)
    assert told == ["brand_added", "brand_changed", "brand_changed"]


def test_a_dark_page_gets_a_readable_shade_of_the_accent(database: Database) -> None:
    """U2: one colour cannot be read on white and on nearly black alike."""
    _set(database, LookChange(accent="#1d6b45"))
    with database.read() as session:
        look = look_by_slug(session, "acme")
    assert look is not None
    assert look.accent_dark == "#89b29e"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (LookChange(), "Nothing was given"),
        (LookChange(accent="#ffcc00"), "#886d00"),
        (LookChange(accent_dark="#1d6b45"), "#589276"),
        (LookChange(accent="red"), "not a colour"),
        (LookChange(logo=b"<svg/>"), "PNG, JPEG or WebP"),
        (LookChange(logo=PNG + bytes(MOST_LOGO_BYTES)), "scale it"),
    ],
)
def test_what_cannot_be_shown_is_refused_with_what_can(database: Database, change: LookChange, said: str) -> None:
    """U2: contrast of at least 4.5 on light and dark pages; a logo that costs a reader little."""
    with database.write() as session, pytest.raises(BadInput) as refused:
        set_look(session, "acme", change, ANN, at=AT)
    assert said in f"{refused.value.message} {refused.value.remedy}"
    with database.read() as session:
        look = look_by_slug(session, "acme")
    assert look is not None
    assert (look.accent, look.logo) == ("", None)


def test_empty_takes_away(database: Database) -> None:
    _set(database, LookChange(accent="#1d6b45", logo=PNG))
    _set(database, LookChange(accent="", logo=b""))
    with database.read() as session:
        look = look_by_slug(session, "acme")
    assert look is not None
    assert (look.accent, look.accent_dark, look.logo, look.logo_type) == ("", "", None, "")


def test_a_link_without_a_brand_looks_like_the_only_one_and_among_several_like_nobody(database: Database) -> None:
    """E6: the brand of an old link may be gone; another brand must not pose as the sender."""
    with database.read() as session:
        only = look_by_code(session, 0)
    assert only is not None
    with database.write() as session:
        catalogue.add_brand(session, "bolt", BrandFacts("Bolt"), ANN, at=AT)
    with database.read() as session:
        bolt = registry.brand_by_slug(session, "bolt")
        assert bolt is not None
        named = look_by_code(session, bolt.code)
        assert look_by_code(session, 0) is None
    assert (only.name, named.name if named else "") == ("Acme", "Bolt")


@pytest.mark.parametrize(
    "facts",
    [
        BrandFacts("Acme", domain="https://acme.example"),
        BrandFacts("Acme", domain="acme"),
        BrandFacts("Acme", privacy_url="http://acme.example/"),
        BrandFacts("Acme", privacy_url="javascript:alert(1)"),
        BrandFacts("Acme", policy_version=0),
    ],
)
def test_a_domain_a_notice_and_its_version_are_checked(facts: BrandFacts) -> None:
    with pytest.raises(BadInput):
        facts.checked()
