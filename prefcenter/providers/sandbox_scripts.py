"""What a person can make the sandbox do with a message, by its channel, and what the stand-ins call it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel
from prefcenter.core.errors import BadInput
from prefcenter.providers.stand_ins.twilio_fates import Fate
from prefcenter.services.points import Points
from prefcenter.store import sandbox
from prefcenter.store.sandbox import SandboxScript

DELIVER: Final = "deliver"
"""What becomes of a message that nothing else is told of."""

MAIL_FATES: Final = ("deliver", "bounce", "block", "complain", "unsubscribe", "delay", "timeout", "refuse")
"""What can become of a mail; the stand-in for SendGrid uses the same names."""

TEXT_FATES: Final[Mapping[str, Fate]] = MappingProxyType(
    {
        "deliver": Fate.DELIVERED,
        "stopped": Fate.OPTED_OUT,
        "dead": Fate.NO_SUCH_HANDSET,
        "unreachable": Fate.UNREACHABLE,
        "delay": Fate.DELAYED,
        "timeout": Fate.HANGS,
        "refuse": Fate.NO_ROUTE,
    }
)
"""What can become of a text, and what the stand-in for Twilio makes of it."""

FATES: Final[Mapping[Channel, tuple[str, ...]]] = MappingProxyType(
    {Channel.EMAIL: MAIL_FATES, Channel.SMS: tuple(TEXT_FATES)}
)


def script(
    session: Session, points: Points, channel: Channel, to: str, fate: str, *, is_repeated: bool, at: datetime
) -> None:
    """Say what becomes of messages from now on; commits.

    Args:
        session: to write with.
        points: reads addresses and numbers.
        channel: of the messages.
        to: whose: an address or number, for all that go there; empty for the next message to anybody else.
        fate: one of :data:`FATES`.
        is_repeated: whether the webhooks about it come twice, and in the wrong order.
        at: now.

    Raises:
        BadInput: there is no such fate on this channel.
        BadAddress: the address or number cannot be read.
    """
    if fate not in FATES.get(channel, ()):
        raise BadInput("This cannot happen to such a message.", remedy="Choose one of the list.")
    address = str((points.parse(channel, to).given or {})["address"]).lower() if to.strip() else ""
    row = SandboxScript(channel=channel.value, to=address, fate=fate, is_repeated=is_repeated, created_at=at)
    sandbox.put_script(session, row)
    session.commit()


def unscript(session: Session, script_id: int) -> None:
    """Take back what was said; commits. One that was played meanwhile is gone already."""
    sandbox.drop_script(session, script_id)
    session.commit()
