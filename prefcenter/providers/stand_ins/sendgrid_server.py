"""A stand-in for SendGrid on this machine: the real SDK talks to it, and it answers and refuses as SendGrid does.

What becomes of a mail is told by how the recipient's address begins, or by a script; see :mod:`.sendgrid_fates`. What
the next calls are answered is told by :meth:`SendGridStandIn.next`, or by a POST to ``/stand-in/next``. What came of
the mails is posted in signed batches by :meth:`SendGridStandIn.tell`, on demand twice and out of order.
"""

from __future__ import annotations

import base64
import json
import random
import threading
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from prefcenter.providers.stand_ins.loopback import Answer, Asked
from prefcenter.providers.stand_ins.sendgrid_fates import EVENTS, MailScript, by_address
from prefcenter.providers.stand_ins.sendgrid_mime import Accepted
from prefcenter.providers.stand_ins.sendgrid_signing import public_key_of, signed
from prefcenter.providers.stand_ins.sendgrid_suppressions import Lists, failed, read_json, told
from prefcenter.providers.stand_ins.sendgrid_validation import errors_of

MOST_BYTES = 30 * 1024 * 1024
"""So large may a request be. Source: SendGrid, "Mail Send: limitations"."""

MOST_EVENT_BYTES = 700_000
"""So large is a batch of events at most. Source: SendGrid, "Event Webhook" (768 kB)."""

REFUSED_ADDRESS = "Does not contain a valid address."

_HTML = b"<html><head><title>413 Request Entity Too Large</title></head><body>nginx</body></html>"
_LISTED = {"bounce": "bounces", "blocked": "blocks", "spamreport": "spam_reports", "unsubscribe": "unsubscribes"}

Post = Callable[[bytes, Mapping[str, str]], int]
"""Posts a body with headers to our webhook, and gives the status that it was answered with."""


@dataclass(frozen=True, slots=True)
class Scripted:
    """How a call is answered instead.

    Args:
        status: the answer's status; 413 and 502 come as HTML, 0 is none at all.
        takes: whether the call does its work all the same.
    """

    status: int
    takes: bool = False


class SendGridStandIn:
    """One account at SendGrid.

    Args:
        clock: tells the time, aware UTC.
        api_key: the only key that is let in.
        key: signs the batches of events; without one a new one.
        arrived: told of each mail that reaches its recipient's server.
        script: says what becomes of mails, by their recipients.
        took: told of the mails of a call that was taken, before it is answered.
        delay: so much later the last event of a mail is told whose fate is told late.
        silence_seconds: so long a call waits that is never answered.
        remembers: whether it drops mail to those who bounced, complained or left before, as SendGrid does.
    """

    def __init__(
        self,
        clock: Callable[[], datetime],
        api_key: str = "SG.stand-in",
        key: ec.EllipticCurvePrivateKey | None = None,
        arrived: Callable[[Accepted], None] = lambda _mail: None,
        *,
        script: MailScript = by_address,
        took: Callable[[Sequence[Accepted]], None] = lambda _mails: None,
        delay: timedelta = timedelta(),
        silence_seconds: float = 60,
        remembers: bool = True,
    ) -> None:
        self._clock = clock
        self._api_key = api_key
        self._key = key or ec.generate_private_key(ec.SECP256R1())
        self._arrived = arrived
        self._told_fates, self._took = script, took
        self._delay, self._silence_seconds = delay, silence_seconds
        self._remembers = remembers
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._script: deque[Scripted] = deque()
        self._events: list[_Event] = []
        self._remaining: int | None = None
        self.accepted: list[Accepted] = []
        self.requests: list[Mapping[str, Any]] = []
        self.calls = 0
        self.lists = Lists(lambda: int(clock().timestamp()))

    @property
    def public_key(self) -> str:
        """What ``SENDGRID_EVENT_PUBLIC_KEY`` is set to."""
        return public_key_of(self._key)

    def next(self, *answers: Scripted) -> None:
        """Say how the next calls are answered instead, one each."""
        with self._lock:
            self._script.extend(answers)

    def limit(self, remaining: int | None) -> None:
        """Let only so many more calls in before 429; None lets all in."""
        with self._lock:
            self._remaining = remaining

    def close(self) -> None:
        """Let go of the calls that wait for an answer which never comes."""
        self._closed.set()

    def respond(self, asked: Asked) -> Answer | None:
        """Answer a call, see :data:`prefcenter.providers.stand_ins.loopback.Respond`."""
        if asked.path == "/stand-in/next":
            return self._scripted_by(asked)
        with self._lock:
            self.calls += 1
            answer = self._answer(asked)
            remaining = self._remaining
        if answer is None:
            self._closed.wait(self._silence_seconds)
            return None
        reset = {"X-RateLimit-Reset": str(int(self._clock().timestamp()) + 60), "X-RateLimit-Limit": "600"}
        left = {"X-RateLimit-Remaining": str(600 if remaining is None else max(0, remaining))}
        return Answer(answer.status, answer.body, answer.content_type, {**answer.headers, **reset, **left})

    def tell(self, post: Post, *, times: int = 1, shuffled: random.Random | None = None) -> list[int]:
        """Post what came of the mails since the last time, in signed batches.

        Args:
            post: posts one batch to our webhook.
            times: how often each batch is posted, as SendGrid does when it was not sure of our answer.
            shuffled: brings the events out of order.

        Returns:
            The status of each answer. A batch that was not answered with 2xx is told again the next time.
        """
        at = self._clock()
        with self._lock:
            events = [event for event in self._events if event.due <= at]
            self._events = [event for event in self._events if event.due > at]
        if shuffled is not None:
            shuffled.shuffle(events)
        again = [event for event in reversed(events) if event.is_repeated]
        statuses = self._post([event for event in events if not event.is_repeated], post, times)
        return statuses + self._post(again, post, 2 * times)

    def forget(self, before: datetime) -> None:
        """Tell no longer what was due before a moment, and nobody took; and keep no mails."""
        with self._lock:
            self._events = [event for event in self._events if event.due >= before]
            self.accepted.clear()
            self.requests.clear()

    def _post(self, events: Sequence[_Event], post: Post, times: int) -> list[int]:
        statuses: list[int] = []
        for batch in _batches(events):
            raw = json.dumps([event.told for event in batch], separators=(",", ":")).encode() + b"\r\n"
            answers = [post(raw, self.signed(raw)) for _ in range(times)]
            if not all(200 <= status < 300 for status in answers):
                with self._lock:
                    self._events[:0] = batch
            statuses += answers
        return statuses

    def signed(self, raw: bytes) -> dict[str, str]:
        """The headers of a batch: ECDSA over the timestamp and these very bytes."""
        return signed(self._key, raw, self._clock())

    def happen(self, mail: Accepted, event: Mapping[str, str]) -> None:
        """Let something more come of a mail, such as ``{"event": "spamreport"}``."""
        with self._lock:
            self._happen(mail, event)

    def _answer(self, asked: Asked) -> Answer | None:
        if asked.headers.get("authorization") != f"Bearer {self._api_key}":
            return failed(401, "The provided authorization grant is invalid, expired, or revoked")
        if self._remaining is not None:
            if self._remaining <= 0:
                return failed(429, "too many requests")
            self._remaining -= 1
        scripted = self._script.popleft() if self._script else None
        if scripted is not None and not scripted.takes:
            return _as_scripted(scripted.status)
        sends = asked.path.partition("?")[0] == "/v3/mail/send"
        answer = self._send(asked) if sends else self.lists.respond(asked)
        return answer if scripted is None else _as_scripted(scripted.status)

    def _send(self, asked: Asked) -> Answer | None:
        if asked.method != "POST":
            return failed(405, "Method Not Allowed")
        if len(asked.body) > MOST_BYTES:
            return Answer(413, _HTML, "text/html")
        request = read_json(asked.body)
        errors = errors_of(request)
        if errors:
            return told(400, {"errors": errors})
        people = request["personalizations"]
        fates = self._told_fates([str(person["to"][0]["email"]) for person in people])
        refused = [number for number, fate in enumerate(fates) if fate.name == "refuse"]
        if refused:
            return told(400, {"errors": [_refused(number) for number in refused]})
        self.requests.append(request)
        message_id, at = uuid.uuid4().hex[:22], self._clock()
        taken = [
            Accepted(message_id, str(person["to"][0]["email"]), request, person, at, fate)
            for person, fate in zip(people, fates, strict=True)
        ]
        self.accepted += taken
        self._took(taken)
        for mail in taken:
            self._process(mail)
        if any(fate.name == "timeout" for fate in fates):
            return None
        return Answer(202, headers={"X-Message-Id": message_id})

    def _process(self, mail: Accepted) -> None:
        if not self._remembers:
            self.lists.forget(mail.to)
        reason = self.lists.drop_reason(mail.to, mail.bypasses)
        if reason is not None:
            self._happen(mail, {"event": "dropped", "reason": reason, "status": "5.0.0"})
            return
        self._happen(mail, {"event": "processed"})
        events = EVENTS[mail.fate.name]
        for number, event in enumerate(events, start=1):
            self._happen(mail, event, is_late=mail.fate.is_late and number == len(events))
            if event["event"] == "delivered":
                self._arrived(mail)

    def _happen(self, mail: Accepted, event: Mapping[str, str], *, is_late: bool = False) -> None:
        listed = _LISTED.get(event.get("type") or event["event"])
        if listed is not None:
            self.lists.add(listed, mail.to)
        due = mail.at + self._delay if is_late else mail.at
        told_of: dict[str, Any] = {
            "email": mail.to,
            "timestamp": int(due.timestamp()),
            "sg_event_id": base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("="),
            "sg_message_id": f"{mail.message_id}.stand-in-0-1",
            "smtp-id": f"<{mail.message_id}@stand-in.sendgrid.example>",
        }
        self._events.append(_Event(told_of | dict(mail.custom_args) | dict(event), due, mail.fate.is_repeated))

    def _scripted_by(self, asked: Asked) -> Answer:
        given = read_json(asked.body)
        if not isinstance(given, dict) or not isinstance(given.get("status"), int):
            return failed(400, "Give a status, and perhaps takes and times.")
        self.next(*[Scripted(given["status"], bool(given.get("takes")))] * int(given.get("times", 1)))
        return Answer(204)


@dataclass(frozen=True, slots=True)
class _Event:
    """An event that is to be told: what it says, from when on, and whether twice and in the wrong order."""

    told: Mapping[str, Any]
    due: datetime
    is_repeated: bool


def _batches(events: Sequence[_Event]) -> list[list[_Event]]:
    batches: list[list[_Event]] = []
    size = MOST_EVENT_BYTES
    for event in events:
        length = len(json.dumps(event.told)) + 1
        if size + length > MOST_EVENT_BYTES:
            batches.append([])
            size = 0
        batches[-1].append(event)
        size += length
    return batches


def _refused(number: int) -> dict[str, str | None]:
    return {"message": REFUSED_ADDRESS, "field": f"personalizations.{number}.to.0.email", "help": None}


def _as_scripted(status: int) -> Answer | None:
    if status == 0:
        return None
    if status in (413, 502):
        return Answer(status, _HTML, "text/html")
    return failed(status, {429: "too many requests", 403: "access forbidden"}.get(status, "It failed."))
