"""``prefcenter type``: who may register what, what reads as marketing, and whom it reaches."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.cli.conftest import Prefcenter

RECEIPT = "type add receipt --class service --channel email --category transaction".split()
WHY = ("--category-reason", "Confirms an order.")


@pytest.fixture
def proposed(acme: Prefcenter) -> Prefcenter:
    acme(*RECEIPT, *WHY, "--as", "ann@example.com")
    return acme


def test_a_proposed_type_is_refused_until_another_operator_approves_it(proposed: Prefcenter) -> None:
    """E14: and every answer says what is missing."""
    assert proposed.json("type", "list")[0]["state"] == "proposed"
    asked = proposed("check", "email", "jane@example.com", "--type", "receipt", exits=2)
    assert "only proposed" in asked.stderr
    assert "another operator" in proposed("type", "approve", "receipt", "--as", "ann@example.com", exits=1).stderr
    assert "by a person" in proposed("type", "approve", "receipt", exits=1).stderr
    proposed("type", "approve", "receipt", "--as", "bob@example.com", "--note", "looked at the template")
    proposed("check", "email", "jane@example.com", "--type", "receipt")
    assert "already" in proposed("type", "approve", "receipt", "--as", "bob@example.com").stdout


def test_show_tells_what_was_declared_and_by_whom(proposed: Prefcenter) -> None:
    proposed("type", "approve", "receipt", "--as", "bob@example.com")
    told = proposed.json("type", "show", "receipt")
    assert (told["category"], told["category_reason"]) == ("transaction", "Confirms an order.")
    assert (told["proposed_by"], told["approved_by"], told["state"]) == (
        "ann@example.com",
        "bob@example.com",
        "approved",
    )
    assert "Confirms an order." in proposed("type", "show", "receipt").stdout
    assert "no message type" in proposed("type", "show", "nobody-knows", exits=2).stderr


def test_an_operator_gives_a_reason_in_words(acme: Prefcenter) -> None:
    """E14."""
    assert "--category-reason" in acme(*RECEIPT, "--as", "ann@example.com", exits=2).stderr


def test_an_archived_type_is_no_longer_sent(acme: Prefcenter) -> None:
    """X1."""
    acme("type", "archive", "spring-offers", "--as", "ann@example.com")
    acme("check", "email", "jane@example.com", "--type", "spring-offers", exits=2)
    assert acme.json("type", "list") == []
    assert [each["state"] for each in acme.json("type", "list", "--all")] == ["archived"]


def test_an_unknown_type_is_refused(acme: Prefcenter) -> None:
    """X1."""
    for words in (["approve", "x", "--as", "bob@example.com"], ["archive", "x"]):
        assert "no message type" in acme("type", *words, exits=2).stderr
    assert "no message type" in acme("check", "email", "jane@example.com", "--type", "x", exits=2).stderr


def _mail(folder: Path, subject: str, text: str, html: str = "") -> str:
    mail = EmailMessage()
    mail["Subject"] = subject
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    path = folder / "draft.eml"
    path.write_bytes(mail.as_bytes())
    return str(path)


def test_a_draft_mail_is_read(proposed: Prefcenter) -> None:
    """E15: subject and both bodies, whatever they are encoded in."""
    fine = _mail(proposed.folder, "Votre commande 7 à Málaga", "Your order has shipped.", "<p>Your order shipped.</p>")
    assert "may be sent" in proposed("type", "lint", "receipt", fine).stdout
    draft = _mail(proposed.folder, "Dernière chance", "Your order has shipped.", "<p>Sale: 20% off</p><p>Shipped.</p>")
    told = proposed.json("type", "lint", "receipt", draft, exits=3)
    assert (told["refused"], told["class"]) == (True, "service")
    assert told["reasons"] == ["mixed_content promotional_subject", "mixed_content service_not_first"]
    assert [(each["code"], each["place"]) for each in told["findings"]] == [
        ("promotional_subject", "subject"),
        ("service_not_first", "html"),
    ]
    assert "“derniere chance”" in proposed("type", "lint", "receipt", draft, exits=3).stdout
    assert proposed.json("type", "lint", "spring-offers", draft)["findings"] == []


def test_a_body_alone_is_read_too(proposed: Prefcenter) -> None:
    for name, content in (("a.txt", "Shop now: 20% off!"), ("a.html", "<b>Shop now</b>")):
        path = proposed.folder / name
        path.write_text(content, encoding="utf-8")
        proposed("type", "lint", "receipt", str(path), exits=3)
        proposed("type", "lint", "receipt", str(path), "--subject", "Your order", exits=3)
    path.write_bytes(b"\xff\xfe\x00")
    assert "UTF-8" in proposed("type", "lint", "receipt", str(path), exits=2).stderr
    assert "no message type" in proposed("type", "lint", "nobody-knows", str(proposed.folder / "a.txt"), exits=2).stderr


def test_the_watch_tells_of_every_service_type(proposed: Prefcenter) -> None:
    """E14: one that sent nothing alarms nobody."""
    (told,) = proposed.json("type", "watch")
    assert (told["type"], told["sent"], told["opted_out"], told["alarm"]) == ("receipt", 0, 0, None)
    assert "receipt" in proposed("type", "watch").stdout
