"""How far a message has come, as its provider tells: events arrive twice and in any order, and it never goes back.

A bounce may follow a delivery by hours, and a delivery that is told late says nothing against the bounce: so *failed*
stands above *delivered*. Whatever the order in which the same events come, the message ends in the same state.
"""

from __future__ import annotations

from typing import Final

_ORDER: Final = (
    "queued",
    "waiting",
    "unknown",
    "scheduled",
    "recalled",
    "sent",
    "canceled",
    "delivered",
    "failed",
)
_RANK: Final = {state: rank for rank, state in enumerate(_ORDER)}


def advanced(state: str, told: str) -> str:
    """The state of a message after an event: the one that is further on.

    A message that was refused, or that a worker is just sending, takes nothing from an event. One that is queued does:
    it did leave, and a backup that came back does not know it, so it must not leave again.

    Args:
        state: its state until now.
        told: what the event says: ``scheduled``, ``sent``, ``canceled``, ``delivered`` or ``failed``.

    >>> advanced("unknown", "delivered"), advanced("failed", "delivered"), advanced("refused", "delivered")
    ('delivered', 'failed', 'refused')
    """
    if state not in _RANK or told not in _RANK:
        return state
    return told if _RANK[told] > _RANK[state] else state
