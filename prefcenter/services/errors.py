"""What can go wrong in a use case, beyond bad input."""

from __future__ import annotations

from prefcenter.core.channels import Reason
from prefcenter.core.errors import BadInput, NotFound, PrefcenterError


class AlreadyThere(BadInput):
    """What is to be added exists."""


class UnknownType(NotFound, BadInput):
    """A message type that nobody registered: it is refused, never guessed (X1)."""

    code = "unknown_type"
    """What a message that was refused for it says."""


class NotApproved(UnknownType):
    """A message type that one operator proposed and no other one approved yet: nothing of it is sent (E14)."""

    code = "type_not_approved"


class Ambiguous(BadInput):
    """Something must be named because there are several, such as the brand."""


class NotReady(BadInput):
    """An operator has to set something first, such as a brand's postal address; then the same thing will do."""


class NotAllowed(PrefcenterError):
    """The act needs somebody else: a second operator, or the person (HTTP 403)."""


class SendFailed(PrefcenterError):
    """The provider refused a message for good."""


class RecipientRefused(SendFailed):
    """The provider will not deliver to this recipient: it unsubscribed there, or its number is dead (S10).

    Args:
        message: what the provider said, without the address.
        reason: what that is on our list: ``OPT_OUT``, ``DEAD_NUMBER`` or ``HARD_BOUNCE``.
    """

    def __init__(self, message: str, *, reason: Reason) -> None:
        super().__init__(message)
        self.reason = reason


class SendUnknown(PrefcenterError):
    """The provider did not answer: the message may have left, so it is never sent again."""


class SendLater(SendFailed):
    """The provider did not take a message now, and nothing of it left: trying again later sends nothing twice."""


class NotHandedOver(SendLater):
    """It was not even offered to the provider, which takes nothing more for now: that was no attempt."""


class DecidedTooLongAgo(NotHandedOver):
    """It was not offered to the provider within the time that a decision holds: it is decided again first (X2)."""
