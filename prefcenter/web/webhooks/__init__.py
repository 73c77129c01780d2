"""Webhooks: verify over the raw body, keep it, let the service commit, then acknowledge (X5)."""

from __future__ import annotations

from prefcenter.web.webhooks import sendgrid, twilio
from prefcenter.web.webhooks.routes import blueprint

__all__ = ["blueprint", "sendgrid", "twilio"]
