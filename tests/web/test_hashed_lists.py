"""A partner's hashed list, as other systems and recipients meet it."""

from __future__ import annotations

from flask.testing import FlaskClient

from prefcenter.core.channels import Channel, Reason, Scope, Source
from prefcenter.core.hashed import HashAlgorithm, canonicalise_hash
from prefcenter.services import optouts
from prefcenter.services.operators import KeyScope, add_key
from prefcenter.services.ports import Evidence
from prefcenter.services.suppressing import OptOut
from tests.houses import EMAIL, START, House, ticked


def _import(house: House, scope: Scope) -> None:
    key = canonicalise_hash(HashAlgorithm.SHA256.hex_of(EMAIL), HashAlgorithm.SHA256)
    with house.wiring.database.write() as session:
        points = house.wiring.points
        opt_out = OptOut(Reason.OPT_OUT, scope, Source.IMPORT)
        optouts.record(session, points, points.hashed(key), opt_out, Evidence("ann"), at=START)


def test_the_check_refuses_an_address_by_its_hash_and_asks_for_no_hash(client: FlaskClient, house: House) -> None:
    _import(house, Scope.everything())
    with house.wiring.database.write() as session:
        key = add_key(session, "tool", [KeyScope.CHECK], Evidence("system"), at=START)
    digest = HashAlgorithm.SHA256.hex_of(EMAIL)
    asked = [{"email": EMAIL.upper()}, {"email": "b@x.co"}, {"email": digest}, {"email": f"sha256:{digest}"}]
    response = client.post(
        "/api/v1/check",
        json={"class": "marketing", "recipients": asked},
        headers={"Authorization": f"Bearer {key}"},
    )
    told = response.get_json()["decisions"]
    assert [each["verdict"] for each in told] == ["refused", "cleared", "invalid", "invalid"]
    assert told[0]["reasons"] == [
        {"code": "opt_out", "scope": "all", "since": "2026-11-23T15:00:00Z", "source": "import"}
    ]


def test_the_preference_page_shows_it_and_a_click_still_counts(client: FlaskClient, house: House) -> None:
    """E3, X10: what a partner told may be voided one day; the person's own act stands beside it."""
    (point,) = house.know((Channel.EMAIL, EMAIL))
    _import(house, Scope.brand("acme"))
    shown = [box.partition(" ")[2] for box in ticked(client.get(house.choose(point)).text)]
    assert "brand:beta" in shown
    assert not [scope for scope in shown if "acme" in scope]
    assert client.post(house.path(point, "acme"), data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert sorted(house.suppressions()) == [
        ("email", "opt_out", "brand:acme", "import"),
        ("email", "opt_out", "brand:acme", "one_click"),
    ]
