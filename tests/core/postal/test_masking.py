"""A postal address shown so that an operator knows it again, and no more (X8)."""

from __future__ import annotations

import pytest

from prefcenter.core.postal.masking import recognisable


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"name": "Jane Doe", "address1": "123 N Main St", "zip": "97201"}, "J••• D•••, 1•• M•••, 97201"),
        ({"name": "Jo A. O'Neil-Doe", "address1": "9 Oak Ave", "zip": "972014411"}, "J••• A••• O•••, 9•• O•••, 97201"),
        ({"name": "Mary Ann Lou Sue", "city": "Reno", "state": "NV"}, "M••• A••• L•••, R••• NV"),
        ({"name": "Jo Lu", "address1": "12 North Main Street", "zip": "97201"}, "J••• L•••, 1•• M•••, 97201"),
        ({"name": "Jo Lu", "address1": "12 North St", "zip": "97201"}, "J••• L•••, 1•• N•••, 97201"),
        ({"company": "Acme", "address1": "PO Box 77", "zip": "89501"}, "A•••, 7•• B•••, 89501"),
        ({"address1": "Élysée 1", "zip": "75008 PARIS", "country": "FR"}, "1•• É•••, 750•••, FR"),
        ({"name": "  ", "address1": "?"}, "•••"),
        ({}, "•••"),
    ],
)
def test_initials_the_first_digit_and_the_area_are_shown(given: dict[str, str], shown: str) -> None:
    assert recognisable(given) == shown
