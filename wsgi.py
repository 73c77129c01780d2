"""The WSGI application of a production, for gunicorn and the like: ``gunicorn wsgi:app``."""

from __future__ import annotations

from prefcenter import create_app
from prefcenter.config import Config

app = create_app(Config.from_env())
