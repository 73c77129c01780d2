"""What load balancers and monitoring ask."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from prefcenter.core.channels import Channel, Scope
from prefcenter.services import operators
from prefcenter.services.operators import KeyScope
from prefcenter.services.ports import Evidence
from prefcenter.store.fingerprints import KeyFingerprint
from tests.houses import EMAIL, START, House
from tests.web.test_api_check import ask, make_key, opt_out, register_type

ELSEWHERE = {"REMOTE_ADDR": "203.0.113.9"}


def test_the_process_answers_even_without_its_database(client: FlaskClient, house: House) -> None:
    break_table(house, "alembic_version")
    assert (client.get("/healthz").status_code, client.get("/healthz").text) == (200, "ok\n")


def test_it_is_ready_when_database_schema_and_keys_are_there(client: FlaskClient) -> None:
    response = client.get("/readyz")
    assert (response.status_code, response.text) == (200, "ready\n")


def test_another_schema_is_not_ready(client: FlaskClient, house: House) -> None:
    with house.wiring.database.write() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
        session.commit()
    response = client.get("/readyz")
    assert (response.status_code, "schema" in response.text) == (503, True)


def test_a_missing_key_is_not_ready(client: FlaskClient, house: House) -> None:
    """X12: and the answer, which is open, does not say which key."""
    with house.wiring.database.write() as session:
        session.add(KeyFingerprint(purpose="pepper", fingerprint="f" * 16, since=START))
        session.commit()
    response = client.get("/readyz")
    assert (response.status_code, "key" in response.text, "ffff" in response.text) == (503, True, False)


def test_an_unreachable_database_is_not_ready(client: FlaskClient, house: House) -> None:
    """X1: any fault of the store counts."""
    break_table(house, "key_fingerprints")
    assert client.get("/readyz").status_code == 503


def test_metrics_count_without_naming_anybody(client: FlaskClient, house: House) -> None:
    """X8: reasons and channels, never an address."""
    register_type(house)
    key = make_key(house, KeyScope.CHECK)
    opt_out(house, Channel.EMAIL, EMAIL, Scope.everything())
    before = value(client, 'prefcenter_decisions_total{message_class="marketing",verdict="refused"}')
    ask(client, key, {"message_type": "spring-offers", "recipients": [{"email": EMAIL}] * 3})
    assert value(client, 'prefcenter_decisions_total{message_class="marketing",verdict="refused"}') == before + 3
    assert value(client, 'prefcenter_suppressions{channel="email",reason="opt_out"}') == 1
    assert value(client, 'prefcenter_opt_outs_recorded{channel="email",source="one_click"}') == 1
    assert value(client, "prefcenter_ledger_position") == 2
    assert value(client, "prefcenter_ledger_pending") == 0
    assert EMAIL not in client.get("/metrics").text


def value(client: FlaskClient, series: str) -> float:
    lines = client.get("/metrics").text.splitlines()
    return next((float(line.rpartition(" ")[2]) for line in lines if line.rpartition(" ")[0] == series), 0.0)


def test_metrics_are_for_this_machine_or_a_key(client: FlaskClient, house: House) -> None:
    """A proxy on this machine calls for others, so what it forwards needs a key as well."""
    reader = make_key(house, KeyScope.READ, name="prometheus")
    other = make_key(house, KeyScope.CHECK, name="tool")
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", environ_base=ELSEWHERE).status_code == 401
    assert client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 401
    assert client.get("/metrics", environ_base=ELSEWHERE, headers=bearer(other)).status_code == 403
    assert client.get("/metrics", environ_base=ELSEWHERE, headers=bearer(reader)).status_code == 200
    with house.wiring.database.write() as session:
        operators.revoke_key(session, "prometheus", Evidence("system"), at=START)
    assert client.get("/metrics", environ_base=ELSEWHERE, headers=bearer(reader)).status_code == 401


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def break_table(house: House, table: str) -> None:
    with house.wiring.database.write() as session:
        session.connection().exec_driver_sql(f"ALTER TABLE {table} RENAME TO gone")
        session.commit()


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_monitoring_gets_no_cookie(client: FlaskClient, path: str) -> None:
    assert "Set-Cookie" not in client.get(path).headers
