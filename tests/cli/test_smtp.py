"""``prefcenter smtp`` as a process: it says where it listens, takes a mail, and ends when it is told to."""

from __future__ import annotations

import re
import signal
import smtplib
import subprocess
import sys
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import select

from prefcenter.store.outbox import OutboxMessage
from tests.cli.conftest import Prefcenter
from tests.cli.test_serving import running, stop


def set_up(acme: Prefcenter) -> str:
    """Let the brand send, and give the key of a legacy system."""
    acme(
        "brand",
        "set",
        "acme",
        "--postal-address",
        "1 Main St, Springfield IL 62701",
        "--marketing-from",
        "n@acme.example",
    )
    return acme("key", "add", "legacy", "--scope", "send").stdout.strip()


def a_mail() -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"], mail["X-Message-Type"], mail["Message-ID"] = "Spring", "spring-offers", "<1@legacy.example>"
    mail["From"], mail["To"] = "app@legacy.example", "jane@example.com"
    mail.set_content("All is half price.\n")
    return mail


def test_it_serves_until_it_is_told_to_stop(acme: Prefcenter, tmp_path: Path) -> None:
    key = set_up(acme)
    environ = {name: value for name, value in acme.environ.items() if value is not None}
    with running(tmp_path, "smtp", "--port", "0", **environ) as (process, lines):
        port = re.search(r"Serving SMTP on 127\.0\.0\.1, port (\d+)", lines[-1])
        assert port is not None
        with smtplib.SMTP("127.0.0.1", int(port[1]), timeout=30) as client:
            client.login("legacy", key)
            assert client.send_message(a_mail()) == {}
        code, errors = stop(process, signal.SIGTERM)
    assert (code, "Traceback" in errors, "jane" in errors, key in errors) == (0, False, False, False)
    assert "a mail of the type spring-offers: messages 1 queued" in errors
    with acme.database.read() as session:
        [row] = session.scalars(select(OutboxMessage))
    assert (row.to, row.state) == ("jane@example.com", "queued")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--host", "0.0.0.0"], "in the clear"),
        (["--host", "0.0.0.0", "--no-auth"], "without a key"),
        (["--default-type", "nobody-knows"], "no message type"),
        (["--key", __file__], "in the clear"),
    ],
)
def test_what_would_not_be_safe_does_not_start(acme: Prefcenter, words: list[str], told: str) -> None:
    """X1."""
    assert told in acme("smtp", "--port", "0", *words, exits=2).output


def test_without_its_package_it_says_what_to_install(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "class Hidden:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] == 'aiosmtpd':\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Hidden())\n"
        "from prefcenter.cli import main\n"
        "main(['smtp'])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "pip install 'prefcenter[smtp]'" in done.stderr
    assert "Traceback" not in done.stderr
