"""The sandbox: a recipient that lives in our own database, so that a newcomer sees the whole flow at once."""

from __future__ import annotations

from prefcenter.core.decision import Cleared
from prefcenter.services.ports import Batch, Clock, Outgoing
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

    @property
    def most_at_once(self) -> int:
        """As many as the largest of the providers takes."""
        return 1000

    def send(self, cleared: Cleared, message: Outgoing) -> str:
        """Deliver the message and return the sandbox's name for it."""
        return self.send_many([(cleared, message)])[0]

    def send_many(self, batch: Batch) -> list[str]:
        """Deliver the messages in one transaction: all of them, or none."""
        with self._database.write() as session:
            rows = [self._delivered(cleared, message) for cleared, message in batch]
            session.add_all(rows)
            session.flush()
            names = [f"sandbox-{row.id}" for row in rows]
            session.commit()
            return names

    def cancel(self, provider_id: str) -> bool:  # noqa: ARG002 - what it takes is delivered at once
        """Nothing can be called back: what it takes is delivered at once."""
        return False

    def _delivered(self, cleared: Cleared, message: Outgoing) -> SandboxMessage:
        return SandboxMessage(
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
