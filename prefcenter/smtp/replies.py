"""What the listener answers: a reply code, an enhanced status code, and words that an operator can act on.

Source: RFC 5321 §4.2 (codes), RFC 3463 and RFC 2034 (enhanced codes).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from prefcenter.core.errors import BadInput
from prefcenter.services.errors import AlreadyThere, NotReady, UnknownType
from prefcenter.services.messages import Taken
from prefcenter.smtp.reading import KEY_HEADER, NotCarried, NoType

_LONGEST: Final = 480
"""Source: RFC 5321 §4.5.3.1.5: a reply line has at most 512 octets, its code and line end included."""

_PLAIN: Final = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "–": "-", "…": "..."})
_FEW: Final = 10

AUTHENTICATE: Final = "530 5.7.0 Authentication required: sign in with an API key of the scope send as the password"
BAD_KEY: Final = "535 5.7.8 The API key is unknown or revoked"
WRONG_SCOPE: Final = "535 5.7.8 The API key has not the scope send"
NOT_NOW_SIGN_IN: Final = "454 4.7.0 The key cannot be checked now; try again later"
NOT_NOW: Final = "451 4.3.0 The mail cannot be taken now, and nothing of it was written; try again later"
TOO_MANY: Final = "452 4.5.3 Too many recipients; send the mail to the others on its own"
FULL: Final = "421 4.3.2 Too many connections; try again later"
LEAVING: Final = "421 4.3.2 The listener is stopping; try again later"


def line(code: int, status: str, text: str) -> str:
    """Write a reply: one line of printable ASCII, which every client can read.

    >>> line(550, "5.7.1", "There is no message type “prüfung”.")
    '550 5.7.1 There is no message type "pr?fung".'
    """
    words = " ".join(text.translate(_PLAIN).encode("ascii", "replace").decode().split())
    shown = "".join(character if character.isprintable() else "?" for character in words)
    return f"{code} {status} {shown[:_LONGEST]}"


def of_taken(taken: Sequence[Taken], *, is_named: bool) -> str:
    """Tell what came of a mail: 250 where any message is to leave, 550 where none is.

    SMTP has one answer to a mail for all its recipients. A 550 is told only where nothing leaves: a client that gets
    one may tell its user so. Where some leave, the others stand in the outbox as refused, and are counted here.
    """
    counts = Counter(each.state for each in taken)
    if counts["refused"] == len(taken):
        reasons = dict.fromkeys(f"{reason['code']} {reason['scope']}" for each in taken for reason in each.reasons)
        whose = "" if len(taken) == 1 else f" for all {len(taken)} recipients"
        return line(550, "5.7.1", f"Refused{whose}, nothing is sent: {'; '.join(reasons)}")
    told = ", ".join(f"{counts[state]} {state}" for state in sorted(counts))
    ids = ", ".join(str(each.id) for each in taken) if len(taken) <= _FEW else ""
    numbers = f" (message {ids})" if ids else ""
    doubled = "" if is_named else f"; without a Message-ID or {KEY_HEADER} the same mail again would be sent again"
    return line(250, "2.0.0", f"Taken: {told}{numbers}{doubled}")


def of_error(error: BadInput) -> str:
    """Tell why a mail cannot be taken: for good, unless it is we who lack something that an operator can set."""
    if isinstance(error, NotReady):
        return line(451, "4.3.5", str(error))
    if isinstance(error, AlreadyThere):
        return line(550, "5.6.0", f"Another mail came under the same Message-ID or {KEY_HEADER}; give each its own.")
    if isinstance(error, NoType | UnknownType):
        return line(550, "5.7.1", str(error))
    return line(550, "5.6.1" if isinstance(error, NotCarried) else "5.6.0", str(error))
