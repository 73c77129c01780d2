"""A mail of ours that somebody forwards to us, since they don't know which address it came to.

Its own links say whose mail it was and what it was about; whoever holds it could press them (E18, E19). Only what comes
to one dedicated mailbox counts: an answer, or a bounce, quotes our mail as well and asks for nothing of the kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from prefcenter.core.mail import Mail
from prefcenter.core.tokens import TOKEN_LENGTH, Purpose, SigningKeys, Token

MAILBOX: Final = "forward"
"""The local part of the address that mails of ours are forwarded to."""

_MOST_DEEP: Final = 5
_TOKEN: Final = re.compile(rf"(?:/[up]/|\bu-)([a-z2-7]{{{TOKEN_LENGTH}}})(?![a-z2-7])", re.IGNORECASE)


def mailbox(inbound_domain: str) -> str:
    """Where mails of ours are to be forwarded to; empty where no mail comes to us."""
    return f"{MAILBOX}@{inbound_domain}" if inbound_domain else ""


def is_meant(mail: Mail, recipients: Sequence[str], inbound_domain: str) -> bool:
    """Whether a mail was sent to that address."""
    found = {each.strip("<> ").lower() for each in (*recipients, *mail.delivered_to, *mail.to, *mail.cc)}
    return bool(inbound_domain) and mailbox(inbound_domain) in found


def tokens_in(mail: Mail, signing: SigningKeys) -> list[Token]:
    """Find the links of ours in a mail and in the mails attached to it, each as what it would unsubscribe from.

    Where there is a link to unsubscribe, a link to the preferences beside it says nothing more and is passed over.
    """
    read = [signing.read(text.lower()) for text in dict.fromkeys(_TOKEN.findall("\n".join(_words(mail))))]
    valid = [token for token in read if token is not None]
    leaving = [token for token in valid if token.purpose is Purpose.UNSUBSCRIBE]
    choosing = [replace(token, purpose=Purpose.UNSUBSCRIBE) for token in valid if token.purpose is Purpose.PREFERENCES]
    return list(dict.fromkeys(leaving or choosing))


def _words(mail: Mail, depth: int = 0) -> Iterator[str]:
    yield mail.text
    yield from mail.linked
    if depth < _MOST_DEEP:
        for inner in mail.attached:
            yield from _words(inner, depth + 1)
