"""What shops write when they advertise, language by language: patterns over text that was made readable first.

They are in lower case and without accents, as :func:`prefcenter.core.promotion.readable` leaves a text.
"""

from __future__ import annotations

from typing import Final

_SAVE = "(?:save|spare|sparen sie|ahorra|economisez|economize|risparmia|bespaar)"
_UP_TO = "(?:up to|bis zu|hasta|jusqu'a|ate|fino a|tot)"
_SEASON = (
    "(?:flash|clearance|summer|winter|spring|fall|autumn|holiday|weekend|annual|anniversary|big|final|private|online"
    "|garage|members'?|super|mega|end[- ]of[- ]season)"
)
_PRAISE = "(?:special|limited|exclusive|introductory|great|best|irresistible|unbeatable|bonus|early[- ]bird|holiday)"
_UNTIL = "(?:ends|expires|valid|good) ?(?:today|tonight|tomorrow|soon|until)?"

PERCENT_OFF: Final = (
    r"\d{1,3} ?% (?:off|discount|savings?|cheaper|back|extra)",
    r"(?:save|extra|up to|flat|over) \d{1,3} ?%",
    r"\d{1,3} ?% (?:de )?(?:descuento|dto|desconto|reduction|remise|rabais|rabatt|sconto|korting)",
    r"\d{1,3} ?% (?:reduziert|gunstiger|sparen)",
    rf"{_SAVE} (?:{_UP_TO} )?(?:[$€£] ?\d[\d.,]*|\d[\d.,]* ?(?:%|€|£|usd|eur|dollars?|euros?))",
    r"[$€£] ?\d[\d.,]* off",
    r"half[- ](?:price|off)",
)

ENGLISH: Final = (
    rf"{_SEASON} sales?",
    r"sale (?:starts|ends|now on|is on|continues|event)",
    rf"{_PRAISE} (?:offers?|deals?|discounts?|savings|prices?)",
    r"limited[- ]time",
    rf"(?:offer|deal|discount|coupon|promotion|prices?) {_UNTIL}",
    r"free (?:shipping|delivery|gifts?|samples?|returns on|bonus|upgrade)",
    r"last chance",
    r"(?:today|this week(?:end)?) only",
    r"while (?:supplies|stocks?) lasts?",
    r"(?:act|buy|shop|order) now",
    r"shop (?:the|our|all|today)",
    r"(?:don'?t|do not) miss (?:out|this|our|it)",
    r"hurry",
    r"new arrivals?",
    r"black friday",
    r"cyber (?:monday|week)",
    r"price drops?",
    r"(?:lowest|best|slashed) prices?",
    r"promo(?:tion(?:al)?)? codes?",
    r"(?:discount|coupon|voucher) codes?",
    r"use code",
    r"coupons?",
    r"buy (?:one|1|two|2|more)[, ]{1,2}(?:get|save)",
    r"bogo",
    r"you'?(?:ve| have) won",
    r"refer a friend",
    r"you (?:may|might) also (?:like|enjoy|love)",
    r"customers (?:who bought|also (?:bought|liked))",
    r"recommended for you",
    r"picked (?:just )?for you",
)

SPANISH: Final = (
    r"rebajas",
    r"ofertas? (?:especial(?:es)?|exclusivas?|del dia|limitadas?|imperdibles?)",
    r"envio (?:gratis|gratuito)",
    r"ultima oportunidad",
    r"(?:por )?tiempo limitado",
    r"(?:cupon|cupones)",
    r"(?:codigo|vale) (?:de descuento|promocional)",
    r"compr[ae] (?:ya|ahora)",
    r"solo (?:por )?hoy",
    r"no te (?:lo|la|los|las) pierdas",
    r"mitad de precio",
)

FRENCH: Final = (
    r"soldes",
    r"offres? (?:speciales?|exclusives?|limitees?|promotionnelles?)",
    r"bons? plans?",
    r"livraison (?:gratuite|offerte)",
    r"derniere chance",
    r"(?:duree|temps) limitee?",
    r"codes? promo",
    r"bons? de reduction",
    r"achetez maintenant",
    r"profitez(?:-en)?(?: vite)?",
    r"ne (?:manquez|ratez) pas",
    r"a moitie prix",
    r"ventes? (?:privees?|flash)",
)

GERMAN: Final = (
    r"rabatt(?:e|aktion|code)?",
    r"schnappchen",
    r"sonderangebote?",
    r"(?:top|exklusive|unsere|neue|beste) angebote?",
    r"nur (?:heute|noch heute|fur kurze zeit)",
    r"letzte (?:chance|gelegenheit)",
    r"versandkostenfrei",
    r"kostenlose[rn]? versand",
    r"jetzt (?:kaufen|bestellen|sichern|sparen|zugreifen|shoppen)",
    r"(?:schluss|aus|raumungs)verkauf",
    r"gutschein(?:code)?",
    r"(?:zum )?halben? preis",
    r"nicht verpassen",
)

PORTUGUESE: Final = (
    r"ofertas? (?:especia(?:l|is)|exclusivas?|imperdive(?:l|is))",
    r"(?:frete|envio) gratis",
    r"ultima chance",
    r"tempo limitado",
    r"cupo(?:m|ns)",
    r"compre (?:agora|ja)",
    r"liquidacao",
    r"so hoje",
    r"nao perca",
)

ITALIAN: Final = (
    r"saldi",
    r"offert[ae] (?:special[ei]|esclusiv[ae]|limitat[ae])",
    r"spedizione gratuita",
    r"ultima (?:occasione|possibilita)",
    r"tempo limitato",
    r"buon[oi] sconto",
    r"codice (?:sconto|promozionale)",
    r"(?:acquista|compra) (?:ora|subito)",
    r"solo (?:per )?oggi",
    r"non perdere",
    r"meta prezzo",
)

DUTCH: Final = (
    r"korting(?:en|scode|sactie)?",
    r"aanbieding(?:en)?",
    r"uitverkoop",
    r"solden",
    r"gratis (?:verzending|levering)",
    r"laatste kans",
    r"(?:alleen|enkel) vandaag",
    r"(?:koop|bestel|shop) nu",
    r"mis het niet",
    r"halve prijs",
)

ANYWHERE: Final = (*PERCENT_OFF, *ENGLISH, *SPANISH, *FRENCH, *GERMAN, *PORTUGUESE, *ITALIAN, *DUTCH)
"""Phrases that advertise wherever they stand."""
