"""The worker: seals the ledger, sends what is due, and finishes what a crash left over.

Everything it does is a row with a state, so that any number of workers may run, one may die at any moment, and the
next takes up where it was. The queue is only a hint.
"""

from __future__ import annotations

import gc
import logging
import os
import threading
from collections.abc import Callable
from datetime import timedelta

from prefcenter.core.errors import PrefcenterError
from prefcenter.providers.sandbox_posting import poster
from prefcenter.scrub import postal_cache
from prefcenter.services import (
    batches,
    codes,
    confirming,
    dispatching,
    kept_answers,
    mailing_ends,
    mailing_records,
    recalling,
    receiving,
    sealing,
    stray_rows,
    type_watch,
)
from prefcenter.services.dispatching import Dispatcher
from prefcenter.services.ports import Evidence
from prefcenter.store import ledger, outbox
from prefcenter.wiring import Wiring

_log = logging.getLogger(__name__)

PAUSE_SECONDS = 0.25
"""How long an idle worker rests: an acknowledgement or a seal is never later than this plus the work itself."""

LEFTOVERS_EVERY = 60
"""After how many rests it looks for what a crash left over."""


def step(wiring: Wiring, *, with_leftovers: bool = True) -> int:
    """Do once what is due now, and tell how many things were done; a fault in one kind of work stops no other."""
    done = _safely(seal_pending, wiring) + _safely(send_due, wiring) + _safely(settle_events, wiring)
    done += _safely(report_sandbox, wiring)
    if not with_leftovers:
        return done
    done += _safely(match_events, wiring) + _safely(forget_answers, wiring) + _safely(forget_unconfirmed, wiring)
    done += _safely(erase_codes, wiring)
    done += _safely(finish_leftovers, wiring) + _safely(tend_mailings, wiring) + _safely(watch_types, wiring)
    done += _safely(tend_index, wiring)
    return done + _safely(agree_with_providers, wiring)


def run(wiring: Wiring, stop: threading.Event, *, parent: int | None = None, reports_to: str | None = None) -> None:
    """Work until told to stop, or until the process that started us is gone.

    Args:
        wiring: the product.
        stop: set by whoever wants the worker to end; what it is at is finished first.
        parent: the process that we must not outlive.
        reports_to: where our own server listens, which the sandbox tells what became of messages; None where nobody
            is told.
    """
    collect_rarely()
    rests = 0
    if wiring.sandbox is not None and reports_to is not None:
        wiring.sandbox.post = poster(reports_to)
    while not stop.is_set() and not _is_orphan(parent):
        done = step(wiring, with_leftovers=rests % LEFTOVERS_EVERY == 0)
        if not done:
            rests += 1
            stop.wait(PAUSE_SECONDS)


def collect_rarely() -> None:
    """Let Python look for unreachable cycles among new objects rarely, and among those that stand already never.

    A thousand messages are tens of thousands of objects that live for a moment; looking through all that the process
    ever imported for each some hundred of them took an eighth of the time of sending.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def seal_pending(wiring: Wiring) -> int:
    """Give new ledger entries their positions, and note the seal outside the database."""
    with wiring.database.read() as session:
        if not ledger.has_pending(session):
            return 0
    with wiring.database.write() as session:
        sealed = sealing.seal(session, wiring.ledger_keys, at=wiring.clock())
    if sealed.seal is not None:
        sealing.anchor(wiring.anchors, sealed.seal)
    return sealed.entries


def send_due(wiring: Wiring) -> int:
    """Decide and send the messages that are due."""
    with wiring.database.read() as session:
        if not outbox.has_due(session, wiring.clock()):
            return 0
    states = dispatching.dispatch_due(
        wiring.database, wiring.keyring, wiring.points, wiring.senders, wiring.clock, links=wiring.links
    )
    use = Dispatcher(wiring.database, wiring.keyring, wiring.points, wiring.senders, wiring.clock, wiring.links)
    called_back = recalling.recall_due(use)
    return sum(states.values()) - states["queued"] + sum(called_back.values()) - called_back["recalled"]


def settle_events(wiring: Wiring) -> int:
    """Give messages the states that long calls with events told."""
    return batches.settle_open(wiring.database, wiring.points, wiring.event_readers, at=wiring.clock())


def match_events(wiring: Wiring) -> int:
    """Settle events whose message was just being sent when they came."""
    return batches.match_late(wiring.database, at=wiring.clock())


def finish_leftovers(wiring: Wiring) -> int:
    """Handle what was kept and never handled."""
    return receiving.handle_leftovers(wiring.database, wiring.handlers, at=wiring.clock())


def tend_mailings(wiring: Wiring) -> int:
    """Settle mailings whose scrub died, and erase kept rows whose period is over, and those that no mailing needs."""
    at = wiring.clock()
    settled = mailing_records.finish_abandoned(wiring.database, wiring.mailing_rows, at=at)
    period = timedelta(days=wiring.config.keep_rows_days)
    purged = mailing_ends.purge_due(wiring.database, wiring.mailing_rows, period, at=at)
    old = stray_rows.WITHOUT_DATES + period
    strays = stray_rows.erase_strays(wiring.database, wiring.mailing_rows, old, Evidence("system"), at=at)
    if strays:
        _log.warning("erased kept rows that no mailing on record needs: %d folders", len(strays))
    return settled + purged + len(strays)


def report_sandbox(wiring: Wiring) -> int:
    """Tell our own webhooks what became of the messages that the sandbox took."""
    return 0 if wiring.sandbox is None else wiring.sandbox.report()


def forget_answers(wiring: Wiring) -> int:
    """Forget, once a day, what was answered to requests that nobody tries again."""
    return kept_answers.forget_daily(wiring.database, at=wiring.clock())


def forget_unconfirmed(wiring: Wiring) -> int:
    """Forget what was ticked for an address that did not confirm it in time."""
    return confirming.forget(wiring.database, at=wiring.clock())


def erase_codes(wiring: Wiring) -> int:
    """Erase codes that ran out, and what the messages said that carried them."""
    return codes.erase(wiring.database, at=wiring.clock())


def tend_index(wiring: Wiring) -> int:
    """Take names out of the list kept for the next mailing that were erased or lifted meanwhile."""
    with wiring.database.read() as session:
        return postal_cache.look_after(session, wiring.list_index, at=wiring.clock())


def watch_types(wiring: Wiring) -> int:
    """Look once an hour whether service messages reach more people who opted out of marketing than they usually do."""
    alarms = type_watch.watch_hourly(wiring.database, at=wiring.clock())
    if alarms:
        _log.warning("message types that reach unusually many who opted out: %d; see prefcenter type watch", alarms)
    return alarms


def agree_with_providers(wiring: Wiring) -> int:
    """Bring the providers' lists and ours into agreement once an hour, where any provider is configured.

    It is done beside the other work: it may wait minutes for a provider, and a confirmation must not wait with it (S4).
    """
    from prefcenter.services import hourly_agreement

    config = wiring.config
    names = [name for name, is_there in (("sendgrid", config.sends_mail), ("twilio", config.sends_texts)) if is_there]
    if not names or _AGREEING.locked() or not hourly_agreement.is_any_due(wiring.database, names, at=wiring.clock()):
        return 0
    threading.Thread(target=_agree, args=(wiring,), name="agreement", daemon=True).start()
    return 1


def _agree(wiring: Wiring) -> None:
    if not _AGREEING.acquire(blocking=False):
        return
    try:
        _safely(_sync_hourly, wiring)
    finally:
        _AGREEING.release()


def _sync_hourly(wiring: Wiring) -> int:
    from prefcenter.services import hourly_agreement

    return hourly_agreement.sync_hourly(wiring.syncing(), wiring.provider_lists)


_AGREEING = threading.Lock()
"""Held while this process agrees with providers."""


def _safely(work: Callable[[Wiring], int], wiring: Wiring) -> int:
    try:
        return work(wiring)
    except PrefcenterError as error:
        _log.warning("%s: %s", work.__name__, error)
    except Exception:  # noqa: BLE001 - one that breaks off must not end the worker
        _log.exception("%s broke off", work.__name__)
    return 0


def _is_orphan(parent: int | None) -> bool:
    return parent is not None and os.getppid() != parent
