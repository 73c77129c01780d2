"""How often the same may be asked for: a moving window for each network, counted by all web processes together (X4)."""

from __future__ import annotations

from typing import Final

from flask import current_app, request
from limits import parse
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter

from prefcenter.web.wired import current_wiring

_LIMITER: Final = "prefcenter-limiter"


def is_within(limit: str, what: str) -> bool:
    """Count one more request of this network for something, and say whether it is within its limit.

    Args:
        limit: such as ``30 per 10 minute``.
        what: what is counted, such as the path of a form.
    """
    return _limiter().hit(parse(limit), what, request.remote_addr or "")


def _limiter() -> MovingWindowRateLimiter:
    found = current_app.extensions.get(_LIMITER)
    if not isinstance(found, MovingWindowRateLimiter):
        storage = storage_from_string(current_wiring().config.redis_url or "memory://")
        found = current_app.extensions[_LIMITER] = MovingWindowRateLimiter(storage)
    return found
