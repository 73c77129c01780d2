"""Texts leave through Twilio: its own SDK, a time-out, and no second try of what may have left.

Source: Twilio, "Message resource"; the SDK's sources (``twilio.rest``, ``twilio.http.http_client``).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from ssl import SSLCertVerificationError
from types import MappingProxyType
from typing import Any, Final, NoReturn

from requests import exceptions as http
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client
from urllib3.exceptions import MaxRetryError, NewConnectionError, SSLError

from prefcenter.core.channels import MessageClass
from prefcenter.core.decision import Cleared
from prefcenter.core.errors import BadInput
from prefcenter.core.segments import require_sendable
from prefcenter.providers.twilio_errors import reason_of, words_of
from prefcenter.providers.twilio_status import MESSAGE_ARGUMENT
from prefcenter.services.errors import RecipientRefused, SendFailed, SendLater, SendUnknown
from prefcenter.services.ports import Answer, Batch, Held, Outgoing, send_each

STATUS_PATH = "/webhooks/twilio/status"
TIMEOUT_SECONDS: Final = 20.0
"""The SDK has none of its own. Far less than a worker's lease, so that no other takes the message meanwhile."""

VALIDITY_SECONDS: Final[Mapping[MessageClass, int]] = MappingProxyType(
    {
        MessageClass.MARKETING: 15 * 60,
        MessageClass.SERVICE: 60 * 60,
        MessageClass.LEGAL: 36_000,
        MessageClass.REQUESTED: 5 * 60,
    }
)
"""So long a text may wait in Twilio's own queue: what was cleared for now must not arrive at night (S8), nor a
confirmation after its five minutes (S4). Twilio takes 36,000 at most; what expires comes back as 30036."""

_TOO_MANY = 429
_UNAUTHENTICATED = 401
_REQUEST_TIMEOUT = 408
_SCHEDULED = "scheduled"
_CANCELED = "canceled"


class TwilioSender:
    """Sends cleared texts, each by a call of its own: Twilio has none for several, and no key to make one idempotent.

    Args:
        account_sid, auth_token: the account.
        base_url: our public address, to which Twilio reports what became of a text.
        host: a stand-in on this machine that is called instead of Twilio; empty for Twilio itself.
        timeout: how long to wait for an answer, in seconds.
    """

    def __init__(
        self, account_sid: str, auth_token: str, base_url: str, *, host: str = "", timeout: float = TIMEOUT_SECONDS
    ) -> None:
        self._client = client_of(account_sid, auth_token, host=host, timeout=timeout)
        self._status_callback = f"{base_url}{STATUS_PATH}"

    @property
    def most_at_once(self) -> int:
        """One: each text is a call."""
        return 1

    def send(self, cleared: Cleared, message: Outgoing) -> str:
        """Hand a text over and return its SID; a held one where Twilio keeps it until later.

        Raises:
            RecipientRefused: it unsubscribed at Twilio, or its number is dead (S10).
            SendFailed: Twilio refused it for good, or it cannot be sent as it is.
            SendLater: nothing left, and nothing is wrong with the text.
            SendUnknown: it may have left.
        """
        parameters = _parameters(cleared, message)
        # The SID of a text that timed out never reaches us; the address that Twilio calls then tells which one it was.
        parameters["status_callback"] = f"{self._status_callback}?{MESSAGE_ARGUMENT}={message.id}"
        try:
            made = self._client.messages.create(**parameters)
        except (TwilioRestException, TwilioServiceException) as error:
            _refused(error.status, error.code)
        except http.RequestException as error:
            _unanswered(error)
        except (TwilioException, ValueError) as error:
            raise SendUnknown("Twilio answered something that is no answer; the text may have left.") from error
        if not made.sid:
            raise SendUnknown("Twilio took the text without naming it.")
        # Nothing is scheduled by us. Twilio itself may hold a text back, as its Compliance Toolkit does by night.
        return Held(made.sid) if made.status == _SCHEDULED else str(made.sid)

    def send_many(self, batch: Batch) -> list[Answer]:
        """Hand texts over one by one, an answer each."""
        return send_each(self.send, batch)

    def cancel(self, provider_id: str) -> bool:
        """Cancel a text that waits at Twilio for its time; False where it has left, or there is none.

        True also where it was canceled before, such as by a worker that died before it could say so.

        Raises:
            SendLater: Twilio was not reached, or takes no calls for now.
            SendUnknown: it may have been canceled: nobody can tell before Twilio is asked again.
        """
        try:
            return self._cancel(provider_id)
        except http.RequestException as error:
            _unanswered(error)
        except (TwilioException, ValueError) as error:
            raise SendUnknown("Twilio answered something that is no answer.") from error

    def _cancel(self, provider_id: str) -> bool:
        text = self._client.messages(provider_id)
        try:
            return bool(text.update(status=_CANCELED).status == _CANCELED)
        except (TwilioRestException, TwilioServiceException) as error:
            _raise_unless_refused(error)
        try:  # It left, there is none, or it was canceled before: the refusal is the same.
            return bool(text.fetch().status == _CANCELED)
        except (TwilioRestException, TwilioServiceException) as error:
            _raise_unless_refused(error)
            return False


def _raise_unless_refused(error: TwilioRestException | TwilioServiceException) -> None:
    """Tell a call that Twilio will not do from one that it did not take now, or may have done."""
    if error.status in (_TOO_MANY, _UNAUTHENTICATED):
        raise SendLater(words_of(error.code)) from error
    if not 400 <= error.status < 500 or error.status == _REQUEST_TIMEOUT:
        raise SendUnknown(f"Twilio answered with status {error.status}.") from error


def client_of(account_sid: str, auth_token: str, *, host: str = "", timeout: float = TIMEOUT_SECONDS) -> Client:
    """The SDK's client with a time-out, and for a stand-in with another host."""
    return Client(account_sid, auth_token, http_client=_HttpClient(host, timeout))


def _parameters(cleared: Cleared, message: Outgoing) -> dict[str, Any]:
    """What the call says.

    Raises:
        SendFailed: the text has no sender, or is none that can be sent.
    """
    if not message.sender:
        raise SendFailed(
            f"The type “{message.message_type}” has no sender, so no text of it can leave.",
            remedy="Give it a number or a Messaging Service, another one for service texts than for marketing.",
        )
    try:
        require_sendable(message.text)
    except BadInput as error:
        raise SendFailed(error.message, remedy=error.remedy) from error
    sender = "messaging_service_sid" if message.sender.startswith("MG") else "from_"
    validity = VALIDITY_SECONDS.get(cleared.ask.message_class, VALIDITY_SECONDS[MessageClass.MARKETING])
    return {"to": message.to, sender: message.sender, "body": message.text, "validity_period": validity}


def _refused(status: int, code: int | None) -> NoReturn:
    """Turn an error that Twilio answered with into one of ours."""
    reason, words = reason_of(code), words_of(code)
    if reason is not None:
        raise RecipientRefused(words, reason=reason)
    if status in (_TOO_MANY, _UNAUTHENTICATED):
        raise SendLater(words, remedy="Check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN." if status != _TOO_MANY else "")
    if not 400 <= status < 500 or status == _REQUEST_TIMEOUT:
        raise SendUnknown(f"Twilio answered with status {status}; the text may have left.")
    raise SendFailed(words)


def _unanswered(error: http.RequestException) -> NoReturn:
    """Tell what provably never left from what may have."""
    if isinstance(error, http.ConnectTimeout) or _never_connected(error):
        raise SendLater("Twilio cannot be reached; nothing left.") from error
    if isinstance(error, http.Timeout):
        raise SendUnknown("Twilio did not answer in time; the text may have left.") from error
    raise SendUnknown("The connection to Twilio broke; the text may have left.") from error


def _never_connected(error: http.RequestException) -> bool:
    """Whether no connection was made: refused, no such name, no way there, or a certificate that is not Twilio's.

    Any other fault of TLS may be one of the answer, after the text was read.
    """
    told = error.args[0] if error.args else None
    reason = told.reason if isinstance(told, MaxRetryError) else None
    if isinstance(reason, SSLError):
        return bool(reason.args) and isinstance(reason.args[0], SSLCertVerificationError)
    return isinstance(reason, NewConnectionError)


class _HttpClient(TwilioHttpClient):  # type: ignore[misc] # the SDK is not typed
    """The SDK's own client, which never tries twice and logs nothing; for a stand-in it changes the host."""

    def __init__(self, host: str, timeout: float) -> None:
        quiet = logging.getLogger("twilio.http_client")
        quiet.setLevel(logging.WARNING)  # It writes every header of every call.
        super().__init__(timeout=timeout, logger=quiet)
        self._host = host

    def request(self, method: str, url: str, *arguments: Any, **options: Any) -> Response:
        """Make the call."""
        if self._host:
            url = f"{self._host}/{url.split('/', 3)[3]}"
        return super().request(method, url, *arguments, **options)
