"""What every answer of the application has in common: headers, errors, assets."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from flask import Flask, request

from prefcenter.core.errors import BadAddress, BadInput, NotFound, PrefcenterError, Unavailable
from prefcenter.core.keys import MissingKey
from prefcenter.services.errors import NotAllowed, UnknownType
from prefcenter.store.engine import Database, StoreUnavailable
from prefcenter.web.app import MOST_BYTES, build
from prefcenter.web.errors import status_of
from tests.houses import EMAIL, House, StillClock, wiring_on


@pytest.fixture
def here(sqlite_database: Database, tmp_path: Path, clock: StillClock) -> House:
    return House(wiring_on(sqlite_database, tmp_path, clock), clock)


@pytest.fixture
def site(here: House) -> Flask:
    """The application with routes that fail in each way."""
    app = build(here.wiring.config, here.wiring)

    def fail(kind: str) -> str:
        errors: dict[str, Exception] = {
            "address": BadAddress("This is no address.", field="email", remedy="Mend it."),
            "unforeseen": RuntimeError(f"a secret about {EMAIL}"),
            "store": StoreUnavailable("The database is locked."),
        }
        raise errors[kind]

    def size() -> str:
        return str(len(request.get_data()))

    for number, root in enumerate(("/api/v1", "/webhooks", "")):
        app.add_url_rule(f"{root}/fail/<kind>", endpoint=f"fail{number}", view_func=fail)
    app.add_url_rule("/webhooks/size", endpoint="size", view_func=size, methods=["POST"])
    return app


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BadInput(""), 422),
        (BadAddress("", field="zip"), 422),
        (NotFound(""), 404),
        (UnknownType(""), 422),
        (NotAllowed(""), 403),
        (Unavailable(""), 503),
        (StoreUnavailable(""), 503),
        (MissingKey(""), 503),
        (PrefcenterError(""), 500),
    ],
)
def test_each_error_has_its_status(error: PrefcenterError, status: int) -> None:
    """X12: a missing key is our fault and passes: 503."""
    assert status_of(error) == status


def test_programs_get_problem_json(site: Flask) -> None:
    """RFC 9457: what was wrong and where, for a program to read."""
    answer = site.test_client().get("/api/v1/fail/address")
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    problem = answer.get_json(force=True)
    assert problem["status"] == 422
    assert problem["detail"] == "This is no address. Mend it."
    assert problem["errors"][0]["pointer"] == "#/email"


def test_an_unknown_address_of_the_api_is_a_problem_too(site: Flask) -> None:
    """RFC 9457: also where no route was found."""
    answer = site.test_client().get("/api/v1/nowhere")
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


def test_providers_get_plain_text_and_may_try_again(site: Flask) -> None:
    """X5: our own fault answers 503 with a time to come back."""
    answer = site.test_client().get("/webhooks/fail/store")
    assert (answer.status_code, answer.mimetype) == (503, "text/plain")
    assert answer.headers["Retry-After"]


@pytest.mark.parametrize("root", ["/api/v1", "/webhooks", ""])
def test_nobody_sees_a_stack_trace(site: Flask, root: str, caplog: pytest.LogCaptureFixture) -> None:
    """X8: neither the answer nor the log quotes what failed; the log says where."""
    with caplog.at_level(logging.DEBUG):
        answer = site.test_client().get(f"{root}/fail/unforeseen")
    assert answer.status_code == 500
    for told in (answer.text, caplog.text):
        assert EMAIL not in told
        assert "a secret" not in told
    assert "Traceback" not in answer.text
    assert "RuntimeError" in caplog.text
    assert "in fail" in caplog.text


def test_people_get_a_page(site: Flask) -> None:
    """U2: with a heading, and a way on."""
    answer = site.test_client().get("/nowhere")
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert "<h1>" in answer.text


def test_a_wrong_method_names_the_right_ones(site: Flask) -> None:
    """RFC 9110 §15.5.6: 405 comes with Allow."""
    answer = site.test_client().put("/help/sms")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_a_program_is_not_told_to_open_a_link_from_its_message(site: Flask) -> None:
    answers = [site.test_client().get(path) for path in ("/api/v1/check", "/api/v1/nowhere")]
    assert [answer.status_code for answer in answers] == [405, 404]
    assert all("link" not in answer.json["detail"] for answer in answers if answer.json)
    assert "method" in (answers[0].json or {})["detail"]


@pytest.mark.parametrize("path", ["/", "/nowhere", "/api/v1/nowhere", "/help/sms"])
def test_every_answer_bears_the_headers(site: Flask, path: str) -> None:
    """E5, X8: nothing leaks by Referer, frame, cache, search engine or script."""
    headers = site.test_client().get(path).headers
    policy = headers["Content-Security-Policy"]
    for part in ("default-src 'none'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"):
        assert part in policy
    assert "unsafe" not in policy
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "noindex" in headers["X-Robots-Tag"]
    assert headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in headers
    assert "Set-Cookie" not in headers


def test_https_is_for_good(sqlite_database: Database, tmp_path: Path, clock: StillClock) -> None:
    """A public https address never goes back to http."""
    wiring = wiring_on(sqlite_database, tmp_path, clock, base_url="https://prefs.example")
    client = build(wiring.config, wiring).test_client()
    assert client.get("/").headers["Strict-Transport-Security"].startswith("max-age=")


def test_assets_are_kept_under_their_version_only(site: Flask) -> None:
    """A browser may keep for ever what changes its address when it changes."""
    with site.test_request_context():
        address = site.jinja_env.globals["asset"]("recipient.css")
    with site.test_client() as client:
        for path, is_kept in (
            (address, True),
            ("/static/recipient.css?v=old", False),
            ("/static/recipient.css", False),
        ):
            with client.get(path) as answer:
                assert answer.status_code == 200
                assert ("immutable" in answer.headers["Cache-Control"]) is is_kept
        for path in ("/static/../config.py", "/static/nothing.css"):
            assert client.get(path).status_code == 404


def test_a_webhook_may_bring_a_whole_mail(site: Flask) -> None:
    """X5: 30 MB pass, more than the limit is refused before it is read."""
    client = site.test_client()
    assert client.post("/webhooks/size", data=b"x" * 1_000_000).text == "1000000"
    assert MOST_BYTES > 30 * 1024 * 1024
    too_much = client.post("/webhooks/size", data=b"x", environ_overrides={"CONTENT_LENGTH": str(MOST_BYTES + 1)})
    assert too_much.status_code == 413


def test_the_clients_address_comes_from_trusted_proxies_only(
    sqlite_database: Database, tmp_path: Path, clock: StillClock
) -> None:
    """X8: evidence must not be what a stranger writes into a header."""
    for proxies, expected in ((0, "127.0.0.1"), (1, "203.0.113.9")):
        wiring = wiring_on(sqlite_database, tmp_path, clock, trusted_proxies=proxies)
        app = build(wiring.config, wiring)
        app.add_url_rule("/who", view_func=lambda: request.remote_addr or "")
        answer = app.test_client().get("/who", headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.9"})
        assert answer.text == expected


def test_starting_without_a_key_in_use_fails(sqlite_database: Database, tmp_path: Path, clock: StillClock) -> None:
    """X12: a lost pepper stops everything at start."""
    wiring_on(sqlite_database, tmp_path, clock).adopt_keys()
    other = wiring_on(sqlite_database, tmp_path, clock, peppers=("quite another pepper, of good length",))
    with pytest.raises(MissingKey):
        build(other.config)
