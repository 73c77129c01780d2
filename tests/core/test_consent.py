from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefcenter.core.channels import Channel, Scope
from prefcenter.core.consent import (
    EU_EEA,
    UNITED_STATES,
    Basis,
    Consent,
    Party,
    Profile,
    bases_needed,
    country_of,
    last_end,
    sharing_bases,
)

AT = datetime(2026, 7, 1, 12, tzinfo=UTC)
EMAIL, SMS, POST = Channel
PERSON, FIRM = Party
EXPRESS = {Basis.EXPRESS, Basis.EXPRESS_WRITTEN}


@pytest.mark.parametrize(
    ("channel", "country", "party", "bases"),
    [
        (EMAIL, "US", PERSON, set()),
        (EMAIL, "PR", PERSON, set()),
        (EMAIL, "DE", PERSON, EXPRESS | {Basis.SOFT_OPT_IN}),
        (EMAIL, "DE", FIRM, EXPRESS | {Basis.SOFT_OPT_IN}),
        (EMAIL, "NO", PERSON, EXPRESS | {Basis.SOFT_OPT_IN}),
        (EMAIL, "GB", PERSON, EXPRESS | {Basis.SOFT_OPT_IN}),
        (EMAIL, "GB", FIRM, set()),
        (EMAIL, "CA", PERSON, EXPRESS | {Basis.IMPLIED_PURCHASE, Basis.IMPLIED_INQUIRY, Basis.PUBLISHED_BUSINESS}),
        (EMAIL, "JP", PERSON, EXPRESS | {Basis.PUBLISHED_BUSINESS}),
        (EMAIL, "ZZ", PERSON, EXPRESS),
        (EMAIL, "ZZ", FIRM, EXPRESS),
        *((SMS, country, party, {Basis.EXPRESS_WRITTEN}) for country in ("US", "DE", "CA", "ZZ") for party in Party),
        *((POST, country, party, set()) for country in ("US", "DE", "ZZ") for party in Party),
    ],
)
def test_the_basis_is_looked_up_by_country_channel_and_party(
    channel: Channel, country: str, party: Party, bases: set[Basis]
) -> None:
    """G7, S11: email opt-in in the EU/EEA, UK (individuals), Canada, Japan; SMS everywhere in writing; post free."""
    assert bases_needed(channel, country, party) == bases


def test_post_needs_consent_where_the_profile_says_so() -> None:
    """G7: a deployment can be stricter for post, country by country."""
    profile = Profile(post_opt_in=frozenset({"DE"}))
    assert bases_needed(POST, "DE", PERSON, profile) == EXPRESS
    assert bases_needed(POST, "AT", PERSON, profile) == set()


def test_sharing_needs_an_express_choice() -> None:
    """G10: no implied basis ever allows it."""
    assert sharing_bases() == EXPRESS


def test_the_countries_are_the_27_the_3_and_the_territories() -> None:
    """G7: the EU, the EEA beside it, and the United States with its territories."""
    assert len(EU_EEA) == 27 + 3
    assert {"US", "PR", "GU"} <= UNITED_STATES
    assert not EU_EEA & (UNITED_STATES | {"GB", "CH"})


@pytest.mark.parametrize(
    ("given_countries", "country"),
    [
        (("DE", "CA", "GB"), "DE"),
        ((None, "CA", "GB"), "CA"),
        (("", "", "gb"), "GB"),
        ((None, None, None), "US"),
        ((" ca ", None, None), "CA"),
    ],
)
def test_the_nearest_known_country_counts(given_countries: tuple[str | None, ...], country: str) -> None:
    """G7: the contact point's, else the phone's, else the brand's default, else US."""
    assert country_of(*given_countries) == country


@pytest.mark.parametrize(
    ("basis", "since", "ends"),
    [
        (Basis.IMPLIED_PURCHASE, datetime(2024, 7, 1, 12, tzinfo=UTC), datetime(2026, 7, 1, 12, tzinfo=UTC)),
        (Basis.IMPLIED_PURCHASE, datetime(2024, 2, 29, tzinfo=UTC), datetime(2026, 2, 28, tzinfo=UTC)),
        (Basis.IMPLIED_INQUIRY, datetime(2025, 8, 31, tzinfo=UTC), datetime(2026, 2, 28, tzinfo=UTC)),
        (Basis.EXPRESS, datetime(2000, 1, 1, tzinfo=UTC), None),
        (Basis.SOFT_OPT_IN, datetime(2000, 1, 1, tzinfo=UTC), None),
    ],
)
def test_implied_consent_lapses(basis: Basis, since: datetime, ends: datetime | None) -> None:
    """G7: two years after a purchase, six months after an inquiry; an express one does not."""
    consent = Consent(EMAIL, Scope.everything(), basis, since)
    assert consent.ends_at == ends
    assert consent.holds(ends - timedelta(seconds=1) if ends else AT)
    assert ends is None or not consent.holds(ends)


def test_the_earliest_end_counts() -> None:
    """G7: withdrawn, run out or lapsed, whichever is first."""
    consent = Consent(EMAIL, Scope.everything(), Basis.IMPLIED_PURCHASE, AT, until=AT + timedelta(days=900))
    assert consent.ends_at == datetime(2028, 7, 1, 12, tzinfo=UTC)
    withdrawn = dataclasses.replace(consent, withdrawn_at=AT + timedelta(days=3))
    assert withdrawn.ends_at == AT + timedelta(days=3)
    assert last_end([consent, withdrawn], AT + timedelta(days=4)) == AT + timedelta(days=3)
    assert last_end([consent], AT) is None


def test_a_consent_does_not_hold_before_it_was_given() -> None:
    """G6: what was agreed later proves nothing about an earlier send."""
    assert not Consent(EMAIL, Scope.everything(), Basis.EXPRESS, AT).holds(AT - timedelta(seconds=1))


@given(st.sampled_from(Channel), st.text(max_size=3), st.sampled_from(Party))
def test_whatever_needs_a_basis_is_content_with_written_consent(channel: Channel, country: str, party: Party) -> None:
    """G7, S11: express written consent suffices everywhere, and no country code is an error."""
    needed = bases_needed(channel, country, party)
    assert not needed or Basis.EXPRESS_WRITTEN in needed
