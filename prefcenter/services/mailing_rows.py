"""The kept rows of a mailing, as a scrub makes them and as later questions read them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prefcenter.core.channels import Channel
from prefcenter.files.tables import Table
from prefcenter.scrub.kept import KeptRows, Repeated, kept_facts


class RowsToKeep:
    """Keeps what a scrub lets through, input by input.

    Args:
        folder: where the rows go.
        channel: what they are used for.
        row_id: the column that names a row, or None.
        country: the country that national phone numbers are read in.
    """

    def __init__(self, folder: Path, channel: Channel, row_id: str | None, country: str) -> None:
        self.rows = 0
        self.notes: tuple[str, ...] = ()
        self._folder, self._channel, self._row_id, self._country = folder, channel, row_id, country
        self._files = 0

    @contextmanager
    def of(self, table: Table) -> Iterator[KeptRows]:
        """Keep the rows of one input; it is on disk when the context ends well."""
        facts = kept_facts(
            table.columns,
            self._channel,
            source=table.path.name,
            first=self.rows,
            row_id=self._row_id,
            country=self._country,
        )
        self._files += 1
        with KeptRows(self._folder / f"scrubbed-{self._files}.parquet", facts) as kept:
            yield kept
            repeated = kept.close()
        self.rows += kept.rows
        if repeated is not None:
            self.notes = (*self.notes, _note(repeated, self._row_id or ""))


def _note(repeated: Repeated, row_id: str) -> str:
    several = f"{repeated.ids:,} ids in {row_id!r} name" if repeated.ids > 1 else f"one id in {row_id!r} names"
    first, second = repeated.rows
    return (
        f"{repeated.source}: {several} several rows, such as the rows {first:,} and {second:,}. A late opt-out of one"
        " of them pulls them all."
    )
