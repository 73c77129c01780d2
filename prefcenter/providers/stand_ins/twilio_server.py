"""The stand-in for Twilio: speaks its REST API to the real SDK, and calls our webhooks back as Twilio would.

Beside the API it has ``/stand-in/…``, by which a test or a person tells it what to do: give a number a fate, post the
status callbacks (twice, in the wrong order), write a text as a recipient would.

Source: Twilio, "Message resource", "Consent Management API"; the SDK's sources for paths and shapes.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from prefcenter.providers.stand_ins.loopback import Answer, Asked, LoopbackServer
from prefcenter.providers.stand_ins.twilio_account import Text, TwilioAccount
from prefcenter.providers.stand_ins.twilio_fates import NOT_FOUND, UNAUTHENTICATED, ApiError, Fate
from prefcenter.providers.stand_ins.twilio_webhooks import Call, Post, Posted, inbound_values, post_on_this_machine

_HTML = b"<!doctype html><html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"
_SILENCE_SECONDS = 60.0
_MOST_CONSENTS = 25


class TwilioStandIn:
    """Serves an account on a loopback port, from entering the ``with`` to leaving it.

    Args:
        account: the account.
        post: how webhooks are posted; by default over the network of this machine.
        port: 0 takes a free one.
        poll_seconds: how often it looks whether it is to stop.
    """

    def __init__(
        self, account: TwilioAccount, *, post: Post | None = None, port: int = 0, poll_seconds: float = 0.02
    ) -> None:
        self.account = account
        self._post = post or post_on_this_machine
        self._server = LoopbackServer(self._respond, port, poll_seconds=poll_seconds)
        self._go_on = threading.Event()

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._server.url

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.go_on()
        self._server.stop()

    def go_on(self) -> None:
        """Answer whatever was slow."""
        self._go_on.set()

    def call_back(self, *, times: int = 1, is_reversed: bool = False) -> list[Posted]:
        """Post the status callbacks that are due, each so many times, in order or the other way round."""
        calls = self.account.take_pending()
        ordered = list(reversed(calls)) if is_reversed else calls
        return [self._call(call) for _ in range(times) for call in ordered]

    def text_us(self, url: str, *, number: str, sender: str, body: str, sid: str = "", times: int = 1) -> list[Posted]:
        """Write to us as a recipient does; Twilio's own keywords are handled first, as Twilio handles them.

        Args:
            url: our webhook.
            number: whose text it is.
            sender: what it is sent to: a number, or a Messaging Service.
            body: what it says.
            sid: its name; by default a new one.
            times: how often it is posted.
        """
        account = self.account
        account.hear(number, sender, body)
        own = account.numbers.get(sender, "")
        values = inbound_values(account.sid, number=number, sender=sender, body=body, sender_number=own, sid=sid)
        return [self._call(Call(url, values)) for _ in range(times)]

    def _call(self, call: Call) -> Posted:
        return self._post(call.url, call.body, call.headers(self.account.token))

    def _respond(self, asked: Asked) -> Answer | None:
        path = urlsplit(asked.path).path
        if path.startswith("/stand-in/"):
            return self._direct(path.removeprefix("/stand-in/"), asked)
        if not self._is_known(asked):
            return _error(UNAUTHENTICATED)
        base = f"/2010-04-01/Accounts/{self.account.sid}/Messages"
        if asked.method == "POST" and path == f"{base}.json":
            return self._create(_form(asked.body))
        if path.startswith(f"{base}/"):
            return self._one(asked, path.removeprefix(f"{base}/").removesuffix(".json"))
        if asked.method == "POST" and path == "/v1/Consents/Bulk":
            return self._consents(asked)
        return _error(NOT_FOUND)

    def _is_known(self, asked: Asked) -> bool:
        wanted = base64.b64encode(f"{self.account.sid}:{self.account.token}".encode()).decode()
        return asked.headers.get("authorization") == f"Basic {wanted}"

    def _create(self, values: Mapping[str, str]) -> Answer | None:
        foretold = fate, _ = self.account.foretell(values.get("To", ""))
        if fate is Fate.HTML:
            return Answer(502, _HTML, "text/html")
        made = self.account.create(values, foretold)
        if isinstance(made, ApiError):
            return _error(made)
        match fate:
            case Fate.GARBLED:
                return Answer(201, _HTML, "text/html")
            case Fate.BREAKS:
                return None
            case Fate.HANGS | Fate.SLOW:
                self._go_on.wait(_SILENCE_SECONDS)
                return _json(self.account.as_json(made), 201) if fate is Fate.SLOW else None
            case _:
                return _json(self.account.as_json(made), 201)

    def _one(self, asked: Asked, sid: str) -> Answer:
        if asked.method == "POST" and _form(asked.body).get("Status") == "canceled":
            return self._told(self.account.cancel(sid))
        return self._told(self.account.texts.get(sid, NOT_FOUND))

    def _told(self, found: Text | ApiError) -> Answer:
        return _error(found) if isinstance(found, ApiError) else _json(self.account.as_json(found))

    def _consents(self, asked: Asked) -> Answer:
        items = [json.loads(item) for item in parse_qs(asked.body.decode()).get("Items", [])]
        if not 0 < len(items) <= _MOST_CONSENTS:
            return _error(ApiError(400, 20001, "Between 1 and 25 items can be sent"))
        return _json({"items": self.account.consent(items)}, 201)

    def _direct(self, what: str, asked: Asked) -> Answer:
        values = _form(asked.body)
        match asked.method, what:
            case "GET", "texts":
                return _json([self.account.as_json(text) for text in list(self.account.texts.values())])
            case "POST", "fates" if values.get("fate") in set(Fate):
                self.account.fates[values.get("number", "")] = Fate(values["fate"])
                return _json({})
            case "POST", "callbacks":
                posted = self.call_back(times=int(values.get("times", "1")), is_reversed="reversed" in values)
                return _posted(posted)
            case "POST", "texts":
                return _posted(
                    self.text_us(
                        values.get("url", ""),
                        number=values.get("number", ""),
                        sender=values.get("sender", ""),
                        body=values.get("body", ""),
                        times=int(values.get("times", "1")),
                    )
                )
            case _:
                return _error(NOT_FOUND)


def _form(body: bytes) -> dict[str, str]:
    return {name: found[0] for name, found in parse_qs(body.decode(), keep_blank_values=True).items()}


def _json(value: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value).encode())


def _error(error: ApiError) -> Answer:
    return _json(error.as_json(), error.status)


def _posted(posted: Sequence[Posted]) -> Answer:
    return _json([{"status": one.status, "body": one.body} for one in posted])
