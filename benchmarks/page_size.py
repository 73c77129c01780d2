"""How much a recipient's page weighs with all that belongs to it: ``python -m benchmarks.page_size``.

Serves the sample data in this process, asks for each page as a browser does, and counts what the page would have a
browser fetch besides. Figures are bytes of the body; headers come on top.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from prefcenter.config import Config
from prefcenter.services import sampling
from prefcenter.services.links import links_for
from prefcenter.store import schema
from prefcenter.web.app import build
from prefcenter.wiring import Wiring, wire

LIMIT: Final = 50_000
"""No page may weigh more, compressed and with everything."""

_FETCHED: Final = re.compile(
    r"""(?:<link[^>]+href|<(?:script|img|iframe|source)[^>]+src)="(?!data:)|url\((?!data:)|@import"""
)


@dataclass(frozen=True, slots=True)
class Weight:
    """One page: its name, its bytes as they are and compressed, and the further requests that it causes."""

    name: str
    plain: int
    gzip: int
    brotli: int
    requests: int


def main() -> None:
    """Print a line for each page; fail where one is too heavy or not complete by itself."""
    with tempfile.TemporaryDirectory() as folder, _sample(Path(folder)) as wiring:
        weights = list(_weights(wiring, build(wiring.config, wiring).test_client()))
    print(f"{'page':<14}{'plain':>8}{'gzip':>8}{'brotli':>8}{'further requests':>18}")
    for each in weights:
        print(f"{each.name:<14}{each.plain:>8,}{each.gzip:>8,}{each.brotli:>8,}{each.requests:>18}")
    if any(each.gzip > LIMIT or each.requests for each in weights):
        raise SystemExit(f"A page weighs more than {LIMIT:,} bytes, or is not complete in one answer.")


def _weights(wiring: Wiring, client: FlaskClient) -> Iterator[Weight]:
    unsubscribe, preferences = _links(wiring)
    asked = {"unsubscribe": unsubscribe, "preferences": preferences, "landing": "/", "help with texts": "/help/sms"}
    asked["sign up"] = "/s/acme"
    for name, path in asked.items():
        plain, gzipped, brotli = (
            client.get(path, headers={"Accept-Encoding": kind}) for kind in ("identity", "gzip", "br")
        )
        yield _weight(name, plain, gzipped, brotli)
    plain, gzipped, brotli = (
        client.post(unsubscribe, data={"scope": "topic"}, headers={"Accept-Encoding": kind})
        for kind in ("identity", "gzip", "br")
    )
    yield _weight("done", plain, gzipped, brotli)


def _weight(name: str, plain: TestResponse, gzipped: TestResponse, brotli: TestResponse) -> Weight:
    if {answer.status_code for answer in (plain, gzipped, brotli)} != {200}:
        raise SystemExit(f"The page “{name}” does not answer.")
    return Weight(name, len(plain.data), len(gzipped.data), len(brotli.data), len(_FETCHED.findall(plain.text)))


def _links(wiring: Wiring) -> tuple[str, str]:
    point = wiring.points.email(next(iter(sampling.people())).email)
    with wiring.database.write() as session:
        made = links_for(session, wiring.keyring, wiring.links, point, at=wiring.clock(), brand="acme", topic="offers")
    return urlsplit(made.unsubscribe).path, urlsplit(made.preferences).path


@contextmanager
def _sample(folder: Path) -> Iterator[Wiring]:
    wiring = wire(Config.for_demo({"PREFCENTER_DATA_DIR": str(folder)}))
    schema.upgrade(wiring.database.engine)
    wiring.adopt_keys()
    sampling.fill(wiring.database, wiring.points, at=datetime.now(UTC))
    yield wiring
    wiring.database.dispose()


if __name__ == "__main__":
    main()
