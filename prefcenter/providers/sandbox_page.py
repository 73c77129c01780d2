"""What the sandbox shows: messages as people see them, how far each came, and what the list holds of its recipient."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel
from prefcenter.providers.conversations import Conversation, conversations_of
from prefcenter.services.points import Points
from prefcenter.store import outbox, sandbox, suppressions
from prefcenter.store.outbox import OutboxMessage, SandboxMessage
from prefcenter.store.sandbox import SandboxScript


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that the sandbox took.

    Args:
        message: as it arrived.
        sent: what the outbox says of it, where it knows it.
        listed: what the list holds of its recipient now: reason and scope.
    """

    message: SandboxMessage
    sent: OutboxMessage | None
    listed: tuple[str, ...] = ()

    @property
    def last_at(self) -> tuple[datetime, int]:
        """Where it stands among the others."""
        return self.message.at, self.message.id


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation by text, and what the list holds of its number now."""

    conversation: Conversation
    listed: tuple[str, ...] = ()

    @property
    def last_at(self) -> tuple[datetime, int]:
        """Where it stands among the others."""
        return self.conversation.last_at, 0


@dataclass(frozen=True, slots=True)
class Absent:
    """A message that the sandbox never got, and what the list holds of its recipient now."""

    sent: OutboxMessage
    listed: tuple[str, ...] = ()

    @property
    def last_at(self) -> tuple[datetime, int]:
        """Where it stands among the others."""
        return self.sent.created_at, 0


@dataclass(frozen=True, slots=True)
class Seen:
    """All that is shown, the newest first, and what is scripted."""

    shown: Sequence[Mail | Talk | Absent]
    scripts: Sequence[SandboxScript]


def look(session: Session, points: Points, *, limit: int, absent: int) -> Seen:
    """Put together what is shown; only reads.

    Args:
        session: the caller's.
        points: reads numbers.
        limit: so many messages at most.
        absent: so many at most that never got here.
    """
    found = outbox.sandbox_messages(session, limit)
    sent = sandbox.sent_by(session, found)
    missing = sandbox.not_here(session, absent)
    talks = conversations_of(session, points, found)
    digests = {row.digest for row in (*sent.values(), *missing)} | {talk.digest for talk in talks}
    listed = _listed(session, digests)
    mails = [Mail(one, sent.get(one.id), _of(sent.get(one.id), listed)) for one in found if _is_mail(one)]
    shown: list[Mail | Talk | Absent] = [
        *mails,
        *(Talk(talk, listed.get(talk.digest, ())) for talk in talks),
        *(Absent(row, _of(row, listed)) for row in missing),
    ]
    return Seen(sorted(shown, key=lambda one: one.last_at, reverse=True), sandbox.scripts(session))


def _is_mail(message: SandboxMessage) -> bool:
    return message.channel == Channel.EMAIL.value


def _of(row: OutboxMessage | None, listed: Mapping[bytes, tuple[str, ...]]) -> tuple[str, ...]:
    return () if row is None else listed.get(row.digest, ())


def _listed(session: Session, digests: Iterable[bytes]) -> dict[bytes, tuple[str, ...]]:
    found: defaultdict[bytes, dict[str, None]] = defaultdict(dict)
    for digest, fact in suppressions.facts_by_digests(session, sorted(digests)):
        found[digest].setdefault(f"{fact.reason.value} {fact.scope}")
    return {digest: tuple(facts) for digest, facts in found.items()}
