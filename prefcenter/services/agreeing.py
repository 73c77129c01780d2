"""What an agreement with a provider works with, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from prefcenter.core.agreement import STANDS_THERE, Known, Target
from prefcenter.core.channels import MessageClass
from prefcenter.core.errors import Unavailable
from prefcenter.services.list_ports import ProviderLists
from prefcenter.services.list_targets import Targets
from prefcenter.services.points import Points
from prefcenter.services.ports import Clock, Keyring
from prefcenter.store import provider_lists
from prefcenter.store.engine import Database

AT_ONCE: Final = 500
"""As many contact points are looked at and committed together: a click that comes meanwhile waits for one such part."""

COUNTED: Final = ("read", "taken", "told", "released", "refused", "later", "unreadable", "no_address", "missing")


@dataclass(frozen=True, slots=True)
class Step:
    """How far a run is.

    Args:
        provider: with whom.
        doing: ``reading`` or ``telling``.
        label: which list is being read, empty while telling.
        done: how many contact points were gone through.
    """

    provider: str
    doing: str
    label: str
    done: int


Progress = Callable[[Step], None]


@dataclass(frozen=True, slots=True)
class Syncing:
    """What a run works with.

    Args:
        database: where.
        keyring: the keys, checked before anything is read or told (X12).
        points: makes contact points.
        clock: tells the time.
        seal: seals the ledger, so that everything on the list has its position.
        progress: told how far it is.
    """

    database: Database
    keyring: Keyring
    points: Points
    clock: Clock
    seal: Callable[[], None]
    progress: Progress = lambda _step: None


@dataclass(frozen=True, slots=True)
class Synced:
    """What came of a run.

    Args:
        provider: with whom.
        is_whole: whether everything was gone through.
        is_read: whether the provider tells who stands on its lists.
        counts: by what was done, see :data:`COUNTED`.
        problems: what an operator must see to.
        notes: what an operator should know.
    """

    provider: str
    is_whole: bool
    is_read: bool
    counts: dict[str, int]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Busy(Unavailable):
    """Another process agrees with this provider just now."""


def note_missing(session: Session, provider: str, target: Target, since: datetime, at: datetime) -> int:
    """Note what does not stand on a list any more that was read wholly since a moment; returns how much it is."""
    return provider_lists.note_missing(session, provider, target.list, sorted(STANDS_THERE), Known.MISSING, since, at)


def problems_of(targets: Targets) -> tuple[str, ...]:
    """What an operator must see to before the lists can agree."""
    return tuple(
        f"Group {number} is not there any more: those who left it were freed. Map what it stood for to another group."
        for number in targets.gone
    )


def notes_of(provider: ProviderLists, targets: Targets) -> tuple[str, ...]:
    """What an operator should know to read the figures."""
    if not provider.can_be_read:
        return ("Twilio has no call that lists opt-outs: STOPs come by its webhooks, and drift there cannot be seen.",)
    notes = [
        f"Group {label} stands for nothing here: whoever left it counts as having left all marketing mail."
        for label in targets.unmapped
    ]
    if not any(_is_for_marketing(target) for target in targets.all):
        notes.append(
            "No list there stands for marketing, so opt-outs of marketing are kept here alone; "
            "`prefcenter providers map` says which group stands for what."
        )
    return tuple(notes)


def _is_for_marketing(target: Target) -> bool:
    return [ask.message_class for ask in target.asks] == [MessageClass.MARKETING]
