"""Reading a mail that is to be sent on: whole, or not at all."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from prefcenter.core.errors import BadInput
from prefcenter.smtp import replies
from prefcenter.smtp.reading import NotCarried, read

PIECES = [
    b"X-Message-Type: receipt\r\n",
    b"Message-ID: <1@x>\r\n",
    b"Subject: =?utf-7?q?+2AA-?=\r\n",
    b"Content-Type: multipart/alternative; boundary=b\r\n",
    b"Content-Type: text/html; charset=utf-7\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"\r\n",
    b"--b\r\n",
    b"--b--\r\n",
    b"+2AA-\x00\xff",
]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=40)), max_size=12).map(b"".join))
@example(b"")
def test_whatever_comes_is_read_or_refused_in_words(raw: bytes) -> None:
    """Never anything else: a fault would be answered with 451, and the same mail would come again and again."""
    try:
        read(raw)
    except BadInput as error:
        told = replies.of_error(error)
        assert told.startswith("550 5.6.")
        assert told.isascii()
        assert told.isprintable()


@pytest.mark.parametrize("wrapper", ["alternative", "mixed", "related"])
def test_one_body_in_a_wrapper_is_that_body(wrapper: str) -> None:
    raw = (
        f"Subject: x\r\nContent-Type: multipart/{wrapper}; boundary=b\r\n\r\nfor old programs\r\n"
        "--b\r\nContent-Type: text/html\r\n\r\n<p>Hello</p>\r\n--b--\r\nafter the end\r\n"
    ).encode()
    assert (read(raw).written.text, read(raw).written.html) == ("", "<p>Hello</p>")


def test_a_text_and_html_one_behind_the_other_are_not_the_same_text() -> None:
    """Whoever reads HTML would miss the text, so this is not taken for an alternative."""
    mail = EmailMessage()
    mail.set_content("A")
    mail.make_mixed()
    mail.attach(_html("<p>B</p>"))
    with pytest.raises(NotCarried, match="several texts"):
        read(mail.as_bytes())


def _html(text: str) -> EmailMessage:
    part = EmailMessage()
    part.set_content(text, subtype="html")
    return part


def test_a_signed_mail_is_refused_since_its_signature_would_break() -> None:
    raw = (
        b"Subject: x\r\nContent-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nHello\r\n"
        b"--b\r\nContent-Type: application/pgp-signature\r\n\r\nsig\r\n--b--\r\n"
    )
    with pytest.raises(NotCarried, match="multipart/signed"):
        read(raw)


def test_the_words_of_a_reply_never_make_a_second_line() -> None:
    told = replies.line(550, "5.7.1", "no type “a\r\n250 Taken”\u2028\x1b[31m" + "x" * 600)
    assert told.startswith('550 5.7.1 no type "a 250 Taken"')
    assert told.isprintable()
    assert len(told) <= 510
