"""What agreeing with a provider needs of it: its lists, read page by page, and somebody to tell it of an opt-out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from prefcenter.core.channels import Channel, Source


@dataclass(frozen=True, slots=True)
class Listed:
    """Somebody on a provider's list.

    Args:
        address: who, as the provider writes it.
        since: when it came there by the provider's clock, or None where it does not say.
    """

    address: str = field(repr=False)
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a provider's list.

    Args:
        entries: who stands there.
        next: where the next part begins, None where this was the last.
    """

    entries: Sequence[Listed]
    next: int | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What a provider is told of one contact point.

    Args:
        address: whose.
        since: since when.
        source: how it reached us.
    """

    address: str = field(repr=False)
    since: datetime
    source: Source


class ProviderLists(Protocol):
    """The lists of one account at a provider.

    Whatever keeps it from answering (no connection, no rights, a page of HTML, a limit that lasts too long) is raised
    as :class:`prefcenter.core.errors.Unavailable`: what was asked is then done again another time, which is harmless.
    """

    @property
    def name(self) -> str:
        """The provider, as it stands in the database: ``sendgrid``, ``twilio``."""
        ...

    @property
    def label(self) -> str:
        """The provider as people write it."""
        ...

    @property
    def channel(self) -> Channel:
        """What it carries."""
        ...

    @property
    def can_be_read(self) -> bool:
        """Whether it tells who stands on its lists; Twilio does not."""
        ...

    @property
    def most_at_once(self) -> int:
        """How many it is told of in one call."""
        ...

    def lists(self) -> Mapping[str, str]:
        """The lists that it has now, each with what people call it; none where it can't be read."""
        ...

    def page(self, named: str, since: datetime | None, until: datetime, offset: int) -> Page:
        """Read a part of a list: who came there between two moments, or without them everybody.

        Args:
            named: which list.
            since: from when on; None for the beginning.
            until: up to when.
            offset: where the part begins.
        """
        ...

    def tell(self, named: str, said: Sequence[Said]) -> Sequence[str]:
        """Put at most ``most_at_once`` on a list; returns for each what was wrong with it, or nothing."""
        ...

    def release(self, named: str, said: Sequence[Said]) -> Sequence[str]:
        """Take contact points off a list; returns for each what was wrong with it, or nothing."""
        ...
