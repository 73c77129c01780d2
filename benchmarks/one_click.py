"""Requests/s of the one-click POST beside a bare Flask view that commits one row: ``python -m benchmarks.one_click``.

Both run in this process through the WSGI interface, on SQLite with the product's own settings (WAL, every commit synced
to disk), each request for another person.
"""

from __future__ import annotations

import argparse
import sqlite3
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
        bare = _rate(_bare(folder), given.requests)
        wiring = open_product(folder)
        ours = _rate(_product(wiring, given.requests), given.requests)
        wiring.database.dispose()
    print(f"bare view, one row   {bare:8.0f} requests/s")
    print(f"one-click POST       {ours:8.0f} requests/s")
    print(f"ratio                {ours / bare:8.3f}")


def _rate(post: Callable[[int], int], count: int) -> float:
    began = time.perf_counter()
    for number in range(count):
        if post(number) != 200:
            raise SystemExit(f"Request {number} failed.")
    return count / (time.perf_counter() - began)


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


def _product(wiring: Wiring, count: int) -> Callable[[int], int]:
    with wiring.database.read() as session:
        code = registry.brands(session)[0].code
    links = []
    for number in range(count):
        digest = wiring.points.email(f"person{number}@example.com").digest
        links.append(wiring.keyring.signing.make(Token(Purpose.UNSUBSCRIBE, Channel.EMAIL, digest, code)))
    client = build(wiring.config, wiring).test_client()
    return lambda number: client.post(f"/u/{links[number]}", data={"List-Unsubscribe": "One-Click"}).status_code


if __name__ == "__main__":
    main()
