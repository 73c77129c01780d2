"""A room in which mailings are scrubbed, pulled from and followed in tests, on a clock that stands still."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select

from prefcenter.core.channels import Channel, Reason, Scope, Source
from prefcenter.files.tables import FileFacts
from prefcenter.services import following, loading, pulling, scrubbing
from prefcenter.services.ports import Evidence
from prefcenter.services.pulling import Deliver, Pulled, Wanted
from prefcenter.services.suppressing import OptOut, suppress
from prefcenter.store.ledger import LedgerEntry
from prefcenter.store.mailings import Mailing
from prefcenter.wiring import Wiring
from tests.houses import StillClock

Row = tuple[str, str, str, str, str, str]
HEADER = ("finder", "name", "address1", "city", "state", "zip")
JANE: Row = ("0001", "Jane Doe", "12 N Main St", "Springfield", "IL", "62701")
BOB: Row = ("0002", "Bob Roe", "9 Oak Ave", "Springfield", "IL", "62701")
ANN: Row = ("0003", "Ann Lee", "44 Elm Dr Apt 2", "Portland", "OR", "97201")
TOM: Row = ("0004", "Tom Fox", "7 Lake Rd", "Austin", "TX", "73301")
EVERYBODY = (JANE, BOB, ANN, TOM)
OPERATOR = Evidence("ann@acme.example")


@dataclass
class PostRoom:
    """The product on one database, a folder for files, and a clock."""

    wiring: Wiring
    clock: StillClock
    folder: Path
    delivered: list[Pulled] = field(default_factory=list)

    def write(self, rows: Sequence[Sequence[str]] = EVERYBODY, name: str = "in.csv", header: Any = HEADER) -> Path:
        path = self.folder / name
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *rows])
        return path

    def scrub(
        self,
        *files: Path,
        name: str = "spring",
        out: str = "out",
        channel: Channel = Channel.POST,
        progress: Callable[[int, int, int], None] | None = None,
        **asked: Any,
    ) -> scrubbing.Prepared:
        wiring = self.wiring
        order = scrubbing.Order(
            files or [self.write()], channel, name, self.folder / out, **{"row_id": "finder"} | asked
        )
        return scrubbing.prepare(
            wiring.database,
            wiring.keyring,
            wiring.ledger_keys,
            order,
            OPERATOR,
            keep_in=wiring.mailing_rows,
            clock=self.clock,
            progress=progress,
        )

    def opt_out(self, row: Row, reason: Reason = Reason.OPT_OUT) -> None:
        self.refuse(Channel.POST, "; ".join((row[1], row[2], "", *row[3:])), reason)

    def refuse(self, channel: Channel, address: str, reason: Reason = Reason.OPT_OUT) -> None:
        point = self.wiring.points.parse(channel, address)
        asked = OptOut(reason, Scope.everything(), Source.OPERATOR)
        with self.wiring.database.write() as session:
            suppress(session, self.wiring.points, point, asked, OPERATOR, at=self.clock())
            session.commit()

    def pull(
        self,
        name: str = "spring",
        *,
        deliver: Deliver | None = None,
        progress: Callable[[int, int, int], None] | None = None,
        **wanted: Any,
    ) -> Pulled:
        wiring = self.wiring
        return pulling.pull(
            wiring.database,
            wiring.keyring,
            wiring.ledger_keys,
            wiring.mailing_rows,
            Wanted(name, **wanted),
            OPERATOR,
            deliver=deliver or self.deliver,
            clock=self.clock,
            progress=progress,
        )

    def deliver(self, pulled: Pulled) -> FileFacts:
        self.delivered.append(pulled)
        return FileFacts(f"pull-{pulled.number}.csv", "0" * 64, pulled.rows.height)

    def ids(self, name: str = "spring", **wanted: Any) -> list[str]:
        """The ids that a pull tells."""
        return self.pull(name, **wanted).rows["finder"].to_list()

    def load(
        self,
        file: Path,
        name: str = "spring",
        progress: Callable[[int, int, int], None] | None = None,
        **returned: Any,
    ) -> loading.Loaded:
        wiring = self.wiring
        return loading.load(
            wiring.database,
            wiring.keyring,
            wiring.ledger_keys,
            wiring.mailing_rows,
            name,
            loading.Returned(file, **returned),
            OPERATOR,
            clock=self.clock,
            progress=progress,
        )

    def mailing(self, name: str = "spring", version: int | None = None) -> Mailing:
        with self.wiring.database.read() as session:
            return following.follow(session, name, version).row

    def kept(self) -> list[Path]:
        """Every file of kept rows that lies anywhere."""
        return sorted(self.wiring.mailing_rows.rglob("*.parquet"))

    def ledger(self, kind: str) -> list[dict[str, Any]]:
        """The facts of the entries of one kind, in order."""
        with self.wiring.database.read() as session:
            return list(
                session.scalars(select(LedgerEntry.facts).where(LedgerEntry.kind == kind).order_by(LedgerEntry.id))
            )

    def set_state(self, state: str, **changed: Any) -> None:
        """Bring the newest version of the mailing into a state that only a crash or a guard brings it into."""
        with self.wiring.database.write() as session:
            row = session.scalars(select(Mailing).order_by(Mailing.id.desc())).first()
            assert row is not None
            row.state = state
            for name, value in changed.items():
                setattr(row, name, value)
            session.commit()
