"""Colours that can be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefcenter.core import contrast
from prefcenter.core.errors import BadInput

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#777777", "#ffffff", 4.48),
        ("#767676", "#ffffff", 4.54),
        ("#ff0000", "#fff", 4.0),
    ],
)
def test_the_ratio_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    """U2: the figures that every checker of contrasts gives."""
    assert contrast.contrast(one, contrast.colour(other)) == pytest.approx(ratio, abs=0.01)


@given(COLOURS, st.sampled_from([contrast.LIGHT_GROUNDS, contrast.DARK_GROUNDS]))
def test_the_nearest_shade_can_be_read_and_a_readable_one_stays(wanted: str, grounds: tuple[str, ...]) -> None:
    """U2: whatever colour a brand has, there is one to offer instead; what passes is left as it is."""
    offered = contrast.nearest_readable(wanted, grounds)
    assert contrast.is_readable(offered, grounds)
    assert (offered == wanted) == contrast.is_readable(wanted, grounds)
    assert contrast.is_readable(contrast.nearest_readable(wanted, grounds, contrast.GOOD), grounds, contrast.GOOD)


@pytest.mark.parametrize("text", ["", "red", "#12", "#12345g", "url(x)", "#fff;}"])
def test_what_is_no_colour_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        contrast.colour(text)
