"""Message types are registered, not claimed: one operator proposes a service or legal type, another one approves it.

Nothing changes what an approved type declares: who wants it otherwise proposes another one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, MessageClass, ServiceCategory
from prefcenter.core.errors import BadInput
from prefcenter.core.keys import canonicalise_email, canonicalise_phone
from prefcenter.services.errors import NotAllowed, UnknownType
from prefcenter.services.gate import OWN_TYPES
from prefcenter.services.links import the_brand
from prefcenter.services.operators import RoleName
from prefcenter.services.ports import Evidence
from prefcenter.services.registering import check_slug, few_lines, insert_once, one_line, tell
from prefcenter.store import operators, registry
from prefcenter.store.registry import Brand, MessageType, Topic

NEEDS_APPROVAL = frozenset({MessageClass.SERVICE, MessageClass.LEGAL, MessageClass.REQUESTED})
"""Classes that reach people who opted out of marketing, so that nobody may declare them alone."""

MAY_APPROVE = frozenset({RoleName.APPROVER.value, RoleName.ADMIN.value})

SYSTEM = "system"
"""Who acts where nobody is named; it sets up what the product begins with, and answers for nothing later."""

_MESSAGING_SERVICE = re.compile(r"MG[0-9a-f]{32}", re.ASCII)
_SHORT_CODE = re.compile(r"[0-9]{3,8}", re.ASCII)

_STATUTE = {
    ServiceCategory.TRANSACTION: "It completes or confirms a transaction that the recipient agreed to.",
    ServiceCategory.SAFETY: "It tells of a warranty, a recall, or the safety of what the recipient uses or bought.",
    ServiceCategory.ACCOUNT: "It tells of a change, the standing or the balance of the recipient's account.",
    ServiceCategory.EMPLOYMENT: "It tells of employment, or of a benefit plan that the recipient takes part in.",
    ServiceCategory.DELIVERY: "It delivers what the recipient is entitled to by a transaction agreed to before.",
}
"""What a category says, where the set-up gave no words of its own. Source: 15 USC 7702(17)(A)(i)-(v)."""


class TypeState(StrEnum):
    """Where a message type stands; only an approved one is ever sent."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class TypeFacts:
    """What a message type declares.

    Args:
        name: what it is called.
        message_class: its class; sharing is none, since it is no message.
        channel: the channel that it goes by.
        brand: the brand's slug; None where there is only one.
        topic: the topic's slug, or None for marketing in general and for all that is no marketing.
        sender: whom it comes from: an address, a number, a short code or a Messaging Service.
        category: why a service message is exempt (E14).
        category_reason: in words.
        fallbacks: the channels that it may be rerouted to, in order (X11).
        is_urgent: whether a service text must not wait for the morning.
        use_since_policy: the version of the privacy policy that first named this use (G16).
    """

    name: str
    message_class: MessageClass
    channel: Channel
    brand: str | None = None
    topic: str | None = None
    sender: str = ""
    category: ServiceCategory | None = None
    category_reason: str = ""
    fallbacks: tuple[Channel, ...] = ()
    is_urgent: bool = False
    use_since_policy: int | None = None

    def check(self) -> None:
        """Refuse what contradicts itself.

        Raises:
            BadInput: says what.
        """
        promotes = self.message_class is MessageClass.MARKETING
        if self.message_class is MessageClass.SHARING:
            raise BadInput("Sharing is no message.", remedy="Use marketing, service, legal or requested.")
        if self.message_class is MessageClass.SERVICE and self.category is None:
            raise BadInput(
                "A service message needs the statutory category that exempts it (E14).",
                remedy=f"Give one of {', '.join(ServiceCategory)}; what fits none of them is marketing.",
            )
        if self.message_class is not MessageClass.SERVICE and self.category is not None:
            raise BadInput(f"A {self.message_class} message has no service category.", remedy="Leave it out.")
        if self.is_urgent and promotes:
            raise BadInput("Marketing is never urgent: it waits for the morning (S8).")
        if self.fallbacks and self.message_class is MessageClass.REQUESTED:
            raise BadInput("Codes, links and credentials are never rerouted (X11).", remedy="Leave the fallback out.")
        if self.channel in self.fallbacks:
            raise BadInput(f"{self.channel} cannot be the fallback of {self.channel}.")
        if self.topic is not None and not promotes:
            raise BadInput(f"Only marketing has a topic; this is {self.message_class}.", remedy="Leave the topic out.")
        if self.use_since_policy is not None and self.use_since_policy < 1:
            raise BadInput("Versions of the privacy policy count from 1.")


def state_of(row: MessageType) -> TypeState:
    """Where a message type stands."""
    if row.archived_at is not None:
        return TypeState.ARCHIVED
    return TypeState.APPROVED if row.approved_by is not None else TypeState.PROPOSED


def add_type(
    session: Session, slug: str, facts: TypeFacts, evidence: Evidence, *, at: datetime
) -> tuple[MessageType, Brand, Topic | None]:
    """Register a message type; commits.

    One of a class that needs approval is only proposed, and cannot be sent until another operator approves it. What
    the system itself sets up before there is any operator is approved at once, and the ledger says so.

    Raises:
        BadInput: what was declared contradicts itself or cannot be used.
        UnknownType: there is no such brand or topic.
        Ambiguous: there are several brands and none was named.
        AlreadyThere: the slug is taken, perhaps by an archived type.
    """
    _check_free(slug)
    facts.check()
    is_set_up = evidence.actor == SYSTEM and not operators.operators(session)
    reason = _reason(facts, is_set_up=is_set_up)
    brand = the_brand(session, facts.brand)
    topic = _topic_for(session, brand, facts)
    is_approved = is_set_up or facts.message_class not in NEEDS_APPROVAL
    row = MessageType(
        slug=slug,
        name=one_line(facts.name, "name", 200),
        message_class=facts.message_class.value,
        channel=facts.channel.value,
        brand_id=brand.id,
        topic_id=None if topic is None else topic.id,
        sender=_sender_for(brand, facts),
        category=None if facts.category is None else facts.category.value,
        category_reason=reason,
        fallbacks=[channel.value for channel in facts.fallbacks],
        is_urgent=facts.is_urgent,
        use_since_policy=facts.use_since_policy,
        proposed_by=evidence.actor,
        approved_by=evidence.actor if is_approved else None,
        approved_at=at if is_approved else None,
        created_at=at,
    )
    insert_once(session, row, f"There is a message type “{slug}” already.", "`prefcenter type list --all` shows it.")
    told = _told(row) | {"brand": brand.slug, "state": state_of(row).value}
    told |= {"topic": topic.slug} if topic else {}
    told |= {"set_up": True} if is_set_up and facts.message_class in NEEDS_APPROVAL else {}
    tell(session, "type_added", told, evidence, at)
    session.commit()
    return row, brand, topic


def approve_type(session: Session, slug: str, evidence: Evidence, *, at: datetime) -> bool:
    """Let a proposed message type be sent: the act of another operator than the one who proposed it (E14); commits.

    Returns:
        Whether this approved it; False where it was approved already.

    Raises:
        UnknownType: there is no such type in use.
        NotAllowed: it is the proposer, nobody in particular, or an operator who may not approve.
    """
    row = _in_use(session, slug)
    if row.approved_by is not None:
        return False
    _require_another(session, row, evidence.actor)
    row.approved_by, row.approved_at = evidence.actor, at
    tell(session, "type_approved", _told(row) | {"proposed_by": row.proposed_by}, evidence, at)
    session.commit()
    return True


def archive_type(session: Session, slug: str, evidence: Evidence, *, at: datetime) -> None:
    """Send no more of a message type, whatever of it still waits; its slug is never used again; commits.

    Raises:
        UnknownType: there is no such type in use.
    """
    row = _in_use(session, slug)
    told = _told(row) | {"state": state_of(row).value}
    row.archived_at = at
    tell(session, "type_archived", told, evidence, at)
    session.commit()


def sender_of(channel: Channel, text: str) -> str:
    """Read whom a message type comes from, in the form that a STOP to it is found under (S5).

    Raises:
        BadInput: it is no sender of that channel.
    """
    bare = text.strip()
    if not bare:
        return ""
    if channel is Channel.EMAIL:
        return str(canonicalise_email(bare))
    if channel is Channel.POST:
        raise BadInput("Post has no sender but its brand.", remedy="Leave the sender out.")
    if _MESSAGING_SERVICE.fullmatch(bare) or _SHORT_CODE.fullmatch(bare):
        return bare
    return str(canonicalise_phone(bare))


def _check_free(slug: str) -> None:
    check_slug(slug)
    if slug in OWN_TYPES:
        raise BadInput(f"“{slug}” is a message type of the product's own.", remedy="Choose another slug.")


def _reason(facts: TypeFacts, *, is_set_up: bool) -> str:
    """Why a service type is exempt, in words: those of a person, or of the statute where the product is set up."""
    reason = few_lines(facts.category_reason, "reason")
    if reason or facts.category is None:
        return reason
    if is_set_up:
        return _STATUTE[facts.category]
    raise BadInput(
        f"It is not said why messages of this type are of the category {facts.category} (E14).",
        remedy="Say it in words with --category-reason: whoever approves the type will read them.",
    )


def _sender_for(brand: Brand, facts: TypeFacts) -> str:
    """Whom the type comes from; mail that filters of marketing would catch must not carry a service message (E10)."""
    sender = sender_of(facts.channel, facts.sender)
    is_marketing = facts.message_class is MessageClass.MARKETING
    taken, other = (brand.service_from, "service") if is_marketing else (brand.marketing_from, "marketing")
    if facts.channel is Channel.EMAIL and sender and sender == taken:
        raise BadInput(
            f"That is the address that the {other} mail of {brand.slug} comes from.",
            remedy="Give the type another sender: who filters the one must still get the other (E10).",
        )
    return sender


def _require_another(session: Session, row: MessageType, actor: str) -> None:
    if actor == SYSTEM:
        raise NotAllowed("A message type is approved by a person.", remedy="Say who you are with --as.")
    if actor.casefold() == row.proposed_by.casefold():
        raise NotAllowed(
            f"You proposed the message type “{row.slug}”; it takes another operator to approve it (E14).",
            remedy="Ask a colleague to run the same command with `--as`.",
        )
    able = {one.email for one in operators.operators(session) if one.active and MAY_APPROVE & _roles(one)}
    if (able or operators.operator_by_email(session, actor) is not None) and actor not in able:
        raise NotAllowed(
            "Only an operator with the role approver or admin may approve a message type.",
            remedy="`prefcenter user list` shows the operators.",
        )


def _roles(operator: operators.Operator) -> set[str]:
    return {role.name for role in operator.roles}


def _in_use(session: Session, slug: str) -> MessageType:
    row = registry.lock_type(session, slug)
    if row is None or row.archived_at is not None:
        raise UnknownType(
            f"There is no message type “{slug}” in use.", remedy="`prefcenter type list` shows those that are."
        )
    return row


def _topic_for(session: Session, brand: Brand, facts: TypeFacts) -> Topic | None:
    if facts.topic is None:
        return None
    topic = registry.topic_by_slug(session, brand.id, facts.topic)
    if topic is None:
        raise UnknownType(
            f"The brand “{brand.slug}” has no topic “{facts.topic}”.", remedy="`prefcenter topic list` shows them."
        )
    if facts.channel.value not in topic.channels:
        raise BadInput(f"The topic “{topic.slug}” goes by {' and '.join(topic.channels)}, not by {facts.channel}.")
    return topic


def _told(row: MessageType) -> dict[str, object]:
    """What the ledger tells of a type: with the category and its reason, which somebody answers for."""
    told: dict[str, object] = {"type": row.slug, "class": row.message_class, "channel": row.channel}
    return told | ({"category": row.category, "category_reason": row.category_reason} if row.category else {})
