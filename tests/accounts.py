"""Accounts at stand-ins for SendGrid and Twilio, and a house whose list is brought into agreement with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select

from prefcenter.core.channels import Channel, MessageClass, Reason, Scope, Source
from prefcenter.providers.sendgrid_lists import SendGridLists
from prefcenter.providers.stand_ins.loopback import LoopbackServer
from prefcenter.providers.stand_ins.sendgrid_server import SendGridStandIn
from prefcenter.providers.stand_ins.sendgrid_suppressions import Group
from prefcenter.providers.stand_ins.twilio_account import TwilioAccount
from prefcenter.providers.stand_ins.twilio_server import TwilioStandIn
from prefcenter.providers.twilio_lists import TwilioLists
from prefcenter.services import drifting, list_targets, optouts, syncing
from prefcenter.services.agreeing import Synced, Syncing
from prefcenter.services.drifting import Drift
from prefcenter.services.list_ports import ProviderLists
from prefcenter.services.ports import Evidence
from prefcenter.services.suppressing import OptOut
from prefcenter.store.engine import Database
from prefcenter.store.registry import Brand, MessageType, Topic
from prefcenter.store.suppressions import Suppression
from tests.conftest import PEPPER
from tests.houses import START, House, StillClock, wiring_on

KEY = "SG.a-key-for-tests"
ACCOUNT, TOKEN = "AC" + "0" * 32, "a token for tests"
OFFERS, SERVICE = "+18005550101", "MG" + "5" * 32
SYSTEM = Evidence("system")


@dataclass
class PickyAccount(TwilioAccount):
    """An account at Twilio that takes no word of some numbers."""

    refused: set[str] = field(default_factory=set)

    def consent(self, items: Iterable[Mapping[str, str]]) -> list[dict[str, object]]:
        """Take consents and opt-outs made elsewhere, an answer each."""
        return [
            {"correlation_id": item["correlation_id"], "error_code": 20001, "error_messages": ["No: " + str(item)]}
            if item["contact_id"] in self.refused
            else super(PickyAccount, self).consent([item])[0]
            for item in items
        ]


@dataclass
class Accounts:
    """One account at each provider, and our side of them."""

    house: House
    clock: StillClock
    sendgrid: SendGridStandIn
    twilio: PickyAccount
    mail: SendGridLists
    texts: TwilioLists
    host: str
    waited: list[float] = field(default_factory=list)

    @property
    def database(self) -> Database:
        return self.house.wiring.database

    @property
    def use(self) -> Syncing:
        return self.house.wiring.syncing()

    def sync(self, provider: ProviderLists | None = None, *, whole: bool = False) -> Synced:
        self.clock.move(minutes=10)
        done = syncing.sync(self.use, provider or self.mail, whole=whole)
        self.clock.move(minutes=10)
        return done

    def drift(self, provider: ProviderLists | None = None) -> Drift:
        self.clock.move(minutes=10)
        found = drifting.drift(self.use, provider or self.mail)
        self.clock.move(minutes=10)
        return found

    def differences(self, provider: ProviderLists | None = None) -> set[tuple[str, str, str]]:
        return {(each.list, each.why.value, each.who or "") for each in self.drift(provider).shown}

    def stop(
        self,
        address: str,
        scope: Scope | None = None,
        *,
        reason: Reason = Reason.OPT_OUT,
        source: Source = Source.PREFERENCE_PAGE,
        channel: Channel | None = None,
        ref: str = "",
    ) -> int:
        """Put somebody on our list."""
        by = channel or (Channel.EMAIL if "@" in address else Channel.SMS)
        point = self.house.wiring.points.parse(by, address)
        told = OptOut(reason, scope or Scope.everything(), source, source_ref=ref)
        with self.database.write() as session:
            done = optouts.take(session, self.house.wiring.points, point, told, SYSTEM, at=self.clock())
            session.commit()
        return done.suppression_id

    def come_back(self, address: str) -> None:
        """Lift what the person asked for, by the person's own act."""
        by = Channel.EMAIL if "@" in address else Channel.SMS
        point = self.house.wiring.points.parse(by, address)
        act = Evidence("recipient", personal={"words": "I want it again"})
        with self.database.write() as session:
            optouts.lift(session, point, Reason.OPT_OUT, act, at=self.clock())

    def group(self, number: int, *members: str, brand: str | None = None, topic: str | None = None) -> Group:
        """Make a group at SendGrid and say what it stands for; without a brand nothing."""
        made = Group(f"Group {number}", members=dict.fromkeys(members, 0))
        self.sendgrid.lists.groups[number] = made
        if brand is not None:
            self.map(str(number), brand, topic)
        return made

    def map(self, named: str, brand: str | None = None, topic: str | None = None) -> None:
        with self.database.write() as session:
            list_targets.give_meaning(session, named, SYSTEM, at=self.clock(), brand=brand, topic=topic)

    def listed(self, kind: str = "unsubscribes") -> set[str]:
        """Who stands on one of SendGrid's lists."""
        return set(self.sendgrid.lists.kinds[kind])

    def in_force(self) -> list[tuple[str, str, str, str | None]]:
        """Reason, scope, source and cause of what stands on our list."""
        with self.database.read() as session:
            rows = session.scalars(select(Suppression).where(Suppression.ended_at.is_(None)).order_by(Suppression.id))
            return [(row.reason, row.scope, row.source, row.batch) for row in rows]

    def renew_pepper(self) -> None:
        """Put a new pepper before the one in use."""
        folder = self.house.wiring.config.data_dir
        peppers = ("a newer pepper for tests, of good length", PEPPER)
        self.house.wiring = wiring_on(self.database, folder, self.clock, peppers=peppers)
        self.house.wiring.adopt_keys()

    def numbers(self) -> list[int]:
        """The numbers of all entries of our list."""
        with self.database.read() as session:
            return list(session.scalars(select(Suppression.id).order_by(Suppression.id)))

    def add_type(self, slug: str, kind: MessageClass, sender: str, brand: str = "acme", topic: str = "") -> None:
        """Register a type of texts."""
        with self.database.write() as session:
            owner = session.scalar(select(Brand).where(Brand.slug == brand))
            assert owner is not None
            found = session.scalar(select(Topic).where(Topic.slug == topic, Topic.brand_id == owner.id))
            row: dict[str, Any] = {"name": slug, "category_reason": "", "fallbacks": [], "created_at": START}
            session.add(
                MessageType(
                    slug=slug,
                    message_class=kind.value,
                    channel="sms",
                    brand_id=owner.id,
                    topic_id=None if found is None else found.id,
                    sender=sender,
                    approved_by="system",
                    **row,
                )
            )
            session.commit()


@contextmanager
def opened(database: Database, folder: Path) -> Iterator[Accounts]:
    """Accounts at stand-ins on this machine, until the context ends."""
    clock = StillClock()
    wiring = wiring_on(database, folder, clock)
    wiring.adopt_keys()
    house = House(wiring, clock)
    house.furnish()
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        clock.move(seconds=seconds)
        sendgrid.limit(None)

    sendgrid = SendGridStandIn(clock, KEY)
    account = PickyAccount(ACCOUNT, TOKEN, clock)
    with ExitStack() as open_until:
        server = open_until.enter_context(LoopbackServer(sendgrid.respond))
        open_until.callback(sendgrid.close)
        twilio = open_until.enter_context(TwilioStandIn(account))
        mail = SendGridLists(KEY, clock, host=server.url, wait=wait, timeout=5)
        texts = TwilioLists(ACCOUNT, TOKEN, clock, host=twilio.url, wait=wait, timeout=5)
        yield Accounts(house, clock, sendgrid, account, mail, texts, server.url, waited)
