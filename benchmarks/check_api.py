"""How many checks a second one process answers: ``python -m benchmarks.check_api [--profile]``.

Calls the WSGI application in this process, on SQLite (or on ``--database``) with 100,000 suppressions on file.
"""

from __future__ import annotations

import argparse
import cProfile
import io
import json
import pstats
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import insert

from prefcenter.config import Config
from prefcenter.services.operators import KeyScope, add_key
from prefcenter.services.ports import Evidence
from prefcenter.store import schema
from prefcenter.store.registry import Brand, MessageType, Topic
from prefcenter.store.suppressions import Suppression, SuppressionKey
from prefcenter.web.app import build
from prefcenter.wiring import Wiring, wire

ON_FILE = 100_000
ADDRESS = {"name": "Jane Doe", "city": "Springfield", "state": "IL", "zip": "62701"}


def main() -> None:
    """Fill a database, ask, and print the rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", help="an SQLAlchemy URL; default: SQLite in a temporary folder")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        wiring = _wiring(Path(folder), given.database)
        key = _fill(wiring)
        app = build(wiring.config, wiring)
        for count in (1, 100):
            ask = _asker(app, key, [{"ref": str(n), "email": f"p{n * 7}@example.com"} for n in range(count)])
            rate, by_work = _rate(ask, given.seconds)
            print(f"email, {count:>3} a call: {rate:7.0f} calls/s, {rate * count:7.0f} recipients/s", end="; ")
            print(f"per second of processor time {by_work:.0f} and {by_work * count:.0f}")
            if given.profile:
                _profile(ask)
        bulk = {
            "email": [{"email": f"p{n * 7}@example.com"} for n in range(10_000)],
            "post": [{"post": ADDRESS | {"address1": f"{n} N Main St"}} for n in range(10_000)],
        }
        for channel, recipients in bulk.items():
            ask = _asker(app, key, recipients, {"class": "marketing"})
            began = time.perf_counter()
            ask()
            print(f"{channel}, 10,000 a call: {time.perf_counter() - began:.2f} s")
        wiring.database.dispose()


def _wiring(folder: Path, url: str | None) -> Wiring:
    settings = {
        "PREFCENTER_SECRET_KEYS": "a signing key for measuring",
        "PREFCENTER_PEPPERS": "a pepper for measuring only",
        "PREFCENTER_BASE_URL": "http://127.0.0.1:8000",
        "PREFCENTER_DATA_DIR": str(folder),
    }
    wiring = wire(Config.from_env(settings | ({"PREFCENTER_DATABASE_URL": url} if url else {})))
    schema.upgrade(wiring.database.engine)
    wiring.adopt_keys()
    return wiring


def _fill(wiring: Wiring) -> str:
    at = wiring.clock()
    with wiring.database.write() as session:
        brand = Brand(slug="acme", code=1, name="Acme", country="US", created_at=at)
        session.add(brand)
        session.flush()
        topic = Topic(brand_id=brand.id, slug="offers", code=1, name="Offers", channels=["email"], created_at=at)
        session.add(topic)
        session.flush()
        session.add(
            MessageType(
                slug="spring-offers", name="Spring", message_class="marketing", channel="email", brand_id=brand.id,
                topic_id=topic.id, fallbacks=[], approved_by="system", created_at=at,
            )
        )  # fmt: skip
        digests = [wiring.points.email(f"p{n}@example.com").digest for n in range(ON_FILE)]
        common = {"channel": "email", "pepper_id": wiring.keyring.peppers.ids[0]}
        session.execute(
            insert(Suppression),
            [
                common | {"id": n + 1, "digest": digest, "reason": "opt_out", "scope": "all", "level": "",
                "since": at, "source": "one_click", "recorded_at": at}
                for n, digest in enumerate(digests)
            ],
        )  # fmt: skip
        session.execute(
            insert(SuppressionKey),
            [common | {"suppression_id": n + 1, "kind": "email", "digest": digest} for n, digest in enumerate(digests)],
        )
        session.commit()
    with wiring.database.write() as session:
        return add_key(session, "bench", [KeyScope.CHECK], Evidence("system"), at=at)


def _asker(
    app: Flask, key: str, recipients: list[dict[str, Any]], question: dict[str, str] | None = None
) -> Callable[[], None]:
    body = json.dumps((question or {"message_type": "spring-offers"}) | {"recipients": recipients}).encode()
    environ = app.test_request_context(
        "/api/v1/check", method="POST", data=body, headers={"Authorization": f"Bearer {key}"}
    ).request.environ

    def start(status: str, _headers: list[tuple[str, str]], _error: Any = None) -> Callable[[bytes], object]:
        if not status.startswith("200"):
            raise RuntimeError(status)
        return lambda _: None

    def ask() -> None:
        b"".join(app(environ | {"wsgi.input": io.BytesIO(body)}, start))

    return ask


def _rate(ask: Callable[[], None], seconds: float) -> tuple[float, float]:
    for _ in range(20):
        ask()
    count, began, worked = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - began < seconds:
        ask()
        count += 1
    return count / (time.perf_counter() - began), count / (time.process_time() - worked)


def _profile(ask: Callable[[], None]) -> None:
    profile = cProfile.Profile()
    profile.enable()
    for _ in range(300):
        ask()
    profile.disable()
    pstats.Stats(profile).sort_stats("tottime").print_stats(45)


if __name__ == "__main__":
    main()
