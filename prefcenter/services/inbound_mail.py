"""A mail that somebody sent us: a tokened unsubscribe mail, a NO SNAIL MAIL request, or something for a person to read.

A mail may *add* an opt-out, whoever it claims to come from; it can never lift one, nor show its sender anything on
file. Nothing is discarded: what is neither of the two goes to review, and what is ignored is kept (P2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from prefcenter.core.calendars import Duty
from prefcenter.core.channels import Level, Reason, Scope, Source
from prefcenter.core.errors import BadAddress
from prefcenter.core.mail import Mail
from prefcenter.core.postal.address import PostalAddress
from prefcenter.core.postal.request import FIELDS, Reading, Request, asks_no_snail_mail, read_request
from prefcenter.core.postal.zip_finding import only_zip
from prefcenter.core.tokens import Purpose
from prefcenter.services import forwarded_mail, optouts
from prefcenter.services.acknowledging import Acknowledged, acknowledge
from prefcenter.services.links import token_in_mailbox
from prefcenter.services.ports import Evidence
from prefcenter.services.receiving import Handled, Reception, ask_person, named, storable
from prefcenter.services.suppressing import OptOut
from prefcenter.store.inbound import InboundMessage

PROVIDER = "mail"
"""What all mail is kept under, whoever hands it over, so that its name is unique across them."""

_MOST_WORDS = 4_000


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    """A mail with what its carrier says about it.

    Args:
        mail: the mail, read.
        recipients: of the SMTP envelope.
        is_authentic: whether SPF or DKIM vouch for the domain of its From.
        problem: why it could not be read wholly, or empty.
    """

    mail: Mail
    recipients: tuple[str, ...] = ()
    is_authentic: bool = False
    problem: str = ""

    def identity(self) -> str:
        """Name the mail by what stays the same when it is handed over again.

        Its Message-ID alone would not do: some programs give every mail the same one, and a request must not be lost.
        Nor do its words: an unsubscribe mail has always the same, and may come again after a later yes.
        """
        mail = self.mail
        date = mail.date.isoformat() if mail.date is not None else ""
        return named(mail.message_id, mail.from_address, mail.subject, mail.text, date)

    @property
    def is_identifiable(self) -> bool:
        """Whether it bears anything that tells it from another mail with the same words."""
        return bool(self.mail.message_id) or self.mail.date is not None

    def delivery(self) -> str:
        """Name this delivery of the mail: the mail and its envelope."""
        return named(self.identity(), *sorted(recipient.lower() for recipient in self.recipients))


def receive(
    session: Session, reception: Reception, received: ReceivedMail, row: InboundMessage, *, at: datetime
) -> Handled:
    """Do what a mail asks for; within the caller's transaction.

    The answer is what ``prefcenter inbound --json`` prints, without the id.
    """
    mail = received.mail
    unsubscribed = _by_mailbox(session, reception, received, row, at)
    if asks_no_snail_mail(mail.subject):
        return _postal_request(session, reception, received, row, at)
    if unsubscribed is not None:
        return unsubscribed
    if mail.is_auto_reply:
        return _told("ignored", problem="A machine sent it, and it names no mailbox of ours.")
    if forwarded_mail.is_meant(mail, received.recipients, reception.inbound_domain):
        return _by_forwarding(session, reception, mail, row, at)
    why = received.problem or "It asks for nothing that we read by machine."
    _review(session, reception, row, "mail", why, {"subject": mail.subject, "text": mail.text[:_MOST_WORDS]}, at)
    return _told("review", leftover=mail.text, problem=received.problem)


def _by_mailbox(
    session: Session, reception: Reception, received: ReceivedMail, row: InboundMessage, at: datetime
) -> Handled | None:
    """Unsubscribe by the token in a recipient's address, whatever the From says (E8); None without such a recipient."""
    mail = received.mail
    recipients = dict.fromkeys((*received.recipients, *mail.delivered_to, *mail.to, *mail.cc))
    found = [token_in_mailbox(recipient.strip("<> "), reception.inbound_domain) for recipient in recipients]
    texts = list(dict.fromkeys(text for text in found if text is not None))
    if not texts:
        return None
    if mail.is_auto_reply and not mail.x_apple_unsubscribe:
        return _told("ignored", problem="An ordinary auto-reply is no opt-out.")
    tokens = [reception.keyring.signing.read(text) for text in texts]
    valid = [token for token in tokens if token is not None and token.purpose is Purpose.UNSUBSCRIBE]
    if not valid:
        words = {"subject": mail.subject, "text": mail.text[:_MOST_WORDS]}
        _review(session, reception, row, "forged_token", "Its unsubscribe mailbox holds no token of ours.", words, at)
        return _told("review", leftover=mail.text)
    for token in valid:
        target = optouts.target_of(session, reception.points, token)
        evidence = _evidence(row, mail)
        optouts.take_one_click(session, reception.points, target, Source.UNSUBSCRIBE_MAIL, evidence, at=at)
    return _told("unsubscribed")


def _by_forwarding(session: Session, reception: Reception, mail: Mail, row: InboundMessage, at: datetime) -> Handled:
    """Unsubscribe by the links in a mail of ours that was forwarded (E19); what is not clear goes to a person."""
    tokens = forwarded_mail.tokens_in(mail, reception.keyring.signing)
    if len({token.digest for token in tokens}) != 1:
        why = "It holds mails to several recipients." if tokens else "It holds no link of ours that could be read."
        words = {"subject": mail.subject, "text": mail.text[:_MOST_WORDS]}
        _review(session, reception, row, "mail", why, words, at)
        return _told("review", leftover=mail.text)
    for token in tokens:
        target = optouts.target_of(session, reception.points, token)
        evidence = _evidence(row, mail)
        optouts.take_one_click(session, reception.points, target, Source.UNSUBSCRIBE_MAIL, evidence, at=at)
    return _told("unsubscribed")


def _postal_request(
    session: Session, reception: Reception, received: ReceivedMail, row: InboundMessage, at: datetime
) -> Handled:
    """Record what a NO SNAIL MAIL request says, ask a person where it is unclear, acknowledge once (P1 to P4)."""
    reading = read_request(received.mail)
    shown = tuple(_with_found_zip(request) for request in reading.requests)
    doubts = [*reading.doubts, *([received.problem] if received.problem else [])]
    recorded: list[Request] = []
    for request in reading.requests:
        try:
            taken = _take(session, reception, request, row, received.mail, at)
        except BadAddress as error:
            doubts.append(error.message)
            continue
        if taken is None or taken.level is not request.level:
            doubts.append(f"Whom it covers is unclear: {request.level}.")
        recorded += [taken] if taken is not None else []
    needs_person = bool(doubts) or not reading.certain
    due_at = _ask_about(session, reception, replace(reading, requests=shown), doubts, row, at) if needs_person else None
    acknowledge(
        session,
        reception,
        received.mail,
        Acknowledged(recorded, row.received_at, due_at),
        is_authentic=received.is_authentic,
        cause=f"acknowledge:{received.identity()}",
        at=at,
    )
    outcome = "recorded" if not needs_person else "recorded_and_review" if recorded else "review"
    return _told(outcome, requests=shown, leftover=reading.leftover)


FOUND_SURENESS = 0.9
"""How sure a ZIP is that the person did not write: the town has only this one, if the town is right."""


def _with_found_zip(request: Request) -> Request:
    """The request with the one ZIP Code of its town, where none was written, for whoever looks at it (P2).

    What is put on the list stays as it was written (P8): without a ZIP it holds in the whole town.
    """
    if request.zip or not (request.address1 and request.city and request.state):
        return request
    found = only_zip(request.city, request.state)
    if found is None:
        return request
    return replace(request, zip=found, confidence={**request.confidence, "zip": FOUND_SURENESS})


def _take(
    session: Session, reception: Reception, request: Request, row: InboundMessage, mail: Mail, at: datetime
) -> Request | None:
    """Record one request as far as acting on it harms nobody else.

    An unclear request is taken for the named person alone: a household or a firm would be others' loss (P15).

    Returns:
        The request as it was recorded, or None where it names nobody.

    Raises:
        BadAddress: mail cannot be addressed like that.
    """
    if not request.is_certain and request.level is not Level.INDIVIDUAL:
        request = replace(request, level=Level.INDIVIDUAL)
    if request.level is Level.INDIVIDUAL and not request.name:
        return None
    point = reception.points.post(_address(request), request.level)
    opt_out = OptOut(
        Reason.OPT_OUT,
        Scope.everything(),
        Source.SNAIL_MAIL_REQUEST,
        since=row.received_at,
        source_ref=f"inbound:{row.id}",
    )
    optouts.take(session, reception.points, point, opt_out, _evidence(row, mail), at=at)
    return request


def _address(request: Request) -> PostalAddress:
    values = {name: " ".join(str(getattr(request, name)).split()) for name in FIELDS if name != "care_of"}
    return PostalAddress(**values)


def _ask_about(
    session: Session,
    reception: Reception,
    reading: Reading,
    doubts: Sequence[str],
    row: InboundMessage,
    at: datetime,
) -> datetime:
    understood = {
        "requests": [request_json(request) for request in reading.requests],
        "leftover": reading.leftover[:_MOST_WORDS],
        "doubts": list(dict.fromkeys(doubts)),
    }
    why = " ".join(dict.fromkeys(doubts)) or "Not every part of it is clear."
    return _review(session, reception, row, "postal_request", why, understood, at)


def _review(
    session: Session,
    reception: Reception,
    row: InboundMessage,
    kind: str,
    why: str,
    understood: Mapping[str, Any],
    at: datetime,
) -> datetime:
    duty = Duty.POSTAL_OPT_OUT if kind == "postal_request" else Duty.EMAIL_OPT_OUT
    return ask_person(session, row, kind, why, understood, duty, at=at, country=reception.country)


def _evidence(row: InboundMessage, mail: Mail) -> Evidence:
    personal = {"from": mail.from_address, "subject": mail.subject, "text": mail.text[:_MOST_WORDS]}
    return Evidence(
        actor="recipient",
        facts={"inbound": row.id},
        personal={name: storable(value) for name, value in personal.items()},
    )


def _told(outcome: str, *, requests: Sequence[Request] = (), leftover: str = "", problem: str = "") -> Handled:
    answer = {
        "outcome": outcome,
        "requests": [request_json(request) for request in requests],
        "leftover": leftover[: _MOST_WORDS * 4],
    }
    return Handled(outcome, answer, problem)


def request_json(request: Request) -> dict[str, Any]:
    """A request as ``inbound --json`` and the review show it: as the person wrote it."""
    values = asdict(request)
    return values | {"level": request.level.value, "confidence": dict(request.confidence)}
