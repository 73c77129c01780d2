"""Which column of a file is the name, the street, the ZIP: told by the names that such columns usually have."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from prefcenter.core.channels import Channel
from prefcenter.core.errors import BadInput
from prefcenter.files.naming import OLD_ROLES, fit, read
from prefcenter.files.naming import normalised as normalised
from prefcenter.files.spellings import AFTER_HYGIENE, MOVED_ROLES, SPELLINGS

ROLES: tuple[str, ...] = (*SPELLINGS, *OLD_ROLES.values())
"""What a column can stand for."""

_NAME_ROLES = ("name", "last_name", "first_name", "company")


@dataclass(frozen=True, slots=True)
class Columns:
    """A file's columns and what they stand for.

    Args:
        names: all columns, as the header writes them, in its order.
        roles: the column of each role that was found.
        others: further columns that would have fitted a role, and were not taken.
        absent: roles that the caller has declared the file not to have.
        remarks: what else a person should know of how the file was read.
        mapped: roles that the caller has named a column for.
    """

    names: tuple[str, ...]
    roles: Mapping[str, str]
    others: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    remarks: tuple[str, ...] = ()
    mapped: frozenset[str] = frozenset()

    def __getitem__(self, role: str) -> str:
        return self.roles[role]

    def get(self, role: str) -> str | None:
        """The column of a role, or None."""
        return self.roles.get(role)

    @property
    def notes(self) -> tuple[str, ...]:
        """The remarks, and a sentence for each role that several columns would fit."""
        return self.remarks + tuple(
            f"{role} is read from {_shown(self.roles[role])}; not from {', '.join(map(_shown, rest))}."
            for role, rest in self.others.items()
        )

    @property
    def before(self) -> Columns | None:
        """These columns with the address as it was, or None where the file has only one address (P8).

        An old line without a place of its own lies where the new one does.
        """
        if OLD_ROLES["address1"] not in self.roles:
            return None
        old = {role: self.roles[was] for role, was in OLD_ROLES.items() if was in self.roles}
        has_place = bool({"city", "state", "zip"} & old.keys())
        dropped = MOVED_ROLES if has_place else ("address1", "address2", "urbanization")
        rest = {role: column for role, column in self.roles.items() if role not in (*dropped, *OLD_ROLES.values())}
        return replace(self, roles=rest | old, others={}, remarks=())

    def require(self, channel: Channel) -> Columns:
        """These columns, if they hold what the channel needs.

        Email needs ``email``, SMS ``phone``. Post needs ``address1``, a ``zip`` (or ``city`` and ``state``), and who is
        written to: a name or a company. A file that only has addresses says so with the mapping ``name=``: then its
        rows are those of "current residents".

        Raises:
            BadInput: what is missing, what was found, and how to map it; or which of two addresses is mailed is not
                clear.
        """
        missing = _missing(self, channel)
        if not missing:
            _refuse_unclear(self, channel)
            return self
        raise BadInput(
            f"No column for {' and '.join(missing)} was found. The columns are: {listing(self.names)}."
            + (" The first line seems to be data." if _looks_like_data(self.names) else ""),
            remedy=f"Say which column it is: {' '.join(f'--map {need.split()[0]}=COLUMN' for need in missing)}",
        )


def recognise(names: Sequence[str], mapping: Mapping[str, str] | None = None) -> Columns:
    """Tell what columns stand for by their names, whatever their case and punctuation.

    >>> columns = recognise(["E-Mail Address", "ZIP Code", "Addr1", "Zip"])
    >>> columns["email"], columns["zip"], columns["address1"]
    ('E-Mail Address', 'ZIP Code', 'Addr1')
    >>> columns.notes
    ("zip is read from 'ZIP Code'; not from 'Zip'.",)

    Args:
        names: the header's cells.
        mapping: the column of a role where the caller knows better; an empty one says that the file has none.

    Raises:
        BadInput: two columns have the same name, or the mapping names a role or a column that does not exist.
    """
    _refuse_doubles(names)
    chosen, absent = _mapped(names, mapping or {})
    mapped = frozenset(chosen)
    chosen |= _siblings(names, chosen, absent)
    fits: dict[str, list[tuple[int, int]]] = {}
    for position, name in enumerate(names):
        found = fit(name)
        if found and found[0] not in absent and name not in chosen.values():
            fits.setdefault(found[0], []).append((found[1], position))
    roles, others = dict(chosen), {}
    for role, placed in fits.items():
        ordered = [names[position] for _, position in sorted(placed)]
        if role not in roles:
            roles[role] = ordered.pop(0)
        if ordered:
            others[role] = tuple(ordered)
    return Columns(tuple(names), roles, others, absent, mapped=mapped)


def _missing(columns: Columns, channel: Channel) -> list[str]:
    has = columns.roles.__contains__
    if channel is Channel.EMAIL:
        return [] if has("email") else ["email"]
    if channel is Channel.SMS:
        return [] if has("phone") else ["phone"]
    needs = {
        "name (or first_name and last_name, or company)": any(map(has, _NAME_ROLES)) or "name" in columns.absent,
        "address1": has("address1"),
        "zip (or city and state)": has("zip") or (has("city") and has("state")),
    }
    return [need for need, met in needs.items() if not met]


def _refuse_doubles(names: Sequence[str]) -> None:
    places: dict[str, list[int]] = {}
    for position, name in enumerate(names, 1):
        places.setdefault(name, []).append(position)
    doubled = {name: found for name, found in places.items() if len(found) > 1}
    if doubled:
        name, found = next(iter(doubled.items()))
        what = f"are all named {_shown(name)}" if name else "have no name"
        raise BadInput(
            f"The columns {listing(list(map(str, found)), quote=False)} {what}.",
            remedy="Give each column a name of its own.",
        )


def _mapped(names: Sequence[str], mapping: Mapping[str, str]) -> tuple[dict[str, str], frozenset[str]]:
    by_normal: dict[str, list[str]] = {}
    for name in names:
        by_normal.setdefault(normalised(name), []).append(name)
    chosen: dict[str, str] = {}
    for role, wanted in mapping.items():
        if role not in ROLES:
            raise BadInput(f"{_shown(role)} is nothing that a column can stand for.", remedy=f"Use {', '.join(ROLES)}.")
        alike = by_normal.get(normalised(wanted), [])
        if wanted in names:
            chosen[role] = wanted
        elif wanted and len(alike) == 1:
            chosen[role] = alike[0]
        elif wanted:
            raise BadInput(
                f"There is no column {_shown(wanted)} for {role}. The columns are: {listing(names)}.",
                remedy="Map the role to one of them.",
            )
    return chosen, frozenset(role for role, wanted in mapping.items() if role not in chosen and not wanted)


def _siblings(names: Sequence[str], chosen: Mapping[str, str], absent: frozenset[str]) -> dict[str, str]:
    """The other columns of two addresses whose first lines the caller named: those with the same word before them.

    >>> names = ["address1", "zip", "ncoa_address1", "ncoa_zip"]
    >>> _siblings(names, {"address1": "ncoa_address1", "old_address1": "address1"}, frozenset())
    {'zip': 'ncoa_zip', 'old_zip': 'zip'}
    """
    new, old = chosen.get("address1"), chosen.get(OLD_ROLES["address1"])
    if new is None or old is None:
        return {}
    of_new, of_old = read(new), read(old)
    if of_new is None or of_old is None or of_new[1] == of_old[1]:
        return {}
    found = {}
    for role in MOVED_ROLES[1:]:
        for asked, word in ((role, of_new[1]), (OLD_ROLES[role], of_old[1])):
            same = [name for name in names if read(name) == (role, word) and name not in chosen.values()]
            if same and asked not in chosen and asked not in absent:
                found[asked] = same[0]
    return found


def _refuse_unclear(columns: Columns, channel: Channel) -> None:
    """Do nothing unless a file has an address from hygiene beside a plain one, and nobody said which is mailed (P8).

    Raises:
        BadInput: it has.
    """
    was, known = OLD_ROLES["address1"], columns.roles.keys() | columns.absent
    if channel is not Channel.POST or was in known or "address1" in columns.mapped:
        return
    both = (columns.roles["address1"], *columns.others.get("address1", ()))
    after = [name for name in both if (said := read(name)) and said[1] in AFTER_HYGIENE]
    plain = [name for name in both if (said := read(name)) and said[1] == ""]
    if after and plain:
        raise BadInput(
            f"There are two addresses, in {_shown(plain[0])} and in {_shown(after[0])}; it is unclear which is mailed.",
            remedy=f"Say it, and the other is checked too: --map 'address1={after[0]}' --map '{was}={plain[0]}'. Where"
            f" there is only one: --map 'address1={plain[0]}'.",
        )


def _shown(name: str) -> str:
    return repr(name if len(name) <= 40 else name[:37] + "…")


def listing(names: Sequence[str], *, quote: bool = True) -> str:
    """The first thirty names; a line of data that was taken for a header must not spill addresses (X8)."""
    masked = [_masked(name) for name in names[:30]]
    more = f" … and {len(names) - 30} more" if len(names) > 30 else ""
    return ", ".join(_shown(name) if quote else name for name in masked) + more


def _masked(name: str) -> str:
    return re.sub(r"[^@\s]+@[^@\s]+", "…@…", re.sub(r"\d{4,}", "…", name))


def _looks_like_data(names: Sequence[str]) -> bool:
    return any(re.search(r"@.+\.|^\W*\d[\d .()+-]*$|^\d+\s+\w+", name) for name in names)
