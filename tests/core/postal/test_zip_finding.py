"""The ZIP Code of a town that has only one."""

from __future__ import annotations

import pytest

from prefcenter.core.postal.zip_finding import only_zip


@pytest.mark.parametrize(
    ("city", "state", "expected"),
    [
        ("Barre", "VT", "05641"),
        ("barre", "Vermont", "05641"),
        ("Saint Johnsbury Center", "VT", "05863"),
        ("St. Johnsbury Ctr.", "VT", None),
        ("Burlington", "VT", None),
        ("Springfield", "IL", None),
        ("Nowhere", "VT", None),
        ("Barre", "", None),
        ("", "", None),
    ],
)
def test_only_a_town_with_one_zip_has_it_found(city: str, state: str, expected: str | None) -> None:
    """P2: what is not unique is not guessed."""
    assert only_zip(city, state) == expected
