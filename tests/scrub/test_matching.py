"""A file's rows get the same decision as the gate would give one by one, from the same facts."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from prefcenter.core.channels import Channel, Level, MessageClass, Reason, Scope, Source, Verdict
from prefcenter.core.consent import Basis
from prefcenter.core.decision import Ask
from prefcenter.core.errors import BadAddress
from prefcenter.core.keys import canonicalise_email, canonicalise_phone
from prefcenter.core.postal.address import PostalAddress
from prefcenter.files.columns import recognise
from prefcenter.scrub.addresses import email_keys, phone_keys
from prefcenter.scrub.index import build_index
from prefcenter.scrub.matching import judge
from prefcenter.services import deciding, links
from prefcenter.services.deciding import Question
from prefcenter.services.fanning_out import inherit
from prefcenter.services.points import Point, Points, of_digest
from prefcenter.services.ports import Evidence, Keyring
from prefcenter.services.suppressing import OptOut, suppress
from prefcenter.store.consents import ConsentRecord
from prefcenter.store.contacts import ContactPoint
from prefcenter.store.engine import Database
from prefcenter.store.suppressions import SuppressionAddress

AT = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
COLUMNS = recognise(["email", "phone", "name", "address1", "address2", "city", "state", "zip"])
PEOPLE = 26
COMPUTED = {Reason.CONSENT_MISSING, Reason.POLICY_VERSION, Reason.QUIET_HOURS, Reason.FREQUENCY_CAP}


def row_of(number: int) -> dict[str, str]:
    unit = f"Apt {number % 7}" if number % 3 == 0 else ""
    return {
        "email": f"Person{number}@Example.com",
        "phone": f"(802) 555-{100 + number:04}",
        "name": f"Pat Person{chr(65 + number % 26)}{chr(97 + number // 26)}",
        "address1": f"{100 + number} Oak Street",
        "address2": unit,
        "city": "Burlington",
        "state": "VT",
        "zip": "05401",
    }


def respelt(number: int) -> list[dict[str, str]]:
    """The same person as list vendors have her: few keys meet, and the rules for pairs say match, unsure, or nobody."""
    row = row_of(number)
    last = row["name"].partition(" ")[2]
    changes: list[dict[str, str]] = [
        {"address1": f"{100 + number} Oak Sreet"},
        {"name": f"Patrick {last}", "zip": "05410"},
        {"name": f"P. {last}"},
        {"address1": f"{100 + number} Oak Avenue"},
        {"name": f"{last}, Pat", "city": "Burlingtn", "zip": ""},
        {"name": f"Pat {last}s", "address2": ""},
        {"name": f"Sam {last}", "address1": f"{100 + number} Oakk St"},
        {"name": f"Pat {last} Jr", "address1": f"{100 + number} N Oak Stret"},
        {"name": "Current Resident"},
        {"address1": f"{101 + number} Oak Sreet"},
    ]
    return [row | change for change in changes]


def point_of(points: Points, channel: Channel, row: dict[str, str], level: Level = Level.INDIVIDUAL) -> Point:
    if channel is Channel.EMAIL:
        return points.email(row["email"])
    if channel is Channel.SMS:
        return points.phone(row["phone"])
    names = ("name", "address1", "address2", "city", "state", "zip")
    return points.post(PostalAddress(**{name: row[name] for name in names}), level)


def asked_as(points: Points, channel: Channel, rows: list[dict[str, str]]) -> list[Point]:
    """Rows as the check asks about them: one that names nobody is read by whoever lives there."""
    if channel is not Channel.POST:
        return [point_of(points, channel, row) for row in rows]
    names = ("name", "address1", "address2", "city", "state", "zip")
    addresses = [PostalAddress(**{name: row[name] for name in names}) for row in rows]
    nameless = [row["name"] == "Current Resident" for row in rows]
    levels = [Level.HOUSEHOLD if nobody else Level.INDIVIDUAL for nobody in nameless]
    found = points.post_many(addresses, levels)
    return [point for point in found if isinstance(point, Point)]


def crowd(database: Database, points: Points, seed: int) -> None:
    """Put all kinds of facts on file: every reason, scope, level, erased ones, shared contacts, consents."""
    dice = random.Random(seed)
    scopes = [Scope.everything(), Scope.brand("acme"), Scope.brand("other"), Scope.topic("acme", "offers")]
    reasons = [reason for reason in Reason if reason not in COMPUTED]
    evidence = Evidence("system")
    with database.write() as session:
        for number in range(PEOPLE):
            rows = {channel: point_of(points, channel, row_of(number)) for channel in Channel}
            if dice.random() < 0.5:
                first = links.make_known(session, rows[Channel.EMAIL], at=AT, source=Source.IMPORT)
                for channel in (Channel.SMS, Channel.POST):
                    other = rows[channel]
                    session.add(
                        ContactPoint(
                            contact_id=first.contact_id,
                            channel=channel.value,
                            digest=other.digest,
                            pepper_id=other.pepper_id or "",
                            value=dict(other.given or {}),
                            country=dice.choice([None, "US", "DE"]),
                            source="import",
                            created_at=AT,
                        )
                    )
                session.flush()
            for _ in range(dice.choice([0, 0, 1, 2])):
                channel = dice.choice([*Channel, Channel.POST])
                level = dice.choice([Level.INDIVIDUAL, Level.HOUSEHOLD])
                point = point_of(points, channel, row_of(number), level)
                if dice.random() < 0.2 and channel is not Channel.POST:
                    point = of_digest(channel, point.digest)
                since = AT - timedelta(days=dice.choice([-3, 1, 20, 45]))
                until = AT + timedelta(days=dice.choice([-1, 5])) if dice.random() < 0.3 else None
                scope = (
                    Scope.sender("+18025550001")
                    if channel is Channel.SMS and dice.random() < 0.3
                    else dice.choice(scopes)
                )
                what = OptOut(
                    dice.choice(reasons),
                    scope,
                    Source.IMPORT,
                    since=since,
                    until=until,
                    is_verified=dice.random() < 0.8,
                )
                made = suppress(session, points, point, what, evidence, at=AT)
                if dice.random() < 0.25:
                    session.execute(
                        delete(SuppressionAddress).where(SuppressionAddress.suppression_id == made.suppression_id)
                    )
            if dice.random() < 0.6:
                phone = rows[Channel.SMS]
                session.add(
                    ConsentRecord(
                        channel="sms",
                        digest=phone.digest,
                        pepper_id=phone.pepper_id or "",
                        scope=str(dice.choice(scopes[:2])),
                        basis=dice.choice([*Basis, *[Basis.EXPRESS_WRITTEN] * 12]).value,
                        since=AT - timedelta(days=dice.choice([-1, 10])),
                        withdrawn_at=AT if dice.random() < 0.2 else None,
                        source="api",
                    )
                )
        session.commit()


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("message_class", [MessageClass.MARKETING, MessageClass.SERVICE])
def test_a_file_is_decided_as_its_rows_would_be_one_by_one(
    database: Database, keyring: Keyring, points: Points, channel: Channel, message_class: MessageClass
) -> None:
    """X2: one decision for a row and for a million; digests of erased entries included (G3)."""
    crowd(database, points, seed=list(Channel).index(channel))
    numbers = range(PEOPLE + 4)
    rows = [row_of(number) for number in numbers] + [row for number in numbers for row in respelt(number)]
    question = Question(message_class=message_class, brand="acme", leaves_now=False)
    ask = Ask(channel=channel, message_class=message_class, brand="acme")
    with database.read() as session:
        index = build_index(session, keyring.peppers, ask, at=AT)
        judged = judge(pl.DataFrame(rows), COLUMNS, index, "US")
        one_by_one = deciding.decide_all(session, keyring, question, asked_as(points, channel, rows), at=AT)
    assert judged.problems.is_empty()
    expected = [decision.verdict is Verdict.CLEARED for decision in one_by_one]
    assert judged.kept(len(rows)).tolist() == expected
    reasons = {row: str(one_by_one[row].reasons[0].code) for row in judged.found["row"].to_list()}
    told = dict(judged.found.select("row", "pc_reason").iter_rows())
    strictest = {
        row: {str(reason.code) for reason in one_by_one[row].reasons if reason.verdict is one_by_one[row].verdict}
        for row in reasons
    }
    assert all(told[row] in strictest[row] for row in told)
    assert any(expected)
    assert not all(expected)
    if channel is Channel.POST and message_class is MessageClass.MARKETING:
        assert {"exact", "nickname", "household"} <= set(judged.found["pc_tier"])
        assert "initial" in judged.held["pc_tier"].to_list()


def test_a_household_falls_whole_and_a_neighbour_stays(
    sqlite_database: Database, keyring: Keyring, points: Points
) -> None:
    """P6, P9: a household opt-out matches everybody there, and nobody at another number or unit."""
    here = {**row_of(3), "name": "Pat Person"}
    with sqlite_database.write() as session:
        opt_out = OptOut(Reason.OPT_OUT, Scope.everything(), Source.SNAIL_MAIL_REQUEST)
        suppress(session, points, point_of(points, Channel.POST, here, Level.HOUSEHOLD), opt_out, Evidence("x"), at=AT)
        session.commit()
    rows = [
        here,
        {**here, "name": "Somebody Else"},
        {**here, "name": "Current Resident"},
        {**here, "address2": "Apt 99"},
        {**here, "address1": "1103 Oak Street"},
        {**here, "address1": "103 Oak Avenue"},
    ]
    with sqlite_database.read() as session:
        index = build_index(session, keyring.peppers, Ask(Channel.POST, MessageClass.MARKETING), at=AT)
    judged = judge(pl.DataFrame(rows), COLUMNS, index, "US")
    assert judged.kept(len(rows)).tolist() == [False, False, False, True, True, True]


def test_a_reason_that_binds_a_person_reaches_points_added_later(
    database: Database, keyring: Keyring, points: Points
) -> None:
    """G15: an objection by email takes the phone and the address along, later ones too."""
    row = row_of(1)
    email, phone = point_of(points, Channel.EMAIL, row), point_of(points, Channel.SMS, row)
    with database.write() as session:
        known = links.make_known(session, email, at=AT, source=Source.IMPORT)
        opt_out = OptOut(Reason.OBJECTION, Scope.everything(), Source.OPERATOR)
        suppress(session, points, email, opt_out, Evidence("x"), at=AT)
        for later in (phone, point_of(points, Channel.POST, row)):
            session.add(
                ContactPoint(
                    contact_id=known.contact_id,
                    channel=later.channel.value,
                    digest=later.digest,
                    pepper_id=later.pepper_id or "",
                    value=dict(later.given or {}),
                    source="import",
                    created_at=AT,
                )
            )
        session.flush()
        inherit(session, points, known.contact_id)
        session.commit()
    for channel in Channel:
        with database.read() as session:
            index = build_index(session, keyring.peppers, Ask(channel, MessageClass.MARKETING), at=AT)
        judged = judge(pl.DataFrame([row]), COLUMNS, index, "US")
        assert judged.found["pc_reason"].to_list() == ["objection"]


addresses = st.one_of(
    st.emails(),
    st.text(max_size=30),
    st.from_regex(r"[ \t]?[A-Za-z0-9.+'_-]{1,70}@[A-Za-z0-9.-]{1,20}\.[A-Za-z]{2,5} ?", fullmatch=True),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(addresses, min_size=1, max_size=20))
def test_a_column_of_emails_gets_the_keys_that_each_would_get_alone(texts: list[str]) -> None:
    keys = email_keys(pl.Series(texts, dtype=pl.String))
    assert keys["key"].to_list() == [_alone(canonicalise_email, text) for text in texts]
    assert all((key is None) == (problem is not None) for key, problem in keys.iter_rows())


numbers = st.one_of(
    st.text(max_size=20),
    st.from_regex(r"\+?1?[ .-]?\(?[0-9]{3}\)?[ .-]?[0-9]{3}[ .-]?[0-9]{4}", fullmatch=True),
    st.from_regex(r"\+[0-9]{6,16}", fullmatch=True),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(numbers, min_size=1, max_size=20), st.sampled_from(["US", "GB", "DE"]))
def test_a_column_of_numbers_gets_the_keys_that_each_would_get_alone(texts: list[str], country: str) -> None:
    keys = phone_keys(pl.Series(texts, dtype=pl.String), country)
    assert keys["key"].to_list() == [_alone(lambda text: canonicalise_phone(text, country), text) for text in texts]


def _alone(canonicalise: object, text: str) -> str | None:
    try:
        return canonicalise(text) if text.strip() else None  # type: ignore[operator]
    except BadAddress:
        return None


@pytest.mark.parametrize(
    ("listed", "row"),
    [
        ({"zip": ""}, {}),
        ({}, {"zip": ""}),
        ({}, {"zip": "05499"}),
        ({}, {"address1": "103 OAK ST"}),
        ({}, {"address1": "103 N Oak Street"}),
        ({"address1": "12 Hill"}, {"address1": "12 Hill Road"}),
        ({"address1": "PO Box 7"}, {"address1": "P.O. BOX 7"}),
        ({"address1": "HC 2 Box 9"}, {"address1": "HC 02 BOX 9"}),
        ({"address2": ""}, {"address2": "Apt 3"}),
        ({"address2": "# 3"}, {"address2": "Apt 3"}),
    ],
)
def test_the_prefilter_loses_no_row_that_the_keys_would_meet(
    sqlite_database: Database, keyring: Keyring, points: Points, listed: dict[str, str], row: dict[str, str]
) -> None:
    """P5, P7: the cheap look at number, ZIP area and street only spares work."""
    base = {**row_of(3), "address2": ""}
    with sqlite_database.write() as session:
        point = point_of(points, Channel.POST, {**base, **listed})
        suppress(
            session, points, point, OptOut(Reason.OPT_OUT, Scope.everything(), Source.IMPORT), Evidence("x"), at=AT
        )
        session.commit()
    with sqlite_database.read() as session:
        index = build_index(session, keyring.peppers, Ask(Channel.POST, MessageClass.MARKETING), at=AT)
        met = deciding.decide_all(
            session,
            keyring,
            Question(message_class=MessageClass.MARKETING),
            [point_of(points, Channel.POST, {**base, **row})],
            at=AT,
        )
    judged = judge(pl.DataFrame([{**base, **row}]), COLUMNS, index, "US")
    assert met[0].verdict is Verdict.REFUSED
    assert judged.found.height == 1


@pytest.mark.parametrize(
    ("listed", "row"),
    [({}, {"zip": "05499"}), ({"zip": "5401-1234"}, {}), ({"zip": "5401-1234"}, {"zip": "05499"}), ({}, {"zip": ""})],
)
def test_an_erased_entry_meets_the_rows_that_it_met_before(
    sqlite_database: Database, keyring: Keyring, points: Points, listed: dict[str, str], row: dict[str, str]
) -> None:
    """G3: what is left of it still suppresses, also where a ZIP differs within its area or has lost its zero."""
    base = row_of(3)
    with sqlite_database.write() as session:
        opt_out = OptOut(Reason.OPT_OUT, Scope.everything(), Source.IMPORT)
        suppress(session, points, point_of(points, Channel.POST, {**base, **listed}), opt_out, Evidence("x"), at=AT)
        session.commit()
    rows = pl.DataFrame(
        [{**base, **row}, {**base, **row, "name": "Sam Else"}, {**base, "zip": "05301", "city": "Brattleboro"}]
    )
    kept = []
    for erases in (False, True):
        with sqlite_database.write() as session:
            if erases:
                session.execute(delete(SuppressionAddress))
            session.commit()
        with sqlite_database.read() as session:
            index = build_index(session, keyring.peppers, Ask(Channel.POST, MessageClass.MARKETING), at=AT)
        kept.append(judge(rows, COLUMNS, index, "US").kept(3).tolist())
    assert kept == [[False, True, True]] * 2


def test_father_and_son_are_told_apart_by_a_column_of_their_own(
    sqlite_database: Database, keyring: Keyring, points: Points
) -> None:
    """P9: whoever has neither may be either; another thing called suffix is none."""
    listed = row_of(3) | {"name": "Pat Person Sr"}
    with sqlite_database.write() as session:
        opt_out = OptOut(Reason.OPT_OUT, Scope.everything(), Source.IMPORT)
        suppress(session, points, point_of(points, Channel.POST, listed), opt_out, Evidence("x"), at=AT)
        session.commit()
    columns = recognise(["first_name", "last_name", "suffix", "address1", "address2", "city", "state", "zip"])
    person = {name: row_of(3)[name] for name in ("address1", "address2", "city", "state", "zip")}
    rows = [
        {"first_name": "Pat", "last_name": "Person", "suffix": suffix, **person}
        for suffix in ("Sr.", "SENIOR", "", "Ave", "Jr", "III")
    ]
    with sqlite_database.read() as session:
        index = build_index(session, keyring.peppers, Ask(Channel.POST, MessageClass.MARKETING), at=AT)
    judged = judge(pl.DataFrame(rows), columns, index, "US")
    assert judged.kept(len(rows)).tolist() == [False, False, False, False, True, True]


@pytest.mark.parametrize(
    ("listed", "row"),
    [
        ({"address1": "PO Box 45", "address2": ""}, {"address1": "12 Oak St", "address2": "PO Box 45"}),
        ({"address1": "12 Oak St", "address2": "PO Box 45"}, {"address1": "P.O. Box 45", "address2": ""}),
        ({"address1": "12 Oak St", "address2": "PO Box 45"}, {"address1": "12 Oak Street", "address2": ""}),
    ],
)
def test_a_box_beside_a_street_is_met_at_either(
    sqlite_database: Database, keyring: Keyring, points: Points, listed: dict[str, str], row: dict[str, str]
) -> None:
    """P7: mail may go to either, so the opt-out holds at both; in a file and one by one."""
    asked, other = row_of(3) | row, row_of(3) | row | {"name": "Sam Else"}
    with sqlite_database.write() as session:
        opt_out = OptOut(Reason.OPT_OUT, Scope.everything(), Source.IMPORT)
        suppress(session, points, point_of(points, Channel.POST, row_of(3) | listed), opt_out, Evidence("x"), at=AT)
        session.commit()
    with sqlite_database.read() as session:
        index = build_index(session, keyring.peppers, Ask(Channel.POST, MessageClass.MARKETING), at=AT)
        question = Question(message_class=MessageClass.MARKETING)
        alone = deciding.decide_all(
            session, keyring, question, [point_of(points, Channel.POST, one) for one in (asked, other)], at=AT
        )
    assert judge(pl.DataFrame([asked, other]), COLUMNS, index, "US").kept(2).tolist() == [False, True]
    assert [decision.verdict for decision in alone] == [Verdict.REFUSED, Verdict.CLEARED]


HERE = ("name", "address1", "address2", "city", "state", "zip", "country")
ABROAD_AND_ODD = [
    ("Pat Byrne; 5 Main Street; ; Dublin; ; ; IE", "Pat Byrne; 5 Main Street; ; Dublin; ; ; IE"),
    ("Hans Müller; Königstr. 5; ; Berlin; ; 10115; DE", "Hans Müller; Königstr. 5; ; Berlin; ; ; DE"),
    ("Rose Tyler; Rose Cottage High Street; ; Slad; ; GL54 2HS; GB",) * 2,
    ("Susan Day; 4594 Champagne Dr; ; Fayetteville; ; 72703; ", "Susan Day; 4594 Champagne Dr; ; Fayetteville; AR; ; "),
    ("Al Roy; 12 Main St; ; Boston; MA; ; ", "Al Roy; 12 Main St; ; Boston; ; 02134; "),
    ("John Smith; 12 Main St; ; Springfield; IL; 62701; ", "John Smith DVM; 12 Main St; ; ; IL; 61701; "),
    ("Jo Ray; PO Box 7; ; Louisville; KY; 40241; ", "Jo Ray; PO Box 7; ; Louisville; KY; 40299; "),
]


@pytest.mark.parametrize(("listed", "row"), ABROAD_AND_ODD)
def test_where_a_part_is_missing_the_scrub_finds_what_the_check_finds(
    sqlite_database: Database, keyring: Keyring, points: Points, listed: str, row: str
) -> None:
    """P5, P9: no state, no number, no ZIP, another country: the cheap look loses nobody."""
    with sqlite_database.write() as session:
        opt_out = OptOut(Reason.OPT_OUT, Scope.everything(), Source.IMPORT)
        point = points.post(PostalAddress.parse(listed))
        suppress(session, points, point, opt_out, Evidence("x"), at=AT)
        session.commit()
    with sqlite_database.read() as session:
        index = build_index(session, keyring.peppers, Ask(Channel.POST, MessageClass.MARKETING), at=AT)
        asked = points.post(PostalAddress.parse(row))
        alone = deciding.decide_all(session, keyring, Question(message_class=MessageClass.MARKETING), [asked], at=AT)[0]
    cells = pl.DataFrame([[part.strip() for part in row.split(";")]], schema=HERE, orient="row")
    judged = judge(cells, recognise(list(HERE)), index, "US")
    assert alone.verdict is Verdict.REFUSED
    assert judged.kept(1).tolist() == [False]


def test_one_doubt_does_not_release_what_another_holds(
    sqlite_database: Database, keyring: Keyring, points: Points
) -> None:
    """P9: an initial holds the row back, whatever a household nearby leaves in doubt."""
    with sqlite_database.write() as session:
        opt_out = OptOut(Reason.OPT_OUT, Scope.everything(), Source.IMPORT)
        for home, level in (("J Smith; 12 Main St", Level.INDIVIDUAL), ("Al Roy; 12 Mian St", Level.HOUSEHOLD)):
            point = points.post(PostalAddress.parse(f"{home}; ; Springfield; IL; 62701"), level)
            suppress(session, points, point, opt_out, Evidence("x"), at=AT)
        session.commit()
    with sqlite_database.read() as session:
        index = build_index(session, keyring.peppers, Ask(Channel.POST, MessageClass.MARKETING), at=AT)
    row = ("John Smith", "12 Main St", "", "Springfield", "IL", "62701", "")
    judged = judge(pl.DataFrame([row], schema=HERE, orient="row"), recognise(list(HERE)), index, "US")
    assert judged.held["pc_tier"].to_list() == ["initial"]


def test_a_house_of_many_is_judged_without_holding_every_pair(
    sqlite_database: Database, keyring: Keyring, points: Points
) -> None:
    """Rows that say the same are judged once, and of many entries that one row meets only the deciding one stays."""
    with sqlite_database.write() as session:
        opt_out = OptOut(Reason.OPT_OUT, Scope.everything(), Source.IMPORT)
        homes = [
            PostalAddress("", "", "1 University Dr", f"Apt {number}", "Troy", "NY", "12180") for number in range(300)
        ]
        for point in points.post_many(homes, [Level.HOUSEHOLD] * 300):
            assert isinstance(point, Point)
            suppress(session, points, point, opt_out, Evidence("x"), at=AT)
        session.commit()
    with sqlite_database.read() as session:
        index = build_index(session, keyring.peppers, Ask(Channel.POST, MessageClass.MARKETING), at=AT)
    row = ("Zoe Ray", "1 University Dr", "", "Troy", "NY", "12180", "")
    rows = pl.DataFrame([row] * 4000, schema=HERE, orient="row")
    judged = judge(rows, recognise(list(HERE)), index, "US")
    assert judged.found.height == 4000
    assert judged.found["pc_suppression"].n_unique() == 1
