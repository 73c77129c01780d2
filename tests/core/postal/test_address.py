"""The written postal address and its form on the command line."""

from __future__ import annotations

import pytest

from prefcenter.core.errors import BadAddress
from prefcenter.core.postal.address import PostalAddress


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Jane Doe; 12 Main St; Apt 4; Springfield; IL; 62701",
            PostalAddress("Jane Doe", "", "12 Main St", "Apt 4", "Springfield", "IL", "62701"),
        ),
        (
            "Jane Doe; 12 Main St; ; Toronto; ON; M5V 2T6; Canada",
            PostalAddress("Jane Doe", "", "12 Main St", "", "Toronto", "ON", "M5V 2T6", "Canada"),
        ),
        (
            "Jane Doe;12 Main St;Springfield;IL;62701",
            PostalAddress("Jane Doe", "", "12 Main St", "", "Springfield", "IL", "62701"),
        ),
    ],
)
def test_command_line_form_is_read_in_five_to_seven_parts(text: str, expected: PostalAddress) -> None:
    """interfaces: a postal VALUE is "Name; address1; address2; city; ST; ZIP[; country]"."""
    assert PostalAddress.parse(text) == expected


@pytest.mark.parametrize("text", ["", "Jane Doe", "a; b; c; d", "a; b; c; d; e; f; g; h"])
def test_other_counts_of_parts_are_refused_with_a_remedy(text: str) -> None:
    """An address with too few or too many parts says how to write it, and does not repeat it (X8)."""
    with pytest.raises(BadAddress) as error:
        PostalAddress.parse(text)
    assert error.value.field == "address"
    assert "address1; address2" in error.value.remedy
    assert "Jane" not in str(error.value)


@pytest.mark.parametrize("bad", ["\0", "\n", "\x1b", "\t", "\x85"])
def test_control_characters_are_refused(bad: str) -> None:
    """A part with a control character is named, whether parsed or built."""
    with pytest.raises(BadAddress) as error:
        PostalAddress(name=f"Jane{bad}Doe")
    assert error.value.field == "name"
    with pytest.raises(BadAddress) as error:
        PostalAddress.parse(f"Jane; 1 A St; ; Town{bad}; IL; 62701")
    assert error.value.field == "city"
