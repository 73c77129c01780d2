"""Which of our messages events are about: never by a number alone, which another installation may use as well."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel
from prefcenter.core.errors import BadAddress
from prefcenter.services.event_facts import CHANNEL_OF, Told
from prefcenter.services.points import Point, Points
from prefcenter.store import events


class Messages:
    """The messages that some events are about: by our own number where it came back, else by the provider's name.

    Only those that were there when the events came, and went by the provider's channel to whom an event names.
    """

    def __init__(
        self, session: Session, points: Points, provider: str, told: Sequence[Told], received_at: datetime
    ) -> None:
        self._channel, self._points = CHANNEL_OF[provider], points
        self._by_id: dict[int, Any] = {}
        self._by_name: dict[str, list[Any]] = defaultdict(list)
        ids = {each.message_id for each in told if each.message_id is not None}
        for row in events.messages_numbered(session, ids):
            if row.channel == self._channel and row.created_at <= received_at:
                self._by_id[row.id] = row
        # Nearly all come with our own number, so that none is looked for by the provider's name.
        names = {each.provider_message for each in told if each.provider_message and self._numbered(each) is None}
        for row in events.messages_named(session, names):
            if row.channel == self._channel and row.created_at <= received_at:
                self._by_name[row.provider_id].append(row)

    def of(self, told: Told) -> Any | None:
        """The message that an event is about, or None where we know of none to this recipient."""
        numbered = self._numbered(told)
        if numbered is not None:
            return numbered
        # Mails that left in one call share their name, so the recipient tells which one it is.
        same = [row for row in self._by_name.get(told.provider_message, ()) if self._is_to(row, told)]
        return same[0] if len(same) == 1 else None

    def _numbered(self, told: Told) -> Any | None:
        row = self._by_id.get(told.message_id) if told.message_id is not None else None
        return row if row is not None and self._is_to(row, told) else None

    def number_of(self, told: Told, message: Any | None) -> int | None:
        """Our number of the message that :meth:`of` found; where it found none, the number as it was told.

        A number that is a message's to somebody else is none.
        """
        if message is not None:
            return int(message.id)
        return None if told.message_id in self._by_id else told.message_id

    def _is_to(self, row: Any, told: Told) -> bool:
        """Whether a message went to whom the event names; of one whose address was erased its digest tells."""
        if row.to is not None and row.to.lower() == told.address.strip().lower():
            return True
        point = point_of(self._points, self._channel, told)
        return point is not None and bytes(row.digest) in point.own


def point_of(points: Points, channel: Channel, told: Told) -> Point | None:
    """The recipient that an event names, or None where it names none that can be read."""
    try:
        return points.parse(channel, told.address)
    except BadAddress:
        return None
