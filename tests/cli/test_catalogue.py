"""``prefcenter brand``, ``topic`` and ``type``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Prefcenter


def test_a_name_is_enough_to_begin(prefcenter: Prefcenter) -> None:
    prefcenter("brand", "add", "acme", "--name", "Acme")
    assert prefcenter.json("brand", "list")[0] | {"slug": "acme", "name": "Acme", "country": "US"} == {
        "slug": "acme",
        "name": "Acme",
        "country": "US",
        "postal_address": "",
        "sender_name": "",
        "marketing_from": "",
        "service_from": "",
        "contact": "",
        "domain": "",
        "privacy_url": "",
        "policy_version": 1,
        "double_opt_in": False,
    }


def test_what_is_needed_before_the_first_send_can_be_set_later(acme: Prefcenter) -> None:
    acme("brand", "set", "acme", "--postal-address", "1 Main St, Springfield IL 62701")
    brand = acme.json("brand", "list")[0]
    assert (brand["name"], brand["postal_address"]) == ("Acme", "1 Main St, Springfield IL 62701")
    assert "Nothing was given" in acme("brand", "set", "acme", exits=2).stderr


def test_a_brand_gets_colours_and_a_logo(acme: Prefcenter, tmp_path: Path) -> None:
    """U2: what cannot be read is refused, with the nearest shade that can."""
    picture = tmp_path / "logo.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n and so on")
    acme("brand", "look", "acme", "--accent", "#1d6b45", "--logo", str(picture))
    assert "#886d00" in acme("brand", "look", "acme", "--accent", "#fc0", exits=2).stderr
    assert "Nothing was given" in acme("brand", "look", "acme", exits=2).stderr
    acme("brand", "look", "acme", "--accent", "", "--no-logo")


def test_the_sign_up_form_is_printed_once_somebody_can_be_asked(acme: Prefcenter) -> None:
    """G6: without a sender of the mail that asks, the form would promise what never comes; says what to add."""
    assert "--service-from" in acme("brand", "signup", "acme", exits=2).stderr
    acme("brand", "set", "acme", "--service-from", "service@acme.example")
    told = acme.json("brand", "signup", "acme")
    assert told["link"].endswith("/s/acme")
    assert acme("brand", "signup", "acme").stdout == f"{told['link']}\n\n{told['html']}"
    assert f'action="{told["link"]}" method="post"' in told["html"]
    assert "There is no brand" in acme("brand", "signup", "nobody", exits=2).stderr


def test_opt_ins_on_the_preference_page_can_be_confirmed_by_mail_too(acme: Prefcenter) -> None:
    for flag, is_on in (("--double-opt-in", True), ("--no-double-opt-in", False)):
        acme("brand", "set", "acme", flag)
        assert acme.json("brand", "list")[0]["double_opt_in"] is is_on
    acme("brand", "set", "acme", "--double-opt-in")
    acme("brand", "set", "acme", "--name", "Acme Outfitters")
    assert acme.json("brand", "list")[0]["double_opt_in"] is True


def test_the_version_of_a_privacy_notice_only_grows(acme: Prefcenter) -> None:
    """G16: data collected under a version must not look as if it were under another one."""
    acme("brand", "set", "acme", "--privacy-url", "https://acme.example/privacy", "--privacy-version", "3")
    assert "only grow" in acme("brand", "set", "acme", "--privacy-version", "2", exits=2).stderr
    assert acme.json("brand", "list")[0]["policy_version"] == 3


def test_adding_the_same_again_is_bad_input(acme: Prefcenter) -> None:
    for words in (
        ["brand", "add", "acme"],
        ["topic", "add", "offers"],
        ["type", "add", "spring-offers", "--class", "marketing", "--channel", "email"],
    ):
        assert "already" in acme(*words, exits=2).stderr


@pytest.mark.parametrize("slug", ["Acme", "ac me", "-acme", "acme-", "akmé", "a" * 65, ""])
def test_a_slug_is_lower_case_letters_digits_and_hyphens(prefcenter: Prefcenter, slug: str) -> None:
    assert "cannot be a slug" in prefcenter("brand", "add", "--", slug, exits=2).stderr


def test_the_list_of_types_is_the_contract(acme: Prefcenter) -> None:
    acme("type", "add", "receipt", "--class", "service", "--channel", "sms", "--category", "transaction")
    assert acme.json("type", "list") == [
        {"slug": "receipt", "class": "service", "channel": "sms", "brand": "acme", "topic": None, "state": "approved"},
        {
            "slug": "spring-offers",
            "class": "marketing",
            "channel": "email",
            "brand": "acme",
            "topic": "offers",
            "state": "approved",
        },
    ]


def test_a_service_type_without_a_category_is_refused_with_all_categories(acme: Prefcenter) -> None:
    """E14: a service message declares one statutory category."""
    told = acme("type", "add", "receipt", "--class", "service", "--channel", "email", exits=2).stderr
    assert "transaction, safety, account, employment, delivery" in told


def test_the_brand_must_be_named_only_where_there_are_several(acme: Prefcenter) -> None:
    acme("brand", "add", "bolt")
    assert "acme, bolt" in acme("topic", "add", "news", exits=2).stderr
    acme("topic", "add", "news", "--brand", "bolt")
    assert [(each["brand"], each["slug"]) for each in acme.json("topic", "list")] == [
        ("acme", "offers"),
        ("bolt", "news"),
    ]
    assert [each["slug"] for each in acme.json("topic", "list", "--brand", "bolt")] == ["news"]


def test_lists_are_plain_lines_into_a_pipe(acme: Prefcenter) -> None:
    assert acme("topic", "list").stdout.splitlines() == [
        "slug\tbrand\tname\tchannels",
        "offers\tacme\tOffers\temail, sms, post",
    ]
