"""A column of urbanizations, as files of addresses in Puerto Rico have one (P5, P6)."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from prefcenter.core.channels import Channel, MessageClass
from prefcenter.core.decision import Ask
from prefcenter.files.columns import recognise
from prefcenter.scrub.index import build_index
from prefcenter.scrub.matching import judge
from prefcenter.services.list_rows import Defaults
from prefcenter.services.lists import import_list
from prefcenter.services.points import Points
from prefcenter.services.ports import Evidence, Keyring
from prefcenter.store.engine import Database

AT = datetime(2026, 11, 23, 23, 0, tzinfo=UTC)
PLACE = {"address1": "150 Calle A", "city": "San Juan", "state": "PR", "zip": "00926"}


def judged(database: Database, keyring: Keyring, rows: list[dict[str, str]], names: list[str]) -> list[bool]:
    with database.read() as session:
        index = build_index(session, keyring.peppers, Ask(Channel.POST, MessageClass.MARKETING), at=AT)
    return judge(pl.DataFrame(rows).select(names), recognise(names), index, "US").kept(len(rows)).tolist()


@pytest.mark.parametrize("column", ["urbanization", "URB", "Urbanización", "urbanization_name"])
def test_only_the_houses_of_the_urbanization_vanish(
    sqlite_database: Database, keyring: Keyring, points: Points, tmp_path: Path, column: str
) -> None:
    """P6: 150 Calle A is a house in each of them; who opted out of one of two is not the namesake in the other."""
    names = ["name", "address1", column, "city", "state", "zip"]
    path = tmp_path / "list.csv"
    path.write_text(f"{','.join(names)}\nAna Rivera,150 Calle A,Las Gladiolas,San Juan,PR,00926\n", encoding="utf-8")
    import_list(
        sqlite_database,
        keyring,
        points,
        path,
        Defaults(),
        Evidence("ann"),
        rejects=tmp_path / "r.csv",
        clock=lambda: AT,
    )
    told = ["Las Gladiolas", "URB GLADIOLAS", "", "Villa Capri"]
    rows = [PLACE | {"name": "Ana Rivera", column: urb} for urb in told]
    assert judged(sqlite_database, keyring, rows, names) == [False, False, False, True]


def test_the_old_address_has_its_own_urbanization() -> None:
    """P8: of a row that moved, each address is read with the urbanization that it had."""
    names = ["name", "address1", "urbanization", "city", "state", "zip"]
    old = ["old_address1", "old_urbanization", "old_city", "old_state", "old_zip"]
    before = recognise([*names, *old]).before
    assert before is not None
    assert before["urbanization"] == "old_urbanization"
    without = recognise([*names, "old_address1", "old_zip"]).before
    assert without is not None
    assert without.get("urbanization") is None
