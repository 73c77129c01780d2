"""Whose page it is: the brand's name, logo, colours, postal address and privacy notice on every recipient's page."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Final

from flask import Flask, g

from prefcenter.core.errors import PrefcenterError
from prefcenter.services import brand_looks
from prefcenter.services.brand_looks import Look
from prefcenter.web.wired import current_wiring

_KEPT: Final = "page_look"


@dataclass(frozen=True, slots=True)
class PageLook:
    """A brand's look, and its logo as an address that holds the picture: no further request, nobody is told."""

    brand: Look
    logo: str


def init_app(app: Flask) -> None:
    """Give templates ``page_look()``."""
    app.jinja_env.globals["page_look"] = page_look


def show_brand(*, code: int = 0, slug: str = "") -> None:
    """Let the page of this request look as the brand of that code or slug does."""
    g.page_brand = (code, slug)


def page_look() -> PageLook | None:
    """The look of this request's page; None is the plain one, also where the store cannot be asked.

    A page that tells of a fault of ours does not ask, so that it needs nothing of what has failed.
    """
    if _KEPT not in g:
        setattr(g, _KEPT, _found())
    kept: PageLook | None = g.get(_KEPT)
    return kept


def _found() -> PageLook | None:
    code, slug = g.get("page_brand", (0, ""))
    try:
        with current_wiring().database.read() as session:
            look = brand_looks.look_by_slug(session, slug) if slug else brand_looks.look_by_code(session, code)
    except PrefcenterError:
        return None  # The page says what it has to say without it.
    return None if look is None else PageLook(look, _as_address(look))


def _as_address(look: Look) -> str:
    if look.logo is None:
        return ""
    return f"data:{look.logo_type};base64,{base64.b64encode(look.logo).decode()}"
