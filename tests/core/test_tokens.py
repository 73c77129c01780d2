"""Tokens: opaque, unguessable, working for ever."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefcenter.core.channels import Channel
from prefcenter.core.keys import DIGEST_BYTES, MissingKey
from prefcenter.core.tokens import MAX_BRAND_CODE, MAX_TOPIC_CODE, TOKEN_LENGTH, Purpose, SigningKeys, Token

OLD, NEW = "an old signing key, long enough", "a new signing key, long enough"
ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"

tokens = st.builds(
    Token,
    purpose=st.sampled_from(Purpose),
    channel=st.sampled_from(Channel),
    digest=st.binary(min_size=DIGEST_BYTES, max_size=DIGEST_BYTES),
    brand_code=st.integers(0, MAX_BRAND_CODE),
    topic_code=st.integers(0, MAX_TOPIC_CODE),
)


@given(tokens)
def test_a_token_says_what_was_put_into_it(token: Token) -> None:
    keys = SigningKeys([NEW])
    text = keys.make(token)
    assert keys.read(text) == token
    assert len(text) == TOKEN_LENGTH
    assert set(text) <= set(ALPHABET)


@given(tokens)
def test_a_token_survives_the_rotation_of_the_signing_key(token: Token) -> None:
    """E6."""
    text = SigningKeys([OLD]).make(token)
    assert SigningKeys([NEW, OLD]).read(text) == token
    assert SigningKeys([NEW]).read(text) is None


@given(tokens, st.integers(0, TOKEN_LENGTH - 1), st.sampled_from(ALPHABET))
def test_a_token_changed_in_any_character_opens_nothing(token: Token, place: int, letter: str) -> None:
    """E5: a forged one changes nothing."""
    keys = SigningKeys([NEW])
    text = keys.make(token)
    forged = text[:place] + letter + text[place + 1 :]
    assert keys.read(forged) == (token if forged == text else None)


@given(st.text(max_size=80))
def test_any_text_that_is_no_token_is_read_as_none(text: str) -> None:
    """E5: a cut or invented one reveals nothing, and never raises."""
    assert SigningKeys([NEW]).read(text) is None


def test_a_token_in_capitals_is_the_same_token() -> None:
    """E8: mail servers change the case of a local part."""
    keys = SigningKeys([NEW])
    token = Token(Purpose.UNSUBSCRIBE, Channel.EMAIL, bytes(DIGEST_BYTES), 7, 9)
    assert keys.read(keys.make(token).upper()) == token


def test_a_tokened_mailbox_fits_a_local_part() -> None:
    """RFC 5321 §4.5.3.1.1: at most 64 octets."""
    assert len("u-") + TOKEN_LENGTH <= 64


def test_a_key_derived_for_one_purpose_is_not_that_of_another() -> None:
    keys = SigningKeys([NEW, OLD])
    assert keys.derive("flask") != keys.derive("ledger")
    assert list(keys.derive_all("ledger")) == list(keys.ids)


@pytest.mark.parametrize("secrets", [[], ["short"]])
def test_signing_keys_that_are_missing_or_guessable_stop_everything(secrets: list[str]) -> None:
    """X12."""
    with pytest.raises(MissingKey):
        SigningKeys(secrets)
