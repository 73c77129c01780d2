"""Sending to an audience: a row that cannot be used stands apart, and nobody is written to twice."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from threading import Event, Thread

import pytest
from sqlalchemy import select, text, update

from prefcenter.core.channels import Channel
from prefcenter.core.decision import Wait
from prefcenter.core.errors import BadInput
from prefcenter.services import messages, outgoing, templates
from prefcenter.services.bulk_sending import Audience, Queued, send_audience
from prefcenter.services.composing import Content
from prefcenter.services.links import LinkMaker
from prefcenter.services.ports import Evidence
from prefcenter.services.queueing import Desk, draft_of, queue_decided, queue_refused
from prefcenter.services.templates import Written
from prefcenter.store import registry
from prefcenter.store.outbox import OutboxMessage
from prefcenter.store.registry import Brand, MessageType
from tests.services.test_outgoing import NIGHT, NOON, Post
from tests.services.test_outgoing import post as post


@dataclass
class Office:
    """Who sends templates to audiences."""

    post: Post
    folder: Path

    @property
    def desk(self) -> Desk:
        maker = LinkMaker(self.post.keyring.signing, "https://prefs.example.com", "in.example.com")
        return Desk(self.post.keyring, self.post.points, maker)

    def audience(self, rows: str, slug: str = "offers", name: str = "people.csv", *, is_dry: bool = False) -> Audience:
        file = self.folder / name
        file.write_text(rows, newline="")
        return Audience(file, slug, slug, is_dry=is_dry)

    def send(self, rows: str, slug: str = "offers", *, is_dry: bool = False, at: datetime = NOON) -> Queued:
        audience = self.audience(rows, slug, is_dry=is_dry)
        return send_audience(self.post.database, self.desk, audience, clock=lambda: at)

    def rejected(self) -> dict[str, str]:
        with (self.folder / "people.rejected.csv").open(newline="") as file:
            return {row["pc_row"]: row["pc_problem"] for row in csv.DictReader(file)}

    def rows(self) -> list[OutboxMessage]:
        with self.post.database.read() as session:
            return list(session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)))


WRITTEN: dict[str, tuple[Channel, Written]] = {
    "offers": (Channel.EMAIL, Written("Only now, {{ name }}", "All at half the price, {{ name }}: {{ code }}.")),
    "balance": (Channel.SMS, Written(text="Your balance, {{ name }}: {{ code }}.")),
}


@pytest.fixture
def office(post: Post, tmp_path: Path) -> Office:
    with post.database.write() as session:
        session.execute(update(Brand).values(postal_address="1 Main St", marketing_from="offers@acme.example"))
        session.commit()
        for slug, (channel, written) in WRITTEN.items():
            templates.add_template(session, slug, channel, "acme", written, Evidence("system"), at=NOON)
    return Office(post, tmp_path)


BAD_ROWS = (
    'email,name,code\na@example.com,Ann,1\nb@example.com,"Bob\nBcc: all@example.com",2\nc@example.com,,3\n'
    f"d@example.com,{'D' * 2000},4\ne@example.com,Eve,5\n"
)


@pytest.mark.parametrize("is_dry", [False, True])
def test_a_row_that_cannot_be_sent_stands_apart_and_the_others_go_on(office: Office, is_dry: bool) -> None:
    """A line break for the subject, a value too long, an empty cell: each is that row's problem, on a dry run too."""
    done = office.send(BAD_ROWS, is_dry=is_dry)
    assert (done.rows, done.states["queued"], done.rejected) == (5, 2, 3)
    told = dict(done.problems)
    assert "column “name”" in told[2]
    assert "line break" in told[2]
    assert "“name” for {{ name }}" in told[3]
    assert "“name”" in told[4]
    assert [row.to for row in office.rows()] == ([] if is_dry else ["a@example.com", "e@example.com"])
    if not is_dry:
        assert office.rejected() == {str(number): problem for number, problem in told.items()}


@pytest.mark.parametrize("is_dry", [False, True])
def test_a_text_that_is_too_long_for_one_row_stops_no_other(office: Office, is_dry: bool) -> None:
    rows = f"phone,name,code\n+14155550100,Ann,1\n+14155550101,Bob,{'2' * 1_700}\n+14155550102,Eve,3\n"
    done = office.send(rows, "balance", is_dry=is_dry)
    assert (done.states["queued"], done.rejected) == (2, 1)
    assert "“code”" in dict(done.problems)[2]


@pytest.mark.parametrize("is_dry", [False, True])
@pytest.mark.parametrize("missing", ["postal_address", "marketing_from"])
def test_what_the_brand_lacks_is_told_before_anything(office: Office, missing: str, is_dry: bool) -> None:
    """E10: once, and not as a problem of each row."""
    with office.post.database.write() as session:
        session.execute(update(Brand).values({missing: ""}))
        session.commit()
    with pytest.raises(BadInput, match="without it nothing"):
        office.send("email,name,code\na@example.com,Ann,1\n", is_dry=is_dry)
    assert office.rows() == []


def test_a_text_without_a_sender_is_told_before_anything(office: Office) -> None:
    with office.post.database.write() as session:
        session.execute(update(MessageType).where(MessageType.slug == "balance").values(sender=""))
        session.commit()
    with pytest.raises(BadInput, match="has no sender"):
        office.send("phone,name,code\n+14155550100,Ann,1\n", "balance")


def test_what_was_asked_for_never_goes_to_an_audience(office: Office) -> None:
    """Requested means one for one request; a legal notice may go to many."""
    rows = "email,name,code\na@example.com,Ann,1\n"
    with office.post.database.write() as session:
        changed = update(MessageType).where(MessageType.slug == "offers")
        session.execute(changed.values(message_class="requested", topic_id=None))
        session.commit()
    with pytest.raises(BadInput, match="never an audience"):
        office.send(rows)
    assert office.rows() == []
    with office.post.database.write() as session:
        session.execute(changed.values(message_class="legal"))
        session.execute(update(Brand).values(service_from="service@acme.example"))
        session.execute(text("UPDATE templates SET subject = 'Our privacy policy', text = 'It changed, {{ name }}.'"))
        session.commit()
    assert office.send(rows).states["queued"] == 1


def test_a_message_that_exists_is_never_queued_again(office: Office) -> None:
    """X2: whatever was decided of it now, one that left stays as it is."""
    post = office.post
    with post.database.write() as session:
        registered = registry.type_by_slug(session, "balance")
        assert registered is not None
        point = post.points.phone("+14155550100")
        draft = draft_of(registered, point, Content(), NIGHT)
        question, _ = messages.registered_type(session, "balance")
        [waits] = messages.decide(session, office.desk, question, [point], None, at=NIGHT)
        assert isinstance(waits, Wait)
        asked = (session, office.desk, registered, point, Content(text="Hello"))
        first = queue_decided(*asked, waits, at=NIGHT, cause="audience:1")
        first.row.state, first.row.sent_at = "sent", NIGHT
        session.flush()
        again = queue_decided(*asked, waits, at=NOON, cause="audience:1")
        refused = queue_refused(session, replace(draft, cause="audience:1"), ["x"], NOON)
        session.commit()
    assert (first.is_new, again.is_new, refused.is_new) == (True, False, False)
    [row] = office.rows()
    assert (row.state, row.sent_at) == ("sent", NIGHT)
    with post.database.read() as session:
        query = text("SELECT count(*) FROM ledger_entries WHERE kind IN ('wait', 'refuse', 'send')")
        assert session.scalar(query) == 1


def test_two_runs_of_one_audience_at_the_same_time_revive_nothing(office: Office) -> None:
    """X2: the second waits for the first, and finds a message that has left meanwhile."""
    database = office.post.database
    rows = "phone,name,code\n+14155550100,Ann,1\n"
    audience = office.audience(rows, "balance")
    found: list[Queued] = []

    def run() -> None:
        found.append(send_audience(database, office.desk, audience, clock=lambda: NIGHT))

    cause = _cause_of(office, audience)
    with database.write() as first:
        made = outgoing.queue_once(first, _draft(office, cause), at=NIGHT)
        second = Thread(target=run)
        second.start()
        _until_it_waits(office)
        made.row.state, made.row.sent_at = "sent", NIGHT
        first.commit()
    second.join(30)
    assert not second.is_alive()
    assert (found[0].states["already"], found[0].states["waiting"], found[0].states["queued"]) == (1, 0, 0)
    [row] = office.rows()
    assert (row.state, row.why, row.sent_at) == ("sent", [], NIGHT)


def _cause_of(office: Office, audience: Audience) -> str:
    dry = Audience(audience.file, audience.message_type, audience.template, is_dry=True)
    batch = send_audience(office.post.database, office.desk, dry, clock=lambda: NIGHT).batch
    return f"audience:{batch}:{office.post.points.phone('+14155550100').digest.hex()}"


def _draft(office: Office, cause: str) -> outgoing.Draft:
    with office.post.database.read() as session:
        registered = registry.type_by_slug(session, "balance")
    assert registered is not None
    point = office.post.points.phone("+14155550100")
    return replace(draft_of(registered, point, Content(text="Hello"), NIGHT), cause=cause)


def _until_it_waits(office: Office) -> None:
    """Until the second run stands before the row of the first; on SQLite it cannot even begin to write."""
    if office.post.database.dialect == "sqlite":
        return
    pause = Event()
    for _ in range(1_000):
        if _is_waiting(office):
            return
        pause.wait(0.01)
    raise AssertionError("The second run never waited.")


def _is_waiting(office: Office) -> bool:
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with office.post.database.read() as session:
        return bool(session.scalar(text(query)))
