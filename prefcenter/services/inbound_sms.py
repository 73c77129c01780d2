"""A text that somebody sent us: STOP, START, HELP, ACCOUNT, or something for a person to read (S1 to S7).

What is recorded and what is answered are decided and logged in one commit, before the provider gets its answer (U3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from prefcenter.core.calendars import Duty
from prefcenter.core.channels import Channel, MessageClass, Reason, Scope, ScopeKind, Source
from prefcenter.core.consent import Basis
from prefcenter.core.errors import BadAddress
from prefcenter.core.keywords import Intent, IntentKind, intent, provider_answers
from prefcenter.services import optouts, replying
from prefcenter.services.points import Point
from prefcenter.services.ports import Evidence
from prefcenter.services.receiving import Handled, Reception, ask_person, storable
from prefcenter.services.repeating import Repeat, repeats
from prefcenter.services.suppressing import OptOut, end
from prefcenter.store import ledger, registry
from prefcenter.store.consents import ConsentRecord
from prefcenter.store.inbound import InboundMessage
from prefcenter.store.suppressions import Suppression

NARROWING_WINDOW = timedelta(hours=24)
"""For so long after a STOP its sender may narrow it to marketing by answering ACCOUNT (S5)."""

_NARROWED = "narrowed:"
"""What the source reference of a narrowed STOP begins with; the sender that it was meant for stands behind it."""


@dataclass(frozen=True, slots=True)
class InboundText:
    """A text as it came.

    Args:
        sender: whom it came from, as the provider writes it.
        to: the number that it was sent to.
        service: the Messaging Service that the number belongs to, or empty.
        body: what it says.
        opt_out_type: the provider's own reading, where it has one.
        has_media: whether pictures came with it.
    """

    sender: str
    to: str
    body: str
    service: str = ""
    opt_out_type: str | None = None
    has_media: bool = False

    @property
    def answered_by_provider(self) -> bool:
        """Whether the provider has replied itself, so that we must not (S4)."""
        return provider_answers(self.body, self.to, self.opt_out_type)

    @property
    def names(self) -> tuple[str, ...]:
        """What the sender of our texts may be known as here: the service, the number."""
        return tuple(name[:100] for name in (self.service, self.to) if name)


@dataclass(frozen=True, slots=True)
class _Case:
    """One text with all that is needed to act on it."""

    session: Session
    reception: Reception
    text: InboundText
    row: InboundMessage
    point: Point
    intent: Intent
    at: datetime
    replies: bool

    @property
    def evidence(self) -> Evidence:
        """Who said it, and in which words."""
        facts = {"inbound": self.row.id, "to": storable("/".join(self.text.names))}
        return Evidence("recipient", facts, {"text": storable(self.text.body[:1600])})


def receive(
    session: Session, reception: Reception, text: InboundText, row: InboundMessage, *, at: datetime, replies: bool
) -> Handled:
    """Do what a text asks for; within the caller's transaction.

    Args:
        session: the caller's.
        reception: what it works with.
        text: the text.
        row: the text as it was kept.
        at: now.
        replies: whether the answer reaches the sender; if not, a reply that is due is queued instead.

    Returns:
        The outcome; its answer holds ``reply``, and ``reply_until`` where it must not go out later.
    """
    meant = intent(text.body, text.opt_out_type)
    try:
        point = reception.points.phone(text.sender)
    except BadAddress:
        return _from_nobody(session, reception, text, row, meant, at)
    case = _Case(session, reception, text, row, point, meant, at, replies)
    match meant.kind:
        case IntentKind.STOP | IntentKind.STOP_GUESS:
            return _stop(case)
        case IntentKind.START:
            return _start(case)
        case IntentKind.HELP:
            return _help(case)
        case IntentKind.SCOPE_ACCOUNT:
            return _narrow(case)
        case IntentKind.EMPTY if not text.has_media:
            return Handled("ignored", problem="The text is empty.")
        case _:
            return _review(case, "sms", "It is no keyword, and does not read as a stop.")


def _from_nobody(
    session: Session, reception: Reception, text: InboundText, row: InboundMessage, meant: Intent, at: datetime
) -> Handled:
    """A short code or a name cannot be on the list; but a stop is never thrown away unread."""
    problem = "It does not come from a phone number."
    if meant.kind not in (IntentKind.STOP, IntentKind.STOP_GUESS):
        return Handled("ignored", problem=problem)
    understood = {"from": text.sender[:100], "to": text.to[:100], "text": text.body[:1600]}
    ask_person(session, row, "sms", problem, understood, Duty.SMS_OPT_OUT, at=at, country=reception.country)
    return Handled("review", problem=problem)


def _stop(case: _Case) -> Handled:
    """End everything from this sender, and all marketing texts; confirm it once (S2, S4, S5)."""
    is_sure = case.intent.certain
    scopes = _scopes(case)
    stood = any(_concerns(row, case.text) for row in optouts.standing(case.session, case.point))
    source = Source.SMS_KEYWORD if is_sure else Source.SMS_TEXT
    recorded = [
        optouts.take(
            case.session,
            case.reception.points,
            case.point,
            OptOut(Reason.OPT_OUT, scope, source, since=case.row.received_at, source_ref=f"inbound:{case.row.id}"),
            case.evidence,
            at=case.at,
        )
        for scope in scopes
    ]
    outcome = "recorded"
    if not is_sure:
        why = "It reads as a stop, and was taken as one; void it if it was none."
        _review(case, "sms_stop_guess", why, suppression_id=recorded[0].suppression_id)
        outcome = "recorded_and_review"
    if stood or not any(each.is_new for each in recorded) or case.text.answered_by_provider:
        return Handled(outcome)
    return Handled(outcome, replying.confirm_stop(_reply_to(case, scopes), stop=recorded[0].suppression_id))


def _scopes(case: _Case) -> list[Scope]:
    """The senders that we know among those that the text names; else every sender, remembering the number (S5)."""
    known = registry.senders(case.session)
    named = [Scope.sender(name) for name in case.text.names if name in known]
    return named or [Scope.every_sender(case.text.to[:100] or case.text.service[:100])]


def _concerns(row: Suppression, text: InboundText) -> bool:
    """Whether an entry is a STOP to this sender, in whichever form."""
    if row.reason != Reason.OPT_OUT.value:
        return False
    scope = Scope.parse(row.scope)
    is_stop = scope.kind in (ScopeKind.SENDER, ScopeKind.EVERY_SENDER)
    return is_stop and (scope.ref in text.names or (scope.kind is ScopeKind.EVERY_SENDER and not scope.ref))


def _start(case: _Case) -> Handled:
    """Lift the STOP of this sender, and of no other; the lift is recorded as consent (S6)."""
    rows = [row for row in _standing(case) if _concerns(row, case.text) or _is_narrowed(row, case.text)]
    if not rows:
        return Handled("ignored", problem="There is no STOP to this sender that it could lift.")
    for row in rows:
        end(case.session, row, "lift", case.evidence, at=case.at)
    for sender in _senders_of(rows):
        _consent(case, sender)
    return Handled("lifted")


def _standing(case: _Case) -> list[Suppression]:
    """The entries in force for the number that this text can speak of, locked, so that two do not both lift one.

    Texts are not always handled in the order in which they came: a START never speaks of a STOP that came after it,
    nor of what was asked for by another way as well.
    """
    rows = list(optouts.standing(case.session, case.point))
    for row in rows:
        case.session.refresh(row, with_for_update=True)
    asked_again = {each.suppression_id for each in repeats(case.session, rows) if not _spoken_of(each, case)}
    return [
        row for row in rows if row.ended_at is None and row.since <= case.row.received_at and row.id not in asked_again
    ]


_TEXTS = frozenset({Source.SMS_KEYWORD, Source.SMS_TEXT})


def _spoken_of(again: Repeat, case: _Case) -> bool:
    """Whether a text that was the same request once more came before this one, and was meant for the same sender."""
    is_same_sender = not again.source_ref.startswith(_NARROWED) or _narrowed_sender(again.source_ref) in case.text.names
    return again.source in _TEXTS and again.since <= case.row.received_at and is_same_sender


def _narrowed_sender(source_ref: str) -> str:
    return source_ref.removeprefix(_NARROWED)


def _is_narrowed(row: Suppression, text: InboundText) -> bool:
    return row.source_ref.startswith(_NARROWED) and _narrowed_sender(row.source_ref) in text.names


def _senders_of(rows: Sequence[Suppression]) -> list[str]:
    """The senders whose STOP was lifted."""
    refs = [
        _narrowed_sender(row.source_ref) if row.source_ref.startswith(_NARROWED) else Scope.parse(row.scope).ref
        for row in rows
    ]
    return [ref for ref in dict.fromkeys(refs) if ref]


def _consent(case: _Case, sender: str) -> None:
    """Record the START as a written yes to texts from this sender (S6, S9)."""
    brand = replying.brand_of(case.session, [sender])
    wording = storable(case.text.body[:1600])
    record = ConsentRecord(
        channel=Channel.SMS.value,
        digest=case.point.digest,
        pepper_id=case.point.pepper_id or "",
        purpose=MessageClass.MARKETING.value,
        scope=str(Scope.sender(sender)),
        basis=Basis.EXPRESS_WRITTEN.value,
        since=case.row.received_at,
        source=Source.SMS_KEYWORD.value,
        wording=wording,
        wording_version="",
        language="",
        evidence={"inbound": case.row.id, "to": sender, "from": str((case.point.given or {})["address"])},
        policy_version=brand.policy_version if brand is not None else 1,
        confirmed_at=case.row.received_at,
    )
    case.session.add(record)
    case.session.flush()
    ledger.append(
        case.session,
        "consent",
        at=case.at,
        actor="recipient",
        subject=case.point.digest,
        facts={
            "consent": record.id,
            "channel": record.channel,
            "scope": record.scope,
            "basis": record.basis,
            "source": record.source,
            "inbound": case.row.id,
        },
        personal={"wording": wording},
    )


def _help(case: _Case) -> Handled:
    """Answer with who we are, whom to ask, and how to stop, whatever the subscription (S7)."""
    if case.text.answered_by_provider:
        return Handled("answered")
    return Handled("answered", replying.help_with(_reply_to(case, _scopes(case))))


def _narrow(case: _Case) -> Handled:
    """Narrow a STOP of the last day to all marketing, so that account alerts go on: the person's own act (S5)."""
    rows = [row for row in _standing(case) if _concerns(row, case.text)]
    oldest = min((row.since for row in rows), default=None)
    if oldest is None or case.row.received_at - oldest > NARROWING_WINDOW:
        return _review(case, "sms", "It asks to keep account alerts only, but follows no STOP of the last day.")
    for row in rows:
        end(case.session, row, "lift", case.evidence, at=case.at)
    narrowed = OptOut(
        Reason.OPT_OUT,
        Scope.everything(),
        Source.SMS_KEYWORD,
        since=oldest,
        source_ref=f"{_NARROWED}{Scope.parse(rows[0].scope).ref}",
    )
    optouts.take(case.session, case.reception.points, case.point, narrowed, case.evidence, at=case.at)
    return Handled("recorded")


def _review(case: _Case, kind: str, why: str, *, suppression_id: int | None = None) -> Handled:
    understood = {
        "from": case.text.sender[:100],
        "to": case.text.to[:100],
        "text": case.text.body[:1600],
        "media": case.text.has_media,
    }
    ask_person(
        case.session,
        case.row,
        kind,
        why,
        understood,
        Duty.SMS_OPT_OUT,
        at=case.at,
        suppression_id=suppression_id,
        country=case.reception.country,
    )
    return Handled("review")


def _reply_to(case: _Case, scopes: Sequence[Scope]) -> replying.ReplyTo:
    return replying.ReplyTo(
        session=case.session,
        reception=case.reception,
        point=case.point,
        row=case.row,
        written_to=case.text.names[0] if case.text.names else "",
        scopes=tuple(scopes),
        is_waited_for=case.replies,
        at=case.at,
    )
