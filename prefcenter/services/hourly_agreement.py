"""Agreeing with every provider once an hour, by whichever worker comes first."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from prefcenter.core.errors import Unavailable
from prefcenter.services.agreeing import Syncing
from prefcenter.services.list_ports import ProviderLists
from prefcenter.services.syncing import sync
from prefcenter.store import chores
from prefcenter.store.engine import Database

_log = logging.getLogger(__name__)

EVERY: Final = timedelta(hours=1)
"""How often a worker does it."""


def is_any_due(database: Database, names: Sequence[str], *, at: datetime) -> bool:
    """Whether any of some providers was last agreed with an hour ago, or never."""
    with database.read() as session:
        return any(chores.is_due(session, _chore(name), EVERY, at=at) for name in names)


def _chore(provider: str) -> str:
    return f"sync_{provider}"


def sync_hourly(use: Syncing, providers: Sequence[ProviderLists]) -> int:
    """Agree with each provider once an hour, whichever worker comes first; what one of them meets stops no other.

    Returns:
        With how many it was done.
    """
    done = 0
    for provider in providers:
        chore, at = _chore(provider.name), use.clock()
        with use.database.read() as session:
            if not chores.is_due(session, chore, EVERY, at=at):
                continue
        with use.database.write() as session:
            if not chores.claim(session, chore, EVERY, at=at):
                continue
            session.commit()
        try:
            sync(use, provider)
        except Unavailable as error:
            _log.warning("agreeing with %s: %s", provider.name, error)
            continue
        done += 1
    return done
