"""Filling in the templates of mails and texts."""

from __future__ import annotations

from functools import lru_cache

from babel.support import Translations
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from prefcenter.resources import templates_dir, translations_dir


def render(template: str, **values: object) -> str:
    """Fill in a template, such as ``email/acknowledgement.txt``; only ``.html`` is escaped.

    The value ``language``, such as ``de``, chooses the catalogue; without it, and where there is none, it is English.
    """
    return _environment(str(values.get("language", ""))).get_template(template).render(**values)


def spoken(language: str | None) -> str:
    """The language that a message can be written in for somebody who reads this one, such as ``es`` for ``es-MX``.

    >>> spoken("es-MX"), spoken("tlh"), spoken(None), spoken("../x")
    ('es', 'en', 'en', 'en')
    """
    primary = (language or "").replace("_", "-").partition("-")[0].lower()
    is_there = primary.isalpha() and (translations_dir() / primary / "LC_MESSAGES" / "messages.mo").is_file()
    return primary if is_there else "en"


def render_text_message(template: str, **values: object) -> str:
    """Fill in a template of a text: one line, whatever lines the template has."""
    return " ".join(render(template, **values).split())


@lru_cache(maxsize=16)
def _environment(language: str) -> Environment:
    made = Environment(
        extensions=["jinja2.ext.i18n"],
        loader=FileSystemLoader(templates_dir()),
        autoescape=select_autoescape(("html",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    catalogue = Translations.load(translations_dir(), [language])
    made.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]  # the extension's
    return made
