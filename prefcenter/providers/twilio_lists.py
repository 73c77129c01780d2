"""Twilio is told of opt-outs that were made elsewhere, sender by sender. It has no call that lists those it knows.

Source: Twilio, "Consent Management API: bulk"; the SDK's sources (``twilio.rest.accounts.v1.bulk_consents``).
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from requests import exceptions as http
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException

from prefcenter.core.channels import Channel, Source
from prefcenter.core.errors import Unavailable
from prefcenter.providers.call_rate import MOST_TRIES, CallRate, Wait
from prefcenter.providers.twilio_api import TIMEOUT_SECONDS, client_of
from prefcenter.services.list_ports import Page, Said
from prefcenter.services.ports import Clock

MOST_ITEMS: Final = 25
MOST_CALLS_A_MINUTE: Final = 100

SENDER: Final = "sender:"

_SOURCES: Final[Mapping[Source, str]] = MappingProxyType(
    {
        Source.ONE_CLICK: "website",
        Source.UNSUBSCRIBE_PAGE: "website",
        Source.PREFERENCE_PAGE: "website",
        Source.OPERATOR: "offline",
        Source.IMPORT: "offline",
        Source.SNAIL_MAIL_REQUEST: "offline",
    }
)
_TEXTS: Final = frozenset({Source.SMS_KEYWORD, Source.SMS_TEXT})
_TOO_MANY = 429
_NO_RIGHT = (401, 403)
_KEPT: Final = "What was done so far is kept; the next run goes on from there."


class TwilioLists:
    """The opt-outs of one account, by sender: a number or a Messaging Service.

    Args:
        account_sid, auth_token: the account.
        clock: tells the time.
        host: a stand-in on this machine that is called instead of Twilio; empty for Twilio itself.
        wait: waits where Twilio limits the calls.
        timeout: how long to wait for an answer, in seconds.
    """

    name = "twilio"
    label = "Twilio"
    channel = Channel.SMS
    can_be_read = False
    most_at_once = MOST_ITEMS

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        clock: Clock,
        *,
        host: str = "",
        wait: Wait = time.sleep,
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        self._client = client_of(account_sid, auth_token, host=host, timeout=timeout)
        self._rate = CallRate("Twilio", clock, wait, most=MOST_CALLS_A_MINUTE)

    def lists(self) -> Mapping[str, str]:
        """None: Twilio does not tell."""
        return {}

    def page(self, named: str, since: datetime | None, until: datetime, offset: int) -> Page:  # noqa: ARG002 - the port's
        """Nothing: Twilio does not tell."""
        return Page([])

    def tell(self, named: str, said: Sequence[Said]) -> Sequence[str]:
        """Tell Twilio that people opted out from a sender.

        Raises:
            Unavailable: Twilio cannot be asked now.
        """
        return self._consents(named, said, "opt-out")

    def release(self, named: str, said: Sequence[Said]) -> Sequence[str]:
        """Tell Twilio that people opted in to a sender again, by their own act.

        Raises:
            Unavailable: Twilio cannot be asked now.
        """
        return self._consents(named, said, "opt-in")

    def _consents(self, named: str, said: Sequence[Said], status: str) -> list[str]:
        names = [uuid.uuid4().hex for _ in said]
        items = [
            {
                "contact_id": one.address,
                "correlation_id": name,
                "sender_id": named.removeprefix(SENDER),
                "status": status,
                "source": _source(one.source, status),
                "date_of_consent": one.since.strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
            for name, one in zip(names, said, strict=True)
        ]
        told = {str(each.get("correlation_id")): each for each in self._call(items) if isinstance(each, dict)}
        return [_problem(told.get(name)) for name in names]

    def _call(self, items: list[dict[str, str]]) -> Sequence[Any]:
        for _ in range(MOST_TRIES):
            self._rate.before_call()
            try:
                answer = self._client.accounts.v1.bulk_consents.create(items=list(items))
            except (TwilioRestException, TwilioServiceException) as error:
                self._refused(int(error.status))
            except http.RequestException as error:
                raise Unavailable("Twilio cannot be reached, or did not answer in time.", remedy=_KEPT) from error
            except (TwilioException, ValueError) as error:
                raise _no_answer() from error
            else:
                if not isinstance(answer.items, list):
                    raise _no_answer()
                return answer.items
        raise Unavailable("Twilio says again and again that there are too many calls.", remedy=_KEPT)

    def _refused(self, status: int) -> None:
        """Read an error; returns where the call may be made again."""
        if status == _TOO_MANY:
            self._rate.refused(None)
        elif status in _NO_RIGHT:
            raise Unavailable(
                f"Twilio does not let our account do this ({status}).",
                remedy="Check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, and that the Consent API is enabled for it.",
            )
        else:
            raise Unavailable(f"Twilio answered with status {status}.", remedy=_KEPT)


def _no_answer() -> Unavailable:
    return Unavailable("Twilio answered with something that is no answer, such as a page.", remedy=_KEPT)


def _source(source: Source, status: str) -> str:
    """How Twilio calls the way on which it reached us."""
    if source in _TEXTS:
        return f"{status}-message"
    return _SOURCES.get(source, "others")


def _problem(answer: Any) -> str:
    """What was wrong with an item, by its number alone: Twilio's words repeat what was sent (X8)."""
    if answer is None:
        return "Twilio did not answer for it"
    code = answer.get("error_code") or 0
    return f"Twilio: error {code}" if code else ""
