"""What the stand-in for SendGrid does with a mail: which events come of it, by how its recipient's address begins.

Source: SendGrid, "Event Webhook reference".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

_GONE: Final = "550 5.1.1 The email account that you tried to reach does not exist."
_LEFT: Final = {"event": "delivered", "response": "250 OK"}

EVENTS: Final[Mapping[str, tuple[Mapping[str, str], ...]]] = MappingProxyType(
    {
        "deliver": (_LEFT,),
        "bounce": ({"event": "bounce", "type": "bounce", "status": "5.1.1", "reason": _GONE},),
        "block": ({"event": "bounce", "type": "blocked", "status": "5.7.1", "reason": "550 5.7.1 Blocked by policy."},),
        "delay": ({"event": "deferred", "response": "451 4.7.1 Try again later.", "attempt": "1"}, _LEFT),
        "complain": (_LEFT, {"event": "spamreport"}),
        "unsubscribe": (_LEFT, {"event": "unsubscribe"}),
        "timeout": (_LEFT,),
        "refuse": (),
    }
)
"""What comes of a mail after it was processed, by its fate.

Of a call with a ``timeout`` in it everything is taken, and its answer never comes; one with a ``refuse`` in it is
answered with 400, and nothing of it is taken.
"""

_BY_ADDRESS: Final = frozenset(EVENTS) - {"deliver", "refuse"}
_LATE: Final = frozenset({"delay", "timeout"})


@dataclass(frozen=True, slots=True)
class MailFate:
    """What becomes of one mail.

    Args:
        name: one of :data:`EVENTS`.
        is_repeated: whether its events are told twice, and in the wrong order.
    """

    name: str = "deliver"
    is_repeated: bool = False

    @property
    def is_late(self) -> bool:
        """Whether its last event comes late."""
        return self.name in _LATE


DELIVER: Final = MailFate()

MailScript = Callable[[Sequence[str]], Sequence[MailFate]]
"""Says what becomes of the mails of one call, by the addresses of their recipients."""


def by_address(addresses: Sequence[str]) -> list[MailFate]:
    """Read fates off how addresses begin; any other is delivered. ``invalid@`` is refused before anybody asks.

    >>> [fate.name for fate in by_address(["bounce@example.com", "Delay+7@example.com", "ada@example.com"])]
    ['bounce', 'delay', 'deliver']
    """
    names = (address.partition("@")[0].partition("+")[0].lower() for address in addresses)
    return [MailFate(name) if name in _BY_ADDRESS else DELIVER for name in names]
