"""What the listener asks the product: whose key is this, and what becomes of this mail? Each in a thread of its own."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field

from prefcenter.core.errors import BadAddress, BadInput
from prefcenter.services import relaying
from prefcenter.services.errors import NotReady
from prefcenter.services.messages import Desk, Taken
from prefcenter.services.operators import KeyScope, digest_of
from prefcenter.services.relaying import HandedOver
from prefcenter.smtp import replies
from prefcenter.smtp.reading import TYPE_HEADER, NoType, ReadMail, read
from prefcenter.store import operators
from prefcenter.wiring import Wiring

_log = logging.getLogger(__name__)

_NOBODY = "local"
"""Who hands mails over where no key is asked for."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who signed in, by the digest of the key: the key itself is not kept."""

    digest: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes mails into the outbox.

    Args:
        wiring: the product.
        needs_key: whether whoever hands a mail over must have signed in.
        default_type: the type of mails that name none; None to refuse them.
    """

    wiring: Wiring
    needs_key: bool = True
    default_type: str | None = None

    def check(self) -> None:
        """Make sure at the start that the default type is one that may be.

        Raises:
            BadInput: it is not.
        """
        if self.default_type is not None:
            with self.wiring.database.read() as session:
                relaying.require_marketing(session, self.default_type)

    def refusal_of(self, key: SignedIn) -> str | None:
        """Say why a key may not send, or None where it may; never raises."""
        try:
            return self._caller(key)[1]
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody gets in, and may try again (X1)
            log_fault(error)
            return replies.NOT_NOW_SIGN_IN

    def refusal_of_recipient(self, address: str) -> str | None:
        """Say why an address cannot be written to, or None where it can be."""
        try:
            self.wiring.points.email(address)
        except BadAddress as error:
            return replies.line(553, "5.1.3", str(error))
        return None

    def take(self, raw: bytes, recipients: Sequence[str], key: SignedIn | None) -> str:
        """Take a mail, and tell what came of it; never raises.

        A 250 means that a message to each recipient is on disk: what is refused is there as refused. After anything
        else nothing was written, but for a refusal of all recipients, which is on record.
        """
        try:
            caller, refusal = self._caller(key)
            return refusal or self._take(read(raw), tuple(recipients), caller)
        except BadInput as error:
            if isinstance(error, NotReady):
                _log.warning("mail waits with its sender: %s", error.message)
            return replies.of_error(error)
        except Exception as error:  # noqa: BLE001 - our own fault, whatever it is: the client keeps the mail (X1)
            log_fault(error)
            return replies.NOT_NOW

    def _caller(self, key: SignedIn | None) -> tuple[str, str | None]:
        """Whose key it is, and why it may not send; asked for each mail, so that a revoked one is worthless at once."""
        if key is None:
            return _NOBODY, replies.AUTHENTICATE if self.needs_key else None
        with self.wiring.database.read() as session:
            found = operators.grant_by_digest(session, key.digest)
        if found is None:
            return "", replies.BAD_KEY
        name, scopes = found
        return f"key:{name}", None if KeyScope.SEND in scopes else replies.WRONG_SCOPE

    def _take(self, mail: ReadMail, recipients: tuple[str, ...], caller: str) -> str:
        message_type = mail.message_type or self.default_type
        if message_type is None:
            raise NoType(
                f"The mail does not say what kind of message it is: it has no header {TYPE_HEADER}.",
                remedy=f"Add one with a registered type, such as {TYPE_HEADER}: receipt. "
                "`prefcenter type list` shows them.",
            )
        handed = HandedOver(message_type, mail.written, recipients, caller, mail.name)
        wiring = self.wiring
        desk = Desk(wiring.keyring, wiring.points, wiring.links)
        with wiring.database.write() as session:
            taken = relaying.take_mail(session, desk, handed, at=wiring.clock())
        _tell(message_type, taken)
        return replies.of_taken(taken, is_named=bool(mail.name))


def signed_in(secret: bytes) -> SignedIn:
    """Know a key again without keeping it."""
    return SignedIn(digest_of(secret.decode("utf-8", "replace").strip()))


def _tell(message_type: str, taken: Sequence[Taken]) -> None:
    """Log what came of a mail, without addresses (X8); the type is one that is registered."""
    states = ", ".join(f"{each.id} {each.state}" for each in taken)
    _log.info("a mail of the type %s: messages %s", message_type, states)


def log_fault(error: BaseException) -> None:
    """Log where something happened, without its message, which may quote an address (X8)."""
    _log.error("%s\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
