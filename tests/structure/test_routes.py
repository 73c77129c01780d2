"""Every route says what protects it."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from prefcenter.store.engine import Database
from prefcenter.web.app import build
from prefcenter.web.guards import GUARDS, guard_of, guarded_by
from tests.houses import StillClock, wiring_on


@pytest.fixture
def app(sqlite_database: Database, tmp_path: Path) -> Flask:
    wiring = wiring_on(sqlite_database, tmp_path, StillClock())
    return build(wiring.config, wiring)


def test_every_route_declares_its_guard(app: Flask) -> None:
    """X4, X5: none is open by mistake."""
    silent = sorted(
        f"{rule.rule} ({rule.endpoint})"
        for rule in app.url_map.iter_rules()
        if guard_of(app.view_functions[rule.endpoint]) not in GUARDS
    )
    assert silent == []


@pytest.mark.parametrize(
    ("prefix", "guards"),
    [
        ("/u/", {"token"}),
        ("/p/", {"token"}),
        ("/s/", {"token", "open", "confirmed"}),
        ("/webhooks/", {"signature"}),
        ("/sandbox", {"login"}),
        ("/static/", {"open"}),
    ],
)
def test_each_part_of_the_site_has_its_guard(app: Flask, prefix: str, guards: set[str]) -> None:
    """X4, X5: the guard fits the place."""
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith(prefix)]
    assert rules
    assert {guard_of(app.view_functions[rule.endpoint]) for rule in rules} == guards


def test_an_unknown_guard_cannot_be_declared() -> None:
    """X4: a typing error is found at import."""
    with pytest.raises(ValueError, match="There is no guard"):
        guarded_by("nothing")  # type: ignore[arg-type]
