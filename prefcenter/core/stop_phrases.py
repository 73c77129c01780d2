"""Longer texts that a reasonable person reads as "stop" (S2), as data: patterns by language.

All patterns run over *folded* clauses (see :func:`prefcenter.core.keywords.fold`): lower case, no accents, no
apostrophes, single spaces. They err towards stopping, since a wrong guess is voided by one reviewer, while an ignored
refusal is a breach. Source: 47 CFR 64.1200(a)(10), "any reasonable manner".
"""

from __future__ import annotations

import re
from typing import Final

_SEND = (
    r"(?:text|txt|messag|msg|sms|send|contact|spam|notif|alert|email|mail|call|promo|market|advert|ads?\b|harass|bother"
    r"|writ|bug|annoy|solicit)\w*"
)
_MESSAGES = r"(?:te?xts?|messages?|msgs?|sms|alerts?|spam|ads?|promos?|promotions?|marketing|notifications?|emails?)"
_OURS = r"(?:these|those|this|the|all|your|my|any|future|further|more)"

_NEGATIONS = (
    (
        r"(?<!\byou )(?<!\bu )(?<!\bthey )\b(?:dont|do not|never|didnt|did not|not)"
        r"(?: (?:ever|want|mean|wish|need|asking|ask|asked|to|please|you to|be)){0,4}"
        r" (?:stop|unsubscrib|cancel|quit|remov|opt out|opt me out|end)\w*"
    ),
    r"\bno need to (?:stop|unsubscribe|cancel|opt out)",
    r"\bno (?:pares?|paren|dej(?:e|en|es) de)\b",
    r"\b(?:ne )?(?:n|ne )?arret(?:e|ez|es) (?:surtout )?pas\b",
    r"\b(?:nicht|kein\w*) (?:abmeld|abbestell|austrag|stopp|aufhor)\w*",
    r"停止しないで|やめないで|不要停止",
)
"""Said of stopping, these mean the opposite; they are cut out before the phrases below are looked for. After "you" they
are a complaint ("you don't stop texting me")."""

_ENGLISH = (
    # A text that begins or ends with the word means it, unless it names a place or a thing.
    r"^stop\b(?! (?:by|in|at|on|sign|light|watch|over|motion|shop|loss|n shop)\b)",
    (
        r"(?<!\bbus )(?<!\bnext )(?<!\blast )(?<!\bfirst )(?<!\bpit )(?<!\btruck )(?<!\bone )(?<!\bnon )(?<!\bfull )"
        r"(?<!\btrain )(?<!\btram )(?<!\brest )(?<!\bthe )(?<!\ba )(?<!\bthis )(?<!\bmy )(?<!\bcant )(?<!\bdoesnt )"
        r"(?<!\bwont )(?<!\bto )(?<!\bit )(?<!\bi )\bstop$"
    ),
    rf"\b(?:stop|quit|cease|halt|discontinue) (?:\w+ ){{0,3}}?{_SEND}",
    r"\b(?:please|pls|plz|just) stop\b(?! (?:by|in|at)\b)",
    r"\bstop (?:it|this|that|these|those|please|pls|plz|now|immediately|all|everything)\b",
    r"\bcease and desist\b",
    (
        rf"\b(?:end|cancel|discontinue|turn off|deactivate) (?:(?:{_OURS}|text|sms|message|me|of) ){{0,4}}"
        rf"(?:{_MESSAGES}|subscription)\b"
    ),
    r"\bun ?sub(?:s|d|scrib\w*)?\b|\bunsuscrib\w*|\bunsubcrib\w*|\bunsubsrib\w*|\bunscubscrib\w*|\bunsbscrib\w*",
    r"\bopt(?:ing)? (?:me |us |this number |my number )?out\b|\boptout\b",
    (
        r"\b(?:dont|do not|never|no longer|quit|not) (?:\w+ ){0,3}?(?:te?xt|message|msg|contact|sms|write|bother|"
        r"spam|send)(?:ing)? (?:to )?(?:me|us|this (?:number|phone)|my (?:number|phone)|here)\b"
        r"(?! (?:the|a|an|to|at|on|one|two|by|until|before|after|about|with|my|your)\b)"
    ),
    (
        rf"\b(?:dont|do not|never|no longer|quit|not) (?:\w+ ){{0,3}}?(?:send|sending|want|wish|need|like) "
        rf"(?:\w+ ){{0,4}}?{_MESSAGES}\b"
    ),
    rf"\bno more (?:(?:of )?{_OURS} )?(?:text |sms |marketing |spam )?(?:{_MESSAGES}|texting|messaging)\b",
    r"^no more(?: please| thanks| thank you)?$",
    r"\b(?:dont|do not|never) (?:ever )?call (?:me|this number|again|here)\b(?!.*\btext me\b)|^do not call$",
    (
        r"\b(?:remove|delete|erase|drop|strike|scrub) (?:(?:me|us)\b|(?:my|this|our|the) (?:\w+ )?"
        r"(?:number|nr|phone|cell|name|contact|info|information|data)\b)"
    ),
    r"\b(?:remove|delete) (?:number|phone|from (?:the |your |this )?list)\b|^remove(?: please)?$|^please remove$",
    r"\b(?:take|get) (?:me|us|my \w+|this \w+) off\b|\b(?:want|get|be) off (?:your|this|the) (?:\w+ )?list\b",
    r"\bleave (?:me|us) (?:alone|be|in peace)\b|\bleave me the \w+ alone\b|\blose (?:my|this) number\b|\bgo away\b",
    r"\b(?:fuck|f|piss|bugger|buzz) off\b|\bfuck (?:you|u)\b",
    r"\b(?:wrong|incorrect) (?:number|person|phone)\b|\bhave the wrong\b|\bnot (?:my|the right) number\b(?! of)",
    r"\b(?:revoke|withdraw|rescind)\w* (?:my |all |any )?(?:\w+ )?(?:consent|permission)\b",
    r"^(?:im |i am )?(?:really )?not interested(?: thanks| thank you| anymore| any more)?$",
    r"\breport(?:ed|ing)? (?:\w+ ){0,3}(?:spam|junk|ftc|fcc)\b|^(?:this is )?(?:spam|harassment)$",
    r"^(?:sto+pp+|stoo+p+|stp|sotp|stpo|tsop|sstop|stop[a-z]{0,2}|stop\d+|stop ?(?:2|to) ?(?:end|quit|stop|cancel))$",
    r"^(?:quit|cancel|end|revoke|unsubscribe)(?: (?:it|this|that|now|all|please|pls|plz|me|everything|thanks))+$",
    r"^(?:please|pls|plz|kindly) (?:quit|cancel|end|revoke|desist)\b(?! (?:my|the) (?:order|appointment|booking))",
)

_SPANISH = (
    r"\bno (?:quiero|deseo|kiero|necesito) (?:\w+ ){0,3}?(?:mas|recib\w*|mensaj\w*|texto\w*|sms|publicidad)\b",
    r"\b(?:ya )?no (?:me |nos )(?:vuelvan? a )?(?:envi|mand|escrib|contact|molest|text|llam|spam)\w*",
    r"\b(?:dej\w+|par[ae]n?) de (?:envi|mand|escrib|molest|contact|text|fastid)\w*",
    r"\b(?:dar|de|den|dame|deme|darme|denme) (?:me )?de baja\b|^baja$|\bdesuscri\w+",
    r"\bdarse de baja\b|\bquiero la baja\b",
    r"\b(?:borr|elimin|quit|sa[cq]u?)\w* (?:mi |este )(?:numero|telefono|nombre|contacto)\b",
    r"\bquiten?me\b|\bsaquen?me\b",
    rf"\bno mas (?:mensajes|textos|publicidad|{_MESSAGES})\b|^no mas(?: por favor)?$|^basta(?: ya)?$",
    r"^(?:alto|pare|paren|parar|cancelar|detener)(?: (?:por favor|ya|los mensajes|mensajes|la suscripcion))?$",
    r"\bpor favor (?:alto|pare|paren|parar|deten\w*)\b|\bcancel\w* (?:la |mi |los )?(?:suscripcion|mensajes)\b",
    r"\bnumero equivocado\b|\bdej\w*me en paz\b|\bdejen? en paz\b",
)

_FRENCH = (
    (
        r"^(?:svp |merci d |s il vous plait |sil vous plait )?arret(?:e|ez|er|s)?"
        r"(?: (?:svp|stp|ca|cela|tout|maintenant|immediatement|merci|sil vous plait|s il vous plait))*$"
    ),
    r"\barret(?:e|ez|er) (?:de |d)(?:m|nous |me )?\w*(?:envo|ecri|contact|text|derang|harcel|spam)\w*",
    r"\barret(?:e|ez|er) (?:les|ces|vos|tous|la|votre|de) (?:\w+ )?(?:messages?|sms|textos?|pub\w*|envois?|spams?)\b",
    r"\b(?:ne )?(?:me |m|n|nous |ne m)(?:envo|ecri|contact|derang|text)\w* (?:plus|pas)\b",
    r"\bplus (?:de |aucun |jamais de |recevoir )(?:\w+ )?(?:messages?|sms|textos?|pub\w*)\b",
    r"\bne (?:veux|souhaite) plus\b",
    r"\bdesabonn\w+|\bdesinscri\w+|\bdesinscrip\w+",
    r"\b(?:retir|supprim|enlev|efface)\w* (?:moi|mon (?:numero|nom|contact)|ce numero)\b",
    r"\blaiss\w+ (?:moi|nous) tranquille\b|\b(?:mauvais|faux) numero\b|\bfichez moi la paix\b",
)

_GERMAN = (
    r"\b(?:abmeld|abbestell|austrag|abbestellung)\w*|\bmeld\w* mich\b.*\bab$|\btrag\w* mich\b.*\baus$",
    r"\bhor(?:t|en sie|e)? (?:bitte |endlich |sofort )?(?:auf|damit auf)\b|\baufhoren\b|\bhoeren sie (?:bitte )?auf\b",
    r"\bkeine? (?:weiteren? |mehr )?(?:nachricht\w*|sms|werbung|texte|mitteilung\w*|werbe\w*)\b",
    r"\b(?:nicht mehr|nie (?:wieder|mehr)) (?:\w+ )?(?:schreib|kontaktier|anschreib|send|schick|anruf|text)\w*",
    r"\b(?:schreib|kontaktier|schick|send|text)\w* (?:sie |ihr )?(?:mir|mich|uns) (?:bitte )?(?:nicht|nichts|nie)\b",
    r"\b(?:loe?sch|entfern|streich)\w* (?:sie )?(?:bitte )?(?:mich|(?:meine|diese) (?:\w+ )?(?:\w*nummer|daten))\b",
    r"\b(?:meine|diese) (?:\w*nummer|daten) (?:bitte )?(?:loe?sch|entfern|streich)\w*",
    r"\blass\w* (?:sie )?(?:mich|uns) in ruhe\b|\bfalsche (?:\w*nummer|person)\b",
    r"^stopp?\w* (?:bitte|sofort|jetzt)\b|\bbitte (?:\w+ )?stopp?(?:en)?\b",
    r"^stoppen$|\bwiderruf\w* (?:\w+ )?einwilligung\b",
)

_EAST_ASIAN = (
    r"停止して|配信停止|停止希望|送らないで|送るな|やめて|止めて|配信解除|登録解除|^解除$|退会|不要です|^不要$|^ストップ$|ストップして",
    r"退订|退訂|取消订阅|取消訂閱|停止发送|停止發送|不要再发|不要再發|别再发|別再發|不要发|不要發|别发|別發",
    r"수신거부|그만",
)

_SIGNS: Final = frozenset("🛑🚫⛔✋🖕")
"""A text of nothing but these says stop too."""


def _compiled(*groups: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for group in groups for pattern in group))


_NEGATED: Final = _compiled(_NEGATIONS)
_STOP: Final = _compiled(_ENGLISH, _SPANISH, _FRENCH, _GERMAN, _EAST_ASIAN)


def reads_as_stop(clause: str) -> bool:
    """Whether a folded clause reads as a wish to get no more texts, after what is negated has been cut out.

    >>> reads_as_stop("please stop texting me"), reads_as_stop("dont stop sending")
    (True, False)
    """
    return _STOP.search(_NEGATED.sub(" \N{SECTION SIGN} ", clause).strip()) is not None


def is_stop_sign(body: str) -> bool:
    """Whether a text is nothing but stop signs.

    >>> is_stop_sign("🛑🛑")
    True
    """
    # Skin tones and the emoji selector change the look of a sign, not what it says.
    signs = [char for char in body if not char.isspace() and char != "\ufe0f" and not "🏻" <= char <= "🏿"]
    return bool(signs) and _SIGNS.issuperset(signs)
