"""One connection: who may say what, and the mail in progress that a stop must not cut off."""

from __future__ import annotations

import asyncio
import logging
import ssl
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session, syntax

from prefcenter.smtp import replies
from prefcenter.smtp.reading import MOST_BYTES
from prefcenter.smtp.taking import Intake, SignedIn, log_fault, signed_in

MOST_RECIPIENTS: Final = 100
"""Of one mail; a client sends it to the others after these. Source: RFC 5321 §4.5.3.1.8 (not less), §4.5.3.1.10."""

LONGEST_LINE: Final = 256 * 1024
"""Of a mail. RFC 5321 §4.5.3.1.6 has 1,000 octets, but programs write whole pages of HTML on one line."""

SILENCE_SECONDS: Final = 300.0
"""So long a client may be silent, or take for one mail. Source: RFC 5321 §4.5.3.2.7."""

_CALLS: Final = {"AUTH": 5, "*": sys.maxsize}
"""How often a command may be given in one connection: a key is not to be guessed at."""

# aiosmtpd logs each command, with the addresses in it, to this logger (X8).
logging.getLogger("mail.log").addFilter(lambda _record: False)


@dataclass(frozen=True, slots=True)
class Door:
    """How the listener is entered.

    Args:
        hostname: the name that it greets with.
        tls: for STARTTLS; None where there is no certificate.
        is_open_to_clear_text: whether keys and mails may come without TLS: on loopback only.
    """

    hostname: str
    tls: ssl.SSLContext | None = None
    is_open_to_clear_text: bool = True


class Handler:
    """Answers the commands that matter; whatever asks the database runs in a thread, so that nobody waits for it.

    Args:
        intake: takes the mails.
    """

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    def knows(self, session: Session | None) -> bool:
        """Whether somebody may send: nobody needs a key, or they have shown theirs."""
        return not self._intake.needs_key or (session is not None and _key_of(session) is not None)

    async def auth_PLAIN(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802 - aiosmtpd's names
        """Let somebody sign in with a key as the password; the user's name is free (RFC 4616)."""
        return await self._checked(await server.auth_PLAIN(None, args))

    async def auth_LOGIN(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802
        """The same, as older clients do it."""
        return await self._checked(await server.auth_LOGIN(None, args))

    async def _checked(self, claimed: AuthResult) -> AuthResult:
        if not isinstance(claimed.auth_data, LoginPassword):
            return claimed
        key = signed_in(claimed.auth_data.password)
        refusal = await asyncio.to_thread(self._intake.refusal_of, key)
        if refusal is not None:
            return AuthResult(success=False, handled=False, message=refusal)
        return AuthResult(success=True, auth_data=key)

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Begin a mail, if its sender has signed in."""
        if not self.knows(session):
            return replies.AUTHENTICATE
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient, if it can be one; whether it is on the list is told after the mail, whose type decides."""
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return replies.TOO_MANY
        refusal = self._intake.refusal_of_recipient(address)
        if refusal is not None:
            return refusal
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Answer for a mail: from a 250 on it is ours to deliver, so it is on disk before (RFC 5321 §6.1)."""
        raw = envelope.original_content or b""
        return await asyncio.to_thread(self._intake.take, raw, envelope.rcpt_tos, _key_of(session))

    async def handle_exception(self, error: Exception) -> str:
        """Answer for what nobody foresaw: the client keeps its mail."""
        log_fault(error)
        return replies.NOT_NOW


def _key_of(session: Session) -> SignedIn | None:
    key = session.auth_data if session.authenticated else None
    return key if isinstance(key, SignedIn) else None


def _claim(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
    """Hand on what somebody claims, as refused: only :meth:`Handler._checked` lets anybody in."""
    return AuthResult(success=False, handled=False, auth_data=data)


class Living:
    """The connections that there are, the oldest first."""

    def __init__(self) -> None:
        self._all: dict[Conversation, None] = {}
        self._none = asyncio.Event()
        self._none.set()

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Conversation]:
        return iter(tuple(self._all))

    def add(self, conversation: Conversation) -> None:
        """Count one in."""
        self._all[conversation] = None
        self._none.clear()

    def discard(self, conversation: Conversation) -> None:
        """Count one out."""
        self._all.pop(conversation, None)
        if not self._all:
            self._none.set()

    def make_room(self) -> bool:
        """Send the oldest stranger away, so that connections which only wait hold no place; tell whether there was one.

        Whoever has a key shows it at once, and so is never the oldest stranger for long.
        """
        stranger = next((each for each in self._all if not each.is_known), None)
        if stranger is not None:
            stranger.close(replies.FULL)
            self.discard(stranger)
        return stranger is not None

    async def end(self) -> None:
        """Wait until there are none."""
        await self._none.wait()


class Conversation(SMTP):
    """One connection, counted among the living.

    Args:
        handler: answers the commands.
        door: how the listener is entered.
        living: all connections that there are.
    """

    line_length_limit = LONGEST_LINE

    def __init__(self, handler: Handler, door: Door, living: Living) -> None:
        super().__init__(
            handler,
            data_size_limit=MOST_BYTES,
            enable_SMTPUTF8=True,
            hostname=door.hostname,
            ident="prefcenter",
            tls_context=door.tls,
            require_starttls=not door.is_open_to_clear_text,
            timeout=SILENCE_SECONDS,
            auth_require_tls=not door.is_open_to_clear_text,
            authenticator=_claim,
            command_call_limit=_CALLS,
            loop=asyncio.get_running_loop(),
        )
        self._living = living
        self._knows = handler.knows
        self._has_mail_in_hand = False
        self._is_leaving = False

    @property
    def is_known(self) -> bool:
        """Whether they may send, and not only knock."""
        return self._knows(self.session)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; after STARTTLS, begin again."""
        self._living.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """End."""
        self._living.discard(self)
        super().connection_lost(error)

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        """Take a mail; whoever stops the listener meanwhile waits for its answer."""
        self._has_mail_in_hand = True
        try:
            await super().smtp_DATA(arg)
        finally:
            self._has_mail_in_hand = False
            if self._is_leaving:
                self.close()

    def leave(self) -> None:
        """End at once; where a mail is in hand, once it has its answer."""
        self._is_leaving = True
        if not self._has_mail_in_hand:
            self.close()

    def close(self, words: str = replies.LEAVING) -> None:
        """End now, and say that the client may try again."""
        if self.transport is not None and not self.transport.is_closing():
            self._writer.write(f"{words}\r\n".encode())
            self.transport.close()
