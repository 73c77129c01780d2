"""What a connection that never was, or broke, says of a message: only what provably never left is tried again (X1, X2).

Both senders with their real SDKs: a refused, silent or nameless host, a certificate that is none, and a TLS server that
reads the whole request and then breaks.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Self

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from prefcenter.core.channels import Channel, MessageClass
from prefcenter.core.decision import Ask, Cleared, decide
from prefcenter.core.errors import PrefcenterError
from prefcenter.providers.sendgrid_api import SendGridSender
from prefcenter.providers.twilio_api import TwilioSender
from prefcenter.services.errors import SendLater, SendUnknown
from prefcenter.services.ports import Outgoing, Sender

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

NOON = datetime(2026, 3, 2, 19, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Line:
    """A channel with its sender, by the host that is called."""

    channel: Channel
    to: str
    sender: str
    open: Callable[[str], Sender]

    def outcome(self, host: str) -> PrefcenterError:
        made = decide(Ask(self.channel, MessageClass.SERVICE), (), (), NOON)
        assert isinstance(made, Cleared)
        message = Outgoing(7, self.channel, self.to, MessageClass.SERVICE, "alerts", self.sender, "Hello", "Hello")
        with pytest.raises(PrefcenterError) as told:
            self.open(host).send(made, message)
        return told.value


TEXTS = Line(
    Channel.SMS,
    "+14155550100",
    "+14155550199",
    lambda host: TwilioSender("AC1", "a token", "https://prefs.example.com", host=host, timeout=0.5),
)
MAILS = Line(
    Channel.EMAIL, "jane@example.com", "a@acme.example", lambda host: SendGridSender("SG.1", host=host, timeout=0.5)
)
lines = pytest.mark.parametrize("line", [TEXTS, MAILS], ids=["twilio", "sendgrid"])


@dataclass
class TlsServer:
    """Takes one connection over TLS, reads what is sent, and then does to it as it was told.

    Args:
        certificate: a file with its certificate and key.
        act: what it does with the connection once the request was read.
    """

    certificate: Path
    act: Callable[[ssl.SSLSocket], None]
    read: bytes = b""
    _listening: socket.socket = field(default_factory=socket.socket)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._listening.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._listening.bind(("127.0.0.1", 0))
        self._listening.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()
        self._thread.join(5)

    def _serve(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        connection, _ = self._listening.accept()
        connection.settimeout(5)
        try:
            with context.wrap_socket(connection, server_side=True) as secured:
                while not self.read.endswith((b"}", b"ValidityPeriod=3600")):
                    received = secured.recv(65_536)
                    if not received:
                        return
                    self.read += received
                self.act(secured)
        except OSError:
            return  # A client that does not trust us breaks off.


def breaks_off(secured: ssl.SSLSocket) -> None:
    """Close without a word, and without the end that TLS asks for."""
    socket.socket(fileno=secured.detach()).close()


def talks_nonsense(secured: ssl.SSLSocket) -> None:
    """Answer beside the encryption: what comes is no TLS record."""
    with socket.socket(fileno=secured.detach()) as bare:
        bare.sendall(b"HTTP/1.1 201 Created\r\n\r\n" * 20)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1, signed by nobody but itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(secret + made.public_bytes(Encoding.PEM))
    return file


@lines
@pytest.mark.parametrize("act", [breaks_off, talks_nonsense])
def test_a_tls_answer_that_breaks_is_unknown(
    line: Line, act: Any, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """X2: the whole request was read, so it may have left, and is never sent again."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with TlsServer(certificate, act) as server:
        told = line.outcome(server.url)
    assert b"Hello" in server.read
    assert isinstance(told, SendUnknown)


@lines
def test_a_server_that_is_no_tls_server_is_unknown(line: Line) -> None:
    """X2: whatever TLS complains of, other than the certificate, nobody proves that nothing was read."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"SSH-2.0-somebody else\r\n" * 20)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        told = line.outcome(f"https://127.0.0.1:{listening.getsockname()[1]}")
        thread.join(5)
    assert isinstance(told, SendUnknown)


@lines
def test_a_certificate_that_nobody_vouches_for_lets_nothing_leave(line: Line, certificate: Path) -> None:
    """X2: the request is never written, so it may be tried again."""
    with TlsServer(certificate, breaks_off) as server:
        told = line.outcome(server.url)
    assert server.read == b""
    assert isinstance(told, SendLater)


@lines
def test_a_refused_connection_lets_nothing_leave(line: Line) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # Not listening: a call is turned away.
        assert isinstance(line.outcome(f"http://127.0.0.1:{bound.getsockname()[1]}"), SendLater)


@lines
def test_a_name_that_nobody_knows_lets_nothing_leave(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_: object, **__: object) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert isinstance(line.outcome("http://provider.invalid"), SendLater)


@contextmanager
def a_full_house() -> Iterator[str]:
    """A host that lets nobody in: as many wait at its door as it lets wait."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(listening.getsockname())
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        for one in waiting:
            one.close()


def test_who_never_got_a_connection_let_nothing_leave() -> None:
    """X2: Twilio's SDK tells a time-out while connecting from one while waiting; SendGrid's does not."""
    with a_full_house() as host:
        assert isinstance(TEXTS.outcome(host), SendLater)
        assert isinstance(MAILS.outcome(host), SendUnknown)
