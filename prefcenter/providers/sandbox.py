"""The sandbox: a recipient that lives in our own database, so that a newcomer sees the whole flow at once."""

from __future__ import annotations

from prefcenter.core.decision import Cleared
from prefcenter.services.ports import Clock, Outgoing
from prefcenter.store.engine import Database
from prefcenter.store.outbox import SandboxMessage


class SandboxSender:
    """Delivers every cleared message to the sandbox's outbox, in a transaction of its own, as a provider would.

    Args:
        database: where the sandbox keeps what it delivered.
        clock: tells when.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def send(self, cleared: Cleared, message: Outgoing) -> str:
        """Deliver the message and return the sandbox's name for it."""
        with self._database.write() as session:
            row = SandboxMessage(
                channel=message.channel.value,
                to=message.to,
                message_class=cleared.ask.message_class.value,
                message_type=message.message_type,
                subject=message.subject,
                text=message.text,
                html=message.html,
                headers=dict(message.headers),
                at=self._clock(),
            )
            session.add(row)
            session.commit()
            return f"sandbox-{row.id}"
