"""The worker: seals, sends, finishes what a crash left over, and lets one fault stop nothing else."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from prefcenter import working
from prefcenter.core.channels import Channel, MessageClass
from prefcenter.core.decision import Cleared
from prefcenter.providers.stand_ins.twilio_account import TwilioAccount
from prefcenter.providers.stand_ins.twilio_server import TwilioStandIn
from prefcenter.services import sealing
from prefcenter.services.outgoing import Draft, queue
from prefcenter.services.ports import Answer, Batch, Outgoing, send_each
from prefcenter.store import ledger, outbox, provider_lists
from prefcenter.store.engine import Database
from prefcenter.wiring import Wiring
from tests.houses import START, StillClock, wiring_on


@pytest.fixture
def wiring(database: Database, tmp_path: Path) -> Wiring:
    made = wiring_on(database, tmp_path, StillClock())
    made.adopt_keys()
    return made


def put_in_outbox(wiring: Wiring) -> None:
    draft = Draft(
        channel=Channel.EMAIL,
        message_class=MessageClass.REQUESTED,
        message_type="acknowledgement",
        point=wiring.points.email("jane@example.com"),
        subject="Recorded",
        text="We have recorded your request.",
        requested_at=START,
    )
    with wiring.database.write() as session:
        queue(session, draft, at=START)
        session.commit()


def sent(wiring: Wiring) -> list[str]:
    with wiring.database.read() as session:
        return [message.to for message in outbox.sandbox_messages(session)]


def test_a_step_sends_what_is_due_and_seals_what_happened(wiring: Wiring) -> None:
    put_in_outbox(wiring)
    working.step(wiring)
    working.step(wiring)
    assert sent(wiring) == ["jane@example.com"]
    with wiring.database.read() as session:
        assert not ledger.has_pending(session)
        assert sealing.verify(session, wiring.ledger_keys, wiring.anchors).is_whole
    assert wiring.anchors.read_text(encoding="utf-8").count("\n") >= 1


def test_an_idle_step_does_nothing_and_takes_no_lock(sqlite_database: Database, tmp_path: Path) -> None:
    """A click never waits for an idle worker."""
    wiring = wiring_on(sqlite_database, tmp_path, StillClock())
    wiring.adopt_keys()
    with sqlite_database.write() as holder:
        holder.execute(text("SELECT 1"))
        assert working.step(wiring) == 0


def test_a_fault_in_one_kind_of_work_stops_no_other(wiring: Wiring) -> None:
    put_in_outbox(wiring)
    wiring.anchors.parent.mkdir(parents=True, exist_ok=True)
    wiring.anchors.mkdir()  # Anchoring breaks off, since the file is a folder.
    with wiring.database.write() as session:
        ledger.append(session, "test", at=START, actor="system", facts={})
        session.commit()
    working.step(wiring)
    assert sent(wiring) == ["jane@example.com"]


def test_it_works_until_it_is_told_to_stop(wiring: Wiring) -> None:
    put_in_outbox(wiring)
    stop = threading.Event()
    done = threading.Event()

    class Watching:
        most_at_once = 1

        def __init__(self) -> None:
            self.sender = wiring.senders[Channel.EMAIL]

        def send(self, cleared: Cleared, message: Outgoing) -> str:
            name = self.sender.send(cleared, message)
            done.set()
            return name

        def send_many(self, batch: Batch) -> list[Answer]:
            return send_each(self.send, batch)

        def cancel(self, provider_id: str) -> bool:
            return self.sender.cancel(provider_id)

    from dataclasses import replace

    watched = replace(wiring, senders={Channel.EMAIL: Watching()})
    worker = threading.Thread(target=working.run, args=(watched, stop))
    worker.start()
    assert done.wait(timeout=60)
    stop.set()
    worker.join(timeout=60)
    assert not worker.is_alive()


def test_it_does_not_outlive_the_process_that_started_it(wiring: Wiring) -> None:
    working.run(wiring, threading.Event(), parent=os.getppid() + 1)


def test_what_is_kept_of_the_list_is_looked_after(wiring: Wiring) -> None:
    """G3: names that an earlier version kept for its mailings do not stay because no mailing is made."""
    wiring.list_index.mkdir(parents=True)
    left = wiring.list_index / "post-0123.parquet"
    left.write_bytes(b"names")
    working.step(wiring)
    assert not left.exists()


def _wait_for_agreement() -> None:
    for thread in threading.enumerate():
        if thread.name == "agreement":
            thread.join(20)


def test_it_agrees_with_providers_beside_its_other_work(sqlite_database: Database, tmp_path: Path) -> None:
    """S4: a provider may keep it waiting for minutes, and a confirmation must not wait with it."""
    clock = StillClock()
    with TwilioStandIn(TwilioAccount("AC1", "a token", clock)) as twilio:
        named = {"twilio_account_sid": "AC1", "twilio_auth_token": "a token", "twilio_host": twilio.url}
        wiring = wiring_on(sqlite_database, tmp_path, clock, **named)
        wiring.adopt_keys()
        assert working.agree_with_providers(wiring) == 1
        _wait_for_agreement()
        assert working.agree_with_providers(wiring) == 0
        with wiring.database.read() as session:
            finished = provider_lists.standing(session, "twilio")
            assert finished is not None
            assert finished.finished_at == clock()
        clock.move(hours=1)
        assert working.agree_with_providers(wiring) == 1
        _wait_for_agreement()
