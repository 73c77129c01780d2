"""Style sheets and pictures of our own, under addresses that change with their content."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Final

from flask import Flask, Response, request, send_from_directory, url_for

from prefcenter.web.guards import guarded_by

FOLDER: Final = Path(__file__).parent.parent / "static"
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_FOR_A_WHILE: Final = "public, max-age=300"


def init_app(app: Flask) -> None:
    """Serve the files under ``/static`` and give templates ``asset(name)``, the address with the version in it."""
    app.add_url_rule("/static/<path:filename>", endpoint="static", view_func=static)
    app.jinja_env.globals["asset"] = asset


def asset(name: str) -> str:
    """The address of a file, versioned by its content, so that browsers may keep it for ever."""
    return url_for("static", filename=name, v=_version(name))


@guarded_by("open")
def static(filename: str) -> Response:
    """Send a file; what is asked for under its present version may be kept for ever."""
    response = send_from_directory(FOLDER, filename)
    is_current = (FOLDER / filename).is_file() and request.args.get("v") == _version(filename)
    response.headers["Cache-Control"] = _FOR_EVER if is_current else _FOR_A_WHILE
    return response


@lru_cache(maxsize=256)
def _version(name: str) -> str:
    return hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:12]
