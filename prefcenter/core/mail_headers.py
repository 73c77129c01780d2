"""The headers of a mail that we send: those that mailing lists have, and none that somebody slipped in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from email.header import Header

from prefcenter.core.errors import BadInput

LONGEST_LINE = 500
"""So long may a subject or a header be; what is longer is a mistake. Source: RFC 5322 §2.1.1 has 998 for a line."""

_CONTROLS = ("Cc", "Zl", "Zp", "Cs")
"""Unicode's control characters, line and paragraph separators, and halves of characters."""

_HALVES = re.compile("[\ud800-\udfff]")
_NAME = re.compile(r"[!-9;-~]{1,76}", re.ASCII)
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*", re.ASCII)
_OURS = frozenset(
    "from to cc bcc subject sender reply-to date message-id mime-version content-type content-transfer-encoding"
    " dkim-signature received return-path list-unsubscribe list-unsubscribe-post list-id list-help".split()
)
"""Headers that are made by us or on the way, and so are nobody else's to give."""


def checked_line(text: str, what: str) -> str:
    """Take a text that is to stand in a header.

    Raises:
        BadInput: it has a line break or another control character, by which a header could be slipped in; or it is
            too long.

    >>> checked_line(" Spring offers ", "subject")
    'Spring offers'
    """
    line = text.strip()
    # Nearly every line is printable, which is told at once; what is not may still be harmless, such as a soft hyphen.
    if not line.isprintable() and any(unicodedata.category(character) in _CONTROLS for character in line):
        raise BadInput(f"The {what} has a line break or another control character.", remedy="Write it on one line.")
    if len(line) > LONGEST_LINE:
        raise BadInput(f"The {what} is longer than {LONGEST_LINE} characters.")
    return line


def checked_body(text: str, what: str) -> str:
    """Take the body of a mail, with its line ends as ours.

    Raises:
        BadInput: it holds something that no mail can carry: a NUL, or half a character.
    """
    if "\0" in text or (not text.isascii() and _HALVES.search(text)):
        raise BadInput(f"The {what} holds characters that no mail can carry.", remedy="Send it as UTF-8 text.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def checked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Take further headers of a mail.

    Raises:
        BadInput: one is no header, or one of those that we make ourselves.
    """
    checked = {}
    for name, value in headers.items():
        if not _NAME.fullmatch(name):
            raise BadInput("A header has a name that no header can have.")
        if name.lower() in _OURS:
            raise BadInput(f"The header {name} is made by us.", remedy="Leave it out.")
        checked[name] = encoded(checked_line(value, f"header {name}"))
    return checked


def mailbox(name: str, address: str) -> str:
    r"""Write whom a mail comes from, as a reader sees it: the name in quotes, the address in angle brackets.

    Not encoded: whoever puts it into a mail does that.

    >>> mailbox('Acme, "the" shop', "news@acme.example")
    '"Acme, \\"the\\" shop" <news@acme.example>'
    """
    if not name:
        return address
    return f"{_quoted(checked_line(name, 'name of the sender'))} <{address}>"


def list_id(name: str, *labels: str) -> str:
    """Name a list for mail programs, for ever the same: the words are for people, what is in brackets for programs.

    Source: RFC 2919 §2, §3.

    >>> list_id("Spring offers", "offers", "acme", "prefs.example.com")
    'Spring offers <offers.acme.prefs.example.com>'
    >>> list_id("Frühling", "acme", "localhost")
    '=?utf-8?b?RnLDvGhsaW5n?= <acme.localhost>'
    """
    phrase = checked_line(name, "name of the list")
    written = phrase if _ATOMS.fullmatch(phrase) else _quoted(phrase) if phrase.isascii() else encoded(phrase)
    return f"{written} <{'.'.join(label.lower() for label in labels if label)}>".strip()


def list_headers(unsubscribe: str, mailto: str, preferences: str, list_id: str) -> dict[str, str]:
    """The headers by which a mail program offers to unsubscribe, with one click and no page (E1, E9).

    Args:
        unsubscribe: the link that ends the list.
        mailto: the mailbox that ends it, or empty.
        preferences: the preference page.
        list_id: what :func:`list_id` wrote.

    Source: RFC 8058 §3.1 (one HTTPS URI; the value of the second header is exact), RFC 2369 §3.1–3.2, RFC 2919.
    """
    ways = [f"<{unsubscribe}>", *([f"<mailto:{mailto}?subject=unsubscribe>"] if mailto else [])]
    return {
        "List-Unsubscribe": ", ".join(ways),
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Id": list_id,
        "List-Help": f"<{preferences}>",
    }


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def encoded(text: str) -> str:
    """A header's value in ASCII, on one line: as it is, or in encoded words. Source: RFC 2047."""
    return text if text.isascii() else Header(text, "utf-8", maxlinelen=76).encode(linesep="")
