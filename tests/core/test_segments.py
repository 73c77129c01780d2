"""Texts counted before they leave: alphabet, places, segments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefcenter.core.errors import BadInput
from prefcenter.core.segments import (
    MOST_CHARACTERS,
    Encoding,
    foreign_characters,
    is_gsm,
    require_sendable,
    segmentation,
)

BASIC = "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./09:;<=>?¡AZÄÖÑÜ§¿azäöñüà\n\r"
EXTENSION = "^{}\\[~]|€\f"
GSM_TEXTS = st.text(alphabet=BASIC + EXTENSION, max_size=700)
TEXTS = st.one_of(st.text(max_size=300), GSM_TEXTS)


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments", "room"),
    [
        ("", Encoding.GSM_7, 0, 0, 160),
        ("a" * 160, Encoding.GSM_7, 160, 1, 0),
        ("a" * 161, Encoding.GSM_7, 161, 2, 145),
        ("a" * 306, Encoding.GSM_7, 306, 2, 0),
        ("a" * 307, Encoding.GSM_7, 307, 3, 152),
        ("€" * 80, Encoding.GSM_7, 160, 1, 0),
        # 152 places and an escape: the pair goes whole into the next segment.
        ("a" * 152 + "€" + "a" * 152, Encoding.GSM_7, 306, 3, 152),
        ("ç" + "a" * 69, Encoding.UCS_2, 70, 1, 0),
        ("ç" + "a" * 70, Encoding.UCS_2, 71, 2, 63),
        ("😀" * 35, Encoding.UCS_2, 70, 1, 0),
        ("😀" * 36, Encoding.UCS_2, 72, 2, 61),
        ("`", Encoding.UCS_2, 1, 1, 69),
    ],
)
def test_a_text_is_counted_as_it_will_be_sent(
    text: str, encoding: Encoding, units: int, segments: int, room: int
) -> None:
    counted = segmentation(text)
    assert (counted.encoding, counted.units, counted.segments, counted.room) == (encoding, units, segments, room)


@given(GSM_TEXTS)
def test_the_alphabet_stays_gsm(text: str) -> None:
    assert is_gsm(text)
    assert foreign_characters(text) == ()
    assert segmentation(text).units == len(text) + sum(text.count(one) for one in EXTENSION)


@given(TEXTS)
def test_a_text_is_gsm_exactly_where_nothing_foreign_is_in_it(text: str) -> None:
    assert (segmentation(text).encoding is Encoding.GSM_7) == (not foreign_characters(text))


@given(TEXTS)
def test_segments_hold_the_text_and_no_segment_is_spare(text: str) -> None:
    counted = segmentation(text)
    joined = 153 if counted.encoding is Encoding.GSM_7 else 67
    if counted.segments > 1:
        # Only a pair that did not fit leaves a place unused at the end of a segment.
        assert counted.segments * (joined - 1) < counted.units + counted.room + counted.segments
        assert counted.units + counted.room <= counted.segments * joined
        assert 0 <= counted.room < joined
    else:
        assert counted.segments == (1 if text else 0)


@given(TEXTS, st.characters(exclude_categories=["Cs"]))
def test_a_longer_text_never_takes_fewer_segments(text: str, more: str) -> None:
    assert segmentation(text + more).segments >= segmentation(text).segments


@pytest.mark.parametrize("text", ["", "  \n", "a" * (MOST_CHARACTERS + 1), "😀" * (MOST_CHARACTERS // 2 + 1)])
def test_what_cannot_be_sent_is_said_before(text: str) -> None:
    with pytest.raises(BadInput):
        require_sendable(text)


def test_the_longest_text_can_be_sent() -> None:
    assert require_sendable("a" * MOST_CHARACTERS).segments == 11
