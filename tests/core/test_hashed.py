"""Partners' hashes of email addresses."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefcenter.core.channels import Channel
from prefcenter.core.errors import BadAddress
from prefcenter.core.hashed import HashAlgorithm, canonicalise_hash, hashed_keys, read_hashed
from prefcenter.core.keys import canonicalise_email, mask

MD5, SHA256 = HashAlgorithm.MD5, HashAlgorithm.SHA256


@given(st.emails(), st.sampled_from(HashAlgorithm))
def test_whoever_hashes_the_trimmed_lower_case_address_makes_a_key_of_it(
    address: str, algorithm: HashAlgorithm
) -> None:
    try:
        key = canonicalise_email(address)
    except BadAddress:
        return
    partners = hashlib.new(algorithm.value, key.strip().lower().encode()).hexdigest()
    assert canonicalise_hash(partners.upper(), algorithm) in hashed_keys(key)


def test_an_international_domain_meets_in_both_its_forms() -> None:
    key = canonicalise_email("info@bücher.example")
    for text in ("info@bücher.example", "info@xn--bcher-kva.example"):
        assert f"md5:{hashlib.md5(text.encode()).hexdigest()}" in hashed_keys(key)


@pytest.mark.parametrize(
    ("text", "algorithm", "told"),
    [
        ("", MD5, "empty"),
        ("jane@example.com", MD5, "a plain address"),
        ("g" * 32, MD5, "other characters than hex digits"),
        ("a" * 31, MD5, "31 hex digits, not 32"),
        ("a" * 64, MD5, "64 hex digits, as SHA-256 makes, not 32"),
        ("a" * 32, SHA256, "32 hex digits, as MD5 makes, not 64"),
        ("\u0661" * 32, MD5, "other characters than hex digits"),
    ],
)
def test_what_is_no_digest_is_told_apart_and_not_repeated(text: str, algorithm: HashAlgorithm, told: str) -> None:
    """X8: an address does not end up in a message."""
    with pytest.raises(BadAddress, match=told) as raised:
        canonicalise_hash(text, algorithm)
    assert "jane" not in str(raised.value)


def test_a_key_is_read_back_and_an_address_is_none() -> None:
    key = canonicalise_hash("A" * 32, MD5)
    assert read_hashed(f" {key.upper()} ") == key
    assert read_hashed("jane@example.com") is None
    assert read_hashed(f"md5:{'a' * 64}") is None
    assert mask(Channel.EMAIL, key) == "md5:aaaaaaaa•••"
