"""The words and links by which advertising is known, in the languages that we are most often written in.

The tables are of our own making: what shops write in subjects. They know the usual, not everything; what they take for
advertising, a reader would too. A word that also has an honest use stands with its honest uses in ``_NEUTRAL``.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from prefcenter.core.promotion_words import ANYWHERE

_LOOKS_LIKE = str.maketrans({"’": "'", "‘": "'", "–": "-", "—": "-", "％": "%", "\u00a0": " "})
_ACCENTS = re.compile("[\u0300-\u036f\ufe00-\ufe0f]")
_SPELT = re.compile(r"(?<!\w)(?:[a-z][ .*_\-]){2,12}[a-z](?!\w)")
_DOLLAR_S = re.compile(r"\$(?=[a-z])")


def _any(*patterns: str) -> str:
    return "|".join(patterns)


def _words(*patterns: str) -> re.Pattern[str]:
    """Any of these as whole words."""
    return re.compile(rf"(?<!\w)(?:{_any(*patterns)})(?!\w)")


_CJK = re.compile(
    _any(
        "セール",
        "割引",
        "送料無料",
        "クーポン",
        "期間限定",
        "数量限定",
        "半額",
        "お買い得",
        r"\d+ ?%オフ",
        r"\d+ ?%off",
        "大特価",
    )
    + "|"
    + _any(
        "优惠",
        "優惠",
        "促销",
        "促銷",
        "折扣",
        "打折",
        "包邮",
        "免运费",
        "免運費",
        "限时",
        "限時",
        "特价",
        "特價",
        "秒杀",
        "할인",
        "무료배송",
        "쿠폰",
    )
)

_PHRASES = _words(*ANYWHERE)

_SUBJECT_WORDS = _words(
    *("sale", "deals?", "offers?", "discounts?", "discounted", "bargains?", "clearance", "promos?", "promotions?"),
    *("vouchers?", "giveaway", "sweepstakes", "bestsellers?", r"for free", r"free (?:for|today|this|inside|when)"),
    *("ofertas?", "descuentos?", "promocion(?:es)?", "gratis", "descontos?", "promocao", "promocoes"),
    *("offres?", "promos?", "promotions?", "reductions?", "remises?", "gratuit"),
    *("angebote?", "aktion", "sconti", "sconto", "offert[ae]", "promozion[ei]"),
)
"""In a subject these words advertise; within a body they are too common to say so."""

_NEUTRAL = _words(
    r"(?:bill|point|proof|date|terms|conditions?|contract|notice) of (?:the )?sale",
    r"(?:your|the|this) sale (?:is|was|has|of|to|at|number|no)",
    r"sale (?:confirmation|confirmed|completed?|agreement|receipt|contract|id|no|number)",
    r"(?:job|employment|written|formal|settlement|counter|benefits?) offers?",
    r"offers? (?:letter|of employment|accepted|declined|withdrawn|received|made|number|no)",
    r"your offer (?:on|was|has been)",
    r"deals? (?:number|no|id|memo|signed|closed)",
    r"discounts? (?:was|were|has been|have been|is) (?:applied|removed|added)",
    r"no longer discounted",
    r"(?:free|exempt|clear) (?:of|from)",
    r"(?:tax|toll|duty|sugar|gluten|lead|interest|feel|hands)[- ]free(?: to)?",
    r"free trials?",
    r"ofertas? (?:de|da) (?:empleo|trabajo|emprego)",
    r"offres? (?:d'emploi|d'embauche|de contrat)",
    r"offert[ae] di lavoro",
    r"angebot (?:nr|nummer|no|vom|fur ihre anfrage)",
    r"(?:votre|le|du|de) solde",
    r"reductions? (?:of hours|in force)",
)
"""Honest uses of the words above, taken out before anything is looked for."""

_MARKETING_QUERY = re.compile(
    r"[?&;](?:utm_(?:source|medium|campaign|content|term|id)|mc_(?:cid|eid)|gclid|fbclid)=", re.IGNORECASE
)
_MARKETING_PATH = re.compile(
    r"[/.](?:sales?|offers?|deals?|promos?|promotions?|coupons?|discounts?|clearance|outlet|black-friday|new-arrivals"
    r"|angebote?|rabatte?|soldes|ofertas?|rebajas|promociones|saldi|offerte|aanbiedingen|uitverkoop)(?=[/?#.&]|$)"
    r"|//(?:sales?|offers?|deals?|promos?|shop-now)\.",
    re.IGNORECASE,
)
_LEAVING_LINK = re.compile(
    r"unsubscribe|opt-?out(?=[/?#.&=]|$)|abmelden|abbestellen|desabonne|desinscri|darse-de-baja|/u/[\w.~-]{20}",
    re.IGNORECASE,
)

_FOOTER = _words(
    r"unsubscribe(?: here| from)?",
    r"manage (?:your |my )?(?:e-?mail |subscription |marketing )?(?:preferences|subscriptions?)",
    r"(?:you are receiving|you're receiving|you received) this (?:e-?mail|message|newsletter) because you "
    r"(?:subscribed|signed up|opted in|are subscribed|are on our)",
    r"(?:newsletter )?(?:abmelden|abbestellen|abbestellung)",
    r"(?:se |vous )?(?:desabonner|desinscrire)",
    r"dar(?:se|te) de baja",
    r"cancelar (?:la |tu |su |a |sua )?(?:suscripcion|inscricao|assinatura)",
    r"(?:annulla|cancella) (?:l')?iscrizione",
    r"(?:uitschrijven|afmelden)",
)
_FOOTER_CJK = re.compile("配信停止|配信解除|退订|退訂|取消订阅|取消訂閱")

LINK: Final = re.compile(r"(?:https?://|www\.)[^\s<>\"')\]]{1,2000}", re.IGNORECASE)
"""An address in running text."""


def readable(text: str) -> str:
    """One form for all renderings of a text: case, width, accents, invisible marks and spelt-out words go.

    >>> readable("Ｓ.Ａ.Ｌ.Ｅ – dernière\u200b chance")
    'sale - derniere chance'
    """
    wide = unicodedata.normalize("NFKC", text).translate(_LOOKS_LIKE).casefold()
    visible = "".join(char for char in wide if unicodedata.category(char) != "Cf")
    plain = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", visible)))
    whole = _SPELT.sub(lambda found: re.sub(r"[^a-z]", "", found[0]), _DOLLAR_S.sub("s", plain))
    return " ".join(whole.split())


def promotion_in(text: str, *, is_subject: bool = False) -> str | None:
    """The first words that advertise, as they are read, or None.

    >>> promotion_in("20 % off, today only!", is_subject=True)
    '20 % off'
    >>> promotion_in("Your order is free of tax", is_subject=True) is None
    True
    """
    plain = _NEUTRAL.sub(" ", readable(text))
    patterns = (_PHRASES, _CJK, *((_SUBJECT_WORDS,) if is_subject else ()))
    found = [match for pattern in patterns if (match := pattern.search(plain)) is not None]
    return min(found, key=re.Match.start)[0].strip() if found else None


def is_marketing_link(address: str) -> bool:
    """Whether a link belongs to a campaign, or leads to an offer or out of a list.

    >>> is_marketing_link("https://acme.example/?utm_campaign=spring"), is_marketing_link("https://acme.example/orders/7")
    (True, False)
    """
    return bool(_MARKETING_QUERY.search(address) or _MARKETING_PATH.search(address) or is_leaving_link(address))


def is_leaving_link(address: str) -> bool:
    """Whether a link leads out of a mailing list."""
    return _LEAVING_LINK.search(address) is not None


def is_marketing_footer(text: str) -> bool:
    """Whether these are the words below a newsletter."""
    plain = readable(text)
    return bool(_FOOTER.search(plain) or _FOOTER_CJK.search(plain))
