"""Whether SPF or DKIM vouch for the domain that a mail claims to come from.

An answer goes only where they do (P3): else a forged From would let a stranger make us write to anybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_SENDGRID_DKIM = re.compile(r"@?([\w.-]{1,253})\s*:\s*pass\b", re.IGNORECASE)
_DKIM = re.compile(r"\bdkim\s*=\s*pass\b([^;]{0,1000})", re.IGNORECASE)
_DKIM_DOMAIN = re.compile(r"header\.(?:d|i)\s*=\s*(?:[^\s@;]{0,64}@)?([\w.-]{1,253})", re.IGNORECASE)
_SPF = re.compile(r"\bspf\s*=\s*pass\b([^;]{0,1000})", re.IGNORECASE)
_SPF_SENDER = re.compile(r"smtp\.mailfrom\s*=\s*\"?([^\s;\"]{1,320})", re.IGNORECASE)
_DMARC = re.compile(r"\bdmarc\s*=\s*pass\b[^;]{0,1000}?header\.from\s*=\s*([\w.-]{1,253})", re.IGNORECASE)
_COMMENT = re.compile(r"\([^()]{0,500}\)")


def vouches(from_address: str, *, dkim: Iterable[str] = (), spf_sender: str = "") -> bool:
    """Whether a passed DKIM signature or SPF check is of the From's domain, or of one above or below it.

    Args:
        from_address: the address in the From header.
        dkim: domains whose signatures passed.
        spf_sender: the envelope sender, where SPF passed, else empty.

    Source: RFC 7489 §3.1 (identifier alignment, relaxed).

    >>> vouches("jane@example.com", dkim=["mail.example.com"]), vouches("jane@example.com", dkim=["example.net"])
    (True, False)
    """
    domain = _domain(from_address)
    passed = [*dkim, *([_domain(spf_sender)] if spf_sender else [])]
    return any(_is_aligned(domain, other.strip(".").lower()) for other in passed)


def _domain(address: str) -> str:
    return address.strip().strip("<>").rpartition("@")[2].strip(".").lower()


def _is_aligned(one: str, other: str) -> bool:
    if "." not in one or "." not in other:
        return False
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def dkim_domains(field: str) -> tuple[str, ...]:
    """The domains that passed in SendGrid's field ``dkim``.

    >>> dkim_domains("{@example.com : pass, @example.net : fail}")
    ('example.com',)
    """
    return tuple(_SENDGRID_DKIM.findall(field))


def vouched_by_headers(from_address: str, results: Sequence[str]) -> bool:
    """Whether the nearest server's ``Authentication-Results`` vouch for the From.

    Only the topmost counts: our own server puts it there, and those below may be the sender's invention.

    Source: RFC 8601 §§2.2, 5.
    """
    if not results:
        return False
    text = _COMMENT.sub(" ", results[0][:10_000])
    signed = [domain for found in _DKIM.findall(text) for domain in _DKIM_DOMAIN.findall(found)]
    senders = [sender for found in _SPF.findall(text) for sender in _SPF_SENDER.findall(found)]
    return vouches(from_address, dkim=[*signed, *(_domain(sender) for sender in senders), *_DMARC.findall(text)])
