"""Where templates and migrations lie: inside the package in a wheel, beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def templates_dir() -> Path:
    """The folder of the templates of pages, mails and texts."""
    return _find("templates")


def migrations_dir() -> Path:
    """The folder of the database migrations."""
    return _find("migrations")


def translations_dir() -> Path:
    """The folder of the catalogues, one for each language."""
    return _PACKAGE / "translations"


def _find(name: str) -> Path:
    inside, beside = _PACKAGE / name, _PACKAGE.parent / name
    return inside if inside.is_dir() else beside
