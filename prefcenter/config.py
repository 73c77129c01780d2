"""The settings, read once into one frozen value.

Whoever starts the product reads them here and passes them on; nothing below asks the environment.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from dotenv import dotenv_values

from prefcenter.core.errors import BadInput, PrefcenterError
from prefcenter.core.keys import Peppers
from prefcenter.core.tokens import SigningKeys

_REQUIRED = ("PREFCENTER_SECRET_KEYS", "PREFCENTER_PEPPERS", "PREFCENTER_BASE_URL")
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_DEMO_SECRETS = ("PREFCENTER_SECRET_KEYS", "PREFCENTER_PEPPERS", "PREFCENTER_INBOUND_AUTH", "TWILIO_AUTH_TOKEN")


class MissingSettings(PrefcenterError):
    """Settings without which nothing may start; names every one of them at once."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(
            f"Missing settings: {', '.join(names)}.",
            remedy="Set them in the environment or in a .env file; docs/settings.md says what each one is. "
            "To try the product without any, run `make run` or `prefcenter demo`.",
        )
        self.names = names


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that can be set, each under its name in ``docs/settings.md``.

    Secrets are left out of ``repr``, so that they never end up in a log (X8).
    """

    database_url: str = field(repr=False)
    secret_keys: tuple[str, ...] = field(repr=False)
    peppers: tuple[str, ...] = field(repr=False)
    base_url: str
    data_dir: Path
    default_country: str = "US"
    trusted_proxies: int = 0
    inbound_domain: str = ""
    broker_url: str = field(default="", repr=False)
    redis_url: str = field(default="", repr=False)
    twilio_account_sid: str = ""
    twilio_auth_token: str = field(default="", repr=False)
    sendgrid_api_key: str = field(default="", repr=False)
    twilio_host: str = ""
    sendgrid_host: str = ""
    sendgrid_event_public_key: str = ""
    sendgrid_parse_public_key: str = ""
    inbound_auth: str = field(default="", repr=False)
    keep_rows_days: int = 90
    canaries: Path | None = None
    is_demo: bool = False

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read the settings of a production: the environment first, a ``.env`` file in the working directory second.

        Raises:
            MissingSettings: required ones are absent or empty; all of them are named.
            BadInput: one has a value that it cannot have.
        """
        values = _values(environ)
        missing = tuple(name for name in _REQUIRED if not _list(values.get(name, "")))
        if missing:
            raise MissingSettings(missing)
        return cls._from_values(values, is_demo=False)

    @classmethod
    def for_demo(cls, environ: Mapping[str, str] | None = None, *, base_url: str = "http://127.0.0.1:8000") -> Self:
        """Read the settings of a demo: what is missing is made, and kept in the data folder for the next time."""
        values = _values(environ)
        data_dir = Path(values.get("PREFCENTER_DATA_DIR") or "instance")
        kept = _kept_secrets(data_dir / "demo-secrets.env", [name for name in _DEMO_SECRETS if not values.get(name)])
        defaults = {"PREFCENTER_BASE_URL": base_url, "PREFCENTER_INBOUND_DOMAIN": "in.prefcenter.example"}
        given = {name: value for name, value in values.items() if value}
        return cls._from_values(defaults | kept | given, is_demo=True)

    @classmethod
    def _from_values(cls, values: Mapping[str, str], *, is_demo: bool) -> Self:
        data_dir = Path(values.get("PREFCENTER_DATA_DIR") or "instance").absolute()
        return cls(
            database_url=values.get("PREFCENTER_DATABASE_URL") or f"sqlite:///{data_dir / 'prefcenter.db'}",
            secret_keys=_list(values["PREFCENTER_SECRET_KEYS"]),
            peppers=_list(values["PREFCENTER_PEPPERS"]),
            base_url=_base_url(values["PREFCENTER_BASE_URL"]),
            data_dir=data_dir,
            default_country=_country(values.get("PREFCENTER_DEFAULT_COUNTRY") or "US"),
            trusted_proxies=_count("PREFCENTER_TRUSTED_PROXIES", values.get("PREFCENTER_TRUSTED_PROXIES") or "0"),
            inbound_domain=(values.get("PREFCENTER_INBOUND_DOMAIN") or "").strip().lower(),
            broker_url=values.get("PREFCENTER_BROKER_URL") or "",
            redis_url=values.get("PREFCENTER_REDIS_URL") or "",
            twilio_account_sid=values.get("TWILIO_ACCOUNT_SID") or "",
            twilio_auth_token=values.get("TWILIO_AUTH_TOKEN") or "",
            sendgrid_api_key=values.get("SENDGRID_API_KEY") or "",
            twilio_host=_stand_in("PREFCENTER_TWILIO_HOST", values.get("PREFCENTER_TWILIO_HOST") or ""),
            sendgrid_host=_stand_in("PREFCENTER_SENDGRID_HOST", values.get("PREFCENTER_SENDGRID_HOST") or ""),
            sendgrid_event_public_key=values.get("SENDGRID_EVENT_PUBLIC_KEY") or "",
            sendgrid_parse_public_key=values.get("SENDGRID_PARSE_PUBLIC_KEY") or "",
            inbound_auth=_inbound_auth(values.get("PREFCENTER_INBOUND_AUTH") or ""),
            keep_rows_days=_days("PREFCENTER_KEEP_ROWS_DAYS", values.get("PREFCENTER_KEEP_ROWS_DAYS") or "90"),
            canaries=Path(values["PREFCENTER_CANARIES"]).absolute() if values.get("PREFCENTER_CANARIES") else None,
            is_demo=is_demo,
        )

    @property
    def has_provider(self) -> bool:
        """Whether mail or texts can leave for the outside world; if not, they go to the sandbox."""
        return self.sends_mail or self.sends_texts

    @property
    def sends_mail(self) -> bool:
        """Whether mail leaves by SendGrid."""
        return bool(self.sendgrid_api_key)

    @property
    def sends_texts(self) -> bool:
        """Whether texts leave by Twilio."""
        return bool(self.twilio_account_sid and self.twilio_auth_token)

    def peppers_in_use(self) -> Peppers:
        """The peppers, ready to digest."""
        return Peppers(self.peppers)

    def signing_keys(self) -> SigningKeys:
        """The signing keys, ready to make and read tokens."""
        return SigningKeys(self.secret_keys)


def _values(environ: Mapping[str, str] | None) -> dict[str, str]:
    if environ is not None:
        return dict(environ)
    from_file = {name: value or "" for name, value in dotenv_values(".env").items()}
    return from_file | dict(os.environ)


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _base_url(text: str) -> str:
    url = text.strip().rstrip("/")
    if not url.startswith(("http://", "https://")):
        raise BadInput(
            "PREFCENTER_BASE_URL is not an http or https address.", remedy="Write it as https://prefs.example.com."
        )
    return url


def _stand_in(name: str, text: str) -> str:
    """An address that is called instead of a provider: of this machine, so that no key is ever told to a stranger."""
    url = text.strip().rstrip("/")
    parts = urlsplit(url)
    if url and not (parts.scheme == "http" and parts.hostname in _LOOPBACK and not parts.path):
        raise BadInput(
            f"{name} is not an address of this machine.",
            remedy="Leave it empty to call the provider; a stand-in has one such as http://127.0.0.1:8100.",
        )
    return url


def _country(text: str) -> str:
    code = text.strip().upper()
    if code != "US" and code not in _countries():  # Such as UK, in which every national number would be unreadable.
        raise BadInput("PREFCENTER_DEFAULT_COUNTRY is not a country.", remedy="Use an ISO 3166 code such as US or GB.")
    return code


def _countries() -> set[str]:
    from phonenumbers import SUPPORTED_REGIONS  # It takes a command 30 ms, and few are set to another country.

    return SUPPORTED_REGIONS


def _count(name: str, text: str) -> int:
    if not text.strip().isdigit():
        raise BadInput(f"{name} is not a whole number.", remedy="Use 0 where no proxy stands in front.")
    return int(text)


def _days(name: str, text: str) -> int:
    if not (text.strip().isascii() and text.strip().isdigit()) or int(text) > 3_650:
        raise BadInput(f"{name} is not a number of days.", remedy="Use a whole number from 0 to 3650, such as 90.")
    return int(text)


def _inbound_auth(text: str) -> str:
    if text and not all(text.partition(":")):
        raise BadInput("PREFCENTER_INBOUND_AUTH needs a user and a password.", remedy="Write it as user:password.")
    return text


def _kept_secrets(path: Path, wanted: list[str]) -> dict[str, str]:
    """Read the secrets that an earlier demo made, and make those that are still missing."""
    kept = {name: value or "" for name, value in dotenv_values(path).items()} if path.exists() else {}
    made = {name: _new_secret(name) for name in wanted if not kept.get(name)}
    if made:
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [f"{name}={value}" for name, value in (kept | made).items()]
        partial = path.with_suffix(".partial")
        partial.touch(mode=0o600)
        partial.write_text("\n".join(lines) + "\n", encoding="utf-8")
        partial.replace(path)
    return {name: value for name, value in (kept | made).items() if name in wanted}


def _new_secret(name: str) -> str:
    secret = secrets.token_urlsafe(32)
    return f"demo:{secret}" if name == "PREFCENTER_INBOUND_AUTH" else secret
