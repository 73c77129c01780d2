"""What reads as marketing is not service, whatever it is registered as."""

from __future__ import annotations

import pytest

from prefcenter.core.channels import MessageClass, ServiceCategory
from prefcenter.core.linting import Code, Finding, Severity, lint
from prefcenter.core.promotion import promotion_in, readable

TRANSACTION = ServiceCategory.TRANSACTION
BODY = "Hello Jane,\n\nyour order 7 has been shipped and arrives on Friday.\n"


def lint_service(subject: str = "Your order 7", text: str = BODY, html: str = "") -> tuple[Finding, ...]:
    return lint(MessageClass.SERVICE, TRANSACTION, subject, text, html)


def codes(findings: tuple[Finding, ...]) -> set[tuple[str, str]]:
    return {(finding.code.value, finding.severity.value) for finding in findings}


PROMOTIONAL_SUBJECTS = (
    "Summer sale!",
    "SALE",
    "S A L E starts now",
    "S.A.L.E",
    "$ale on everything",
    "Ｓａｌｅ today",
    "Sa\u200ble",
    "20% off everything",
    "Take 15 % OFF your next order",
    "Save $20 today",
    "Save up to 50%",
    "Your order 7, and a special offer",
    "New deals for you",
    "Free shipping on your next order",
    "Last chance!",
    "Limited-time only",
    "A coupon for you",
    "Black Friday is here",
    "Half price until Sunday",
    "You have won",
    "Buy one, get one",
    "Don’t miss out",
    "¡Última oportunidad! 30 % de descuento",
    "Envío gratis",
    "Rebajas de verano",
    "Dernière chance : -30 % de réduction",
    "Soldes d'été",
    "Livraison offerte",
    "Nur heute: 20 % Rabatt",
    "Jetzt sichern",
    "Unser Angebot für Sie",
    "Frete grátis",
    "Promoção de verão",
    "Saldi: fino a metà prezzo",
    "Spedizione gratuita",
    "Laatste kans: 10% korting",
    "Uitverkoop",
    "夏のセール開催中",
    "全品送料無料",
    "限时优惠",
)


@pytest.mark.parametrize("subject", PROMOTIONAL_SUBJECTS)
def test_a_promotional_subject_makes_it_marketing(subject: str) -> None:
    """E15: in any case, width, spelling and language of those we know."""
    assert codes(lint_service(subject)) == {("promotional_subject", "blocking")}


HONEST_SUBJECTS = (
    "Your order 7 has shipped",
    "Receipt for your purchase",
    "Your order is free of charge",
    "Your order is free of defects",
    "Your free trial ends tomorrow",
    "Your subscription ends tomorrow",
    "Bill of sale for your car",
    "Terms of sale have changed",
    "Point of sale terminal: maintenance tonight",
    "Your sale is complete",
    "Your sales tax statement 2026",
    "Your wholesale account",
    "Offer letter from Acme",
    "Your job offer",
    "Your offer on 12 Main Street was declined",
    "Deal no. 7 was closed",
    "Your discount was applied to invoice 7",
    "Call our toll-free number",
    "Feel free to ask",
    "Idealo account: password changed",
    "Important: changes to our privacy policy",
    "Recall of your stroller",
    "Your password was reset",
    "Save the date of your appointment",
    "Your code is 123456",
    "30% of your storage is used",
    "Le solde de votre compte",
    "Offre d'emploi : votre candidature",
    "Ihr Angebot Nr. 17",
    "Stellenangebote: Ihre Bewerbung",
    "Tu oferta de empleo",
    "Rechnung 7",
    "ご注文の確認",
    "订单已发货",
    "",
)


@pytest.mark.parametrize("subject", HONEST_SUBJECTS)
def test_an_honest_subject_is_left_alone(subject: str) -> None:
    """E15: a receipt that is held back is a fault as well."""
    assert lint_service(subject) == ()


@pytest.mark.parametrize("message_class", [MessageClass.SERVICE, MessageClass.LEGAL, MessageClass.REQUESTED])
def test_every_class_that_reaches_people_who_opted_out_is_read(message_class: MessageClass) -> None:
    """E15: legal and requested too; nothing speaks against marketing."""
    category = TRANSACTION if message_class is MessageClass.SERVICE else None
    (found,) = lint(message_class, category, "20% off", BODY, "")
    assert (found.code, found.severity, found.place) == (Code.PROMOTIONAL_SUBJECT, Severity.BLOCKING, "subject")
    assert "“20% off”" in found.why
    assert lint(MessageClass.MARKETING, None, "20% off", "Sale! https://a.example/?utm_campaign=x", "") == ()


def test_service_without_a_category_is_marketing() -> None:
    """E14."""
    assert codes(lint(MessageClass.SERVICE, None, "Your order 7", BODY, "")) == {("missing_category", "blocking")}
    assert lint(MessageClass.LEGAL, None, "Your order 7", BODY, "") == ()


PROMOTION = "Shop now and save up to 50%!"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"{PROMOTION}\n\n{BODY}", {("service_not_first", "blocking")}),
        (f"Hello Jane,\n\n{PROMOTION} {BODY}", {("service_not_first", "blocking")}),
        (f"{BODY}\n{PROMOTION}", {("promotional_part", "warning")}),
        (f"Your order has shipped. {PROMOTION}", {("promotional_part", "warning")}),
        (PROMOTION, {("service_not_first", "blocking")}),
        (f"https://acme.example/?utm_campaign=spring\n\n{BODY}", {("marketing_link_first", "blocking")}),
        (f"See the new shoes at https://acme.example/sale/\n\n{BODY}", {("marketing_link_first", "blocking")}),
        (f"{BODY}\nSee also https://acme.example/?utm_source=mail", set()),
        ("Track your order: https://acme.example/t/7?utm_campaign=track\n", set()),
        (
            f"https://acme.example/unsubscribe?x=1\n\n{BODY}",
            {("marketing_link_first", "blocking"), ("marketing_footer", "warning")},
        ),
        (f"{BODY}\nUnsubscribe here.", {("marketing_footer", "warning")}),
        (f"{BODY}\nhttps://prefs.example.com/u/{'x' * 40}", {("marketing_footer", "warning")}),
        (f"{BODY}\nDu möchtest das nicht? Newsletter abbestellen", {("marketing_footer", "warning")}),
        ("Your code is 123456.", set()),
        ("", set()),
    ],
)
def test_the_service_part_comes_first(text: str, found: set[tuple[str, str]]) -> None:
    """E15: what promotes before it makes it marketing; what comes behind is worth a look. 16 CFR 316.3(a)(2)."""
    assert codes(lint_service(text=text)) == found


def test_html_is_read_as_a_reader_sees_it() -> None:
    """E15: blocks in their order, an image by its words, and what is not shown is not read."""
    service = "<p>Your order 7 has been shipped.</p>"
    banner = '<a href="https://acme.example/"><img src="b.png" alt="Summer sale: 20% off"></a>'
    assert codes(lint_service(text="", html=f"<style>.sale::after{{}}</style><!-- 20% off -->{service}")) == set()
    assert codes(lint_service(text="", html=f"<div>{banner}</div>{service}")) == {("service_not_first", "blocking")}
    assert codes(lint_service(text="", html=f"{service}<div>{banner}</div>")) == {("promotional_part", "warning")}
    button = '<p><a href="https://acme.example/?a=1&amp;utm_campaign=x">Look</a></p>'
    (found,) = lint_service(text="", html=button + service)
    assert (found.code, found.place) == (Code.MARKETING_LINK_FIRST, "html")


def test_the_first_sentence_of_a_text_is_its_subject() -> None:
    """E15: a text message has no other."""
    assert codes(lint_service("", "Acme: great deals inside! Your order has shipped.")) == {
        ("service_not_first", "blocking")
    }
    assert lint_service("", "Acme: your order has shipped. We offer help at acme.example/help.") == ()


def test_both_bodies_are_read() -> None:
    """E15: who shows the one part must not be fooled by the other."""
    assert codes(lint_service(text=BODY, html=f"<p>{PROMOTION}</p><p>Your order has shipped.</p>")) == {
        ("service_not_first", "blocking")
    }


def test_a_finding_quotes_nothing_but_the_words_that_advertise() -> None:
    """X8: findings end up with messages and in logs."""
    for found in lint_service("Jane Doe, 20% off", f"Jane Doe: {PROMOTION}"):
        assert "Jane" not in found.why


def test_one_form_for_all_renderings() -> None:
    assert readable("Ｓ A L E\u00ad – dernière") == readable("sale - derniere")
    assert promotion_in("ガ") is None
