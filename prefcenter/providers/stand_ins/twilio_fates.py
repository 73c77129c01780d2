"""What the stand-in for Twilio does with a text, by the number that it goes to.

Numbers that begin with +1500555 mean what Twilio's own test credentials make of them, and a few more; any number can be
given a fate of its own.

Source: Twilio, "Test credentials: magic input"; "Error and warning dictionary" for codes and words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Fate(StrEnum):
    """What becomes of a text to a number."""

    DELIVERED = "delivered"
    DELAYED = "delayed"
    """Sent, and reported as delivered late."""
    OPTED_OUT = "opted_out"
    INVALID = "invalid"
    NO_ROUTE = "no_route"
    NO_PERMISSION = "no_permission"
    NOT_MOBILE = "not_mobile"
    UNREACHABLE = "unreachable"
    NO_SUCH_HANDSET = "no_such_handset"
    LANDLINE = "landline"
    BLOCKED = "blocked"
    FILTERED = "filtered"
    TOO_MANY = "too_many"
    DOWN = "down"
    HTML = "html"
    GARBLED = "garbled"
    """Taken, but the answer is HTML: nobody can tell from it what became of the text."""
    HANGS = "hangs"
    """Taken, but never answered; what became of it is reported late."""
    SLOW = "slow"
    """Taken, and answered when the stand-in is told to go on."""
    BREAKS = "breaks"
    """Taken, and the connection breaks before the answer."""


MAGIC_NUMBERS: Final[Mapping[str, Fate]] = MappingProxyType(
    {
        "+15005550001": Fate.INVALID,
        "+15005550002": Fate.NO_ROUTE,
        "+15005550003": Fate.NO_PERMISSION,
        "+15005550004": Fate.OPTED_OUT,
        "+15005550009": Fate.NOT_MOBILE,
        # From here on they are our own.
        "+15005550013": Fate.UNREACHABLE,
        "+15005550014": Fate.BLOCKED,
        "+15005550015": Fate.NO_SUCH_HANDSET,
        "+15005550016": Fate.LANDLINE,
        "+15005550017": Fate.FILTERED,
        "+15005550020": Fate.TOO_MANY,
        "+15005550021": Fate.DOWN,
        "+15005550022": Fate.HTML,
        "+15005550023": Fate.GARBLED,
        "+15005550024": Fate.HANGS,
        "+15005550025": Fate.SLOW,
        "+15005550026": Fate.BREAKS,
        "+15005550027": Fate.DELAYED,
    }
)


@dataclass(frozen=True, slots=True)
class ApiError:
    """An error as the REST API tells it."""

    status: int
    code: int
    message: str

    def as_json(self) -> dict[str, object]:
        """Its body."""
        more = f"https://www.twilio.com/docs/errors/{self.code}"
        return {"code": self.code, "message": self.message, "more_info": more, "status": self.status}


UNAUTHENTICATED: Final = ApiError(401, 20003, "Authenticate")
NOT_FOUND: Final = ApiError(404, 20404, "The requested resource was not found")
NOT_SCHEDULED: Final = ApiError(400, 30409, "This message cannot be canceled")
NO_RECIPIENT: Final = ApiError(400, 21604, "A 'To' phone number is required.")
NO_SENDER: Final = ApiError(400, 21603, "A 'From' phone number is required.")
NO_BODY: Final = ApiError(400, 21602, "Message body is required.")
TOO_LONG: Final = ApiError(400, 21617, "The concatenated message body exceeds the 1600 character limit")
BAD_SENDER: Final = ApiError(400, 21212, "The 'From' number is not a valid phone number, shortcode, or alphanumeric.")
UNSUBSCRIBED: Final = ApiError(400, 21610, "Attempt to send to unsubscribed recipient")

REFUSED: Final[Mapping[Fate, ApiError]] = MappingProxyType(
    {
        Fate.INVALID: ApiError(400, 21211, "The 'To' number is not a valid phone number."),
        Fate.NO_ROUTE: ApiError(400, 21612, "The 'To' phone number is not currently reachable via SMS."),
        Fate.NO_PERMISSION: ApiError(
            400, 21408, "Permission to send an SMS has not been enabled for the region indicated by the 'To' number."
        ),
        Fate.OPTED_OUT: UNSUBSCRIBED,
        Fate.NOT_MOBILE: ApiError(400, 21614, "'To' number is not a valid mobile number."),
        Fate.TOO_MANY: ApiError(429, 20429, "Too Many Requests"),
        Fate.DOWN: ApiError(503, 20503, "Service is unavailable. Please try again"),
    }
)
"""Fates that the call itself is answered with."""

UNDELIVERED: Final[Mapping[Fate, int]] = MappingProxyType(
    {
        Fate.OPTED_OUT: 21610,
        Fate.UNREACHABLE: 30003,
        Fate.BLOCKED: 30004,
        Fate.NO_SUCH_HANDSET: 30005,
        Fate.LANDLINE: 30006,
        Fate.FILTERED: 30007,
    }
)
"""Fates that only a status callback tells, with its ``ErrorCode``."""

LATE: Final = frozenset({Fate.DELAYED, Fate.HANGS})
"""Fates whose last report comes late."""

TextScript = Callable[[str], tuple[Fate, bool] | None]
"""Says what becomes of a text to a number, and whether that is reported twice and in the wrong order; or nothing."""
