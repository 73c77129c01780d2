"""Which language a page speaks: the one asked for, else the contact's, else the browser's, else English."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

from babel import Locale
from flask import Flask, Response, g, request
from flask_babel import Babel, get_locale
from sqlalchemy.exc import SQLAlchemyError

from prefcenter.core.tokens import Token
from prefcenter.resources import translations_dir
from prefcenter.store import contacts
from prefcenter.store.engine import StoreUnavailable
from prefcenter.web.recipient.routes import submitted
from prefcenter.web.wired import current_wiring

DEFAULT: Final = "en"

LANGUAGES: Final[Mapping[str, str]] = MappingProxyType(
    {DEFAULT: "English", "es": "Español", "fr": "Français", "de": "Deutsch", "ja": "日本語"}
)
"""The languages that the pages are complete in, each by its own name. Another one is added here with its catalogue."""

_OF_RECIPIENTS: Final = frozenset({"recipient", None})
"""The blueprints whose pages recipients read; None stands for a page that does not exist."""


def init_app(app: Flask) -> None:
    """Let templates say things by ``_("…")`` and ``{% trans %}``, and tell them language and direction of the page."""
    Babel(
        app,
        default_locale=DEFAULT,
        default_timezone="UTC",
        default_translation_directories=str(translations_dir()),
        locale_selector=choose,
    )
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.context_processor(_language_and_direction)
    app.after_request(_name_language)


def choose() -> str:
    """Choose the language of this request's page."""
    if not _is_for_recipients():
        return DEFAULT
    if asked := _asked_for():
        return asked
    if found := _offered(_of_contact() or ""):
        return found
    read = [tag for tag, quality in request.accept_languages if quality > 0]
    return next((found for tag in read if (found := _offered(tag))), DEFAULT)


def _of_contact() -> str | None:
    """The language on file for whoever the link was sent to; the browser's will do where it cannot be told."""
    if "contact_language" not in g:
        token = g.get("link_token")
        g.contact_language = None if token is None else _language_on_file(token)
    found: str | None = g.contact_language
    return found


def _language_on_file(token: Token) -> str | None:
    try:
        with current_wiring().database.read() as session:
            return contacts.language_at(session, [token.digest])
    except (SQLAlchemyError, StoreUnavailable):
        return None


def _is_for_recipients() -> bool:
    return request.blueprint in _OF_RECIPIENTS and not request.path.startswith("/api/")


def _asked_for() -> str | None:
    """The language that the person chose on the page before this one, if it was chosen."""
    wanted = (request.args.get("lang"), submitted().get("lang"))
    return next((found for each in wanted if each and (found := _offered(each))), None)


def _offered(wanted: str) -> str | None:
    """The offered language of a tag such as ``de`` or ``de-AT``, if there is one."""
    language = wanted.replace("_", "-").partition("-")[0].lower()
    return language if language in LANGUAGES else None


def _language_and_direction() -> dict[str, object]:
    locale = get_locale() or Locale(DEFAULT)
    asked = _asked_for() if request and _is_for_recipients() else None
    return {
        "page_language": str(locale).replace("_", "-"),
        "page_direction": locale.text_direction,
        "language_asked_for": asked,
        "language_query": f"?lang={asked}" if asked else "",
        "other_languages": _others(str(locale)),
    }


def _others(spoken: str) -> list[tuple[str, str, str]]:
    """Tag, own name and address of this page in each other language; none where it answers a form."""
    if not request or request.method not in ("GET", "HEAD") or not _is_for_recipients():
        return []
    path = quote(request.path)
    return [(tag, name, f"{path}?lang={tag}") for tag, name in LANGUAGES.items() if tag != spoken]


def _name_language(answer: Response) -> Response:
    if _is_for_recipients() and answer.mimetype == "text/html":
        answer.headers["Content-Language"] = str(get_locale() or DEFAULT).replace("_", "-")
        answer.vary.add("Accept-Language")
    return answer
