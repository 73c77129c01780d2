"""Which format a file has, by its suffix: the one place where a new format is made known."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from prefcenter.core.errors import BadInput
from prefcenter.files.fixed_width import FixedWidthTable
from prefcenter.files.gzipped import GzipSource, open_gzipped_csv
from prefcenter.files.layouts import FileLayout
from prefcenter.files.reading import open_csv
from prefcenter.files.tables import Table

GZIP = ".gz"


class OpenTable(Protocol):
    """Opens tables of one format."""

    def __call__(
        self, path: Path, *, mapping: Mapping[str, str] | None, encoding: str | None, delimiter: str | None
    ) -> Table:
        """Open one file, and read its header."""


def _open_parquet(
    path: Path, *, mapping: Mapping[str, str] | None, encoding: str | None, delimiter: str | None
) -> Table:
    from prefcenter.files.parquet import open_parquet  # Loading it costs more than most commands take.

    return open_parquet(path, mapping=mapping, encoding=encoding, delimiter=delimiter)


def _open_workbook(
    path: Path, *, mapping: Mapping[str, str] | None, encoding: str | None, delimiter: str | None
) -> Table:
    from prefcenter.files.workbook import open_workbook

    return open_workbook(path, mapping=mapping, encoding=encoding, delimiter=delimiter)


_CSV = (".csv", ".txt", ".tsv", ".tab")
FORMATS: dict[str, OpenTable] = {
    **dict.fromkeys(_CSV, open_csv),
    **dict.fromkeys((suffix + GZIP for suffix in _CSV), open_gzipped_csv),
    **dict.fromkeys((".parquet", ".pq"), _open_parquet),
    ".xlsx": _open_workbook,
}


def suffix_of(path: Path) -> str:
    """The suffix that tells a file's format, as it is written; that of what a compressed file holds included.

    >>> suffix_of(Path("2027.list.CSV.gz")), suffix_of(Path("spring.2027.parquet"))
    ('.CSV.gz', '.parquet')
    """
    last = path.suffix
    return Path(path.stem).suffix + last if last.lower() == GZIP else last


def open_table(
    path: Path | str,
    *,
    mapping: Mapping[str, str] | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    layout: FileLayout | None = None,
) -> Table:
    """Open a table by its file's suffix, or as fixed width by a layout.

    Args:
        path: the file.
        mapping: the column of a role, where its name does not tell it.
        encoding: the file's encoding, where it is known; otherwise told from its bytes.
        delimiter: the delimiter, where it is known; otherwise told from the first rows.
        layout: where the columns of a fixed-width file stand, whatever its suffix.

    Raises:
        BadInput: there is no such file, its format is not supported, or it cannot be read as a table.
    """
    path = Path(path)
    suffix = suffix_of(path)
    if layout is not None:
        return _open_fixed_width(path, layout, mapping, encoding)
    opener = FORMATS.get(suffix.lower())
    if opener is None:
        found = f"has the suffix {suffix!r}" if suffix else "has no suffix"
        raise BadInput(
            f"{path.name} {found}: that format is not supported.",
            remedy=f"Save it as CSV. Supported are: {', '.join(sorted(FORMATS))}; fixed width with a layout file.",
        )
    return opener(path, mapping=mapping, encoding=encoding, delimiter=delimiter)


def _open_fixed_width(
    path: Path, layout: FileLayout, mapping: Mapping[str, str] | None, encoding: str | None
) -> FixedWidthTable:
    source = GzipSource(path) if path.suffix.lower() == GZIP else None
    return FixedWidthTable(path, layout, mapping=mapping, encoding=encoding, source=source)
