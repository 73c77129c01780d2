"""Header lines that stand where rows should: a title above the header, or a header of two lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from prefcenter.core.errors import BadInput
from prefcenter.files.naming import role_of

ROWS_LOOKED_AT = 5
_ROLES_NEEDED = 2


def is_header(cells: Sequence[str]) -> bool:
    """Whether a line consists of columns' names: at least two, and half of what it holds.

    >>> is_header(["Name", "Address 1", "", "Keycode"]), is_header(["Jane Name", "1 City St", "", "NY"])
    (True, False)
    """
    filled = [cell for cell in cells if cell.strip()]
    named = {role_of(cell) for cell in filled} - {None}
    return len(named) >= _ROLES_NEEDED and 2 * len(named) >= len(filled)


def refuse_second_header(file: str, rows: Iterable[Sequence[str]]) -> None:
    """Do nothing if the first rows are rows.

    Args:
        file: its name, for the message.
        rows: the cells of the first rows below the header, without blank lines.

    Raises:
        BadInput: one of them consists of columns' names.
    """
    for number, cells in enumerate(islice(rows, ROWS_LOOKED_AT), 1):
        if is_header(cells):
            shown = ", ".join(cell for cell in cells if role_of(cell))[:60]
            raise BadInput(
                f"{file} has two header lines: row {number} below the first consists of columns' names ({shown}).",
                remedy="Delete what stands above the line that names the columns, or the line below it.",
            )
