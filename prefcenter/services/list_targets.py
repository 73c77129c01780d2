"""What each of a provider's lists means here, and so whom it is told of and what is made of who stands on it."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from prefcenter.core.agreement import ALL_CLASSES, Known, Target, marketing
from prefcenter.core.channels import Channel, MessageClass, Reason, Scope
from prefcenter.core.errors import BadInput, NotFound
from prefcenter.core.question import Ask
from prefcenter.services.links import the_brand
from prefcenter.services.list_ports import ProviderLists
from prefcenter.services.ports import Evidence
from prefcenter.store import ledger, provider_lists, registry
from prefcenter.store.provider_lists import GLOBAL, GROUP, ProviderList, ProviderSync

SENDER = "sender:"

_FOUND_OUT = {"bounces": Reason.HARD_BOUNCE, "invalid_emails": Reason.HARD_BOUNCE, "spam_reports": Reason.COMPLAINT}
"""Lists of what the provider found out by itself; nothing is ever told to them."""


@dataclass(frozen=True, slots=True)
class Targets:
    """The lists of one provider.

    Args:
        all: each with its meaning.
        gone: lists that somebody gave a meaning and that are not at the provider any more.
        unmapped: labels of groups that nobody gave a meaning: who left one has left all marketing mail.
    """

    all: Sequence[Target]
    gone: Sequence[str] = ()
    unmapped: Sequence[str] = ()

    @property
    def signature(self) -> str:
        """Changes with the meaning of any list, such as when a sender gets a type more."""
        told = [(target.list, str(target.scope), repr([_plain(ask) for ask in target.asks])) for target in self.all]
        return hashlib.sha256(repr(sorted(told)).encode()).hexdigest()[:16]


def _plain(ask: Ask) -> tuple[object, ...]:
    return (ask.channel, ask.message_class, ask.brand, ask.topic, sorted(ask.topics), ask.sender)


def targets_of(session: Session, provider: ProviderLists) -> Targets:
    """Say what the lists of a provider mean; asks the provider which ones it has.

    Raises:
        Unavailable: the provider cannot be asked now.
    """
    if not provider.can_be_read:
        return Targets(_senders(session))
    return _mail_lists(session, provider.name, provider.lists())


def _mail_lists(session: Session, provider: str, there: Mapping[str, str]) -> Targets:
    meanings = {row.list: Scope.parse(row.scope) for row in provider_lists.mapped(session, provider)}
    made, unmapped = [], []
    for name, label in there.items():
        meaning = meanings.get(name)
        if name == GLOBAL:
            made.append(Target(name, Reason.OPT_OUT, Scope.everything(), _global(meaning), label))
        elif name in _FOUND_OUT:
            made.append(Target(name, _FOUND_OUT[name], Scope.everything(), (), label))
        elif meaning is None:
            unmapped.append(f"{name.removeprefix(GROUP)} “{label}”")
            made.append(Target(name, Reason.OPT_OUT, Scope.everything(), (), label))
        else:
            asks = (marketing(meaning, topics=_lineage(session, meaning)),)
            made.append(Target(name, Reason.OPT_OUT, meaning, asks, label))
    gone = sorted(name.removeprefix(GROUP) for name in meanings if name not in there)
    return Targets(made, gone, unmapped)


def _global(meaning: Scope | None) -> tuple[Ask, ...]:
    """What goes out past the global list: every class of mail, unless an operator said that it is marketing alone."""
    if meaning is not None:
        return (marketing(Scope.everything()),)
    return tuple(Ask(Channel.EMAIL, each) for each in ALL_CLASSES)


def _lineage(session: Session, scope: Scope) -> frozenset[str]:
    brand, _, topic = scope.ref.partition("/")
    owner = registry.brand_by_slug(session, brand) if topic else None
    found = registry.topic_by_slug(session, owner.id, topic) if owner is not None else None
    return registry.lineage(session, found.id) if found is not None else frozenset()


def _senders(session: Session) -> list[Target]:
    """Every sender of texts, with all that is sent from it."""
    asks: dict[str, list[Ask]] = defaultdict(list)
    for kind, brand, topic in registry.types(session, with_archived=True):
        if kind.channel != Channel.SMS.value or not kind.sender:
            continue
        asks[kind.sender] += []
        if kind.archived_at is None:
            asks[kind.sender].append(
                Ask(
                    Channel.SMS,
                    MessageClass(kind.message_class),
                    brand=brand.slug,
                    topic=None if topic is None else topic.slug,
                    topics=frozenset() if topic is None else registry.lineage(session, topic.id),
                    sender=kind.sender,
                )
            )
    return [
        # Of a sender that nothing is sent from any more only its own STOP is told.
        Target(
            f"{SENDER}{sender}",
            Reason.OPT_OUT,
            Scope.sender(sender),
            tuple(sorted(sent, key=lambda ask: ask.message_class is not MessageClass.MARKETING))
            or (Ask(Channel.SMS, MessageClass.SERVICE, sender=sender),),
            sender,
        )
        for sender, sent in sorted(asks.items())
    ]


def list_named(text: str) -> str:
    """The name of one of SendGrid's lists, as an operator writes it: the number of a group, or ``global``.

    Raises:
        BadInput: it is neither.
    """
    plain = text.strip().lower().removeprefix(GROUP)
    if plain == GLOBAL:
        return GLOBAL
    if not re.fullmatch(r"[1-9][0-9]{0,11}", plain, re.ASCII):
        raise BadInput(
            f"“{text[:80]}” is neither the number of an unsubscribe group nor global.",
            remedy="SendGrid shows the numbers of the groups beside their names.",
        )
    return f"{GROUP}{plain}"


def give_meaning(
    session: Session,
    named: str,
    evidence: Evidence,
    *,
    at: datetime,
    brand: str | None = None,
    topic: str | None = None,
    provider: str = "sendgrid",
) -> Scope:
    """Say what one of SendGrid's lists means: a topic, a brand, or all marketing mail; commits.

    Args:
        session: writes.
        named: see :func:`list_named`.
        evidence: who says so.
        at: now.
        brand: the brand that the group stands for; ``global`` has none, and says that all mail there is marketing.
        topic: the topic that it stands for.
        provider: whose list.

    Raises:
        BadInput: it is no list; or ``global`` is to stand for less than everything.
        UnknownType: there is no such brand or topic.
    """
    name = list_named(named)
    if name == GLOBAL and (brand or topic):
        raise BadInput(
            "The global list stops all mail of the account, so it cannot stand for one brand or topic.",
            remedy="Give the brand or topic an unsubscribe group of its own at SendGrid.",
        )
    scope = Scope.everything()
    if name != GLOBAL and (brand or topic):
        scope = _scope(session, brand, topic)
    provider_lists.give_meaning(session, provider, name, scope, at)
    _tell(session, "list_mapped", provider, name, str(scope), evidence, at)
    return scope


def _scope(session: Session, brand: str | None, topic: str | None) -> Scope:
    owner = the_brand(session, brand)
    if topic is None:
        return Scope.brand(owner.slug)
    if registry.topic_by_slug(session, owner.id, topic) is None:
        raise NotFound(
            f"The brand “{owner.slug}” has no topic “{topic}”.", remedy="`prefcenter topic list` shows the topics."
        )
    return Scope.topic(owner.slug, topic)


def take_meaning(session: Session, named: str, evidence: Evidence, *, at: datetime, provider: str = "sendgrid") -> None:
    """Take back what one of SendGrid's lists means; nobody is taken off it by that; commits.

    Raises:
        BadInput: it is no list.
        NotFound: nobody said what it means.
    """
    name = list_named(named)
    if provider_lists.scope_of(session, provider, name) is None:
        raise NotFound(f"Nothing is said of the list {named}.", remedy="`prefcenter providers list` shows what is.")
    mine = (ProviderList.provider == provider) & (ProviderList.list == name)
    session.execute(delete(ProviderList).where(mine))
    _tell(session, "list_unmapped", provider, name, None, evidence, at)


def _tell(
    session: Session, kind: str, provider: str, name: str, scope: str | None, evidence: Evidence, at: datetime
) -> None:
    """Let the next run take the list over by its new meaning, and commit.

    What we told it ourselves is known as that for good: it must not come back as opt-outs of what it stands for now.
    """
    provider_lists.forget(session, provider, name, [Known.TAKEN, Known.THERE])
    row = session.get(ProviderSync, provider)
    if row is not None:
        row.whole_at = None
    facts = {"provider": provider, "list": name} | ({"scope": scope} if scope is not None else {})
    told = facts | dict(evidence.facts)
    ledger.append(session, kind, at=at, actor=evidence.actor, facts=told, personal=evidence.personal)
    session.commit()
