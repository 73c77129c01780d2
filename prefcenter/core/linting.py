"""Reading what is to go out as service, legal or requested: does it read as marketing? (E14, E15).

A mixed message counts as marketing when its subject reads promotional or the service part does not come first. So a
message is taken apart into sentences, each of which promotes, serves, or is neither (a greeting, a name, a bare link).

Source: 16 CFR 316.3(a)(2).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from prefcenter.core.channels import MessageClass, ServiceCategory
from prefcenter.core.mail_bodies import text_from_html
from prefcenter.core.promotion import (
    LINK,
    is_leaving_link,
    is_marketing_footer,
    is_marketing_link,
    promotion_in,
    readable,
)

LINTED: Final = frozenset({MessageClass.SERVICE, MessageClass.LEGAL, MessageClass.REQUESTED})
"""Classes that may reach people who opted out of marketing."""

MOST_READ: Final = 200_000
"""So many characters of a body are read; what stands behind them is no first part of anything."""


class Code(StrEnum):
    """What can be found."""

    MISSING_CATEGORY = "missing_category"
    PROMOTIONAL_SUBJECT = "promotional_subject"
    SERVICE_NOT_FIRST = "service_not_first"
    MARKETING_LINK_FIRST = "marketing_link_first"
    PROMOTIONAL_PART = "promotional_part"
    MARKETING_FOOTER = "marketing_footer"


class Severity(StrEnum):
    """What a finding does: a blocking one makes the message marketing, a warning asks somebody to look."""

    BLOCKING = "blocking"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that speaks against a message's class.

    Args:
        code: what.
        severity: what follows from it.
        place: ``type``, ``subject``, ``text`` or ``html``.
        why: a sentence for whoever wrote the message; of its content it quotes nothing but the words that advertise.
    """

    code: Code
    severity: Severity
    place: str
    why: str

    @property
    def blocks(self) -> bool:
        """Whether it makes the message marketing."""
        return self.severity is Severity.BLOCKING


def lint(
    message_class: MessageClass, category: ServiceCategory | None, subject: str, text: str, html: str
) -> tuple[Finding, ...]:
    """Find what speaks against a message's class; nothing ever speaks against marketing.

    Args:
        message_class: what it is registered as.
        category: why it is exempt, where it is service (E14).
        subject: empty for a text message; then its first sentence is read as the subject.
        text: the plain body as it is to be read, variables filled in; may be empty.
        html: the rich body likewise.

    >>> found = lint(MessageClass.SERVICE, ServiceCategory.TRANSACTION, "Summer sale!", "Your order has shipped.", "")
    >>> [(each.code.value, each.blocks) for each in found]
    [('promotional_subject', True)]
    """
    if message_class not in LINTED:
        return ()
    found = []
    if message_class is MessageClass.SERVICE and category is None:
        why = "It names no statutory category that would exempt it (E14), so it counts as marketing."
        found.append(Finding(Code.MISSING_CATEGORY, Severity.BLOCKING, "type", why))
    if words := promotion_in(subject, is_subject=True):
        why = f"Its subject reads promotional (“{words}”), so it counts as marketing (E15)."
        found.append(Finding(Code.PROMOTIONAL_SUBJECT, Severity.BLOCKING, "subject", why))
    opens = not subject.strip()
    for place, body in (("text", text[:MOST_READ]), ("html", _shown(html[:MOST_READ]))):
        found += _in_body(place, body, message_class, opens=opens)
    return tuple(found)


_IMAGE_WORDS = re.compile(r"<img\b[^<>]{0,2000}?\balt\s*=\s*([\"'])([^\"'<>]{1,300})\1[^<>]{0,2000}>", re.IGNORECASE)
_UNITS = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\t|\n[ \t]*\n")
_WORD = re.compile(r"[^\W\d_]+")
_CJK_RUN = re.compile("[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]{6}")
_GREETING = re.compile(
    r"(?:hi|hello|hey|dear|good (?:morning|afternoon|evening)|hallo|guten (?:tag|morgen)|liebe[r]?|sehr geehrte[r]?"
    r"|hola|estimad[oa]s?|buenos dias|bonjour|cher|chere|ola|prezad[oa]|ciao|gentile|beste|geachte)(?!\w).{0,60}"
)
_AROUND = re.compile(
    r"view (?:this )?(?:e-?mail |message )?(?:in|online|on)|im browser|voir (?:cet|dans)|ver en (?:el )?navegador"
)
_SERVES = re.compile(
    r"(?<!\w)(?:orders?|shipped|shipment|deliver(?:y|ed)|track(?:ing)?|receipt|invoice|payment|paid|refund|return|account"
    r"|password|code|verif\w+|confirm\w*|appointment|booking|reservation|subscription|statement|balance|policy|recall"
    r"|ticket|request|bestellung|lieferung|rechnung|zahlung|konto|passwort|termin|pedido|entrega|factura|pago|cuenta"
    r"|commande|livraison|facture|paiement|compte|fatura|pagamento|conta|ordine|consegna|fattura|bestelling|levering"
    r"|factuur|betaling)(?!\w)"
)

_FEW_WORDS = 3
"""A sentence of fewer words than these is a heading, a name or a button, and serves nobody by itself."""


def _shown(html: str) -> str:
    """The HTML as a reader sees it, a paragraph for each block; what an image says instead of itself counts too."""
    return text_from_html(_IMAGE_WORDS.sub(r" \2 ", html)).replace("\n", "\n\n") if html.strip() else ""


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence: the words that advertise in it, its marketing links, and whether it serves or belongs to a footer."""

    promotes: str
    links: tuple[str, ...]
    serves: bool
    is_footer: bool


def _units(body: str, *, opens: bool) -> Iterator[_Unit]:
    for number, piece in enumerate(part for part in _UNITS.split(body) if part.strip()):
        links = tuple(link for link in LINK.findall(piece) if is_marketing_link(link))
        words = " ".join(LINK.sub(" ", piece).split())
        promotes = promotion_in(words, is_subject=opens and number == 0) or ""
        is_footer = is_marketing_footer(words) or any(map(is_leaving_link, links))
        yield _Unit(promotes, links, not promotes and not is_footer and _serves(words, links), is_footer)


def _serves(words: str, links: tuple[str, ...]) -> bool:
    """Whether a sentence says something of its own; beside a campaign's link it must speak of service to count."""
    plain = readable(words)
    if links:
        return _SERVES.search(plain) is not None
    if _GREETING.fullmatch(plain) or _AROUND.search(plain):
        return False
    return len(_WORD.findall(plain)) >= _FEW_WORDS or bool(_SERVES.search(plain) or _CJK_RUN.search(plain))


def _in_body(place: str, body: str, message_class: MessageClass, *, opens: bool) -> Iterator[Finding]:
    """At most one finding of each kind: the first tells enough."""
    told: dict[Code, Finding] = {}
    serves_by_now = False
    for unit in _units(body, opens=opens):
        serves_by_now = serves_by_now or unit.serves
        for finding in _of_unit(place, unit, message_class, is_first=not serves_by_now):
            told.setdefault(finding.code, finding)
    yield from told.values()


def _of_unit(place: str, unit: _Unit, message_class: MessageClass, *, is_first: bool) -> Iterator[Finding]:
    what = message_class.value
    if unit.promotes and is_first:
        why = f"It promotes (“{unit.promotes}”) before it says what it is sent for, so it counts as marketing (E15)."
        yield Finding(Code.SERVICE_NOT_FIRST, Severity.BLOCKING, place, why)
    elif unit.promotes:
        why = f"Behind the {what} part it promotes (“{unit.promotes}”); better leave that to a message of its own."
        yield Finding(Code.PROMOTIONAL_PART, Severity.WARNING, place, why)
    if unit.links and is_first:
        why = "A link of a campaign, to an offer or out of a list stands before it says what it is sent for (E15)."
        yield Finding(Code.MARKETING_LINK_FIRST, Severity.BLOCKING, place, why)
    if unit.is_footer:
        why = f"It has a newsletter's footer: who unsubscribes there still gets {what} messages, and will feel fooled."
        yield Finding(Code.MARKETING_FOOTER, Severity.WARNING, place, why)
