"""An account at Twilio that exists only here: its texts, its blocks, its consents, and what it would call us with.

It answers STOP and START itself where Twilio would, and blocks the sender that they were written to.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import format_datetime

from prefcenter.core.keywords import IntentKind, intent, provider_answers
from prefcenter.core.segments import MOST_CHARACTERS, segmentation
from prefcenter.providers.stand_ins.twilio_fates import (
    BAD_SENDER,
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
    """

    sid: str
    to: str
    sender: str
    body: str
    status: str
    callback: str
    parameters: Mapping[str, str]
    at: datetime

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
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def create(self, values: Mapping[str, str]) -> Text | ApiError:
        """Take a text, or refuse it as the API would.

        Through a Messaging Service an unsubscribed recipient is only told by the status callback; directly, at once.
        """
        problem = _problem(values)
        if problem is not None:
            return problem
        sender = values.get("MessagingServiceSid") or values["From"]
        with self._lock:
            fate = self._fate(values["To"], sender)
            refused = REFUSED.get(fate)
            if refused is not None and not (fate is Fate.OPTED_OUT and sender.startswith("MG")):
                return refused
            text = self._taken(values, sender)
            self.texts[text.sid] = text
            if text.status != "scheduled":
                self.pending += _statuses(self, text, fate)
            return text

    def fate_of(self, number: str) -> Fate:
        """What becomes of texts to a number."""
        return self.fates.get(number, Fate.DELIVERED)

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

    def take_pending(self) -> list[Call]:
        """The status callbacks that are due, which are then no longer."""
        with self._lock:
            calls, self.pending = self.pending, []
        return calls

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

    def _fate(self, number: str, sender: str) -> Fate:
        is_blocked = (number, self._blocking(sender)) in self.blocked or self.consents.get(
            (number, sender)
        ) == "opt-out"
        return Fate.OPTED_OUT if is_blocked else self.fate_of(number)

    def _blocking(self, sender: str) -> str:
        """What a STOP to a sender blocks: the whole Messaging Service where a number belongs to one."""
        return next((service for service, number in self.numbers.items() if sender == number), sender)

    def _taken(self, values: Mapping[str, str], sender: str) -> Text:
        is_later = values.get("ScheduleType") == "fixed" and bool(values.get("SendAt")) and sender.startswith("MG")
        status = "scheduled" if is_later else "accepted" if sender.startswith("MG") else "queued"
        sid = f"SM{len(self.texts) + 1:032x}"
        callback = values.get("StatusCallback", "")
        return Text(sid, values["To"], sender, values["Body"], status, callback, dict(values), self.clock())

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


def _statuses(account: TwilioAccount, text: Text, fate: Fate) -> list[Call]:
    if not text.callback:
        return []
    code = UNDELIVERED.get(fate)
    last = "delivered" if code is None else "failed" if code == UNSUBSCRIBED.code else "undelivered"
    first = ("failed",) if last == "failed" else ("queued", "sent", last)
    return [_status(account, text, status, code if status == last else None) for status in first]


def _status(account: TwilioAccount, text: Text, status: str, code: int | None) -> Call:
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
    return Call(text.callback, values | ({"ErrorCode": str(code)} if code is not None else {}))
