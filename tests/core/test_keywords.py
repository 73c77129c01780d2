from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefcenter.core.keywords import STOP_WORDS, Intent, IntentKind, fold, intent, provider_answers

STOPS = [
    *("stop", "quit", "end", "revoke", "cancel", "unsubscribe", "stopall", "optout", "opt out"),
    *("arret", "arrêt", "alto", "parar", "stopp", "停止", "配信停止"),
    *("STOP", "Stop", "sToP", " stop ", "stop.", "STOP!!!", '"stop"', "'stop'", "(stop)", "*STOP*", "stop…", "¡alto!"),
    *(
        "stop\n",
        "\n\nSTOP\n",
        "STOP 🛑",
        "🙏 stop 🙏",
        "stop 😡😡",
        "stop❤️",
        "ＳＴＯＰ",
        "ｓｔｏｐ",
        "st\u200bop",
        "\ufeffSTOP",
    ),
    *(
        "stop\u200d",
        "\u2060STOP\u2060",
        "stop\u00ad",
        "stop\u00a0",
        "S T O P",
        "s.t.o.p",
        "S-T-O-P",
        "stop stop",
        "STOP. STOP!",
    ),
    *("opt-out", "Opt–Out", "OPT_OUT", "opt  out", "Opt Out.", "stop all", "ARRÊT", "Arre\u0302t", "ARRET!", "Alto."),
    *(
        "PARAR",
        "Stopp!",
        "停止。",
        "「配信停止」",
        " 配信停止 ",
        "unsubscribe.",
        "Unsubscribe!",
        "END.",
        "Cancel!",
        "-STOP-",
    ),
]

GUESSES = [
    *(
        "STOP PLEASE",
        "please stop",
        "Please stop texting me",
        "pls stop",
        "stop texting me",
        "Stop sending me messages",
    ),
    *("remove my number", "Remove me from your list", "remove me", "take me off your list", "Take this number off."),
    *("do not text me", "don't text me", "DON’T TEXT ME ANYMORE", "do not contact me again", "don't message me again"),
    *("no more texts", "no more messages please", "No more of these texts", "unsubscribe me", "how do I unsubscribe?"),
    *(
        "quit texting",
        "quit texting me",
        "leave me alone",
        "wrong number stop",
        "wrong number",
        "cancel these messages",
    ),
    *("Stop it", "STOP NOW", "stop!!! who is this", "Not interested. Stop.", "Who is this? Stop texting this number"),
    *("I want to opt out", "opt me out", "please opt-out my number", "I revoke my consent", "I withdraw consent"),
    *("stop these texts", "you don't stop texting me", "If you don't stop texting me I'll call a lawyer", "go away"),
    *("I can't stop these messages, unsubscribe", "not interested", "delete my number", "lose my number", "Fuck off"),
    *("I do not want to receive these messages", "i dont want these texts", "end these texts", "stop spamming me"),
    *("unsubcribe", "unsub", "Stpo", "stooop", "cease and desist", "stop harassing me", "STOP 🛑 please", "🛑", "✋🏽"),
    *(
        "Please cancel",
        "please remove",
        "get me off this list",
        "STOP\nSent from my phone",
        "stop, thanks",
        "I said stop",
    ),
    *(
        "do not call me",
        "turn off these alerts",
        "reported as spam",
        "This is spam",
        "Hello. Cancel.",
        "stop marketing",
    ),
    *("STOP2END", "sorry wrong number", "Can you please stop", "Yes please stop"),
    *("do not\ntext me", "No thanks\nstop\nRegards, Jo", "stop.texting.me", "STOP - I never signed up"),
    # Spanish
    *("no me envíen más mensajes", "dejen de enviarme mensajes", "ya no me manden mensajes", "No quiero más mensajes"),
    *(
        "quiero darme de baja",
        "BAJA",
        "alto por favor",
        "número equivocado",
        "borre mi número",
        "no más mensajes",
        "cancelar",
    ),
    # French
    *("arrêtez de m'envoyer des messages", "Arrêtez !", "ne m'envoyez plus de messages", "désabonnez-moi", "stop svp"),
    *("retirez-moi de votre liste", "plus de sms", "désinscription", "laissez-moi tranquille", "supprimez mon numéro"),
    # German
    *("bitte keine SMS mehr", "Hören Sie auf", "Abmelden", "keine Werbung mehr", "schreiben Sie mir nicht mehr"),
    *("löschen Sie meine Nummer", "lasst mich in Ruhe", "falsche Nummer", "Bitte nicht mehr schreiben", "abbestellen"),
    # Japanese, Chinese
    *("配信を停止してください", "もう送らないで", "ストップ", "退订", "取消订阅", "請不要再發"),
]

OTHERS = [
    *(
        "I don't get your emails",
        "I did not get the text with my code",
        "please stop by",
        "not the right number of items",
    ),
    *("don't email me, text me", "when will you stop selling these", "I want to cancel", "I got the wrong item"),
    *(
        "I can't stop laughing",
        "bus stop on Main?",
        "where is the bus stop",
        "do you have this in stock",
        "yes",
        "Yes!",
    ),
    *(
        "when does the sale end",
        "cancel my order",
        "don't stop sending",
        "Please don't stop sending these",
        "never stop",
    ),
    *(
        "do not stop texting me",
        "I didn't ask to unsubscribe",
        "dont unsubscribe me",
        "stop by the store today?",
        "thanks",
    ),
    *(
        "Can I stop in tomorrow?",
        "who is this",
        "what time do you open",
        "the weekend",
        "endless",
        "recall",
        "👍",
        "???",
    ),
    *("I quit smoking", "is this the last stop", "non stop", "send me the red one", "don't send me the red one", "no"),
    *("Can you text me at noon?", "take 10 off", "remove the blue one from my order", "el precio es muy alto", "ok"),
    *(
        "no pares",
        "no dejen de enviarme ofertas",
        "n'arrêtez pas",
        "bitte nicht abmelden",
        "停止しないでください",
        "stockings",
    ),
    *("startup", "helpful", "restart my account please", "information about sizes", "it doesn't stop", "Stop & Shop"),
]


@pytest.mark.parametrize("body", STOPS)
def test_a_keyword_opts_out_however_it_is_dressed(body: str) -> None:
    """S1: any case, with surrounding punctuation, spaces or emoji."""
    read = intent(body)
    assert (read.kind, read.certain) == (IntentKind.STOP, True)
    assert read.keyword is not None


@pytest.mark.parametrize("body", GUESSES)
def test_a_text_that_reads_as_stop_is_a_guess(body: str) -> None:
    """S2: what a reasonable person reads as "stop" suppresses, and is marked as a guess for the review."""
    assert intent(body) == Intent(IntentKind.STOP_GUESS)


@pytest.mark.parametrize("body", OTHERS)
def test_a_text_that_only_sounds_like_stop_goes_to_a_person(body: str) -> None:
    """S2, S6: neither a joke, a place, a negation nor a bare YES changes anything by itself."""
    assert intent(body) == Intent(IntentKind.UNKNOWN)


@pytest.mark.parametrize("body", ["START", "start!", "Unstop", " unstop. ", "ＳＴＡＲＴ"])
def test_start_lifts(body: str) -> None:
    """S6: START and UNSTOP."""
    assert (intent(body).kind, intent(body).certain) == (IntentKind.START, True)


@pytest.mark.parametrize("body", ["HELP", "help?", "Info", " INFO! ", "aide", "ayuda"])
def test_help_is_understood(body: str) -> None:
    """S7: HELP and INFO."""
    assert (intent(body).kind, intent(body).certain) == (IntentKind.HELP, True)


@pytest.mark.parametrize("body", ["ACCOUNT", "account.", "Account only", "'ACCOUNT'"])
def test_account_narrows_a_stop(body: str) -> None:
    """S5: the confirmation asks for the scope, and this is the answer."""
    assert intent(body).kind is IntentKind.SCOPE_ACCOUNT


@pytest.mark.parametrize("body", ["", " ", "\n\t", "\u200b", "\ufeff \u200d"])
def test_nothing_visible_is_empty(body: str) -> None:
    """S2: a picture without a text comes with an empty body."""
    assert intent(body) == Intent(IntentKind.EMPTY)


@pytest.mark.parametrize(
    ("body", "opt_out_type", "kind"),
    [
        ("STOP", "STOP", IntentKind.STOP),
        ("genug", "STOP", IntentKind.STOP),
        ("START", "STOP", IntentKind.STOP),
        ("please stop texting me", "STOP", IntentKind.STOP),
        ("STOP", "START", IntentKind.STOP),
        ("please stop texting me", "HELP", IntentKind.STOP_GUESS),
        ("please stop texting me", "START", IntentKind.STOP_GUESS),
        ("JOIN", "START", IntentKind.START),
        ("YES", "START", IntentKind.UNKNOWN),
        ("yes!", "START", IntentKind.UNKNOWN),
        ("SOS", "HELP", IntentKind.HELP),
        ("hello", "NEWTYPE", IntentKind.UNKNOWN),
        ("hello", "", IntentKind.UNKNOWN),
        ("genug", "stop", IntentKind.STOP),
    ],
)
def test_the_providers_reading_never_makes_a_stop_milder(body: str, opt_out_type: str, kind: IntentKind) -> None:
    """S1, S6: its STOP counts, its START does not outweigh a stop, and a bare YES stays no consent."""
    assert intent(body, opt_out_type).kind is kind


LONG_CODE, TOLL_FREE, SHORT_CODE = "+14155550100", "+18885550100", "72345"


@pytest.mark.parametrize(
    ("body", "to", "opt_out_type", "answered"),
    [
        *(
            (word, LONG_CODE, None, True)
            for word in ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE")
        ),
        *(
            (word, LONG_CODE, None, True)
            for word in ("optout", "Start", "yes", "UNSTOP", "help", "Info", "stop", " STOP\n")
        ),
        *(
            (word, LONG_CODE, None, False)
            for word in ("STOP PLEASE", "OPT OUT", "opt-out", "STOP!", "arrêt", "停止", "")
        ),
        *((word, TOLL_FREE, None, True) for word in ("STOP", "stop", "START", "UNSTOP", "HELP")),
        *((word, TOLL_FREE, None, False) for word in ("YES", "UNSUBSCRIBE", "QUIT", "END")),
        *((word, SHORT_CODE, None, False) for word in ("STOP", "HELP", "START")),
        ("STOP", SHORT_CODE, "STOP", True),
        ("genug", LONG_CODE, "STOP", True),
        ("help", SHORT_CODE, "HELP", True),
        ("please stop", LONG_CODE, None, False),
        ("STOP", "+1 (415) 555-0100", None, True),
    ],
)
def test_we_know_what_the_provider_has_answered(body: str, to: str, opt_out_type: str | None, answered: bool) -> None:
    """S4: no second confirmation where the provider has already answered, and one wherever it has not."""
    assert provider_answers(body, to, opt_out_type) is answered


@given(
    st.sampled_from(sorted(STOP_WORDS)),
    st.text("!?.,;-*\"' \n\u200b🛑🙏", max_size=5),
    st.text("!?. \n🛑😡", max_size=5),
)
def test_no_dressing_hides_a_keyword(word: str, before: str, after: str) -> None:
    """S1: surrounding punctuation, spaces and emoji never change the reading."""
    assert intent(before + word.upper() + after).kind is IntentKind.STOP


@given(st.text(max_size=60))
def test_any_text_is_read_without_an_error(body: str) -> None:
    """S2, X5: whatever comes, the webhook gets a reading; folding twice changes nothing more."""
    assert intent(body).kind in IntentKind
    assert fold(fold(body)) == fold(body)


@given(st.text(max_size=30))
def test_yes_with_anything_never_starts(tail: str) -> None:
    """S6: only START and UNSTOP, alone, lift."""
    assert intent("yes " + tail).kind is not IntentKind.START
