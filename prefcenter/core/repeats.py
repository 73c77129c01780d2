"""Which rows of a mailing count as a repetition of an earlier one, and are dropped."""

from __future__ import annotations

from enum import StrEnum


class Repeats(StrEnum):
    """What may stand in a mailing only once; an email address or a number is always one person's."""

    OFF = "off"
    PERSON = "person"
    HOUSEHOLD = "household"
