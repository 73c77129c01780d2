"""What is on file of contact points beyond refusals: where each lies, whose it is, what it agreed to (G7, S11, G16)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import polars as pl
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel
from prefcenter.core.consent import Consent, Party
from prefcenter.core.decision import Ask
from prefcenter.store.consents import ConsentRecord, consent_of
from prefcenter.store.contacts import Contact, ContactPoint
from prefcenter.store.suppressions import in_batches


@dataclass(frozen=True, slots=True)
class Profile:
    """What is on file about a contact point beyond refusals: where it lies, whose it is, what it agreed to."""

    country: str | None = None
    party: Party = Party.INDIVIDUAL
    collected_under: int | None = None
    consents: tuple[Consent, ...] = ()


NO_PROFILE = Profile()


def profiles_of(session: Session, ask: Ask) -> tuple[pl.DataFrame, dict[bytes, int], tuple[Profile, ...]]:
    """What is on file of the channel's contact points; a postal one is known by its digest only, and needs none."""
    if ask.channel is Channel.POST:
        return no_profiles(), {}, (NO_PROFILE,)
    by_digest = _collected(session, ask)
    texts = _texts_of(session, ask.channel, by_digest)
    numbers: dict[Profile, int] = {NO_PROFILE: 0}
    keys, digests = [], {}
    for digest, profile in by_digest.items():
        number = numbers.setdefault(profile, len(numbers))
        if number == 0:
            continue
        if digest in texts:
            keys.append((texts[digest], number))
        else:
            digests[digest] = number
    frame = pl.DataFrame(keys, schema=no_profiles().schema, orient="row").unique("key", keep="first")
    return frame, digests, tuple(numbers)


def no_profiles() -> pl.DataFrame:
    """The profiles of nobody."""
    return pl.DataFrame(schema={"key": pl.String, "profile": pl.Int64})


def _collected(session: Session, ask: Ask) -> dict[bytes, Profile]:
    found: dict[bytes, Profile] = {}
    agreed: dict[bytes, list[Consent]] = {}
    query = select(ConsentRecord).where(ConsentRecord.channel == ask.channel.value)
    for row in session.scalars(query.execution_options(yield_per=10_000)):
        agreed.setdefault(row.digest, []).append(_alike(consent_of(row)))
    facts: dict[bytes, tuple[str | None, Party, int]] = {}
    for digest, country, is_corporate, policy in _points(session, ask):
        before = facts.get(digest)
        party = (
            Party.CORPORATE if is_corporate and (before is None or before[1] is Party.CORPORATE) else Party.INDIVIDUAL
        )
        least = min(policy, before[2]) if before is not None else policy
        facts[digest] = (before[0] if before is not None and before[0] else country, party, least)
    shared: dict[Profile, Profile] = {}
    for digest in agreed.keys() | facts.keys():
        country, party, collected = facts.get(digest, (None, Party.INDIVIDUAL, 1))
        under = collected if digest in facts and ask.use_since_policy is not None else None
        consents = tuple(sorted(set(agreed.get(digest, ())), key=repr))
        profile = Profile(country, party, under, consents)
        found[digest] = shared.setdefault(profile, profile)
    return found


def _alike(consent: Consent) -> Consent:
    """The consent without its own name, so that those which say the same are decided once."""
    return replace(consent, consent_id=None)


def _points(session: Session, ask: Ask) -> Iterator[tuple[bytes, str | None, bool, int]]:
    """The contact points whose country, kind or policy version can make a difference."""
    matters = [
        ContactPoint.country.is_not(None),
        Contact.country.is_not(None),
        Contact.is_corporate,
    ]
    if ask.use_since_policy is not None:
        matters.append(ContactPoint.policy_version.is_not(None))
    query = (
        select(
            ContactPoint.digest,
            ContactPoint.country,
            Contact.country,
            Contact.is_corporate,
            ContactPoint.policy_version,
        )
        .join(Contact)
        .where(ContactPoint.channel == ask.channel.value, or_(*matters))
        .order_by(ContactPoint.id)
    )
    for digest, own, country, is_corporate, policy in session.execute(query.execution_options(yield_per=10_000)):
        yield digest, own or country, is_corporate, policy


def _texts_of(session: Session, channel: Channel, digests: Iterable[bytes]) -> dict[bytes, str]:
    texts: dict[bytes, str] = {}
    for batch in in_batches(list(digests)):
        query = select(ContactPoint.digest, ContactPoint.value).where(
            ContactPoint.channel == channel.value, ContactPoint.digest.in_(batch)
        )
        texts |= {digest: str(value["address"]) for digest, value in session.execute(query) if value is not None}
    return texts
