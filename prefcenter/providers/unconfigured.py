"""A channel without a provider, beside one that has one: what goes that way is refused, and says why."""

from __future__ import annotations

from typing import NoReturn

from prefcenter.core.decision import Cleared
from prefcenter.services.errors import SendFailed
from prefcenter.services.ports import Answer, Batch, Outgoing, send_each


class NoProvider:
    """Takes nothing: a message that nobody delivers must not count as sent.

    Args:
        what: what it would send, in the plural.
        settings: the settings that are missing.
    """

    def __init__(self, what: str, settings: str) -> None:
        self._what = what
        self._settings = settings

    @property
    def most_at_once(self) -> int:
        """One."""
        return 1

    def send(self, cleared: Cleared, message: Outgoing) -> NoReturn:  # noqa: ARG002 - it takes none
        """Refuse the message.

        Raises:
            SendFailed: always.
        """
        raise SendFailed(f"There is no provider for {self._what}.", remedy=f"Set {self._settings}.")

    def send_many(self, batch: Batch) -> list[Answer]:
        """Refuse each of them."""
        return send_each(self.send, batch)

    def cancel(self, provider_id: str) -> bool:  # noqa: ARG002 - it holds none
        """There is nothing to call back."""
        return False
