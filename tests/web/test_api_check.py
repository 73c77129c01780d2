"""Asking before sending, over the API."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from prefcenter.core.channels import Channel, Level, Reason, Scope, Source
from prefcenter.services import operators, optouts
from prefcenter.services.operators import KeyScope
from prefcenter.services.ports import Evidence
from prefcenter.services.suppressing import OptOut
from prefcenter.store.fingerprints import KeyFingerprint
from prefcenter.store.registry import MessageType
from tests.houses import EMAIL, POST, START, House

GOOD = {"email": "a@x.co"}
ADDRESS = {"name": "Jane Doe", "address1": "12 N Main St", "city": "Springfield", "state": "IL", "zip": "62701"}


def make_key(house: House, *scopes: KeyScope, name: str = "tool") -> str:
    with house.wiring.database.write() as session:
        return operators.add_key(session, name, scopes, Evidence("system"), at=START)


def register_type(house: House, slug: str = "spring-offers", channel: str = "email", **given: Any) -> None:
    with house.wiring.database.write() as session:
        fields: dict[str, Any] = {
            "slug": slug,
            "name": slug,
            "message_class": "marketing",
            "channel": channel,
            "brand_id": house.brands["acme"].id,
            "topic_id": house.topics["acme/offers"].id,
            "fallbacks": [],
            "approved_by": "system",
            "created_at": START,
        }
        session.add(MessageType(**fields | given))
        session.commit()


def opt_out(house: House, channel: Channel, address: str, scope: Scope, **given: Any) -> None:
    point = house.wiring.points.parse(channel, address)
    fields: dict[str, Any] = {"reason": Reason.OPT_OUT, "source": Source.ONE_CLICK}
    with house.wiring.database.write() as session:
        optouts.record(
            session, house.wiring.points, point, OptOut(scope=scope, **fields | given), Evidence("recipient"), at=START
        )


@pytest.fixture
def key(house: House) -> str:
    register_type(house)
    return make_key(house, KeyScope.CHECK)


def ask(client: FlaskClient, key: str | None, body: Any) -> TestResponse:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    if isinstance(body, bytes):
        return client.post("/api/v1/check", data=body, headers=headers)
    return client.post("/api/v1/check", json=body, headers=headers)


def decisions(client: FlaskClient, key: str, *recipients: Any, **question: Any) -> list[dict[str, Any]]:
    response = ask(client, key, (question or {"message_type": "spring-offers"}) | {"recipients": list(recipients)})
    assert response.status_code == 200, response.text
    return list(response.get_json()["decisions"])


def is_problem(response: TestResponse, status: int) -> bool:
    told = response.get_json()
    return (
        response.status_code == status
        and response.content_type == "application/problem+json"
        and told["status"] == status
        and bool(told["title"] and told["type"])
    )


def test_answers_come_in_order_each_with_its_reasons(client: FlaskClient, house: House, key: str) -> None:
    """E11: an opt-out holds from the next question on, and says since when and how it came."""
    opt_out(house, Channel.EMAIL, EMAIL, Scope.topic("acme", "offers"))
    body = ask(
        client,
        key,
        {
            "message_type": "spring-offers",
            "recipients": [{"ref": "1", "email": EMAIL}, {"ref": "2", "email": "b@x.co"}],
        },
    ).get_json()
    assert body["at"] == "2026-11-23T15:00:00Z"
    assert body["decisions"] == [
        {
            "ref": "1",
            "verdict": "refused",
            "reasons": [
                {"code": "opt_out", "scope": "topic:offers", "since": "2026-11-23T15:00:00Z", "source": "one_click"}
            ],
            "until": None,
        },
        {"ref": "2", "verdict": "cleared", "reasons": [], "until": None},
    ]


def test_the_position_says_what_was_taken_into_account(client: FlaskClient, house: House, key: str) -> None:
    """X7: what was on the ledger before the question has its position in the answer."""
    body = {"message_type": "spring-offers", "recipients": []}
    before = ask(client, key, body).get_json()["ledger_position"]
    opt_out(house, Channel.EMAIL, EMAIL, Scope.everything())
    assert ask(client, key, body).get_json()["ledger_position"] == before + 1
    assert f'"position": {before + 1},' in house.wiring.anchors.read_text()
    assert ask(client, key, body).get_json()["ledger_position"] == before + 1


def test_an_import_under_way_is_not_waited_for(
    client: FlaskClient, house: House, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many waiting entries are the worker's: the position is then an older one, which holds all the same."""
    monkeypatch.setattr("prefcenter.services.checking.QUICKLY_SEALED", 0)
    opt_out(house, Channel.EMAIL, EMAIL, Scope.everything())
    body = ask(client, key, {"message_type": "spring-offers", "recipients": [{"email": EMAIL}]}).get_json()
    assert (body["ledger_position"], body["decisions"][0]["verdict"]) == (0, "refused")


BAD_RECIPIENTS: list[tuple[Any, str]] = [
    ({"email": "nobody"}, "email address"),
    ({"email": ""}, "email address"),
    ({"email": "a\x00b@example.com"}, "email address"),
    ({"phone": "+14155550100"}, "go by email"),
    ({"post": ADDRESS}, "go by email"),
    ({}, "exactly one"),
    ({"email": None}, "exactly one"),
    ({"email": EMAIL, "phone": "+14155550100"}, "email and phone"),
    ({"email": 7}, "Expected `str"),
    ({"emial": EMAIL}, "emial"),
    ({"email": EMAIL, "ref": ["x"]}, "Expected"),
    ("jane@example.com", "Expected `object`"),
    (None, "Expected `object`"),
    ([], "Expected `object`"),
]


def test_a_bad_recipient_is_invalid_and_the_others_get_their_answers(client: FlaskClient, key: str) -> None:
    """X1: what cannot be understood is never cleared."""
    first, *answers, last = decisions(client, key, GOOD, *(bad for bad, _ in BAD_RECIPIENTS), GOOD)
    assert (first["verdict"], last["verdict"]) == ("cleared", "cleared")
    assert "problem" not in first
    for (bad, hint), answer in zip(BAD_RECIPIENTS, answers, strict=True):
        assert (answer["verdict"], answer["reasons"]) == ("invalid", []), bad
        assert hint in answer["problem"], bad


def test_the_callers_name_comes_back_unchanged(client: FlaskClient, key: str) -> None:
    names = ["1", 7, None, "ü\n"]
    given = [{"ref": name, "email": email} for name in names for email in ("a@x.co", 7)]
    assert [answer["ref"] for answer in decisions(client, key, *given)] == [name for name in names for _ in range(2)]


def test_broken_text_within_a_recipient_spoils_nobody_else(client: FlaskClient, key: str) -> None:
    body = b'{"message_type": "spring-offers", "recipients": [{"email": "\xff@x.co"}, {"email": "b@x.co"}]}'
    answers = ask(client, key, body).get_json()["decisions"]
    assert [answer["verdict"] for answer in answers] == ["invalid", "cleared"]


def test_every_channel_can_be_asked_about_in_one_call(client: FlaskClient, house: House, key: str) -> None:
    """S8, S11, P4: a class in general takes recipients of all channels."""
    opt_out(house, Channel.POST, POST, Scope.everything(), source=Source.SNAIL_MAIL_REQUEST)
    recipients = (
        {"email": EMAIL},
        {"phone": "(415) 555-0100"},
        {"post": ADDRESS},
        {"post": ADDRESS | {"zip": "60601", "city": "Chicago"}},
    )
    email, text, post, other = decisions(client, key, *recipients, **{"class": "marketing"})
    assert [email["verdict"], text["verdict"], post["verdict"]] == ["cleared", "refused", "refused"]
    assert [reason["code"] for reason in text["reasons"]] == ["consent_missing", "quiet_hours"]
    assert post["reasons"][0]["source"] == "snail_mail_request"
    assert other["verdict"] == "cleared"


POSTAL: list[tuple[dict[str, str | None], str]] = [
    (ADDRESS | {"address1": "12 North Main Street", "name": "DOE, JANE"}, "refused"),
    (ADDRESS | {"name": "Current Resident"}, "refused"),
    (ADDRESS | {"name": "John Doe"}, "cleared"),
    (ADDRESS | {"address1": "120 N Main St"}, "cleared"),
    (ADDRESS | {"address2": None}, "refused"),
    (ADDRESS | {"address1": ""}, "invalid"),
    (ADDRESS | {"address1": "12 N Main\tSt"}, "invalid"),
    (ADDRESS | {"adress2": "Apt 2"}, "invalid"),
    ({}, "invalid"),
]


def test_post_is_matched_as_files_are(client: FlaskClient, house: House, key: str) -> None:
    """P5, P6, P9: one standardiser and one set of keys, whoever asks."""
    opt_out(house, Channel.POST, POST, Scope.everything(), source=Source.SNAIL_MAIL_REQUEST)
    answers = decisions(client, key, *({"post": address} for address, _ in POSTAL), **{"class": "marketing"})
    assert [answer["verdict"] for answer in answers] == [verdict for _, verdict in POSTAL]


def test_a_household_opt_out_reaches_everybody_there(client: FlaskClient, house: House, key: str) -> None:
    """P9, P15."""
    address = house.wiring.points.parse(Channel.POST, POST)
    assert address.given is not None
    point = house.wiring.points.given(Channel.POST, address.given, Level.HOUSEHOLD)
    with house.wiring.database.write() as session:
        wanted = OptOut(Reason.OPT_OUT, Scope.everything(), Source.SNAIL_MAIL_REQUEST)
        optouts.record(session, house.wiring.points, point, wanted, Evidence("recipient"), at=START)
    asked = [{"post": ADDRESS | {"name": name}} for name in ("Jane Doe", "John Roe", "", "Occupant")]
    answers = decisions(client, key, *asked, **{"class": "marketing"})
    assert {answer["verdict"] for answer in answers} == {"refused"}


def test_a_wait_says_when_to_ask_again(client: FlaskClient, house: House, key: str) -> None:
    """S8: by night a text waits for the morning."""
    register_type(house, "code", "sms", message_class="service", topic_id=None)
    house.clock.now = START.replace(hour=9)
    (answer,) = decisions(client, key, {"phone": "+14155550100"}, message_type="code")
    assert (answer["verdict"], answer["until"]) == ("wait", "2026-11-23T16:00:00Z")


def test_a_pause_says_when_it_ends(client: FlaskClient, house: House, key: str) -> None:
    end = START + timedelta(days=30)
    opt_out(house, Channel.EMAIL, EMAIL, Scope.brand("acme"), reason=Reason.PAUSED, until=end)
    (answer,) = decisions(client, key, {"email": EMAIL})
    assert (answer["verdict"], answer["until"]) == ("refused", "2026-12-23T15:00:00Z")
    opt_out(house, Channel.EMAIL, EMAIL, Scope.brand("acme"))
    (answer,) = decisions(client, key, {"email": EMAIL})
    assert (len(answer["reasons"]), answer["until"]) == (2, None)


BY_CLASS: list[tuple[dict[str, str], str]] = [
    ({"class": "marketing"}, "refused"),
    ({"class": "marketing", "brand": "acme"}, "refused"),
    ({"class": "marketing", "brand": "acme", "topic": "news"}, "refused"),
    ({"class": "marketing", "brand": "beta"}, "cleared"),
    ({"class": "service"}, "cleared"),
    ({"class": "sharing", "brand": "acme"}, "refused"),
]


def test_a_class_may_stand_instead_of_a_type(client: FlaskClient, house: House, key: str) -> None:
    opt_out(house, Channel.EMAIL, EMAIL, Scope.brand("acme"))
    for question, verdict in BY_CLASS:
        (answer,) = decisions(client, key, {"email": EMAIL}, **question)
        assert answer["verdict"] == verdict, question


BAD_QUESTIONS: list[dict[str, Any]] = [
    {"message_type": "no-such-type"},
    {"message_type": "waits-for-approval"},
    {"message_type": ""},
    {"message_type": "a\x00b"},
    {"message_type": "x" * 100},
    {"message_type": 7},
    {"class": "spam"},
    {"class": "marketing", "brand": "no-such-brand"},
    {"class": "marketing", "brand": "acme", "topic": "no-such-topic"},
    {"class": "marketing", "topic": "offers"},
    {"message_type": "spring-offers", "class": "marketing"},
    {"message_type": "spring-offers", "brand": "acme"},
    {"message_type": "spring-offers", "unheard": "of"},
    {},
]


def test_a_question_that_cannot_be_understood_is_422(client: FlaskClient, house: House, key: str) -> None:
    """X1: an unknown type is refused, never guessed."""
    register_type(house, "waits-for-approval", approved_by=None)
    for question in BAD_QUESTIONS:
        assert is_problem(ask(client, key, question | {"recipients": [{"email": EMAIL}]}), 422), question


BAD_BODIES: list[tuple[bytes, int]] = [
    (b"", 400),
    (b"{", 400),
    (b"\xff", 400),
    (b"[]", 422),
    (b"{}", 422),
    (b'{"message_type": "spring-offers", "recipients": {}}', 422),
    (b'{"message_type": "spring-offers", "recipients": [' + b"[" * 3000 + b"]" * 3000 + b"]}", 400),
]


def test_a_body_that_is_none_is_a_problem(client: FlaskClient, key: str) -> None:
    for body, status in BAD_BODIES:
        assert is_problem(ask(client, key, body), status), body


def test_ten_thousand_recipients_are_taken_and_no_more(client: FlaskClient, house: House, key: str) -> None:
    opt_out(house, Channel.EMAIL, "p9999@example.com", Scope.everything())
    recipients: list[Any] = [{"ref": n, "email": f"p{n}@example.com"} for n in range(10_000)]
    answers = decisions(client, key, *recipients)
    assert [answer["ref"] for answer in answers] == list(range(10_000))
    assert {answer["verdict"] for answer in answers[:-1]} == {"cleared"}
    assert answers[-1]["verdict"] == "refused"
    too_many = {"message_type": "spring-offers", "recipients": [*recipients, {"email": EMAIL}]}
    assert is_problem(ask(client, key, too_many), 413)


def test_hundreds_of_postal_recipients_are_one_look_up(client: FlaskClient, house: House, key: str) -> None:
    opt_out(house, Channel.POST, POST, Scope.everything(), source=Source.SNAIL_MAIL_REQUEST)
    others: list[Any] = [{"post": ADDRESS | {"address1": f"{n} N Main St"}} for n in range(100, 600)]
    answers = decisions(client, key, *others, {"post": ADDRESS}, {"post": {}}, **{"class": "marketing"})
    assert {answer["verdict"] for answer in answers[:500]} == {"cleared"}
    assert [answer["verdict"] for answer in answers[500:]] == ["refused", "invalid"]


def test_without_a_valid_key_it_is_401_and_says_how(client: FlaskClient, key: str) -> None:
    body = {"message_type": "spring-offers", "recipients": []}
    for header in (None, "", "Bearer", "Bearer ", "Basic abc", "Bearer pc_unknown", f"Basic {key}", key):
        headers = {} if header is None else {"Authorization": header}
        response = client.post("/api/v1/check", json=body, headers=headers)
        assert is_problem(response, 401), header
        assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_key_without_the_scope_is_403(client: FlaskClient, house: House, key: str) -> None:
    other = make_key(house, KeyScope.READ, KeyScope.ADMIN, name="reader")
    assert is_problem(ask(client, other, {"message_type": "spring-offers", "recipients": []}), 403)


def test_a_revoked_key_is_worthless_at_once(client: FlaskClient, house: House, key: str) -> None:
    body = {"message_type": "spring-offers", "recipients": []}
    assert ask(client, key, body).status_code == 200
    with house.wiring.database.write() as session:
        operators.revoke_key(session, "tool", Evidence("system"), at=START)
    assert is_problem(ask(client, key, body), 401)


def test_a_missing_pepper_clears_nobody(client: FlaskClient, house: House, key: str) -> None:
    """X1, X12: a key in use is not configured, so nothing can be decided."""
    with house.wiring.database.write() as session:
        session.add(KeyFingerprint(purpose="pepper", fingerprint="0" * 16, since=START))
        session.commit()
    response = ask(client, key, {"message_type": "spring-offers", "recipients": [{"email": EMAIL}]})
    assert is_problem(response, 503)
    assert "Retry-After" in response.headers


@pytest.mark.parametrize("table", ["suppression_keys", "consents", "contact_points", "ledger_positions", "api_keys"])
def test_a_broken_store_clears_nobody(client: FlaskClient, house: House, key: str, table: str) -> None:
    """X1: whatever cannot be read, the answer is an error and no verdict."""
    with house.wiring.database.write() as session:
        session.connection().exec_driver_sql(f"ALTER TABLE {table} RENAME TO gone")
        session.commit()
    response = ask(client, key, {"class": "sharing", "recipients": [{"email": EMAIL}]})
    assert is_problem(response, response.status_code)
    assert response.status_code in (500, 503)
    assert "cleared" not in response.text


def test_nothing_personal_reaches_the_log(
    client: FlaskClient, house: House, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    """X8: neither an address nor a key, not even when the store fails in the middle."""
    caplog.set_level(logging.DEBUG)
    recipients = [{"email": EMAIL}, {"email": "jane example.com"}, {"post": ADDRESS}]
    decisions(client, key, *recipients, **{"class": "marketing"})
    with house.wiring.database.write() as session:
        session.connection().exec_driver_sql("ALTER TABLE consents RENAME TO gone")
        session.commit()
    ask(client, key, {"class": "marketing", "recipients": recipients})
    for secret in (EMAIL, "jane example.com", "Jane Doe", key):
        assert secret not in caplog.text


def test_problems_do_not_repeat_the_address(client: FlaskClient, key: str) -> None:
    """X8."""
    (answer,) = decisions(client, key, {"email": "jane.doe@exa mple.com"})
    assert "jane.doe" not in answer["problem"]


def test_answers_are_not_kept_by_anybody_between(client: FlaskClient, key: str) -> None:
    response = ask(client, key, {"message_type": "spring-offers", "recipients": []})
    assert response.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in response.headers
