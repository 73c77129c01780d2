"""How fast the worker sends through the gate, beside bare calls of the same sender without it.

Run it with ``python -m benchmarks.dispatch [MESSAGES]``. The sandbox sender writes each call in a transaction of its
own; it is much faster than any provider, so the gate's share is shown at its largest.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from prefcenter.config import Config
from prefcenter.core.channels import Channel, MessageClass
from prefcenter.core.decision import Cleared
from prefcenter.providers.sandbox import SandboxSender
from prefcenter.services import deciding, dispatching
from prefcenter.services.outgoing import Draft, row_of
from prefcenter.services.ports import Outgoing
from prefcenter.store.registry import Brand, MessageType
from prefcenter.store.schema import upgrade
from prefcenter.wiring import Wiring, wire

AT = datetime(2026, 3, 2, 19, 0, tzinfo=UTC)


class OneByOne(SandboxSender):
    """The sandbox as a provider of texts is: one message a call."""

    @property
    def most_at_once(self) -> int:
        """One."""
        return 1


def main(count: int) -> None:
    """Measure both channels and print the rates with their ratio."""
    for channel, kind in ((Channel.EMAIL, SandboxSender), (Channel.SMS, OneByOne)):
        with tempfile.TemporaryDirectory() as folder:
            wiring = _wiring(Path(folder))
            sender = kind(wiring.database, lambda: AT)
            _fill(wiring, channel, count)
            bare = _rate(count, partial(_bare, wiring, sender, channel, count))
            gated = _rate(count, partial(_gated, wiring, sender, channel))
            print(f"{channel}: bare {bare:,.0f}/s, through the gate {gated:,.0f}/s, ratio {gated / bare:.2f}")
            wiring.database.dispose()


def _wiring(folder: Path) -> Wiring:
    config = Config(
        database_url=f"sqlite:///{folder}/dispatch.db",
        secret_keys=("a key of good length for figures",),
        peppers=("a pepper of good length for figures",),
        base_url="http://127.0.0.1:8000",
        data_dir=folder,
    )
    wiring = wire(config, clock=lambda: AT)
    upgrade(wiring.database.engine)
    wiring.adopt_keys()
    return wiring


def _address(channel: Channel, number: int) -> str:
    return f"p{number}@example.com" if channel is Channel.EMAIL else f"+1415{2000000 + number}"


def _fill(wiring: Wiring, channel: Channel, count: int) -> None:
    with wiring.database.write() as session:
        brand = Brand(slug="acme", code=1, name="Acme", country="US", created_at=AT)
        session.add(brand)
        session.flush()
        kind = MessageType(slug="receipt", name="receipt", message_class="service", channel=channel.value)
        kind.brand_id, kind.category, kind.sender = brand.id, "transaction", "MG1"
        kind.fallbacks, kind.approved_by, kind.created_at = [], "ann@acme.example", AT
        session.add(kind)
        for number in range(count):
            point = wiring.points.parse(channel, _address(channel, number))
            draft = Draft(channel, MessageClass.SERVICE, "receipt", point, "Hello", "Hello", batch="b", sender="MG1")
            session.add(row_of(draft, at=AT))
        session.commit()


def _bare(wiring: Wiring, sender: SandboxSender, channel: Channel, count: int) -> None:
    with wiring.database.read() as session:
        question = deciding.question_about_type(session, "receipt")
        point = wiring.points.parse(channel, _address(channel, 0))
        [cleared] = deciding.decide_all(session, wiring.keyring, question, [point], at=AT)
    if not isinstance(cleared, Cleared):
        raise SystemExit("The message of the figures was not cleared.")
    messages = [
        (cleared, Outgoing(n, channel, _address(channel, n), MessageClass.SERVICE, "receipt", "MG1", "Hello", "Hello"))
        for n in range(count)
    ]
    most = sender.most_at_once
    for start in range(0, count, most):
        sender.send_many(messages[start : start + most])


def _gated(wiring: Wiring, sender: SandboxSender, channel: Channel) -> None:
    while dispatching.dispatch_due(wiring.database, wiring.keyring, wiring.points, {channel: sender}, wiring.clock)[
        "sent"
    ]:
        pass


def _rate(count: int, work: Callable[[], None]) -> float:
    begun = time.perf_counter()
    work()
    return count / (time.perf_counter() - begun)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000)
