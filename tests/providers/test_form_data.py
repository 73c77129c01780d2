"""Multipart form data taken apart as bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefcenter.providers.form_data import MAX_FIELDS, Field, split_form

TYPE = "multipart/form-data; boundary=b0"


def body(fields: dict[str, bytes]) -> bytes:
    parts = [
        f'--b0\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value + b"\r\n"
        for name, value in fields.items()
    ]
    return b"".join([*parts, b"--b0--\r\n"])


@given(st.dictionaries(st.text("abcSPF_1", min_size=1, max_size=6), st.binary(max_size=40), max_size=5))
def test_what_was_put_in_comes_out(fields: dict[str, bytes]) -> None:
    """Whatever bytes a value has, as long as it does not hold the boundary."""
    if not any(b"--b0" in value for value in fields.values()):
        assert {field.name: field.value for field in split_form(TYPE, body(fields))} == fields


@given(st.binary(max_size=300))
def test_nothing_makes_it_raise(raw: bytes) -> None:
    """P2: broken posts give fewer fields, never an exception."""
    split_form(TYPE, raw)
    split_form(TYPE, b"--b0\r\n" + raw)


def test_files_keep_their_names_and_types() -> None:
    raw = (
        b'preamble\r\n--b0\r\ncontent-disposition: form-data; name="attachment1"; filename="a \\"b\\".eml"\r\n'
        b"Content-Type: message/rfc822; x=y\r\n\r\nSubject: x\r\n\r\nhello\r\n--b0--"
    )
    assert split_form(TYPE, raw) == (Field("attachment1", b"Subject: x\r\n\r\nhello", 'a "b".eml', "message/rfc822"),)


def test_a_cut_off_post_gives_what_arrived() -> None:
    """P2."""
    cut = body({"subject": b"NO SNAIL MAIL", "text": b"Jane Doe, 12 Oak"})[:-12]
    assert [field.name for field in split_form(TYPE, cut)] == ["subject", "text"]


@pytest.mark.parametrize("content_type", ["", "text/plain", "multipart/form-data", "multipart/mixed; boundary=b0"])
def test_another_content_type_has_no_fields(content_type: str) -> None:
    assert split_form(content_type, body({"a": b"1"})) == ()


def test_a_quoted_boundary_is_understood() -> None:
    assert len(split_form('multipart/form-data; charset=x; boundary="b0"', body({"a": b"1"}))) == 1


def test_the_number_of_fields_is_bounded() -> None:
    """A post of a million empty fields costs no more than one of five hundred."""
    raw = body({f"f{number}": b"" for number in range(MAX_FIELDS + 50)})
    assert len(split_form(TYPE, raw)) == MAX_FIELDS
