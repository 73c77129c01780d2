"""What the stand-ins ask of our own database, and keep in it: scripts, and every message that they took."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import insert

from prefcenter.core.channels import Channel
from prefcenter.providers.sandbox_scripts import DELIVER, TEXT_FATES
from prefcenter.providers.stand_ins.sendgrid_fates import MailFate, by_address
from prefcenter.providers.stand_ins.sendgrid_mime import Accepted, bodies_of, headers_of, subject_of
from prefcenter.providers.stand_ins.twilio_account import Text
from prefcenter.providers.stand_ins.twilio_fates import Fate
from prefcenter.providers.twilio_status import MESSAGE_ARGUMENT
from prefcenter.store import sandbox
from prefcenter.store.engine import Database
from prefcenter.store.outbox import SandboxMessage
from prefcenter.store.sandbox import Play

_NAMES = {fate: name for name, fate in TEXT_FATES.items()}


class SandboxStore:
    """The stand-ins' side of the database; each call is a transaction of its own, as it is at a real provider.

    Args:
        database: where.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def mail_fates(self, addresses: Sequence[str]) -> list[MailFate]:
        """What becomes of the mails of a call: as scripted, else by how an address begins."""
        plays = self._plays(Channel.EMAIL, addresses)
        told = zip(plays, by_address(addresses), strict=True)
        return [MailFate(play.fate, play.is_repeated) if play is not None else fate for play, fate in told]

    def text_fate(self, number: str) -> tuple[Fate, bool] | None:
        """What is scripted for a text, or nothing."""
        [play] = self._plays(Channel.SMS, [number])
        return None if play is None else (TEXT_FATES[play.fate], play.is_repeated)

    def took_mails(self, mails: Sequence[Accepted]) -> None:
        """Keep the mails of a call."""
        self._keep([_mail_row(mail) for mail in mails])

    def took_text(self, text: Text) -> None:
        """Keep a text."""
        self._keep([_text_row(text)])

    def _plays(self, channel: Channel, addresses: Sequence[str]) -> list[Play | None]:
        with self._database.read() as session:
            if not sandbox.has_scripts(session, channel.value):
                return [None] * len(addresses)
        with self._database.write() as session:
            plays = sandbox.take_plays(session, channel.value, addresses)
            session.commit()
            return plays

    def _keep(self, rows: Iterable[dict[str, Any]]) -> None:
        """Write rows down, each with the class and type that its message has: no provider is told them (X8)."""
        rows = list(rows)
        with self._database.write() as session:
            numbers = {row["outbox_id"] for row in rows if row["outbox_id"] is not None}
            known = sandbox.messages_by_id(session, numbers)
            for row in rows:
                message = known.get(row["outbox_id"])
                row["message_class"] = "" if message is None else message.message_class
                row["message_type"] = "" if message is None else message.message_type
            session.execute(insert(SandboxMessage), rows)
            session.commit()


def _mail_row(mail: Accepted) -> dict[str, Any]:
    bodies = bodies_of(mail.request, mail.person)
    shared = {name: value for name, value in mail.request.items() if name != "personalizations"}
    return {
        "channel": Channel.EMAIL.value,
        "to": mail.to,
        "subject": subject_of(mail.request, mail.person),
        "text": bodies.get("text/plain", ""),
        "html": bodies.get("text/html", ""),
        "headers": headers_of(mail.request, mail.person),
        "at": mail.at,
        "outbox_id": _number(mail.custom_args.get(MESSAGE_ARGUMENT, "")),
        "name": mail.message_id,
        "fate": _shown(mail.fate.name),
        "call": {"request": shared, "person": dict(mail.person)},
    }


def _text_row(text: Text) -> dict[str, Any]:
    told: Mapping[str, list[str]] = parse_qs(urlsplit(text.callback).query)
    return {
        "channel": Channel.SMS.value,
        "to": text.to,
        "subject": "",
        "text": text.body,
        "html": "",
        "headers": {},
        "at": text.at,
        "outbox_id": _number(told.get(MESSAGE_ARGUMENT, [""])[0]),
        "name": text.sid,
        "fate": _shown(_NAMES.get(text.fate, text.fate.value)),
        "call": dict(text.parameters),
    }


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None


def _shown(fate: str) -> str:
    """The fate of a message where it is worth a word."""
    return "" if fate == DELIVER else fate
