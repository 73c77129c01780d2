"""How a brand's pages look: colours that everybody can read, and a small logo that stands within the page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from prefcenter.core import contrast
from prefcenter.core.errors import BadInput
from prefcenter.services.links import the_brand
from prefcenter.services.ports import Evidence
from prefcenter.services.registering import tell
from prefcenter.store import brand_looks, registry
from prefcenter.store.brand_looks import BrandLook
from prefcenter.store.registry import Brand

MOST_LOGO_BYTES: Final = 12 * 1024
"""The logo stands within each page, so it costs each reader that much."""


@dataclass(frozen=True, slots=True)
class LookChange:
    """What should change of a look; None leaves a thing as it is, and empty takes it away.

    Args:
        accent: the colour of buttons and links on a light page, as ``#rrggbb``.
        accent_dark: the same on a dark page; where it is empty, the nearest readable shade of the accent is taken.
        logo: a small PNG, JPEG or WebP.
    """

    accent: str | None = None
    accent_dark: str | None = None
    logo: bytes | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """All that a page shows of the brand whose page it is; what is not set is empty."""

    name: str
    domain: str
    postal_address: str
    contact: str
    privacy_url: str
    policy_version: int
    accent: str
    accent_dark: str
    logo: bytes | None
    logo_type: str


def set_look(session: Session, slug: str, change: LookChange, evidence: Evidence, *, at: datetime) -> Brand:
    """Change how a brand's pages look; commits.

    Raises:
        UnknownType: there is no such brand.
        BadInput: nothing is named, a colour cannot be read on the page, or the logo is too large or of another kind.
    """
    brand = the_brand(session, slug)
    named = {name: value for name in LookChange.__dataclass_fields__ if (value := getattr(change, name)) is not None}
    if not named:
        raise BadInput("Nothing was given that should change.", remedy="Name it, such as --accent.")
    row = brand_looks.of_brand(session, brand.id)
    if row is None:
        row = BrandLook(brand_id=brand.id, accent="", accent_dark="", logo_type="")
        session.add(row)
    _write(row, change)
    tell(session, "brand_changed", {"brand": brand.slug, "changed": sorted(named)}, evidence, at)
    session.commit()
    return brand


def _write(row: BrandLook, change: LookChange) -> None:
    if change.accent is not None:
        row.accent = _readable(change.accent, contrast.LIGHT_GROUNDS, "light") if change.accent else ""
    if change.accent_dark is not None:
        row.accent_dark = _readable(change.accent_dark, contrast.DARK_GROUNDS, "dark") if change.accent_dark else ""
    if change.logo is not None:
        row.logo_type = _media_type(change.logo) if change.logo else ""
        row.logo = change.logo or None


def _readable(text: str, grounds: tuple[str, ...], page: str) -> str:
    wanted = contrast.colour(text)
    if contrast.is_readable(wanted, grounds):
        return wanted
    least = min(contrast.contrast(wanted, ground) for ground in grounds)
    raise BadInput(
        f"{wanted} cannot be read well on a {page} page: its contrast is {least:.1f}, and {contrast.LEAST} is needed.",
        remedy=f"The nearest shade that passes is {contrast.nearest_readable(wanted, grounds)}.",
    )


def _media_type(picture: bytes) -> str:
    if len(picture) > MOST_LOGO_BYTES:
        raise BadInput(
            f"The logo has {len(picture):,} bytes, and it may have {MOST_LOGO_BYTES:,}.",
            remedy="It is shown 40 pixels high: scale it to 80 or 120 and save it again.",
        )
    if picture.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if picture.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if picture[:4] == b"RIFF" and picture[8:12] == b"WEBP":
        return "image/webp"
    raise BadInput("The logo is not a picture that we show.", remedy="Save it as PNG, JPEG or WebP.")


def look_by_code(session: Session, code: int) -> Look | None:
    """What the page behind a link shows of the brand that the link names.

    Where it names none, or one that is gone, the only brand there is; among several, nobody.
    """
    brand = registry.brand_by_code(session, code) if code else None
    if brand is None:
        everyone = registry.brands(session)
        brand = everyone[0] if len(everyone) == 1 else None
    return None if brand is None else _look(session, brand)


def look_by_slug(session: Session, slug: str) -> Look | None:
    """What a page of a brand shows of it; None where there is no such brand."""
    brand = registry.brand_by_slug(session, slug)
    return None if brand is None else _look(session, brand)


def _look(session: Session, brand: Brand) -> Look:
    row = brand_looks.of_brand(session, brand.id)
    accent = row.accent if row else ""
    dark = row.accent_dark if row else ""
    return Look(
        name=brand.name,
        domain=brand.domain,
        postal_address=brand.postal_address,
        contact=brand.contact,
        privacy_url=brand.privacy_url,
        policy_version=brand.policy_version,
        accent=accent,
        accent_dark=dark or _on_dark(accent),
        logo=row.logo if row else None,
        logo_type=row.logo_type if row else "",
    )


def _on_dark(accent: str) -> str:
    return contrast.nearest_readable(accent, contrast.DARK_GROUNDS, contrast.GOOD) if accent else ""
