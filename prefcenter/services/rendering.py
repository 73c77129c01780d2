"""Filling in the templates of mails and texts."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from prefcenter.resources import templates_dir


def render(template: str, **values: object) -> str:
    """Fill in a template, such as ``email/acknowledgement.txt``; only ``.html`` is escaped."""
    return _environment().get_template(template).render(**values)


def render_text_message(template: str, **values: object) -> str:
    """Fill in a template of a text: one line, whatever lines the template has."""
    return " ".join(render(template, **values).split())


@cache
def _environment() -> Environment:
    made = Environment(
        extensions=["jinja2.ext.i18n"],
        loader=FileSystemLoader(templates_dir()),
        autoescape=select_autoescape(("html",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    made.install_null_translations(newstyle=True)  # type: ignore[attr-defined]  # the extension's
    return made
