"""The basis that a marketing message needs, looked up by country, channel and kind of recipient (G7).

What counts where is data (``EMAIL_BASES``, ``SMS_BASES``, :class:`Profile`); the functions only look up. Strict where
the rules are silent: email to a country that no row names needs an express consent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from prefcenter.core.calendars import add_months
from prefcenter.core.channels import Channel, MessageClass, Scope, Source


class Basis(StrEnum):
    """On what ground a person may be sent marketing."""

    EXPRESS = "express"
    EXPRESS_WRITTEN = "express_written"
    """In writing or its electronic form, with the exact words kept (S9, S11)."""
    SOFT_OPT_IN = "soft_opt_in"
    """The address came with a sale, for similar goods, with a way out each time. Source: ePrivacy 13(2), PECR 22(3)."""
    IMPLIED_PURCHASE = "implied_purchase"
    IMPLIED_INQUIRY = "implied_inquiry"
    PUBLISHED_BUSINESS = "published_business"
    """A business address that its owner published without a refusal. Source: CASL 10(9)(b), Japan's act 3(1)(iv)."""


class Party(StrEnum):
    """Whether the recipient is a person or a firm; PECR treats them differently."""

    INDIVIDUAL = "individual"
    CORPORATE = "corporate"


@dataclass(frozen=True, slots=True)
class Consent:
    """A recorded yes for one contact point.

    Args:
        channel: the channel that it was given for; consent never moves to another (G15).
        scope: all, a brand, a topic, or one sender (a START, S6).
        basis: the ground that was recorded.
        since: when it was given.
        until: its recorded end, if it has one; a statutory lapse can come earlier.
        withdrawn_at: when it was taken back.
        policy_version: the privacy policy that it was given under (G16).
        purpose: ``MARKETING`` or ``SHARING``; the one never stands for the other (G10).
        source: how it reached us.
        consent_id: the record that proves it (S9, G6).
    """

    channel: Channel
    scope: Scope
    basis: Basis
    since: datetime
    until: datetime | None = None
    withdrawn_at: datetime | None = None
    policy_version: int | None = None
    purpose: MessageClass = MessageClass.MARKETING
    source: Source | None = None
    consent_id: int | None = None

    @property
    def ends_at(self) -> datetime | None:
        """When it ends: withdrawn, run out, or lapsed by statute, whichever is first; None means never."""
        months = LAPSE_MONTHS.get(self.basis)
        ends = (self.until, self.withdrawn_at, add_months(self.since, months) if months else None)
        return min((end for end in ends if end is not None), default=None)

    def holds(self, at: datetime) -> bool:
        """Whether it is given and not yet over at that moment."""
        ends_at = self.ends_at
        return self.since <= at and (ends_at is None or at < ends_at)


@dataclass(frozen=True, slots=True)
class Profile:
    """What a deployment demands beyond the table.

    Args:
        post_opt_in: countries (ISO 3166, two letters) in which marketing by post needs an express consent.
    """

    post_opt_in: frozenset[str] = frozenset()


DEFAULT_PROFILE: Final = Profile()

LAPSE_MONTHS: Final[Mapping[Basis, int]] = MappingProxyType({Basis.IMPLIED_PURCHASE: 24, Basis.IMPLIED_INQUIRY: 6})
"""Months until an implied consent lapses. Source: CASL 10(10), rule G7."""

EU_EEA: Final = frozenset(
    {"AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE", "IT", "LV", "LT", "LU", "MT"}
    | {"NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE"}
    | {"IS", "LI", "NO"}
)
UNITED_STATES: Final = frozenset({"US", "PR", "GU", "VI", "AS", "MP", "UM"})
"""The United States and the territories that have codes of their own."""

_EXPRESS = frozenset({Basis.EXPRESS, Basis.EXPRESS_WRITTEN})
_NO_CONSENT_NEEDED: frozenset[Basis] = frozenset()

_EU_ROW = {party: _EXPRESS | {Basis.SOFT_OPT_IN} for party in Party}
_US_ROW = dict.fromkeys(Party, _NO_CONSENT_NEEDED)

EMAIL_BASES: Final[Mapping[str, Mapping[Party, frozenset[Basis]]]] = MappingProxyType(
    {
        **dict.fromkeys(EU_EEA, _EU_ROW),
        **dict.fromkeys(UNITED_STATES, _US_ROW),
        "GB": {Party.INDIVIDUAL: _EXPRESS | {Basis.SOFT_OPT_IN}, Party.CORPORATE: _NO_CONSENT_NEEDED},
        "CA": dict.fromkeys(
            Party, _EXPRESS | {Basis.IMPLIED_PURCHASE, Basis.IMPLIED_INQUIRY, Basis.PUBLISHED_BUSINESS}
        ),
        "JP": dict.fromkeys(Party, _EXPRESS | {Basis.PUBLISHED_BUSINESS}),
    }
)
"""The bases that suffice for marketing email, by country; an empty set means that none is needed.

Source: CAN-SPAM (US); ePrivacy 13 (EU/EEA); PECR 22 (UK); CASL 6, 10 (CA); Act on Regulation of Transmission of
Specified Electronic Mail 3 (JP).
"""

SMS_BASES: Final = frozenset({Basis.EXPRESS_WRITTEN})
"""Marketing texts need this everywhere, in the US too (S11). Source: 47 CFR 64.1200(a)(2)."""


def country_of(point_country: str | None, phone_country: str | None = None, brand_default: str | None = None) -> str:
    """The country whose law counts: the contact point's, else the phone's, else the brand's, else US (G7).

    >>> country_of(None, "ca", "US")
    'CA'
    """
    return (point_country or phone_country or brand_default or "US").strip().upper()


def bases_needed(
    channel: Channel, country: str, party: Party = Party.INDIVIDUAL, profile: Profile = DEFAULT_PROFILE
) -> frozenset[Basis]:
    """The bases of which a marketing message needs one; empty where it needs none (G7, S11).

    >>> bases_needed(Channel.EMAIL, "US")
    frozenset()
    """
    if channel is Channel.SMS:
        return SMS_BASES
    if channel is Channel.POST:
        return _EXPRESS if country in profile.post_opt_in else _NO_CONSENT_NEEDED
    return EMAIL_BASES.get(country, {}).get(party, _EXPRESS)


def sharing_bases() -> frozenset[Basis]:
    """The bases of which sharing with third parties needs one, in every country (G10)."""
    return _EXPRESS


def last_end(consents: Iterable[Consent], at: datetime) -> datetime | None:
    """When the last of these ended, if one had begun and ended before ``at``: it says "lapsed" rather than "never"."""
    ends = (consent.ends_at for consent in consents if consent.since <= at)
    return max((end for end in ends if end is not None and end <= at), default=None)
