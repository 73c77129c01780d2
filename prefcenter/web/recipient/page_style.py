"""The style of recipients' pages, which stands within each page: one answer holds all that it needs."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from flask import Flask
from markupsafe import Markup

from prefcenter.web.assets import FOLDER
from prefcenter.web.recipient.brand_look import PageLook
from prefcenter.web.security_headers import allow_only_style

NAME: Final = "recipient.css"
_COMMENT: Final = re.compile(r"/\*.*?\*/", re.DOTALL)
_SPACE: Final = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Style:
    """The text of a ``style`` element, and its SHA-256 in Base64, by which the page's policy allows it."""

    text: str
    digest: str


def init_app(app: Flask) -> None:
    """Give templates ``page_style(look)``, the ``style`` element; the answer's policy then allows just that one."""
    app.jinja_env.globals["page_style"] = page_style


def page_style(look: PageLook | None = None) -> Markup:
    """Write the page's style in its brand's colours, and allow it."""
    style = style_of(look.brand.accent, look.brand.accent_dark) if look else style_of()
    allow_only_style(style.digest)
    return Markup("<style>{}</style>").format(Markup(style.text))  # noqa: S704 (our own file)


@lru_cache(maxsize=256)
def style_of(accent: str = "", accent_dark: str = "") -> Style:
    """Read the style sheet, without what only its readers need, and give it a brand's colours."""
    text = _SPACE.sub(" ", _COMMENT.sub("", (FOLDER / NAME).read_text(encoding="utf-8"))).strip()
    if accent:
        text += f":root{{--accent:{accent}}}"
    if accent_dark:
        text += f"@media (prefers-color-scheme:dark){{:root{{--accent:{accent_dark}}}}}"
    return Style(text, base64.b64encode(hashlib.sha256(text.encode()).digest()).decode())
