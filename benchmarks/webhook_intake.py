"""Events/s of SendGrid's webhook beside bare inserts of the same rows: ``python -m benchmarks.webhook_intake``.

Each call is a batch of 1,000 events about messages in the outbox, in the mix of an ordinary campaign: most are
processed and delivered, a few bounce, complain or unsubscribe. It is posted, signed, through the WSGI interface; the
answer comes when the batch is durable and all that refuses is on the list. What the worker then does with it, the
states of the messages with a line in the ledger each, is timed apart.

The bare insert is one transaction with one ``executemany`` of the 1,000 rows, as the product keeps them, by the driver
alone: nothing is verified, read, or looked up. It is done twice: into a table of the same columns with nothing but the
unique index, and into the product's own, which has the indexes that later questions need. All on the same database;
each commit is synced to disk.
"""

from __future__ import annotations

import argparse
import base64
import json
import logging
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import insert
from werkzeug.test import EnvironBuilder

from benchmarks.scrub import open_product
from prefcenter import working
from prefcenter.store.engine import Database
from prefcenter.store.outbox import OutboxMessage
from prefcenter.store.schema import upgrade
from prefcenter.web.app import build
from prefcenter.wiring import Wiring, wire

_KEY = ec.generate_private_key(ec.SECP256R1())
_MIX = (("spamreport", 1), ("unsubscribe", 1), ("bounce", 8), ("open", 150), ("processed", 420), ("delivered", 420))
"""Events of each kind in a thousand: half of the messages' words are that they were taken, and that they arrived."""
_COLUMNS = (
    "provider",
    "event_id",
    "kind",
    "inbound_id",
    "occurred_at",
    "received_at",
    "digest",
    "message_id",
    "provider_message",
    "brand",
    "message_class",
    "settled_at",
)


def main() -> None:
    """Measure both, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=20)
    parser.add_argument("--events", type=int, default=1_000)
    parser.add_argument("--postgresql", metavar="URL", help="an empty database to use in place of SQLite")
    given = parser.parse_args()
    logging.disable(logging.ERROR)  # So many complaints are warned of, and stop the brand.
    with tempfile.TemporaryDirectory(prefix="prefcenter-bench-") as name:
        wiring = _product(Path(name), given.postgresql)
        try:
            _measure(wiring, given.batches, given.events)
        finally:
            wiring.database.dispose()


def _measure(wiring: Wiring, batches: int, events: int) -> None:
    post = _poster(wiring)
    calls = [_call(_batch(wiring, number, events)) for number in range(batches + 1)]
    bare, ours = _bare(wiring.database, events), _bare(wiring.database, events, into_ours=True)
    bare(-1), ours(-1), post(calls[-1])  # Once each before the clock runs: statements are compiled, tables are opened.
    working.settle_events(wiring)
    working.collect_rarely()  # As a server does when it begins.
    bare_times, our_times, intake = [], [], []
    for number, call in enumerate(calls[:-1]):  # In turn, so that what else the machine does meets all of them.
        bare_times.append(_seconds(partial(bare, number)))
        intake.append(_seconds(partial(post, call)))
        our_times.append(_seconds(partial(ours, number)))
    settling = _seconds(partial(_settle_all, wiring)) / batches
    told, made = events / statistics.median(intake), events / statistics.median(bare_times)
    in_ours, both = events / statistics.median(our_times), events / (statistics.median(intake) + settling)
    print(f"bare insert of the rows        {made:10.0f} events/s")
    print(f"the same into our own table    {in_ours:10.0f} events/s")
    for what, rate in (("webhook, durable, facts made  ", told), ("with the messages' states too ", both)):
        print(f"{what} {rate:10.0f} events/s   ratio {rate / made:6.3f}   to our own table {rate / in_ours:6.3f}")


def _settle_all(wiring: Wiring) -> None:
    while working.settle_events(wiring):
        pass


def _seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _product(folder: Path, url: str | None) -> Wiring:
    wiring = open_product(folder)
    public = _KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    config = replace(wiring.config, sendgrid_event_public_key=base64.b64encode(public).decode())
    if url is None:
        return replace(wiring, config=config)
    wiring.database.dispose()
    config = replace(config, database_url=url)
    database = Database(url)
    upgrade(database.engine)
    wiring = wire(config, database=database)
    wiring.adopt_keys()
    return wiring


def _poster(wiring: Wiring) -> Callable[[dict[str, Any]], None]:
    app = build(wiring.config, wiring)

    def post(call: dict[str, Any]) -> None:
        statuses: list[str] = []
        for _ in app(call, lambda status, _headers, *_: statuses.append(status)):
            pass
        if not statuses[0].startswith("200"):
            raise SystemExit(f"The webhook answered {statuses[0]}.")

    return post


def _call(body: bytes) -> dict[str, Any]:
    """The call as a WSGI server hands it over: signing and sending it is SendGrid's work, not ours."""
    signature = base64.b64encode(_KEY.sign(b"1772463600" + body, ec.ECDSA(SHA256()))).decode()
    headers = {
        "X-Twilio-Email-Event-Webhook-Signature": signature,
        "X-Twilio-Email-Event-Webhook-Timestamp": "1772463600",
    }
    builder = EnvironBuilder(
        path="/webhooks/sendgrid/events", method="POST", data=body, content_type="application/json", headers=headers
    )
    return builder.get_environ()


def _batch(wiring: Wiring, number: int, events: int) -> bytes:
    """One call's body, its messages put into the outbox."""
    kinds = [kind for kind, share in _MIX for _ in range(share * events // 1_000)]
    kinds += ["delivered"] * (events - len(kinds))
    people = [f"person{number}.{place // 2}@example.com" for place in range(events)]
    ids = _messages(wiring, sorted(set(people)))
    told = [
        {
            "email": address,
            "timestamp": 1_772_463_600 + place,
            "smtp-id": f"<{number}.{place}@ismtpd-555>",
            "event": kind,
            "category": ["pc"],
            "sg_event_id": f"event-{number}-{place}",
            "sg_message_id": f"14c5d75ce93dfd{number}.filter0001.16648.5515E0B88.{place}",
            "pc_message": str(ids[address]),
            **({"type": "bounce", "status": "5.1.1", "reason": "550 5.1.1 no such user"} if kind == "bounce" else {}),
        }
        for place, (address, kind) in enumerate(zip(people, kinds, strict=True))
    ]
    return json.dumps(told).encode()


def _messages(wiring: Wiring, people: Sequence[str]) -> dict[str, int]:
    at = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
    rows = [
        {
            "channel": "email",
            "message_class": "marketing",
            "message_type": "offers",
            "brand": "acme",
            "digest": wiring.points.email(address).digest,
            "to": address,
            "content": {},
            "created_at": at,
            "due_at": at,
            "state": "sent",
            "sent_at": at,
            "why": [],
        }
        for address in people
    ]
    with wiring.database.write() as session:
        made = session.execute(insert(OutboxMessage).returning(OutboxMessage.to, OutboxMessage.id), rows).all()
        session.commit()
    return {str(address): number for address, number in made}


def _bare(database: Database, events: int, *, into_ours: bool = False) -> Callable[[int], None]:
    """The same rows by the driver alone: into a table with nothing but the unique index, or into our own."""
    is_sqlite = database.dialect == "sqlite"
    mark = "?" if is_sqlite else "%s"
    connection: Any = database.engine.raw_connection()
    cursor = connection.cursor()
    table = "provider_events" if into_ours else "bare_events"
    if not into_ours:
        _create_bare(cursor, is_sqlite=is_sqlite)
        connection.commit()
    into = f"INSERT INTO {table} ({', '.join(_COLUMNS)}) VALUES ({', '.join([mark] * len(_COLUMNS))})"
    at, inbound, digest = "2026-03-02 14:00:00.000000", None if into_ours else 1, b"sixteen bytes..."

    def insert_rows(number: int) -> None:
        rows = [
            (
                "sendgrid",
                f"{table}-{number}-{place}",
                "delivered",
                inbound,
                at,
                at,
                digest,
                17,
                "14c5d75ce93",
                "acme",
                "m",
                at,
            )
            for place in range(events)
        ]
        cursor.execute("BEGIN IMMEDIATE") if is_sqlite else None
        cursor.executemany(into, rows)
        cursor.execute("COMMIT") if is_sqlite else connection.commit()

    return insert_rows


def _create_bare(cursor: Any, *, is_sqlite: bool) -> None:
    kinds = {
        "inbound_id": "BIGINT",
        "message_id": "BIGINT",
        "digest": "BLOB" if is_sqlite else "BYTEA",
        **{name: "TIMESTAMP" for name in _COLUMNS if name.endswith("_at")},
    }
    columns = ", ".join(f"{name} {kinds.get(name, 'TEXT')}" for name in _COLUMNS)
    number = "INTEGER PRIMARY KEY" if is_sqlite else "BIGSERIAL PRIMARY KEY"
    cursor.execute(f"CREATE TABLE bare_events (id {number}, {columns})")
    cursor.execute("CREATE UNIQUE INDEX bare_events_once ON bare_events (provider, event_id)")


if __name__ == "__main__":
    main()
