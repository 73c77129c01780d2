"""What Twilio's error codes mean here: a fact about the recipient, a fault of ours, or something that passes.

The same codes come as the answer to a call and as ``ErrorCode`` of a status callback. Twilio's own words are never
passed on, since they repeat the number (X8).

Source: Twilio, "Error and warning dictionary".
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from prefcenter.core.channels import Reason

UNSUBSCRIBED: Final = 21610

REASONS: Final[Mapping[int, Reason]] = MappingProxyType(
    {
        UNSUBSCRIBED: Reason.OPT_OUT,
        63014: Reason.OPT_OUT,
        21211: Reason.DEAD_NUMBER,
        21614: Reason.DEAD_NUMBER,
        21635: Reason.DEAD_NUMBER,
        30005: Reason.DEAD_NUMBER,
        30006: Reason.DEAD_NUMBER,
    }
)
"""Codes that say something of the recipient (S10); all others don't, 30004 among them: it is only counted."""

_WORDS: Final[Mapping[int, str]] = MappingProxyType(
    {
        UNSUBSCRIBED: "the recipient has unsubscribed from this sender",
        63014: "the recipient has blocked this sender",
        21211: "it is not a valid phone number",
        21614: "it is not a mobile number",
        21635: "it is a landline",
        30005: "the number is not in service",
        30006: "it is a landline, or its network cannot be reached",
        21612: "the number cannot be reached from this sender now",
        30001: "its queue is full",
        30003: "the phone is switched off or out of reach",
        30004: "the message was blocked",
        30007: "the message was filtered out by the network",
        30008: "it could not be delivered, for a reason that nobody told",
        30034: "the sender is not registered for this kind of traffic",
        30036: "it could not be sent before it expired",
        30610: "it would have arrived in quiet hours",
        21408: "the account may not write to this country",
        21212: "the sender is not a valid number",
        21606: "the sender is not a number of the account",
        20003: "the account's name and token do not belong together",
        20429: "too many calls were made at once",
    }
)


def reason_of(code: int | None) -> Reason | None:
    """What a code says of the recipient, or None."""
    return REASONS.get(code) if code is not None else None


def words_of(code: int | None) -> str:
    """A code in words, the code with it; no address in it.

    >>> words_of(21610)
    'Twilio: the recipient has unsubscribed from this sender (21610).'
    >>> words_of(99999)
    'Twilio: error 99999.'
    """
    if code is None:
        return "Twilio: an error without a code."
    words = _WORDS.get(code)
    return f"Twilio: {words} ({code})." if words else f"Twilio: error {code}."
