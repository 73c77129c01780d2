"""The settings: required ones are named at once, and no secret has a default outside a demo."""

from __future__ import annotations

from pathlib import Path

import pytest

from prefcenter.config import Config, MissingSettings
from prefcenter.core.errors import BadInput

WHOLE = {
    "PREFCENTER_SECRET_KEYS": "a new signing key, long enough".replace(",", "") + ", an old signing key of good length",
    "PREFCENTER_PEPPERS": "a pepper that is long enough",
    "PREFCENTER_BASE_URL": "https://prefs.example.com/",
}


def test_every_missing_setting_is_named_at_once() -> None:
    with pytest.raises(MissingSettings) as caught:
        Config.from_env({"PREFCENTER_PEPPERS": "  , "})
    assert caught.value.names == ("PREFCENTER_SECRET_KEYS", "PREFCENTER_PEPPERS", "PREFCENTER_BASE_URL")
    assert all(name in str(caught.value) for name in caught.value.names)


def test_settings_are_read_with_sensible_defaults(tmp_path: Path) -> None:
    config = Config.from_env(WHOLE | {"PREFCENTER_DATA_DIR": str(tmp_path)})
    assert len(config.secret_keys) == 2
    assert config.base_url == "https://prefs.example.com"
    assert config.database_url == f"sqlite:///{tmp_path / 'prefcenter.db'}"
    assert config.default_country == "US"
    assert not config.is_demo
    assert not config.has_provider


def test_secrets_never_show_in_a_representation() -> None:
    """X8."""
    text = repr(Config.from_env(WHOLE | {"TWILIO_AUTH_TOKEN": "hush-hush", "PREFCENTER_INBOUND_AUTH": "me:hush-hush"}))
    assert "hush" not in text
    assert "long enough" not in text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PREFCENTER_BASE_URL", "prefs.example.com"),
        ("PREFCENTER_DEFAULT_COUNTRY", "USA"),
        ("PREFCENTER_DEFAULT_COUNTRY", "UK"),
        ("PREFCENTER_TRUSTED_PROXIES", "one"),
        ("PREFCENTER_INBOUND_AUTH", "only-a-user"),
    ],
)
def test_a_value_that_cannot_be_names_its_setting(name: str, value: str) -> None:
    with pytest.raises(BadInput, match=name):
        Config.from_env(WHOLE | {name: value})


def test_a_demo_makes_its_own_secrets_once_and_keeps_them_to_itself(tmp_path: Path) -> None:
    environ = {"PREFCENTER_DATA_DIR": str(tmp_path / "data")}
    first = Config.for_demo(environ)
    again = Config.for_demo(environ)
    assert first == again
    assert first.is_demo
    assert (tmp_path / "data" / "demo-secrets.env").stat().st_mode & 0o077 == 0
    other = Config.for_demo({"PREFCENTER_DATA_DIR": str(tmp_path / "other")})
    assert other.peppers != first.peppers


def test_a_demo_uses_the_secrets_that_it_is_given(tmp_path: Path) -> None:
    config = Config.for_demo({"PREFCENTER_DATA_DIR": str(tmp_path), "TWILIO_AUTH_TOKEN": "given-token"})
    assert config.twilio_auth_token == "given-token"


@pytest.mark.parametrize("name", ["PREFCENTER_TWILIO_HOST", "PREFCENTER_SENDGRID_HOST"])
@pytest.mark.parametrize(
    "address", ["https://api.example.com", "http://127.0.0.1.example.com", "http://10.0.0.1:80", "http://127.0.0.1/x"]
)
def test_a_stand_in_is_on_this_machine(name: str, address: str) -> None:
    """A key, and all that is sent, must never go to a stranger."""
    with pytest.raises(BadInput, match=name):
        Config.from_env(WHOLE | {name: address})


def test_a_stand_in_can_be_named() -> None:
    config = Config.from_env(WHOLE | {"PREFCENTER_TWILIO_HOST": "http://127.0.0.1:8100/"})
    assert config.twilio_host == "http://127.0.0.1:8100"
    assert not config.has_provider
