"""The table "who may be written to", as data.

Each reason on file gives every class of message a :class:`Cell`. The cells say *what* holds; how a condition is judged
for one message is :mod:`prefcenter.core.decision`'s business. Change the table only together with ``POLICY_VERSION``:
manifests and decisions name the version that they were made under.

Source: the rule "Who may be written to"; the statutes behind single rows stand with their rules (E, S, P, G).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from prefcenter.core.channels import Channel, MessageClass, Reason, Verdict

POLICY_VERSION: Final = 1
"""Grows by one with every change of this table or of the consent table."""

REQUEST_WINDOW: Final = timedelta(minutes=15)
"""A message counts as requested for so long after it was asked for (class *requested*)."""

CONFIRMATION_WINDOW: Final = timedelta(minutes=5)
"""The one confirmation of a STOP goes out within this time or not at all (S4). Source: 47 CFR 64.1200(a)(12)."""

PROHIBITORY_ORDER_GRACE: Final = timedelta(days=30)
"""From this age on, a prohibitory order stops everything by post (P14). Source: 39 USC 3008."""

LONGEST_WAIT: Final = timedelta(hours=72)
"""A message that must wait is refused after this time, where it names no end of its own."""


class Condition(StrEnum):
    """What a cell's verdict depends on."""

    BLOCKED_SENDER = "blocked_sender"
    """The STOP covers the sender of this message (S5)."""
    CONFIRMATION_OR_UNBLOCKED_SENDER = "confirmation_or_unblocked_sender"
    """This is the one confirmation in time (S4), the answer to a HELP (S7), or it comes from an unblocked sender."""
    NARROW_BYPASS = "narrow_bypass"
    """The message type may bypass the provider's own block, narrowly (X9)."""
    ORDER_IN_GRACE = "order_in_grace"
    """The prohibitory order is younger than 30 days (P14)."""
    TO_REPRESENTATIVE = "to_representative"
    TO_PARENT = "to_parent"
    TO_REPORTER = "to_reporter"
    BY_COUNSEL = "by_counsel"
    BY_CLIENT = "by_client"
    NEWER_RELATIONSHIP = "newer_relationship"
    """A relationship began after the erasure."""
    AT_DELETION = "at_deletion"
    """This is the one message that tells that the data were deleted (G3)."""
    NIGHT_AND_NOT_URGENT = "night_and_not_urgent"


@dataclass(frozen=True, slots=True)
class Cell:
    """What one reason says about one class of message.

    Args:
        verdict: what holds, always or where ``condition`` does.
        everywhere: it binds whichever channel the reason came in on; otherwise it binds in the reason's own only.
        condition: what ``verdict`` depends on.
        otherwise: what holds where ``condition`` does not.
    """

    verdict: Verdict
    everywhere: bool = False
    condition: Condition | None = None
    otherwise: Verdict | None = None

    def __post_init__(self) -> None:
        if (self.condition is None) != (self.otherwise is None):
            raise ValueError("a condition and its other verdict come together")

    def resolve(self, *, holds: bool) -> Verdict:
        """The verdict, once it is known whether the condition holds."""
        return self.verdict if holds or self.otherwise is None else self.otherwise


Row = Mapping[MessageClass, Cell]

Y: Final = Cell(Verdict.CLEARED)
N: Final = Cell(Verdict.REFUSED)
R: Final = Cell(Verdict.REROUTE)
W: Final = Cell(Verdict.WAIT)
N_EVERYWHERE: Final = Cell(Verdict.REFUSED, everywhere=True)


def _only(condition: Condition, otherwise: Verdict = Verdict.REFUSED) -> Cell:
    """Allowed where the condition holds, else ``otherwise``."""
    return Cell(Verdict.CLEARED, condition=condition, otherwise=otherwise)


def _row(marketing: Cell, service: Cell, legal: Cell, requested: Cell, sharing: Cell) -> Row:
    """One row in the order of the printed table: M S L Q X."""
    return MappingProxyType(dict(zip(MessageClass, (marketing, service, legal, requested, sharing), strict=True)))


_FROM_BLOCKED_SENDER = Cell(Verdict.REFUSED, condition=Condition.BLOCKED_SENDER, otherwise=Verdict.CLEARED)
_GRACE = _only(Condition.ORDER_IN_GRACE, Verdict.REROUTE)
_BYPASS = _only(Condition.NARROW_BYPASS, Verdict.REROUTE)
_REPRESENTATIVE = _only(Condition.TO_REPRESENTATIVE)
_PARENT = _only(Condition.TO_PARENT)
_NEWER = _only(Condition.NEWER_RELATIONSHIP)
_CLIENT = _only(Condition.BY_CLIENT)
_BY_NIGHT = Cell(Verdict.WAIT, condition=Condition.NIGHT_AND_NOT_URGENT, otherwise=Verdict.CLEARED)

MARKETING_ONLY: Final[Row] = _row(N, Y, Y, Y, N)
"""What most refusals say: no marketing, no sharing, all else is free. It is also what an unknown reason says (X1)."""

OPT_OUT: Final[Mapping[Channel, Row]] = MappingProxyType(
    {
        Channel.EMAIL: MARKETING_ONLY,
        Channel.SMS: _row(
            N, _FROM_BLOCKED_SENDER, _FROM_BLOCKED_SENDER, _only(Condition.CONFIRMATION_OR_UNBLOCKED_SENDER), N
        ),
        Channel.POST: MARKETING_ONLY,
    }
)
"""The three rows of ``opt_out``: by unsubscribing, by STOP, by NO SNAIL MAIL."""

TABLE: Final[Mapping[Reason, Row]] = MappingProxyType(
    {
        Reason.OBJECTION: _row(N_EVERYWHERE, Y, Y, Y, N_EVERYWHERE),
        Reason.COMPLAINT: _row(N, R, _BYPASS, Y, N),
        Reason.HARD_BOUNCE: _row(N, R, R, N, N),
        Reason.DEAD_NUMBER: _row(N, R, R, N, N),
        Reason.UNDELIVERABLE: _row(N, R, R, N, N),
        Reason.PROHIBITORY_ORDER: _row(N_EVERYWHERE, _GRACE, _GRACE, N, N_EVERYWHERE),
        Reason.DECEASED: _row(
            N_EVERYWHERE, _REPRESENTATIVE, _REPRESENTATIVE, _only(Condition.TO_REPORTER), N_EVERYWHERE
        ),
        Reason.MINOR: _row(N_EVERYWHERE, N_EVERYWHERE, _PARENT, _PARENT, N_EVERYWHERE),
        Reason.ERASED: _row(N_EVERYWHERE, _NEWER, _NEWER, _only(Condition.AT_DELETION), N_EVERYWHERE),
        Reason.NO_SHARING: _row(Y, Y, Y, Y, N_EVERYWHERE),
        Reason.CONSENT_MISSING: MARKETING_ONLY,
        Reason.POLICY_VERSION: MARKETING_ONLY,
        Reason.CLIENT_DATA: _row(N, _CLIENT, _CLIENT, Y, N),
        Reason.EXTERNAL_LIST: MARKETING_ONLY,
        Reason.PAUSED: _row(N, Y, Y, Y, Y),
        Reason.QUIET_HOURS: _row(W, _BY_NIGHT, Y, Y, Y),
        Reason.FREQUENCY_CAP: _row(W, _BY_NIGHT, Y, Y, Y),
        Reason.NO_CONTACT: _row(N_EVERYWHERE, N_EVERYWHERE, _only(Condition.BY_COUNSEL), N, N_EVERYWHERE),
    }
)
"""Every row but those of ``opt_out``."""

UNVERIFIED: Final[Mapping[Reason, frozenset[MessageClass]]] = MappingProxyType(
    {Reason.DECEASED: frozenset({MessageClass.MARKETING})}
)
"""The classes that a reason speaks about as long as nobody has verified it."""


def cell(reason: Reason, channel: Channel, message_class: MessageClass, *, verified: bool = True) -> Cell:
    """What a reason that came in on a channel says about a class of message.

    A reason, channel or class that the table does not know refuses marketing and sharing (X1).

    >>> cell(Reason.OPT_OUT, Channel.POST, MessageClass.SERVICE).verdict
    <Verdict.CLEARED: 'cleared'>
    """
    if not verified and message_class not in UNVERIFIED.get(reason, MessageClass):
        return Y
    row = OPT_OUT.get(channel, MARKETING_ONLY) if reason is Reason.OPT_OUT else TABLE.get(reason, MARKETING_ONLY)
    return row.get(message_class, N)
