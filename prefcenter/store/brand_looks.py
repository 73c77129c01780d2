"""What a brand's pages look like: its colours and its logo. Beside the brands, which every decision reads."""

from __future__ import annotations

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from prefcenter.store.base import Base


class BrandLook(Base):
    """Colours as ``#rrggbb`` or empty, and a small picture with its media type or none."""

    __tablename__ = "brand_looks"

    brand_id: Mapped[int] = mapped_column(ForeignKey("brands.id"), primary_key=True, autoincrement=False)
    accent: Mapped[str] = mapped_column(String(7), default="")
    accent_dark: Mapped[str] = mapped_column(String(7), default="")
    logo: Mapped[bytes | None] = mapped_column(LargeBinary)
    logo_type: Mapped[str] = mapped_column(String(32), default="")


def of_brand(session: Session, brand_id: int) -> BrandLook | None:
    """Find the look of a brand, if it has one of its own."""
    return session.get(BrandLook, brand_id)
