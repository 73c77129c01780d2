"""Which language a page speaks: the one asked for, else the contact's, else the browser's, else English."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from babel import Locale
from flask import Flask, g, request
from flask_babel import Babel, get_locale

from prefcenter.web.recipient.routes import submitted

DEFAULT: Final = "en"

LANGUAGES: Final[Mapping[str, str]] = MappingProxyType({DEFAULT: "English"})
"""The languages that the pages are complete in, each by its own name. Another one is added here with its catalogue."""

_OF_RECIPIENTS: Final = frozenset({"recipient", None})
"""The blueprints whose pages recipients read; None stands for a page that does not exist."""


def init_app(app: Flask) -> None:
    """Let templates say things by ``_("…")`` and ``{% trans %}``, and tell them language and direction of the page."""
    Babel(app, default_locale=DEFAULT, default_timezone="UTC", locale_selector=choose)
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.context_processor(_language_and_direction)


def choose() -> str:
    """Choose the language of this request's page."""
    if request.blueprint not in _OF_RECIPIENTS or request.path.startswith("/api/"):
        return DEFAULT
    for wanted in (request.args.get("lang"), submitted().get("lang"), g.get("contact_language")):
        if wanted and (found := _offered(wanted)):
            return found
    read = [tag for tag, quality in request.accept_languages if quality > 0]
    return next((found for tag in read if (found := _offered(tag))), DEFAULT)


def prefer(language: str | None) -> None:
    """Speak the contact's language on this request's page, unless another one is asked for."""
    g.contact_language = language


def _offered(wanted: str) -> str | None:
    """The offered language of a tag such as ``de`` or ``de-AT``, if there is one."""
    language = wanted.replace("_", "-").partition("-")[0].lower()
    return language if language in LANGUAGES else None


def _language_and_direction() -> dict[str, str]:
    locale = get_locale() or Locale(DEFAULT)
    return {"page_language": str(locale).replace("_", "-"), "page_direction": locale.text_direction}
