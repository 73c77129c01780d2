"""What one row of an imported list says: whom it is about, which reason, how far, since when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from prefcenter.core.channels import ENDING_REASONS, Channel, Level, Reason, Scope, ScopeKind
from prefcenter.core.errors import BadInput
from prefcenter.core.hashed import HashAlgorithm, canonicalise_hash
from prefcenter.core.postal.address import PostalAddress
from prefcenter.core.postal.urbanizations import beside_the_street
from prefcenter.files.columns import Columns, listing, normalised
from prefcenter.services.list_hashed import HashedColumn

COMPUTED = frozenset({Reason.CONSENT_MISSING, Reason.POLICY_VERSION, Reason.QUIET_HOURS, Reason.FREQUENCY_CAP})
"""Reasons that are worked out at each decision; they never stand on the list."""

_OTHER_WORDS = {
    "optout": Reason.OPT_OUT,
    "unsubscribe": Reason.OPT_OUT,
    "unsubscribed": Reason.OPT_OUT,
    "donotmail": Reason.OPT_OUT,
    "donotemail": Reason.OPT_OUT,
    "donotcontact": Reason.OPT_OUT,
    "stop": Reason.OPT_OUT,
    "bounce": Reason.HARD_BOUNCE,
    "bounced": Reason.HARD_BOUNCE,
    "spam": Reason.COMPLAINT,
    "spamreport": Reason.COMPLAINT,
    "abuse": Reason.COMPLAINT,
    "dead": Reason.DECEASED,
}
"""What other tools call the reasons, without case and punctuation."""

_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
_OWN_COLUMNS = ("channel", "scope", "until", "source", "digest")
"""Columns of an exported list that no mailing file has."""

ScopeOf = Callable[[str | None, str | None], Scope]
"""Makes the scope of a brand and a topic, and refuses unknown ones."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds for rows that do not say it themselves.

    Args:
        channel: the channel of every row; None where the file tells it.
        reason: the reason of rows without one that we know.
        source: where the list comes from.
        hashed: how the addresses were hashed; None where they are plain.
    """

    channel: Channel | None = None
    reason: Reason | None = None
    source: str = ""
    hashed: HashAlgorithm | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """What a row says, read and checked, but for its address.

    Args:
        channel: how the person would be reached.
        address: the email address or number as written, the key of a hashed address, or the postal address.
        level: for post, whom it covers.
        reason, scope, since, until: the suppression; ``since`` is None where the row does not say.
        source_ref: where it comes from.
        digest: in place of an address that was erased, what the exporting system knows it by.
    """

    channel: Channel
    address: str | PostalAddress
    level: Level
    reason: Reason
    scope: Scope
    since: datetime | None
    until: datetime | None
    source_ref: str
    digest: bytes | None = None


class RowReader:
    """Reads the rows of one file.

    Args:
        columns: its columns.
        defaults: what holds for rows that do not say it.
        scope_of: looks brands and topics up.
        at: the moment of the import: nothing can have happened later.
        hashed: where the digests stand, for a hashed list.

    Raises:
        BadInput: it cannot be told which channel the file is about, or a column that it needs is missing.
    """

    def __init__(
        self,
        columns: Columns,
        defaults: Defaults,
        scope_of: ScopeOf,
        at: datetime,
        hashed: HashedColumn | None = None,
    ) -> None:
        by_name = {normalised(name): name for name in columns.names}
        self._own = {name: by_name[name] for name in _OWN_COLUMNS if name in by_name}
        self._columns = columns
        self._defaults = defaults
        self._scope_of = scope_of
        self._at = at
        self._hashed = hashed
        self._channel = None if "channel" in self._own else self._channel_of_file()
        if self._channel is not None and hashed is None:
            columns.require(self._channel)

    def read(self, cells: Mapping[str, str]) -> Row:
        """Read one row.

        Raises:
            BadInput: it cannot be used; says why, without repeating its address (X8).
        """
        channel = self._channel_of(cells)
        address = self._address(cells, channel)
        reason = self._reason(cells)
        until = _date(self._own_cell(cells, "until"), "until")
        return Row(
            channel=channel,
            address=address,
            level=self._level(cells, address),
            reason=reason,
            scope=self._scope(cells),
            since=self._since(cells),
            # Another tool may let an opt-out lapse; here it never ends by itself (E13).
            until=until if reason in ENDING_REASONS else None,
            source_ref=self._source(cells),
            digest=_digest(self._own_cell(cells, "digest")),
        )

    def _channel_of_file(self) -> Channel:
        if self._hashed is not None:
            return Channel.EMAIL
        return self._defaults.channel or channel_of_columns(self._columns)

    def _channel_of(self, cells: Mapping[str, str]) -> Channel:
        if self._channel is not None:
            return self._channel
        told = self._own_cell(cells, "channel").lower()
        if told not in tuple(Channel):
            raise BadInput("The channel is none of email, sms, post.")
        if self._defaults.channel not in (None, told):
            raise BadInput(f"The row is about {told}, the import about {self._defaults.channel}.")
        return Channel(told)

    def _address(self, cells: Mapping[str, str], channel: Channel) -> str | PostalAddress:
        if self._hashed is not None:
            return self._hashed_address(cells, channel, self._hashed)
        if channel is Channel.POST:
            return self._postal_address(cells)
        address = self._cell(cells, "email" if channel is Channel.EMAIL else "phone")
        if not address and not self._own_cell(cells, "digest"):
            raise BadInput(f"The row has no {'email address' if channel is Channel.EMAIL else 'phone number'}.")
        return address

    def _hashed_address(self, cells: Mapping[str, str], channel: Channel, hashed: HashedColumn) -> str:
        if channel is not Channel.EMAIL:
            raise BadInput(f"The row is about {channel}, and hashed lists are for email.")
        return canonicalise_hash(_bare(cells[hashed.name]), hashed.algorithm)

    def _postal_address(self, cells: Mapping[str, str]) -> PostalAddress:
        names = ("prefix", "first_name", "middle_name", "last_name", "suffix")
        name = self._cell(cells, "name") or " ".join(filter(None, (self._cell(cells, part) for part in names)))
        parts = ("company", "address1", "address2", "city", "state", "zip", "country")
        told = {part: self._cell(cells, part) for part in parts}
        line2 = beside_the_street(told["address2"], self._cell(cells, "urbanization"), told["state"], told["zip"])
        return PostalAddress(name=name, **(told | {"address2": line2}))

    def _level(self, cells: Mapping[str, str], address: str | PostalAddress) -> Level:
        """Whom a postal row covers; one without a name can only mean the firm, or whoever lives there."""
        if isinstance(address, str):
            return Level.INDIVIDUAL
        told = [self._cell(cells, "level").lower(), self._own_cell(cells, "scope").lower()]
        named = [word for word in told if word in tuple(Level)]
        if named:
            return Level(named[0])
        if told[0] and not _is_scope(told[0]):
            raise BadInput(f"The level is none of {', '.join(Level)}.")
        if address.name:
            return Level.INDIVIDUAL
        return Level.COMPANY if address.company else Level.HOUSEHOLD

    def _reason(self, cells: Mapping[str, str]) -> Reason:
        """The row's own reason where we know it, else that of the import, else a plain opt-out."""
        told = self._cell(cells, "reason")
        if told:
            plain = normalised(told)
            known = {normalised(reason.value): reason for reason in Reason} | _OTHER_WORDS
            if plain in known and known[plain] not in COMPUTED:
                return known[plain]
            if self._defaults.reason is None:
                raise BadInput("The reason is none that can stand on the list.")
        return self._defaults.reason or Reason.OPT_OUT

    def _scope(self, cells: Mapping[str, str]) -> Scope:
        brand, topic = self._cell(cells, "brand") or None, self._cell(cells, "topic") or None
        told = self._own_cell(cells, "scope") or self._cell(cells, "level")
        if not _is_scope(told):
            if told and self._own_cell(cells, "scope") and told.lower() not in tuple(Level):
                raise BadInput("The scope is none that we know.")
            return self._scope_of(brand, topic)
        scope = Scope.parse(told)
        if scope.kind is ScopeKind.BRAND:
            return self._scope_of(scope.ref, topic)
        if scope.kind is ScopeKind.TOPIC:
            owner, _, slug = scope.ref.rpartition("/")
            return self._scope_of(owner or brand, slug)
        return scope if scope.kind is not ScopeKind.ALL else self._scope_of(brand, topic)

    def _since(self, cells: Mapping[str, str]) -> datetime | None:
        since = _date(self._cell(cells, "since"), "since")
        if since is not None and since > self._at:
            raise BadInput("The date since when it holds lies in the future.")
        if since is not None and since < _EARLIEST:
            raise BadInput("The date since when it holds is impossible.")
        return since

    def _source(self, cells: Mapping[str, str]) -> str:
        told = [self._defaults.source, self._own_cell(cells, "source")]
        return "; ".join(dict.fromkeys(filter(None, told)))[:200]

    def _cell(self, cells: Mapping[str, str], role: str) -> str:
        name = self._columns.get(role)
        return "" if name is None else _bare(cells[name])

    def _own_cell(self, cells: Mapping[str, str], name: str) -> str:
        return _bare(cells[self._own[name]]) if name in self._own else ""


def channel_of_columns(columns: Columns) -> Channel:
    """The one channel that a file's columns are about.

    Raises:
        BadInput: they fit none, or several.
    """
    fits = [channel for channel in Channel if _has_columns(columns, channel)]
    if len(fits) == 1:
        return fits[0]
    if fits:
        raise BadInput(
            f"The file could be about {' or '.join(fits)}: it has the columns of each.",
            remedy="Say which with --channel, and take it once for each.",
        )
    raise BadInput(
        f"No column for email, phone or a postal address was found. The columns are: {listing(columns.names)}.",
        remedy="Name them email, phone, or name, address1, city, state, zip; or say which is which, such as --map"
        " email=COLUMN.",
    )


def _has_columns(columns: Columns, channel: Channel) -> bool:
    try:
        columns.require(channel)
    except BadInput:
        return False
    return True


def _bare(cell: str) -> str:
    """The cell without spaces, and without the apostrophe that guards it in files made for people (X6)."""
    text = cell.strip()
    return text[1:] if text[:1] == "'" and text[1:2] in tuple("=+-@\t\r") and len(text) > 1 else text


def _is_scope(text: str) -> bool:
    return text.partition(":")[0] in tuple(ScopeKind)


def _date(text: str, what: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadInput(f"“{what}” is no date.", remedy="Write it as 2026-05-01.") from None


def _digest(text: str) -> bytes | None:
    try:
        return bytes.fromhex(text) or None
    except ValueError:
        raise BadInput("The digest is none.") from None
