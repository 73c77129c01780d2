"""The sandbox: the providers' own libraries, talking to stand-ins on this machine instead of to the providers.

Whoever sends has them in its own process: they are started by the first message, on ports that nobody else needs to
know, and end with the process. All that must outlive it, or be seen from another one, stands in the database: what was
taken, and what is scripted. What became of messages is posted to our own webhooks, signed, as the providers do it.
"""

from __future__ import annotations

import secrets
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from prefcenter.core.channels import Channel
from prefcenter.core.decision import Cleared
from prefcenter.providers.sendgrid_batches import MOST_PERSONALIZATIONS
from prefcenter.services.ports import Answer, Batch, Clock, Outgoing, Sender
from prefcenter.store.engine import Database

if TYPE_CHECKING:
    from prefcenter.providers.stand_ins.loopback import LoopbackServer
    from prefcenter.providers.stand_ins.sendgrid_server import SendGridStandIn
    from prefcenter.providers.stand_ins.twilio_account import TwilioAccount
    from prefcenter.providers.stand_ins.twilio_server import TwilioStandIn
    from prefcenter.providers.stand_ins.twilio_webhooks import Call

DELAY: Final = timedelta(seconds=15)
"""So late is told what is told late: long enough to be seen on the way, short enough to wait for."""

TRIED_FOR: Final = timedelta(minutes=15)
"""So long a report is tried again that our own server did not take."""

TRIED_EVERY: Final = timedelta(seconds=2)

_EVENTS_PATH: Final = "/webhooks/sendgrid/events"
_MOST_AT_ONCE: Final = {Channel.EMAIL: MOST_PERSONALIZATIONS, Channel.SMS: 1}
_MOST_TEXTS: Final = 1_000
_MOST_CALLS: Final = 100
"""So many reports of texts are posted at a time, a call each, so that other work of the worker has its turn."""

NOBODY_ANSWERS: Final = 0
"""What stands for a status where nobody answered."""

_POLL_SECONDS: Final = 0.1

NOBODY: Final = {Channel.EMAIL: "sandbox@prefcenter.example", Channel.SMS: "+15005550006"}
"""Whom a message comes from that has no sender; the number is Twilio's own for trying out."""

Post = Callable[[str, bytes, Mapping[str, str]], int]
"""Posts a body with headers to a path of our own server, and gives the status that it was answered with."""


@dataclass(frozen=True, slots=True)
class SandboxKeys:
    """What the stand-ins sign with: every process that has our keys can make them, and verify.

    Args:
        secret: what they are made of.
        twilio_token: the token of the account at the stand-in for Twilio.
    """

    secret: bytes = field(repr=False)
    twilio_token: str = field(repr=False)

    @property
    def event_public_key(self) -> str:
        """What the stand-in for SendGrid signs its events with, as SendGrid would show it."""
        return _event_public_key(self.secret)


@lru_cache(maxsize=8)
def _event_public_key(secret: bytes) -> str:
    from prefcenter.providers.stand_ins.sendgrid_signing import key_of, public_key_of

    return public_key_of(key_of(secret))


@dataclass(slots=True)
class _Running:
    """What was started, and is stopped when nobody needs it any more."""

    servers: list[LoopbackServer | TwilioStandIn] = field(default_factory=list)

    def stop(self) -> None:
        for server in self.servers:
            server.__exit__(None, None, None)


class Sandbox:
    """Both providers as they are here.

    Args:
        database: where messages and scripts are.
        clock: tells the time.
        base_url: our public address, that reports are signed for.
        keys: what they are signed with.

    Attributes:
        post: carries reports to our own server; without it nothing is reported.
        timeout: so long a call to a stand-in may take, in seconds. They answer at once, but for calls that are never
            answered.
    """

    post: Post | None = None
    timeout: float = 5.0

    def __init__(self, database: Database, clock: Clock, base_url: str, keys: SandboxKeys) -> None:
        self.keys = keys
        self._database, self._clock, self._base_url = database, clock, base_url
        self._lock = threading.Lock()
        self._senders: dict[Channel, Sender] = {}
        self._mails: SendGridStandIn | None = None
        self._texts: TwilioAccount | None = None
        self._rests_until: datetime | None = None
        self._running = _Running()
        weakref.finalize(self, _stop_aside, self._running).atexit = False

    @property
    def senders(self) -> Mapping[Channel, Sender]:
        """Who sends on each channel; nothing is started before the first message."""
        return {channel: _SandboxSender(self, channel) for channel in _MOST_AT_ONCE}

    def sender(self, channel: Channel) -> Sender:
        """The provider's own sender, its stand-in running."""
        with self._lock:
            if channel not in self._senders:
                self._senders[channel] = self._start_mail() if channel is Channel.EMAIL else self._start_texts()
            return self._senders[channel]

    @property
    def ports(self) -> list[str]:
        """Where the stand-ins listen; none before the first message."""
        return [server.url for server in self._running.servers]

    def stop(self) -> None:
        """Stop what was started; the next message starts it again."""
        with self._lock:
            self._running.stop()
            self._running.servers.clear()
            self._senders.clear()

    def report(self) -> int:
        """Tell our own webhooks what became of messages; what they don't take is told again, as providers do.

        Returns:
            How many calls were taken.
        """
        at, post = self._clock(), self.post
        self._forget(at)
        if post is None or (self._rests_until is not None and at < self._rests_until):
            return 0
        statuses = self._report_mails(post) + self._report_texts(post, at)
        taken = sum(1 for status in statuses if 200 <= status < 300)
        self._rests_until = at + TRIED_EVERY if taken < len(statuses) else None
        return taken

    def _start_mail(self) -> Sender:
        from prefcenter.providers.sandbox_store import SandboxStore
        from prefcenter.providers.sendgrid_api import SendGridSender
        from prefcenter.providers.stand_ins.loopback import LoopbackServer
        from prefcenter.providers.stand_ins.sendgrid_server import SendGridStandIn
        from prefcenter.providers.stand_ins.sendgrid_signing import key_of

        store, api_key = SandboxStore(self._database), f"SG.{secrets.token_urlsafe(32)}"
        self._mails = SendGridStandIn(
            self._clock,
            api_key,
            key_of(self.keys.secret),
            script=store.mail_fates,
            took=store.took_mails,
            delay=DELAY,
            silence_seconds=2 * self.timeout,
            remembers=False,
        )
        server = LoopbackServer(self._mails.respond, poll_seconds=_POLL_SECONDS)
        server.start()
        self._running.servers.append(server)
        return SendGridSender(api_key, host=server.url, timeout=self.timeout)

    def _start_texts(self) -> Sender:
        from prefcenter.providers.sandbox_store import SandboxStore
        from prefcenter.providers.stand_ins.twilio_account import TwilioAccount
        from prefcenter.providers.stand_ins.twilio_server import TwilioStandIn
        from prefcenter.providers.twilio_api import TwilioSender

        store, sid, token = SandboxStore(self._database), f"AC{secrets.token_hex(16)}", self.keys.twilio_token
        self._texts = TwilioAccount(sid, token, self._clock, script=store.text_fate, took=store.took_text, delay=DELAY)
        server = TwilioStandIn(self._texts, poll_seconds=_POLL_SECONDS).__enter__()
        self._running.servers.append(server)
        return TwilioSender(sid, token, self._base_url, host=server.url, timeout=self.timeout)

    def _forget(self, at: datetime) -> None:
        """Let go of what nobody asks for any more: a worker runs for months."""
        if self._mails is not None:
            self._mails.forget(at - TRIED_FOR)
        if self._texts is not None:
            self._texts.forget(_MOST_TEXTS, at - TRIED_FOR)

    def _report_mails(self, post: Post) -> list[int]:
        if self._mails is None:
            return []
        return self._mails.tell(lambda raw, headers: post(_EVENTS_PATH, raw, headers))

    def _report_texts(self, post: Post, at: datetime) -> list[int]:
        if self._texts is None:
            return []
        calls = self._texts.take_pending(at)
        now, later = calls[:_MOST_CALLS], calls[_MOST_CALLS:]
        again = [call for call in reversed(now) if call.is_repeated]
        statuses: list[int] = []
        lost: dict[int, Call] = {}
        for call in [*(call for call in now if not call.is_repeated), *again, *again]:
            # Where nobody listens there is no use in asking for each, and somebody else may wait for the worker.
            status = NOBODY_ANSWERS if NOBODY_ANSWERS in statuses else self._post_status(post, call)
            statuses.append(status)
            if not 200 <= status < 300:
                lost[id(call)] = call
        self._texts.put_back([*lost.values(), *later])
        return statuses

    def _post_status(self, post: Post, call: Call) -> int:
        return post(call.url.removeprefix(self._base_url), call.body, call.headers(self.keys.twilio_token))


class _SandboxSender:
    """Hands messages over to the sender of a channel, which is started by the first of them."""

    def __init__(self, sandbox: Sandbox, channel: Channel) -> None:
        self._sandbox, self._channel = sandbox, channel

    @property
    def most_at_once(self) -> int:
        """As many as the provider takes."""
        return _MOST_AT_ONCE[self._channel]

    def send(self, cleared: Cleared, message: Outgoing) -> str:
        """Hand a message over, see :class:`prefcenter.services.ports.Sender`."""
        return self._sandbox.sender(self._channel).send(cleared, _with_sender(message))

    def send_many(self, batch: Batch) -> Sequence[Answer]:
        """Hand messages over."""
        named = [(cleared, _with_sender(message)) for cleared, message in batch]
        return self._sandbox.sender(self._channel).send_many(named)

    def cancel(self, provider_id: str) -> bool:
        """Call a message back."""
        return self._sandbox.sender(self._channel).cancel(provider_id)


def _with_sender(message: Outgoing) -> Outgoing:
    """Who has only begun to set the product up sees our own mails too, although nobody said whom they come from."""
    return message if message.sender else replace(message, sender=NOBODY[message.channel])


def _stop_aside(running: _Running) -> None:
    """Stop in a thread of its own: this may be called from a thread of the very server that is to stop."""
    if running.servers:
        threading.Thread(target=running.stop, daemon=True).start()
