"""Mail leaves through SendGrid: its own SDK, a time-out, one recipient a mail, and no second try of what may have left.

Source: SendGrid, "Mail Send"; the SDK's sources (``python_http_client.client``).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from email.utils import parseaddr
from http.client import HTTPException
from typing import Final

from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient

from prefcenter.core.decision import Cleared
from prefcenter.core.errors import BadInput, PrefcenterError
from prefcenter.core.mail_headers import checked_body, checked_line
from prefcenter.providers.sendgrid_batches import MOST_PERSONALIZATIONS, Call, Mail, calls, request_of
from prefcenter.providers.sendgrid_errors import refusal, unanswered
from prefcenter.services.errors import DecidedTooLongAgo, NotHandedOver, SendFailed, SendLater, SendUnknown
from prefcenter.services.ports import Answer, Batch, Outgoing

TIMEOUT_SECONDS: Final = 20.0
"""The SDK has none of its own. Far less than a worker's lease, so that no other takes the message meanwhile."""

MOST_ROUNDS: Final = 10
"""So often a call is made again without the recipients that SendGrid refused."""

SENDGRID: Final = "https://api.sendgrid.com"
_ACCEPTED = 202
_LATE = DecidedTooLongAgo("The mail was not handed over within the time of its decision.")

# The SDK logs whole mails with their addresses, and our key, where everything is logged (X8).
logging.getLogger("python_http_client").setLevel(logging.WARNING)


class SendGridSender:
    """Sends cleared mails, up to a thousand alike ones in a call, each to a recipient who sees no other.

    Args:
        api_key: the account's key.
        host: a stand-in on this machine that is called instead of SendGrid; empty for SendGrid itself.
        timeout: how long to wait for an answer, in seconds.
    """

    def __init__(self, api_key: str, *, host: str = "", timeout: float = TIMEOUT_SECONDS) -> None:
        self._client = SendGridAPIClient(api_key, host=host or SENDGRID)
        self._timeout = timeout

    @property
    def most_at_once(self) -> int:
        """A thousand. Source: SendGrid, "Mail Send: limitations"."""
        return MOST_PERSONALIZATIONS

    def send(self, cleared: Cleared, message: Outgoing) -> str:
        """Hand a mail over and return SendGrid's name for it.

        Raises:
            SendFailed: SendGrid refused it for good, or it cannot be sent as it is.
            SendLater: nothing left, and nothing is wrong with the mail.
            SendUnknown: it may have left.
        """
        answer = self.send_many([(cleared, message)])[0]
        if isinstance(answer, PrefcenterError):
            raise answer
        return answer

    def send_many(self, batch: Batch) -> Sequence[Answer]:
        """Hand mails over and return for each SendGrid's name for it, or what became of it, in their order.

        Those of one call have the same name; their events tell them apart by our own. Once a call was not answered or
        SendGrid takes no more, no further one is begun; nor once what was decided of the mails no longer holds (X2).
        """
        answers: dict[int, Answer] = {}
        mails = []
        for place, (cleared, message) in enumerate(batch):
            problem = _problem(message)
            if problem:
                answers[place] = SendFailed(problem)
            else:
                mails.append(Mail.of(place, cleared, message))
        stopped: PrefcenterError | None = None
        for call in calls(mails):
            if stopped is not None:
                answers |= dict.fromkeys((mail.place for mail in call.mails), stopped)
                continue
            found = self._hand_over(call)
            answers |= found
            if any(isinstance(answer, DecidedTooLongAgo) for answer in found.values()):
                stopped = _LATE
            elif any(isinstance(answer, SendLater | SendUnknown) for answer in found.values()):
                stopped = NotHandedOver("SendGrid takes nothing more for now; this mail was not handed over yet.")
        return [answers[place] for place in range(len(batch))]

    def cancel(self, provider_id: str) -> bool:  # noqa: ARG002 - it is given nothing to hold
        """Nothing can be called back: mail waits in our own queue, and SendGrid is never asked to hold any."""
        return False

    def _hand_over(self, call: Call) -> dict[int, Answer]:
        """Make a call, and again without those whom its answer refused: of a refused call nothing was taken."""
        answers: dict[int, Answer] = {}
        for _ in range(MOST_ROUNDS):
            if not call.mails[0].message.in_time():
                return answers | dict.fromkeys((mail.place for mail in call.mails), _LATE)
            name, error, refused = self._make(call)
            if error is None:
                return answers | dict.fromkeys((mail.place for mail in call.mails), name)
            named = {number: said for number, said in refused.items() if number < len(call.mails)}
            if not named:
                return answers | dict.fromkeys((mail.place for mail in call.mails), error)
            answers |= {call.mails[number].place: said for number, said in named.items()}
            call = call.only([number for number in range(len(call.mails)) if number not in named])
            if not call.mails:
                return answers
        later = NotHandedOver("SendGrid refused too many beside it; this mail was not handed over yet.")
        return answers | dict.fromkeys((mail.place for mail in call.mails), later)

    def _make(self, call: Call) -> tuple[str, PrefcenterError | None, dict[int, SendFailed]]:
        """Call once: SendGrid's name for the call, or what its mails met, and what was said of single ones."""
        message = call.mails[0].message
        request = request_of(call, _sender(message), _reply_to(message))
        try:
            answer = self._client.client.mail.send.post(request_body=request, timeout=self._timeout)
        except HTTPError as error:
            told = refusal(int(error.status_code), error.body)
            return "", told.error, told.persons
        except OSError as error:
            return "", unanswered(error), {}
        except HTTPException:
            return "", SendUnknown("SendGrid broke off its answer; the mail may have left."), {}
        if answer.status_code != _ACCEPTED:
            return "", refusal(int(answer.status_code), b"").error, {}
        return str(answer.headers.get("X-Message-Id") or ""), None, {}


def _problem(message: Outgoing) -> str:
    """Why a mail cannot be handed over as it is, or nothing."""
    if not message.sender:
        return "The mail has no address that it comes from."
    if not (message.text or message.html):
        return "The mail is empty."
    try:
        checked_line(message.subject, "subject")
        checked_body(message.text, "text")
        checked_body(message.html, "HTML")
        for name, value in message.headers.items():
            checked_line(name, "name of a header")
            checked_line(value, "value of a header")
    except BadInput as error:
        return error.message
    return ""


def _sender(message: Outgoing) -> dict[str, str]:
    """Whom it comes from: the address that the outbox says, and the name where the mail's own From has it."""
    name, address = parseaddr(message.headers.get("From", ""))
    named = {"name": name} if name and address.lower() == message.sender.lower() else {}
    return {"email": message.sender} | named


def _reply_to(message: Outgoing) -> dict[str, str] | None:
    address = parseaddr(message.headers.get("Reply-To", ""))[1]
    return {"email": address} if address else None
