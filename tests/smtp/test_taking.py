"""Mail of other systems through the gate: what is taken, what leaves, and what is answered to the rest."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from sqlalchemy import text, update

from prefcenter.core.channels import Channel, Reason, Scope, Source
from prefcenter.core.errors import BadInput
from prefcenter.services import messages
from prefcenter.store.contacts import ContactPoint
from tests.houses import START, House
from tests.smtp.conftest import BOB, JANE, PostOffice, a_mail, words_of
from tests.web.test_api_check import opt_out, register_type

OFFERS = Scope.topic("acme", "offers")


def test_a_mail_is_taken_and_leaves_composed_anew(either_office: PostOffice) -> None:
    """E1, E10, X2: footer, one-click and From are ours; nothing else of the mail's headers leaves."""
    office = either_office
    code, answer = office.send(a_mail(), JANE)
    assert (code, answer) == (250, "2.0.0 Taken: 1 queued (message 1)")
    assert office.dispatch() == {"sent": 1}
    [taken] = office.sendgrid.accepted
    mail = office.received()["jane"]
    assert (taken.to, mail["Subject"]) == (JANE, "All is half price")
    assert str(mail["From"]) == "Acme <news@acme.example>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "all is half price." in words_of(mail)
    assert "Springfield, IL 62701" in words_of(mail)
    raw = taken.raw.decode()
    for gone in ("X-Message-Type", "legacy.example", "secret@", "copy@", "blind@", "app@"):
        assert gone not in raw


def test_each_recipient_is_a_message_of_its_own_and_the_list_decides_for_each(either_office: PostOffice) -> None:
    """X2: one answer to a mail, so it counts; the refused one stands in the outbox as refused."""
    office = either_office
    opt_out(office.house, Channel.EMAIL, BOB, OFFERS)
    code, answer = office.send(a_mail(), JANE, BOB, "Ann@Example.com", "ann@example.com")
    assert code == 250
    assert "2 queued, 1 refused" in answer
    assert office.outbox() == [("ann", "queued"), ("bob", "refused"), ("jane", "queued")]
    assert office.dispatch() == {"sent": 2}
    assert {taken.to.lower() for taken in office.sendgrid.accepted} == {"ann@example.com", JANE}
    for taken in office.sendgrid.accepted:
        others = {"jane", "ann", "bob"} - {taken.to.partition("@")[0].lower()}
        assert not any(f"{other}@example.com" in taken.raw.decode().lower() for other in others)


def test_where_all_are_refused_the_client_is_told_why(office: PostOffice) -> None:
    """X1: a 250 would say that something leaves."""
    opt_out(office.house, Channel.EMAIL, JANE, OFFERS)
    code, answer = office.send(a_mail(), JANE)
    assert (code, answer) == (550, "5.7.1 Refused, nothing is sent: opt_out topic:offers")
    assert office.send(a_mail(), JANE) == (code, answer)
    assert office.outbox() == [("jane", "refused")]
    opt_out(office.house, Channel.EMAIL, BOB, OFFERS)
    code, answer = office.send(a_mail(name="<2@legacy.example>"), JANE, BOB)
    assert (code, answer.partition(":")[0]) == (550, "5.7.1 Refused for all 2 recipients, nothing is sent")
    assert office.dispatch() == {}


def test_an_opt_out_between_the_answer_and_the_dispatch_wins(office: PostOffice) -> None:
    """X2."""
    assert office.send(a_mail(), JANE)[0] == 250
    opt_out(office.house, Channel.EMAIL, JANE, OFFERS)
    assert office.dispatch() == {"refused": 1}
    assert office.sendgrid.accepted == []


def test_the_class_decides_and_service_mail_reaches_who_left_marketing(office: PostOffice) -> None:
    """E10, E14."""
    opt_out(office.house, Channel.EMAIL, JANE, Scope.brand("acme"))
    mail = a_mail("receipt")
    mail.replace_header("Subject", "Your order 17")
    mail.set_content("Your order 17 was sent to you today.\n")
    assert office.send(mail)[0] == 250
    assert office.dispatch() == {"sent": 1}
    left = office.received()["jane"]
    assert str(left["From"]) == "Acme <service@acme.example>"
    assert left["List-Unsubscribe"] is None


def test_what_reads_as_marketing_does_not_leave_as_service(office: PostOffice) -> None:
    """E15."""
    mail = a_mail("receipt")
    mail.replace_header("Subject", "Last chance: 50 % off everything, sale ends today")
    code, answer = office.send(mail)
    assert (code, "mixed_content promotional_subject" in answer) == (550, True)
    assert office.outbox() == [("jane", "refused")]


def a_notice(house: House) -> EmailMessage:
    """A service mail to Jane, whose mailbox is dead, of a type that may go on as a text."""
    register_type(house, "notice", message_class="service", topic_id=None, category="transaction", fallbacks=["sms"])
    house.know((Channel.EMAIL, JANE), (Channel.SMS, "+14155550100"))
    given = {"reason": Reason.HARD_BOUNCE, "source": Source.PROVIDER}
    opt_out(house, Channel.EMAIL, JANE, Scope.everything(), **given)
    mail = a_mail("notice")
    mail.replace_header("Subject", "Your order 17")
    mail.set_content("Your order 17 was sent to you today.\n")
    return mail


def test_a_reroute_goes_on_as_its_type_declares(office: PostOffice) -> None:
    """X11: the type names texts instead, and the person has a verified number."""
    mail = a_notice(office.house)
    with office.house.wiring.database.write() as session:
        session.execute(update(ContactPoint).values(verified_at=START))
        session.commit()
    assert office.send(mail)[0] == 250
    assert office.dispatch()["rerouted"] == 1
    assert [to for to, _ in office.outbox()] == ["+14155550100", "jane"]
    assert office.sendgrid.accepted == []


def test_a_reroute_with_nowhere_to_go_is_told_at_once(office: PostOffice) -> None:
    """X11."""
    code, answer = office.send(a_notice(office.house))
    assert (code, answer) == (550, "5.7.1 Refused, nothing is sent: hard_bounce all")
    assert office.outbox() == [("jane", "refused")]


@pytest.mark.parametrize(
    ("message_type", "words"),
    [
        (None, "no header X-Message-Type"),
        ("nobody-knows", 'no message type "nobody-knows"'),
        ("Spring-Offers", "no message type"),
        ("alert", "goes by sms"),
        ("prüfung; jane@example.com", "no message type"),
    ],
)
def test_without_a_type_that_is_known_nothing_is_taken(
    office: PostOffice, message_type: str | None, words: str
) -> None:
    """X1: strict for those without."""
    before = office.rows()
    code, answer = office.send(a_mail(message_type))
    assert code == 550
    assert words in answer
    assert answer.isascii()
    assert office.rows() == before


def test_two_types_in_one_mail_are_none(office: PostOffice) -> None:
    for other in (b"receipt", b"spring-offers", b""):
        raw = a_mail().as_bytes().replace(b"X-Message-Type", b"X-Message-Type: " + other + b"\nX-Message-Type", 1)
        code, answer = office.send(raw)
        assert (code, "several headers X-Message-Type" in answer) == (550, True)


def test_a_header_on_two_lines_is_the_same_header(office: PostOffice) -> None:
    """X2: the same mail is not sent twice because a program on its way folded a line."""
    plain = b"X-Message-Type: spring-offers\r\nMessage-ID: <7@legacy.example>\r\nSubject: All\r\n\r\nhalf price\r\n"
    for raw in (plain, plain.replace(b"Type: ", b"Type:\r\n ").replace(b"ID: ", b"ID:\r\n\t")):
        assert office.send(raw)[0] == 250
    assert office.outbox() == [("jane", "queued")]


@pytest.mark.parametrize(
    "raw",
    [
        b"Subject: x\r\n\r\nHello\0\r\n",
        b"Subject: =?utf-8?Q?a=00b?=\r\n\r\nHello\r\n",
        b"Subject: x\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPHA+AGhlbGxvPC9wPg==\r\n",
    ],
)
def test_a_nul_is_refused_for_good(either_office: PostOffice, raw: bytes) -> None:
    """PostgreSQL keeps none: a 451 would bring the mail back for ever."""
    code, answer = either_office.send(b"X-Message-Type: spring-offers\r\n" + raw)
    assert (code, answer.partition(" ")[0], "NUL" in answer) == (550, "5.6.0", True)
    assert either_office.outbox() == []


def test_a_type_that_nobody_approved_is_none(office: PostOffice) -> None:
    """E14."""
    register_type(
        office.house, "notice", message_class="service", topic_id=None, category="transaction", approved_by=None
    )
    assert office.send(a_mail("notice"))[0] == 550
    assert office.outbox() == []


def test_mail_without_a_type_can_be_judged_as_marketing_and_as_nothing_milder(furnished: PostOffice) -> None:
    """X1: the strictest class is the only one that may be taken for granted."""
    with furnished.open(default_type="spring-offers"):
        opt_out(furnished.house, Channel.EMAIL, BOB, OFFERS)
        assert furnished.send(a_mail(None), JANE)[0] == 250
        assert furnished.send(a_mail(None, "<2@legacy.example>"), BOB)[0] == 550
        assert furnished.send(a_mail("nobody-knows", "<3@legacy.example>"), JANE)[0] == 550
    for milder in ("receipt", "alert", "nobody-knows"):
        with pytest.raises(BadInput), furnished.open(default_type=milder):
            pass


def test_the_same_mail_again_is_sent_once(either_office: PostOffice) -> None:
    """X2: a client that did not hear our answer sends the mail again, perhaps to some of its recipients only."""
    office = either_office
    first = office.send(a_mail(), JANE, BOB)
    rows = office.rows()
    assert office.send(a_mail(), BOB, JANE) == first
    assert office.send(a_mail(), JANE)[0] == 250
    assert office.rows() == rows
    office.dispatch()
    assert office.send(a_mail(), JANE)[0] == 250
    assert office.dispatch() == {}
    assert len(office.sendgrid.accepted) == 2


def test_another_mail_under_the_same_name_is_not_swallowed(office: PostOffice) -> None:
    """A 250 would promise what nobody does."""
    assert office.send(a_mail())[0] == 250
    other = a_mail()
    other.set_content("Something else.\n")
    code, answer = office.send(other)
    assert (code, "Another mail came under the same Message-ID" in answer) == (550, True)
    assert len(office.outbox()) == 1


def test_a_name_of_the_clients_own_goes_before_the_message_id(office: PostOffice) -> None:
    for number in (1, 2):
        mail = a_mail(name=f"<{number}@legacy.example>")
        mail["X-Idempotency-Key"] = "order-7"
        assert office.send(mail)[0] == 250
    assert len(office.outbox()) == 1


def test_a_mail_without_a_name_is_taken_and_its_sender_warned(office: PostOffice) -> None:
    for _ in range(2):
        code, answer = office.send(a_mail(name=None))
        assert (code, "without a Message-ID" in answer) == (250, True)
    assert len(office.outbox()) == 2


def test_a_name_with_an_address_in_it_is_not_kept(office: PostOffice) -> None:
    """X8."""
    office.send(a_mail(name="<for-jane@example.com>"))
    with office.house.wiring.database.read() as session:
        kept = session.execute(text("SELECT caller, key FROM kept_answers")).all()
    assert len(kept) == 1
    assert "jane" not in str(kept)


def test_letters_of_all_scripts_arrive_as_they_were(office: PostOffice) -> None:
    mail = a_mail("receipt")
    mail.replace_header("Subject", "Ihre Bestellung für Zoë – 注文")
    mail.set_content("Schöne Grüße, 注文 17.\n", charset="utf-8", cte="base64")
    latin = (
        b"X-Message-Type: receipt\r\nSubject: =?iso-8859-1?Q?Gr=FC=DFe?=\r\nMessage-ID: <2@x>\r\n"
        b"Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSch\xf6n.\r\n"
    )
    assert office.send(mail, JANE)[0] == 250
    assert office.send(latin, BOB)[0] == 250
    office.dispatch()
    left = office.received()
    assert left["jane"]["Subject"] == "Ihre Bestellung für Zoë – 注文"
    assert "Schöne Grüße, 注文 17." in words_of(left["jane"])
    assert (left["bob"]["Subject"], "Schön." in words_of(left["bob"])) == ("Grüße", True)


def test_html_alone_gets_a_text_beside_it_and_both_stay_both(office: PostOffice) -> None:
    alone, both = a_mail(), a_mail(name="<2@legacy.example>")
    alone.set_content("<p>All is <b>half</b> price.</p>", subtype="html")
    both.add_alternative("<p>All is <i>half</i> price.</p>", subtype="html")
    assert office.send(alone, JANE)[0] == office.send(both, BOB)[0] == 250
    office.dispatch()
    left = office.received()
    assert "<b>half</b>" in words_of(left["jane"], "html")
    assert "All is half price." in words_of(left["jane"])
    assert "<i>half</i>" in words_of(left["bob"], "html")
    assert "all is half price." in words_of(left["bob"])


def _with_attachment() -> EmailMessage:
    mail = a_mail()
    mail.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="bill.pdf")
    return mail


def _with_picture() -> EmailMessage:
    mail = a_mail()
    mail.add_alternative('<p><img src="cid:1"></p>', subtype="html")
    html = mail.get_body(("html",))
    assert isinstance(html, EmailMessage)
    html.add_related(b"GIF89a", "image", "gif", cid="<1>")
    return mail


def _with_two_texts() -> EmailMessage:
    mail = a_mail()
    mail.add_attachment("Another text.", disposition="inline")
    return mail


def _with_mail_inside() -> EmailMessage:
    mail = a_mail()
    mail.add_attachment(a_mail())
    return mail


def _with_text_file() -> EmailMessage:
    mail = a_mail()
    mail.set_content("A file.", disposition="attachment", filename="a.txt")
    return mail


@pytest.mark.parametrize(
    "mail", [_with_attachment(), _with_picture(), _with_two_texts(), _with_mail_inside(), _with_text_file()]
)
def test_what_would_be_lost_refuses_the_whole_mail(office: PostOffice, mail: EmailMessage) -> None:
    before = office.rows()
    code, answer = office.send(mail)
    assert (code, answer.partition(" ")[0]) == (550, "5.6.1")
    assert office.rows() == before


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"X-Message-Type: spring-offers\r\n\r\nNo subject.\r\n", "no subject"),
        (b"X-Message-Type: spring-offers\r\nSubject: Nothing\r\n\r\n\r\n", "neither a text nor an HTML body"),
        (b"Only words, and no headers.\r\n", "cannot be read whole"),
        (
            b"X-Message-Type: spring-offers\r\nSubject: x\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA!A\r\n",
            "cannot be read whole",
        ),
        (
            b"X-Message-Type: spring-offers\r\nSubject: x\r\nContent-Type: text/plain; charset=klingon\r\n\r\nx\r\n",
            "charset",
        ),
    ],
)
def test_what_cannot_be_read_or_sent_is_said_and_nothing_is_written(office: PostOffice, raw: bytes, words: str) -> None:
    before = office.rows()
    code, answer = office.send(raw)
    assert code == 550
    assert words in answer
    assert office.rows() == before


def test_a_brand_that_cannot_send_is_named(office: PostOffice) -> None:
    """E10: what is missing, and the command that adds it."""
    register_type(office.house, "beta-offers", brand_id=office.house.brands["beta"].id, topic_id=None)
    code, answer = office.send(a_mail("beta-offers"))
    assert (code, "prefcenter brand set beta" in answer) == (451, True)


def test_while_the_database_fails_the_client_keeps_its_mail(either_office: PostOffice) -> None:
    """X1: never a 250 for what is not on disk; nothing is half written, and the same mail is taken afterwards."""
    office = either_office
    before = office.rows()
    database = office.house.wiring.database
    with office.client() as client:
        with database.write() as session:
            session.execute(text("ALTER TABLE kept_answers RENAME TO mislaid"))
            session.commit()
        client.mail("app@legacy.example")
        client.rcpt(JANE)
        code, answer = client.data(a_mail().as_bytes())
        assert (code, answer.decode().partition(" ")[0]) == (451, "4.3.0")
        with database.write() as session:
            session.execute(text("ALTER TABLE mislaid RENAME TO kept_answers"))
            session.commit()
        assert office.rows() == before
        client.mail("app@legacy.example")
        client.rcpt(JANE)
        assert client.data(a_mail().as_bytes())[0] == 250


def test_a_fault_at_one_recipient_leaves_none_written(
    either_office: PostOffice, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """X1, X8: all or none, and the log says where it happened, not to whom."""
    office, real, calls = either_office, messages.take_within, []

    def failing(*given: object, **named: object) -> object:
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError(f"cannot write to {BOB}")
        return real(*given, **named)  # type: ignore[arg-type]

    before = office.rows()
    monkeypatch.setattr(messages, "take_within", failing)
    assert office.send(a_mail(), JANE, BOB)[0] == 451
    assert office.rows() == before
    assert "RuntimeError" in caplog.text
    assert office.send(a_mail(), JANE, BOB)[0] == 250
    assert "example.com" not in caplog.text


def test_mail_of_a_brand_that_is_not_ready_stays_with_its_client_until_it_is(office: PostOffice) -> None:
    """E10: what is missing is ours to set, so no MTA must take it for final and tell the mail's author."""
    with office.house.wiring.database.write() as session:
        session.execute(text("UPDATE brands SET postal_address = ''"))
        session.commit()
    code, answer = office.send(a_mail())
    assert (code, "4.3.5" in answer, "prefcenter brand set" in answer) == (451, True, True)
    assert office.outbox() == []
    with office.house.wiring.database.write() as session:
        session.execute(text("UPDATE brands SET postal_address = '1 Main St'"))
        session.commit()
    assert office.send(a_mail())[0] == 250


def test_a_type_of_texts_is_told_in_words_that_a_mail_program_can_follow(office: PostOffice) -> None:
    register_type(office.house, "balance-text", channel="sms", sender="+14155550199", topic_id=None)
    code, answer = office.send(a_mail("balance-text"))
    assert (code, "type that goes by email" in answer) == (550, True)
