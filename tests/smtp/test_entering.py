"""Who may hand mail over, how it travels, how much of it there may be, and how the listener stops."""

from __future__ import annotations

import base64
import json
import logging
import smtplib
import socket
import ssl
import threading
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email.policy import SMTP
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from prefcenter.core.errors import BadInput
from prefcenter.services import operators
from prefcenter.services.operators import KeyScope
from prefcenter.services.ports import Evidence
from prefcenter.smtp.conversation import MOST_RECIPIENTS
from prefcenter.smtp.listener import MOST_CONNECTIONS, Listener, door_of
from prefcenter.smtp.reading import MOST_BYTES
from prefcenter.smtp.taking import Intake
from prefcenter.store import operators as operator_store
from tests.houses import START
from tests.smtp.conftest import BOB, JANE, PostOffice, a_mail, running
from tests.web.test_api_check import make_key


@pytest.fixture(scope="module")
def cert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost with its key in the same file."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(private + made.public_bytes(pem))
    return path


def test_without_a_key_nothing_is_taken(office: PostOffice) -> None:
    """X1: fails closed."""
    with smtplib.SMTP("127.0.0.1", office.port, timeout=30) as client:
        client.ehlo()
        code, answer = client.mail("app@legacy.example")
        assert (code, b"API key of the scope send" in answer) == (530, True)
        assert client.rcpt(JANE)[0] == 503
        assert client.docmd("DATA")[0] in (503, 530)
    assert office.outbox() == []


def test_the_mail_itself_is_refused_too_where_nobody_signed_in(furnished: PostOffice) -> None:
    """X1: whatever let the commands before it pass."""
    assert Intake(furnished.house.wiring).take(a_mail().as_bytes(), [JANE], None).startswith("530 5.7.0")
    assert furnished.outbox() == []


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_a_key_of_the_scope_send_signs_in_under_any_name(office: PostOffice, mechanism: str) -> None:
    with smtplib.SMTP("127.0.0.1", office.port, timeout=30) as client:
        client.ehlo()
        client.user, client.password = "whoever", office.key
        assert client.auth(mechanism, getattr(client, f"auth_{mechanism.lower()}"))[0] == 235
        assert client.mail("app@legacy.example")[0] == 250


def test_other_keys_do_not(office: PostOffice) -> None:
    reader = make_key(office.house, KeyScope.CHECK, KeyScope.READ, name="reader")
    for wrong, words in (("pc_nobody-knows", b"unknown or revoked"), ("", b"unknown"), (reader, b"not the scope send")):
        with smtplib.SMTP("127.0.0.1", office.port, timeout=30) as client:
            client.ehlo()
            told = base64.b64encode(b"\0any\0" + wrong.encode()).decode()
            code, answer = client.docmd("AUTH", f"PLAIN {told}")
            assert (code, words in answer) == (535, True)
            assert client.mail("app@legacy.example")[0] == 530


def test_nobody_guesses_for_long(office: PostOffice) -> None:
    with smtplib.SMTP("127.0.0.1", office.port, timeout=30) as client:
        client.ehlo()
        told = base64.b64encode(b"\0any\0guess").decode()
        codes = [client.docmd("AUTH", f"PLAIN {told}")[0] for _ in range(6)]
    assert codes == [535] * 5 + [421]


def test_a_revoked_key_is_worthless_for_the_next_mail(office: PostOffice) -> None:
    """The connection that it opened may live on."""
    with office.client() as client:
        client.mail("app@legacy.example")
        client.rcpt(JANE)
        with office.house.wiring.database.write() as session:
            operators.revoke_key(session, "tool", Evidence("system"), at=START)
        assert client.data(a_mail().as_bytes())[0] == 535
    assert office.outbox() == []


def test_while_keys_cannot_be_checked_nobody_gets_in(office: PostOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    """X1."""

    def broken(*_: object) -> None:
        raise RuntimeError("no database")

    monkeypatch.setattr(operator_store, "grant_by_digest", broken)
    with pytest.raises(smtplib.SMTPAuthenticationError) as caught, office.client():
        pass
    assert caught.value.smtp_code == 454


def test_no_key_is_asked_for_only_where_the_operator_says_so(furnished: PostOffice) -> None:
    with furnished.open(needs_key=False), smtplib.SMTP("127.0.0.1", furnished.port, timeout=30) as client:
        assert client.sendmail("app@legacy.example", [JANE], a_mail().as_bytes()) == {}
    assert furnished.outbox() == [("jane", "queued")]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "mail.example.com"])
def test_off_loopback_it_is_never_open(host: str, cert: Path) -> None:
    """X1: neither without a key, nor without TLS."""
    with pytest.raises(BadInput, match="without a key"):
        door_of(host, "x", needs_key=False, cert=cert, key=None)
    with pytest.raises(BadInput, match="in the clear"):
        door_of(host, "x", needs_key=True, cert=None, key=None)
    assert not door_of(host, "x", needs_key=True, cert=cert, key=None).is_open_to_clear_text


def test_a_certificate_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    path = tmp_path / "cert.pem"
    path.write_text("no certificate")
    with pytest.raises(BadInput, match="cannot be used"):
        door_of("127.0.0.1", "x", needs_key=True, cert=path, key=None)


def test_off_loopback_keys_and_mails_come_by_tls_or_not_at_all(furnished: PostOffice, cert: Path) -> None:
    with furnished.open(host="0.0.0.0", cert=cert), smtplib.SMTP("localhost", furnished.port, timeout=30) as client:
        client.ehlo()
        assert not client.has_extn("auth")
        told = base64.b64encode(b"\0any\0" + furnished.key.encode()).decode()
        assert client.docmd("AUTH", f"PLAIN {told}")[0] in (530, 538)
        assert client.mail("app@legacy.example")[0] == 530
        client.starttls(context=ssl.create_default_context(cafile=str(cert)))
        client.ehlo()
        assert client.mail("app@legacy.example")[0] == 530
        client.login("any", furnished.key)
        assert client.sendmail("app@legacy.example", [JANE], a_mail().as_bytes()) == {}
    assert furnished.outbox() == [("jane", "queued")]


def test_what_is_too_large_is_refused_before_and_after_it_came(office: PostOffice) -> None:
    large = b"X-Message-Type: receipt\r\nSubject: x\r\n\r\n" + b"a" * 900 + b"\r\n" + b"b" * MOST_BYTES
    with office.client() as client:
        client.ehlo()
        assert client.esmtp_features["size"] == str(MOST_BYTES)
        assert client.mail("app@legacy.example", [f"size={len(large)}"])[0] == 552
        client.mail("app@legacy.example")
        client.rcpt(JANE)
        wrapped = b"\r\n".join(large[start : start + 990] for start in range(0, len(large), 990))
        assert client.data(wrapped)[0] == 552
        client.mail("app@legacy.example")
        client.rcpt(JANE)
        assert client.data(a_mail().as_bytes())[0] == 250
    assert office.outbox() == [("jane", "queued")]


def test_a_page_on_one_line_is_taken(office: PostOffice) -> None:
    raw = (
        b"X-Message-Type: spring-offers\r\nSubject: x\r\nContent-Type: text/html\r\n\r\n<p>"
        + b"word " * 5_000
        + b"\r\n"
    )
    assert office.send(raw)[0] == 250


def test_recipients_beyond_the_limit_come_with_another_mail(office: PostOffice) -> None:
    """RFC 5321 §4.5.3.1.10: 452, and the others are taken."""
    with office.client() as client:
        client.mail("app@legacy.example")
        codes = [client.rcpt(f"p{number}@example.com")[0] for number in range(MOST_RECIPIENTS + 2)]
        assert codes == [250] * MOST_RECIPIENTS + [452] * 2
        assert client.data(a_mail().as_bytes())[0] == 250
    assert len(office.outbox()) == MOST_RECIPIENTS


def test_what_cannot_be_an_address_is_refused_alone(office: PostOffice) -> None:
    with office.client() as client:
        client.mail("app@legacy.example")
        for bad in ("nobody", "a@b", "<a b@example.com>"):
            assert client.rcpt(bad)[0] in (501, 553, 555)
        assert client.rcpt(JANE)[0] == 250
        assert client.data(a_mail().as_bytes())[0] == 250


def test_one_connection_too_many_is_asked_to_come_later(office: PostOffice) -> None:
    with ExitStack() as held:
        for _ in range(MOST_CONNECTIONS):
            held.enter_context(office.client())
        with socket.create_connection(("127.0.0.1", office.port)) as one_more:
            assert one_more.recv(100).startswith(b"421 4.3.2")


def test_connections_that_only_wait_keep_nobody_out_who_has_a_key(office: PostOffice) -> None:
    """Whoever reaches the port could otherwise hold all places for minutes, and no receipt would leave."""
    with ExitStack() as stack:
        knocking = [
            stack.enter_context(socket.create_connection(("127.0.0.1", office.port), timeout=30))
            for _ in range(MOST_CONNECTIONS)
        ]
        assert all(each.recv(100).startswith(b"220") for each in knocking)
        assert office.send(a_mail())[0] == 250
        assert knocking[0].recv(100).startswith(b"421 4.3.2 Too many connections")
        knocking[1].sendall(b"NOOP\r\n")
        assert knocking[1].recv(100).startswith(b"250")


def test_nothing_personal_is_logged(office: PostOffice, caplog: pytest.LogCaptureFixture) -> None:
    """X8: aiosmtpd would log each command with its address, and it asks for the key in the clear of Base64."""
    caplog.set_level(logging.DEBUG)
    assert office.send(a_mail(), JANE, BOB)[0] == 250
    assert office.send(a_mail("for-jane-doe", "<2@x>"), JANE)[0] == 550
    with pytest.raises(smtplib.SMTPAuthenticationError):
        office.send(a_mail(), JANE, key="pc_wrong-key")
    logged = caplog.text + json.dumps([str(record.args) for record in caplog.records])
    assert "a mail of the type spring-offers" in logged
    for personal in ("jane", "bob", "app@legacy", office.key, base64.b64encode(office.key.encode()).decode(), "wrong"):
        assert personal not in logged


def test_a_mail_in_progress_has_its_answer_before_the_listener_ends(furnished: PostOffice) -> None:
    """RFC 5321 §3.8: whoever waits is told to come back, whoever is in the middle of a mail is heard to its end."""
    intake = Intake(furnished.house.wiring)
    with running(Listener(intake, door_of("127.0.0.1", "x", needs_key=True, cert=None, key=None))) as (port, stop):
        furnished.port = port
        with furnished.client() as client, socket.create_connection(("127.0.0.1", port)) as idle:
            assert idle.recv(100).startswith(b"220")
            client.mail("app@legacy.example")
            client.rcpt(JANE)
            assert client.docmd("DATA")[0] == 354
            stop()
            assert idle.recv(100).startswith(b"421 4.3.2")
            client.send(a_mail().as_bytes(policy=SMTP) + b".\r\n")
            assert client.getreply()[0] == 250
            assert client.getreply()[0] == 421
            assert client.file is not None
            assert client.file.read(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    assert furnished.outbox() == [("jane", "queued")]


def test_a_client_that_hangs_up_in_the_middle_has_sent_nothing(office: PostOffice) -> None:
    with office.client() as client:
        client.mail("app@legacy.example")
        client.rcpt(JANE)
        client.docmd("DATA")
        client.send(a_mail().as_bytes(policy=SMTP))
        client.close()
    assert office.send(a_mail(name="<2@legacy.example>"), BOB)[0] == 250
    assert office.outbox() == [("bob", "queued")]


def test_two_clients_with_the_same_mail_at_once_write_it_once(either_office: PostOffice) -> None:
    """X2: the unique index decides, whoever is first."""
    office, answers = either_office, list[tuple[int, str]]()
    threads = [
        threading.Thread(target=lambda to=to: answers.append(office.send(a_mail(), *to)))
        for to in ((JANE, BOB), (BOB, JANE), (JANE, BOB), (BOB,))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [code for code, _ in answers] == [250] * 4
    assert office.outbox() == [("bob", "queued"), ("jane", "queued")]
