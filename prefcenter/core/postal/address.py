"""A postal address as somebody wrote it: the value that goes into the standardiser."""

from __future__ import annotations

import unicodedata
from dataclasses import astuple, dataclass, fields
from typing import Self

from prefcenter.core.errors import BadAddress

CLI_FORM = "Name; address1; address2; city; ST; ZIP[; country]"
"""How an address is written on the command line."""

_PARTS_BY_COUNT = {
    5: ("name", "address1", "city", "state", "zip"),
    6: ("name", "address1", "address2", "city", "state", "zip"),
    7: ("name", "address1", "address2", "city", "state", "zip", "country"),
}


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """A person, household or firm at a postal address, as written; nothing is corrected here (P8).

    >>> PostalAddress.parse("Jane Doe; 12 Main St; Apt 4; Springfield; IL; 62701").zip
    '62701'

    Raises:
        BadAddress: a part holds a control character, such as NUL or a line break.
    """

    name: str = ""
    company: str = ""
    address1: str = ""
    address2: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    country: str = ""

    def __post_init__(self) -> None:
        for field, value in self.items():
            if any(unicodedata.category(character) == "Cc" for character in value):
                raise BadAddress(
                    f"The {field} of the postal address holds a control character.",
                    field=field,
                    remedy="Write it as one line of plain text.",
                )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the form of the command line; five parts are taken as an address without a second line.

        Raises:
            BadAddress: there are fewer or more parts, or a part holds a control character.
        """
        parts = [part.strip(" ") for part in text.split(";")]
        names = _PARTS_BY_COUNT.get(len(parts))
        if names is None:
            raise BadAddress(
                f"A postal address has 5 to 7 parts separated by semicolons; this one has {len(parts)}.",
                field="address",
                remedy=f'Write it as "{CLI_FORM}", leaving a part empty where there is nothing to say.',
            )
        return cls(**dict(zip(names, parts, strict=True)))

    def items(self) -> tuple[tuple[str, str], ...]:
        """The parts by name, in order."""
        return tuple(zip((field.name for field in fields(self)), astuple(self), strict=True))
