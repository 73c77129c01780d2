"""From POST to durable: opt-outs beside a bare Flask view that commits one row, ``python -m benchmarks.one_click``.

Both run in this process through the WSGI interface, on SQLite with the product's own settings (WAL, every commit synced
to disk), each request for another person. The answer comes after the commit, so the time until it is there is the time
until the opt-out is durable: the median, and what 99 of 100 stay under.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask, request

from benchmarks.scrub import open_product
from prefcenter.core.channels import Channel
from prefcenter.core.tokens import Purpose, Token
from prefcenter.store import registry
from prefcenter.web.app import build
from prefcenter.wiring import Wiring


def main() -> None:
    """Measure both, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="prefcenter-bench-") as name:
        folder = Path(name)
        bare = _times(_bare(folder), given.requests)
        wiring = open_product(folder)
        told = {"one-click POST": _times(_one_click(wiring, given.requests), given.requests)}
        told["typed at /preferences"] = _times(_typed(wiring), given.requests)
        wiring.database.dispose()
    for name, times in {"bare view, one row": bare, **told}.items():
        median, most = statistics.median(times), statistics.quantiles(times, n=100)[-1]
        ratio = "" if times is bare else f"   ratio {sum(bare) / sum(times):.3f}"
        rate = len(times) / sum(times)
        print(f"{name:22}{rate:7.0f}/s   median {median * 1e3:5.2f} ms   99 % {most * 1e3:6.2f} ms{ratio}")


def _times(post: Callable[[int], int], count: int) -> list[float]:
    """The seconds that each request took."""
    found = []
    for number in range(count):
        began = time.perf_counter()
        if post(number) != 200:
            raise SystemExit(f"Request {number} failed.")
        found.append(time.perf_counter() - began)
    return found


def _bare(folder: Path) -> Callable[[int], int]:
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE opt_outs (id INTEGER PRIMARY KEY, token TEXT UNIQUE, at TEXT)")
    app = Flask("bare")

    @app.post("/u/<token>")
    def unsubscribe(token: str) -> str:
        if request.form.get("List-Unsubscribe") != "One-Click":
            return "?"
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO opt_outs (token, at) VALUES (?, ?)", (token, datetime.now(UTC).isoformat()))
        connection.execute("COMMIT")
        return "ok"

    client = app.test_client()
    return lambda number: client.post(f"/u/{number}", data={"List-Unsubscribe": "One-Click"}).status_code


def _one_click(wiring: Wiring, count: int) -> Callable[[int], int]:
    with wiring.database.read() as session:
        code = registry.brands(session)[0].code
    links = []
    for number in range(count):
        digest = wiring.points.email(f"person{number}@example.com").digest
        links.append(wiring.keyring.signing.make(Token(Purpose.UNSUBSCRIBE, Channel.EMAIL, digest, code)))
    client = build(wiring.config, wiring).test_client()
    return lambda number: client.post(f"/u/{links[number]}", data={"List-Unsubscribe": "One-Click"}).status_code


def _typed(wiring: Wiring) -> Callable[[int], int]:
    """Each from a network of its own: what is beyond a network's limit is only kept at first (X4)."""
    client = build(wiring.config, wiring).test_client()

    def post(number: int) -> int:
        network = {"REMOTE_ADDR": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"}
        typed = {"address": f"typed{number}@example.com", "do": "stop"}
        return client.post("/preferences", data=typed, environ_overrides=network).status_code

    return post


if __name__ == "__main__":
    main()
