"""Canonical keys of email addresses and phone numbers, and their keyed digests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefcenter.core.channels import Channel
from prefcenter.core.errors import BadAddress
from prefcenter.core.keys import (
    DIGEST_BYTES,
    MissingKey,
    Peppers,
    canonicalise_email,
    canonicalise_phone,
    country_of_phone,
    fingerprint,
    mask,
)

OLD, NEW = "an old pepper, long enough", "a new pepper, long enough"


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("jane@example.com", "jane@example.com"),
        ("  Jane.Doe@EXAMPLE.Com\t", "jane.doe@example.com"),
        ("<jane@example.com>", "jane@example.com"),
        ("mailto:jane@example.com", "jane@example.com"),
        ("info@bücher.example", "info@xn--bcher-kva.example"),
        ("info@xn--bcher-kva.example", "info@xn--bcher-kva.example"),
        ("jane+list@example.com", "jane+list@example.com"),
        ("o'brien@example.com", "o'brien@example.com"),
        ("ｊａｎｅ@example.com", "jane@example.com"),
        ("JÖRG@example.com", "jörg@example.com"),
    ],
)
def test_an_email_address_has_one_form(written: str, key: str) -> None:
    assert canonicalise_email(written) == key


@pytest.mark.parametrize(
    "written",
    [
        "",
        " ",
        "jane",
        "jane@",
        "@example.com",
        "a@b@c.com",
        "jane doe@example.com",
        "jane@example",
        "jane@-x.com",
        "jane@exa\x00mple.com",
        "a" * 300 + "@example.com",
        "jane@" + "x" * 250 + ".com",
        "\ud800@example.com",
    ],
)
def test_what_is_no_email_address_is_refused_without_repeating_it(written: str) -> None:
    """X8: errors end up in logs."""
    with pytest.raises(BadAddress) as caught:
        canonicalise_email(written)
    assert caught.value.field == "email"
    assert "jane" not in str(caught.value)


@given(st.emails() | st.text(max_size=60))
def test_canonicalising_an_email_twice_equals_once(text: str) -> None:
    try:
        once = canonicalise_email(text)
    except BadAddress:
        return
    assert canonicalise_email(once) == once


@pytest.mark.parametrize(
    ("written", "country", "key"),
    [
        ("(415) 555-0100", "US", "+14155550100"),
        ("+1 415 555 0100", "GB", "+14155550100"),
        ("1-415-555-0100", "US", "+14155550100"),
        ("415.555.0100", "US", "+14155550100"),
        ("020 7946 0018", "GB", "+442079460018"),
        ("tel:+14155550100", "US", "+14155550100"),
        ("＋１４１５５５５０１００", "US", "+14155550100"),
        ("011 44 20 7946 0018", "US", "+442079460018"),
    ],
)
def test_a_phone_number_has_one_form(written: str, country: str, key: str) -> None:
    assert canonicalise_phone(written, country) == key


@pytest.mark.parametrize("written", ["", "abc", "12", "+1", "+999 123456789", "1" * 40, "\x00"])
def test_what_is_no_phone_number_is_refused(written: str) -> None:
    with pytest.raises(BadAddress) as caught:
        canonicalise_phone(written)
    assert caught.value.field == "phone"


@given(st.text(max_size=40) | st.from_regex(r"\+?[0-9 ()-]{7,16}", fullmatch=True))
def test_canonicalising_a_phone_number_twice_equals_once(text: str) -> None:
    try:
        once = canonicalise_phone(text)
    except BadAddress:
        return
    assert canonicalise_phone(once, "GB") == once


def test_the_country_of_a_number_is_told_where_the_plan_tells_it() -> None:
    """G7: the phone's country is the second to be asked."""
    assert country_of_phone(canonicalise_phone("+442079460018")) == "GB"
    assert country_of_phone(canonicalise_phone("+14155550100")) == "US"


def test_a_digest_is_short_keyed_and_found_under_every_pepper() -> None:
    key = canonicalise_email("jane@example.com")
    before = Peppers([OLD]).digest(key)
    after = Peppers([NEW, OLD])
    assert len(before.value) == DIGEST_BYTES
    assert after.digest(key).value != before.value
    assert before.value in after.candidates(key)
    assert after.ids == (fingerprint("pepper", NEW), fingerprint("pepper", OLD))


@pytest.mark.parametrize("secrets", [[], ["short"], [OLD, "short"]])
def test_peppers_that_are_missing_or_guessable_stop_everything(secrets: list[str]) -> None:
    """X12."""
    with pytest.raises(MissingKey):
        Peppers(secrets)


def test_a_masked_address_shows_no_more_than_its_owner_needs() -> None:
    """E18."""
    assert mask(Channel.EMAIL, "jane@example.com") == "j•••@example.com"
    assert mask(Channel.SMS, "+14155550100") == "•••0100"
    assert mask(Channel.POST, "Jane Doe; 12 Oak St") == "J•••"
