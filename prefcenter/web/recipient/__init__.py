"""Pages for recipients: no login, no cookie, no script; a link's token is the capability (E3, E18, X4)."""

from __future__ import annotations

from prefcenter.web.recipient import correcting, lost, pages, preferences, signing_up, unsubscribe
from prefcenter.web.recipient.routes import blueprint

__all__ = ["blueprint", "correcting", "lost", "pages", "preferences", "signing_up", "unsubscribe"]
