"""Reading mails: whatever the bytes are, the text that can be read is read, and nothing raises."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import chain, repeat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefcenter.core.mail import Mail, mail_from_fields, read_mail
from prefcenter.core.mail_text import html_to_text, split_words, strip_quoted


def _mail(body: bytes, *headers: str) -> Mail:
    head = "".join(f"{header}\r\n" for header in ("From: Jane Doe <jane@example.com>", *headers))
    return read_mail(head.encode() + b"\r\n" + body)


def test_headers_of_an_ordinary_mail_are_read() -> None:
    """The envelope of a mail: who, to whom, when, about what."""
    mail = _mail(
        b"Hello",
        "To: a@example.org, Bee <b@example.org>",
        "Cc: c@example.org",
        "Delivered-To: post@example.org",
        "Subject: =?utf-8?q?NO_SN=C3=84IL?= =?utf-8?q?_MAIL?=",
        "Date: Mon, 5 Jan 2026 10:00:00 -0600",
        "Message-ID: <1@example.com>",
        "In-Reply-To: <0@example.org>",
        "Authentication-Results: mx.example.org; dkim=pass",
    )
    assert (mail.from_name, mail.from_address) == ("Jane Doe", "jane@example.com")
    assert mail.to == ("a@example.org", "b@example.org")
    assert mail.cc == ("c@example.org",)
    assert mail.delivered_to == ("post@example.org",)
    assert mail.subject == "NO SNÄIL MAIL"
    assert mail.date == datetime(2026, 1, 5, 16, tzinfo=UTC)
    assert (mail.message_id, mail.in_reply_to) == ("<1@example.com>", "<0@example.org>")
    assert mail.authentication_results == ("mx.example.org; dkim=pass",)
    assert mail.text == "Hello"
    assert mail.problems == ()


def test_a_name_with_an_encoded_comma_stays_one_sender() -> None:
    """RFC 2047 §6.2: words are decoded after the addresses were split."""
    mail = read_mail(b"From: =?utf-8?q?Doe=2C_J=C3=BCrgen?= <j@example.com>\n\n")
    assert (mail.from_name, mail.from_address) == ("Doe, Jürgen", "j@example.com")


@pytest.mark.parametrize(
    ("headers", "is_auto_reply"),
    [
        ([], False),
        (["Auto-Submitted: no"], False),
        (["Auto-Submitted: auto-replied"], True),
        (["Auto-Submitted: auto-generated (vacation)"], True),
        (["Precedence: bulk"], False),
        (["Precedence: auto_reply"], True),
        (["Return-Path: <>"], True),
        (["X-Autoreply: yes"], True),
    ],
)
def test_auto_replies_are_told_apart(headers: list[str], is_auto_reply: bool) -> None:
    """E8: an ordinary auto-reply is marked as one."""
    assert _mail(b"x", *headers).is_auto_reply is is_auto_reply


def test_apple_mails_unsubscribe_is_seen_although_it_is_an_auto_reply() -> None:
    """E8: X-Apple-Unsubscribe is kept beside Auto-Submitted."""
    mail = _mail(b"", "Auto-Submitted: auto-replied", "X-Apple-Unsubscribe: true")
    assert mail.x_apple_unsubscribe
    assert mail.auto_submitted == "auto-replied"


@pytest.mark.parametrize(
    ("charset", "body", "text", "is_doubtful"),
    [
        ("utf-8", "Müller".encode(), "Müller", False),
        ("utf-8", "Müller".encode("latin-1"), "Müller", True),
        ("iso-8859-1", b"O\x92Brien", "O’Brien", False),
        ("us-ascii", "Müller".encode(), "Müller", False),
        ("x-unknown-9", "Müller".encode(), "Müller", True),
        ("iso-2022-jp", "停止".encode("iso-2022-jp"), "停止", False),
        ("utf-16", "Jane".encode("utf-16"), "Jane", False),
        ("hex", b"Jane", "Jane", True),
        ("punycode", b"Jane", "Jane", True),
        ("a\x00b", b"Jane", "Jane", True),
    ],
)
def test_a_charset_is_believed_only_as_far_as_it_is_true(
    charset: str, body: bytes, text: str, is_doubtful: bool
) -> None:
    """What is guessed is readable and is a problem."""
    mail = _mail(body, f"Content-Type: text/plain; charset={charset}")
    assert mail.text == text
    assert mail.text_is_doubtful is is_doubtful


def test_damaged_base64_is_decoded_as_far_as_it_goes() -> None:
    """P2: what can be read of a broken part is read, and the rest is a problem."""
    mail = _mail(b"SmFuZSBEb2U!\n=!!x", "Content-Transfer-Encoding: base64")
    assert mail.text.startswith("Jane Doe")
    assert mail.text_is_doubtful


def test_nul_bytes_are_left_out_and_said() -> None:
    """A NUL never reaches the database."""
    mail = _mail(b"Ja\x00ne")
    assert mail.text == "Jane"
    assert mail.problems


def test_plain_text_wins_unless_it_is_blank() -> None:
    """The HTML part is read where the plain part says nothing."""
    parts = (
        b"--b\r\nContent-Type: text/plain\r\n\r\n%s\r\n--b\r\n"
        b"Content-Type: text/html\r\n\r\n<p>from html</p>\r\n--b--\r\n"
    )
    header = "Content-Type: multipart/alternative; boundary=b"
    assert _mail(parts % b"from plain", header).text == "from plain"
    assert _mail(parts % b" ", header).text == "from html"


def test_an_attached_mail_is_read_as_a_mail_of_its_own() -> None:
    """Forwarded as attachment: subject and sender of the inner mail are kept."""
    body = (
        b"--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: In <in@example.com>\r\nSubject: inner\r\n\r\ntext\r\n--b--"
    )
    (inner,) = _mail(body, "Content-Type: multipart/mixed; boundary=b").attached
    assert (inner.from_address, inner.subject, inner.text) == ("in@example.com", "inner", "text")


def test_other_attachments_are_named() -> None:
    """P2: that a file is attached is not lost."""
    body = b'--b\r\nContent-Type: application/pdf; name="letter.pdf"\r\n\r\nx\r\n--b--'
    assert _mail(body, "Content-Type: multipart/mixed; boundary=b").attachments == ("letter.pdf",)


_MULTIPART = b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n\n",
        b" " * 1_000_000,
        b"A:" * 500_000,
        b"From: a@b.c\n" + b"".join(_MULTIPART % (i, i) for i in range(20_000)),
        b"From: a@b.c\n" + b"Content-Type: message/rfc822\n\n" * 50_000,
        b"From: a@b.c\nContent-Type: multipart/mixed; boundary=a\n\n" + b"--a\n" * 500_000,
        b"From: " + b"(" * 200_000 + b"\n\n",
        b"From: " + b"<" * 200_000 + b"\n\n",
        b"Subject: " + b"=?a?q?" * 40_000 + b"\n\n",
        b"From: a@b.c\n\n" + b"x" * 30_000_000,
        *(
            b"From: a@b.c\nContent-Type: text/html\n\n" + bit * 200_000
            for bit in (b"<", b"<a", b"<!--", b"<style>", b"<blockquote>x", b"&", b"</", b"<td>")
        ),
    ],
    ids=lambda raw: f"{raw[:24]!r}-{len(raw)}",
)
def test_hostile_mails_are_read_without_a_stall(raw: bytes) -> None:
    """Depth, parts and sizes are bounded; a bomb is a problem, not a crash."""
    mail = read_mail(raw)
    assert len(mail.text) <= 1_000_000


_BITS = [
    b"From: a@b.c\n",
    b"Content-Type: multipart/mixed; boundary=b\n",
    b"Content-Type: text/html; charset=utf-16\n",
    b"Content-Type: text/plain; charset*=x''%ff\n",
    b"Content-Type: message/rfc822\n",
    b"Content-Transfer-Encoding: base64\n",
    b"Content-Transfer-Encoding: quoted-printable\n",
    b"Date: Mon, 99 Jan 2026 99:99:99 +9999\n",
    b"Subject: =?utf-8?b?////?= =?x?q?=?=\n",
    b"\n",
    b"--b\n",
    b"--b--\n",
    b"<p",
    b"<!--",
]


@given(st.lists(st.one_of(st.sampled_from(_BITS), st.binary(max_size=12)), max_size=30).map(b"".join))
@settings(max_examples=300, deadline=None)
def test_reading_never_raises(raw: bytes) -> None:
    """Any bytes at all give a mail, the same one each time."""
    mail = read_mail(raw)
    assert mail == read_mail(raw)
    assert "\x00" not in mail.text + mail.subject
    split_words(mail.text)


@given(st.text(max_size=80), st.text(max_size=200), st.text(max_size=200))
def test_reading_fields_never_raises(header: str, text: str, html: str) -> None:
    """The parsed mode takes any strings."""
    assert isinstance(mail_from_fields(header, header, header, header, text, html, (header,)), Mail)


def test_parsed_fields_give_the_same_mail_as_the_raw_one() -> None:
    """SendGrid's parsed mode and raw mode read alike."""
    headers = "From: Jane <jane@example.com>\nTo: p@example.org\nSubject: NO SNAIL MAIL\nMessage-ID: <1@x>"
    parsed = mail_from_fields(headers, "Jane <jane@example.com>", "p@example.org", "NO SNAIL MAIL", "Hi", "", ())
    assert parsed == read_mail(f"{headers}\n\nHi".encode())


def test_parsed_fields_fill_what_the_header_block_lacks() -> None:
    """The envelope's recipients count as delivered-to."""
    mail = mail_from_fields("", "Jane <j@x.org>", "p@x.org", "Sub", "", "<b>Hi</b><br>there", ("p@in.x.org",))
    assert (mail.from_name, mail.to, mail.subject) == ("Jane", ("p@x.org",), "Sub")
    assert mail.text == "Hi\nthere"
    assert mail.delivered_to == ("p@in.x.org",)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<div>a</div><div>b</div>", "a\nb"),
        ("a<br/>b<br>c", "a\nb\nc"),
        ("<p>a</p>\n<p>b &amp; c</p>", "a\nb & c"),
        ("<style>x{}</style><script>1<2</script>a", "a"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a\tb\nc"),
        ('<blockquote type="cite"><p>q</p></blockquote>a', "> q\na"),
        ("a <!-- b --> c < d", "a c < d"),
        ("wrapped\nin source", "wrapped in source"),
    ],
)
def test_html_becomes_the_lines_that_a_reader_sees(html: str, text: str) -> None:
    """Blocks are lines, styles and scripts are nothing, cited text is marked."""
    assert html_to_text(html)[0] == text


@pytest.mark.parametrize(
    "quotation",
    [
        "On Mon, Jan 5, 2026 at 9:00 AM Acme <news@x.org> wrote:\n> Sale\n> 1 Main St",
        "On Mon, Jan 5, 2026 at 9:00 AM Acme Outlet\n<news@x.org> wrote:\n\nSale\n1 Main St",
        "Am 05.01.2026 um 09:00 schrieb Acme:\n> Sale",
        "El lun, 5 ene 2026 a las 9:00, Acme escribió:\n> Sale",
        "Le 5 janv. 2026 à 09:00, Acme a écrit :\n> Sale",
        "-----Original Message-----\nFrom: Acme\nSale",
        "From: Acme\nSent: Monday\nTo: Jane\nSubject: Sale\n\n1 Main St",
        "*Von:* Acme\n*Gesendet:* Montag\n*An:* Jane\n*Betreff:* Sale\n\n1 Main St",
        "> Sale",
        "Sent from my iPhone",
        "Get Outlook for iOS",
        "Von meinem iPhone gesendet",
    ],
)
def test_quotations_and_device_signatures_are_no_words_of_the_sender(quotation: str) -> None:
    """What somebody else wrote, or a device, is set apart but not lost."""
    text = f"Jane Doe\n\n{quotation}"
    assert strip_quoted(text) == "Jane Doe"
    words = split_words(text)
    assert f"{words.own} {words.quoted}".split() == text.split()


def test_words_below_a_quotation_stay() -> None:
    """Bottom posting: what follows the quoted lines is the sender's."""
    assert strip_quoted("On 1/5/2026, Acme wrote:\n> Sale\n\nJane Doe") == "Jane Doe"


@pytest.mark.parametrize(
    "mark",
    [
        "---------- Forwarded message ---------",
        "Begin forwarded message:",
        "-------- Weitergeleitete Nachricht --------",
    ],
)
def test_a_forwarded_mail_stays_without_its_header(mark: str) -> None:
    """A forwarded request's content is inside and must be read."""
    text = f"FYI\n\n{mark}\nFrom: Jane Doe <j@x.org>\nSubject: no snail mail\nTo: us\n\n12 Oak St"
    words = split_words(text)
    assert strip_quoted(text) == "FYI\n\n12 Oak St"
    assert (words.forwarded_from, words.forwarded_subject) == ("Jane Doe", "no snail mail")


@pytest.mark.parametrize("bit", ["On ", "On\n", "> ", "From: x\n", "_", "9", " ", "wrote: ", "-", "Sent from ", "* "])
def test_hostile_texts_are_split_without_a_stall(bit: str) -> None:
    """Each line is looked at a bounded number of times, and only its beginning."""
    text = "".join(chain.from_iterable(repeat(bit, 500_000 // len(bit))))
    assert split_words(text).forwarded == ""
