"""An account at Twilio that exists only here: its texts, its blocks, its consents, and what it would call us with.

It answers STOP and START itself where Twilio would, and blocks the sender that they were written to.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import format_datetime

from prefcenter.core.keywords import IntentKind, intent, provider_answers
from prefcenter.core.segments import MOST_CHARACTERS, segmentation
from prefcenter.providers.stand_ins.twilio_fates import (
    BAD_SENDER,
    LATE,
    MAGIC_NUMBERS,
    NO_BODY,
    NO_RECIPIENT,
    NO_SENDER,
    NOT_FOUND,
    NOT_SCHEDULED,
    REFUSED,
    TOO_LONG,
    UNDELIVERED,
    UNSUBSCRIBED,
    ApiError,
    Fate,
    TextScript,
)
from prefcenter.providers.stand_ins.twilio_webhooks import Call
from prefcenter.services.ports import Clock


@dataclass(frozen=True, slots=True)
class Text:
    """A text that the account took.

    Args:
        sid: its name.
        to, sender, body: as they were given; the sender is a number or a Messaging Service.
        status: ``accepted``, ``queued``, ``scheduled``, ``canceled`` …
        callback: where its statuses are told, or empty.
        parameters: all that the call gave.
        at: when it was taken.
        fate: what becomes of it.
    """

    sid: str
    to: str
    sender: str
    body: str
    status: str
    callback: str
    parameters: Mapping[str, str]
    at: datetime
    fate: Fate = Fate.DELIVERED

    @property
    def service(self) -> str | None:
        """The Messaging Service that it goes through."""
        return self.sender if self.sender.startswith("MG") else None


@dataclass
class TwilioAccount:
    """The state of the account; may be used from several threads.

    Args:
        sid: the account's name.
        token: its secret, which also signs what it posts.
        clock: tells the time.
        numbers: the Messaging Services, each with the number that its texts come from.
        fates: what becomes of texts to which number; all others are delivered.
        script: says it instead, where it says anything.
        took: told of each text that was taken, before the call is answered.
        delay: so much later the last report of a text comes whose fate is told late.
    """

    sid: str
    token: str = field(repr=False)
    clock: Clock
    numbers: Mapping[str, str] = field(default_factory=dict)
    fates: dict[str, Fate] = field(default_factory=lambda: dict(MAGIC_NUMBERS))
    texts: dict[str, Text] = field(default_factory=dict)
    blocked: set[tuple[str, str]] = field(default_factory=set)
    consents: dict[tuple[str, str], str] = field(default_factory=dict)
    pending: list[Call] = field(default_factory=list)
    """Status callbacks that are still to be posted, in the order in which things happened."""
    script: TextScript = lambda _number: None
    took: Callable[[Text], None] = lambda _text: None
    delay: timedelta = timedelta()
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def create(self, values: Mapping[str, str], foretold: tuple[Fate, bool] | None = None) -> Text | ApiError:
        """Take a text, or refuse it as the API would.

        Through a Messaging Service an unsubscribed recipient is only told by the status callback; directly, at once.

        Args:
            values: the call's parameters.
            foretold: what becomes of it, see :meth:`foretell`; by default that is asked here.
        """
        problem = _problem(values)
        if problem is not None:
            return problem
        sender = values.get("MessagingServiceSid") or values["From"]
        fate, is_repeated = foretold or self.foretell(values["To"])
        with self._lock:
            fate = Fate.OPTED_OUT if self._is_blocked(values["To"], sender) else fate
            refused = REFUSED.get(fate)
            if refused is not None and not (fate is Fate.OPTED_OUT and sender.startswith("MG")):
                return refused
            text = self._taken(values, sender, fate)
            self.texts[text.sid] = text
            self.took(text)
            if text.status != "scheduled":
                self.pending += _statuses(self, text, is_repeated)
            return text

    def foretell(self, number: str) -> tuple[Fate, bool]:
        """What becomes of a text to a number, and whether it is reported twice and in the wrong order."""
        return self.script(number) or (self.fates.get(number, Fate.DELIVERED), False)

    def cancel(self, sid: str) -> Text | ApiError:
        """Cancel a scheduled text; any other has left."""
        with self._lock:
            text = self.texts.get(sid)
            if text is None:
                return NOT_FOUND
            if text.status != "scheduled":
                return NOT_SCHEDULED
            self.texts[sid] = replace(text, status="canceled")
            return self.texts[sid]

    def hear(self, number: str, sender: str, body: str) -> None:
        """Do what Twilio does with a keyword before it calls us: block or unblock the sender that it was written to."""
        if not provider_answers(body, sender):
            return
        with self._lock:
            match intent(body).kind:
                case IntentKind.STOP:
                    self.blocked.add((number, self._blocking(sender)))
                case IntentKind.START:
                    self.blocked.discard((number, self._blocking(sender)))
                case _:
                    pass

    def consent(self, items: Iterable[Mapping[str, str]]) -> list[dict[str, object]]:
        """Take consents and opt-outs made elsewhere, an answer each."""
        return [self._consent(item) for item in items]

    def take_pending(self, at: datetime | None = None) -> list[Call]:
        """The status callbacks that are due, which are then no longer.

        Args:
            at: now; by default those are due too that are to come later.
        """
        with self._lock:
            calls, self.pending = self.pending, []
            self.pending = [call for call in calls if not call.is_due(at)]
        return [call for call in calls if call.is_due(at)]

    def put_back(self, calls: Sequence[Call]) -> None:
        """Post callbacks again another time."""
        with self._lock:
            self.pending[:0] = calls

    def forget(self, most: int, before: datetime) -> None:
        """Keep no more than so many texts, unless they are scheduled, and no callback that was due before a moment."""
        with self._lock:
            self.pending = [call for call in self.pending if call.due is None or call.due >= before]
            for sid in list(self.texts)[: max(0, len(self.texts) - most)]:
                if self.texts[sid].status != "scheduled":
                    del self.texts[sid]

    def as_json(self, text: Text) -> dict[str, object]:
        """The text as the API tells it."""
        stamp = format_datetime(text.at)
        uri = f"/2010-04-01/Accounts/{self.sid}/Messages/{text.sid}"
        return {
            "account_sid": self.sid,
            "api_version": "2010-04-01",
            "body": text.body,
            "date_created": stamp,
            "date_sent": None,
            "date_updated": stamp,
            "direction": "outbound-api",
            "error_code": None,
            "error_message": None,
            "from": None if text.service else text.sender,
            "messaging_service_sid": text.service,
            "num_media": "0",
            "num_segments": "0" if text.service else str(segmentation(text.body).segments),
            "price": None,
            "price_unit": None if text.service else "USD",
            "sid": text.sid,
            "status": text.status,
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "to": text.to,
            "uri": f"{uri}.json",
        }

    def _is_blocked(self, number: str, sender: str) -> bool:
        consent = self.consents.get((number, sender))
        return consent == "opt-out" or (number, self._blocking(sender)) in self.blocked

    def _blocking(self, sender: str) -> str:
        """What a STOP to a sender blocks: the whole Messaging Service where a number belongs to one."""
        return next((service for service, number in self.numbers.items() if sender == number), sender)

    def _taken(self, values: Mapping[str, str], sender: str, fate: Fate) -> Text:
        is_later = values.get("ScheduleType") == "fixed" and bool(values.get("SendAt")) and sender.startswith("MG")
        status = "scheduled" if is_later else "accepted" if sender.startswith("MG") else "queued"
        sid = f"SM{secrets.token_hex(16)}"
        callback = values.get("StatusCallback", "")
        return Text(sid, values["To"], sender, values["Body"], status, callback, dict(values), self.clock(), fate)

    def _consent(self, item: Mapping[str, str]) -> dict[str, object]:
        known = item.get("status") in ("opt-in", "opt-out") and item.get("contact_id", "").startswith("+")
        if known and item.get("sender_id"):
            with self._lock:
                self.consents[(item["contact_id"], item["sender_id"])] = item["status"]
        code, told = (0, []) if known else (20001, ["Invalid contact_id or status"])
        return {"correlation_id": item.get("correlation_id", ""), "error_code": code, "error_messages": told}


def _problem(values: Mapping[str, str]) -> ApiError | None:
    """What is wrong with a call, whoever it is for."""
    if not values.get("To"):
        return NO_RECIPIENT
    if not (values.get("From") or values.get("MessagingServiceSid")):
        return NO_SENDER
    if values.get("From") == "+15005550001":
        return BAD_SENDER
    if not values.get("Body"):
        return NO_BODY
    return TOO_LONG if len(values["Body"].encode("utf-16-le")) // 2 > MOST_CHARACTERS else None


def _statuses(account: TwilioAccount, text: Text, is_repeated: bool) -> list[Call]:
    if not text.callback:
        return []
    code = UNDELIVERED.get(text.fate)
    last = "delivered" if code is None else "failed" if code == UNSUBSCRIBED.code else "undelivered"
    *first, end = ("failed",) if last == "failed" else ("queued", "sent", last)
    due = text.at + account.delay if text.fate in LATE else text.at
    return [
        *(Call(text.callback, _status(account, text, status), text.at, is_repeated) for status in first),
        Call(text.callback, _status(account, text, end, code), due, is_repeated),
    ]


def _status(account: TwilioAccount, text: Text, status: str, code: int | None = None) -> dict[str, str]:
    values = {
        "ApiVersion": "2010-04-01",
        "AccountSid": account.sid,
        "From": account.numbers.get(text.sender, "") if text.service else text.sender,
        "MessageSid": text.sid,
        "MessageStatus": status,
        "SmsSid": text.sid,
        "SmsStatus": status,
        "To": text.to,
    }
    values |= {"MessagingServiceSid": text.service} if text.service else {}
    return values | ({"ErrorCode": str(code)} if code is not None else {})
