"""The blueprint of the webhooks, and what they share: taking in, and owning up to our own faults (X5)."""

from __future__ import annotations

import logging

from flask import Blueprint, Response, abort, request

from prefcenter.core.errors import PrefcenterError
from prefcenter.services import receiving
from prefcenter.services.receiving import Handled, Incoming
from prefcenter.web.wired import current_wiring

_log = logging.getLogger(__name__)

blueprint = Blueprint("webhooks", __name__, url_prefix="/webhooks")


MOST_BYTES_OF_A_CALL = 5 * 1024 * 1024
"""Far more than a text, a status or a batch of events has (768 kB); only mails are larger."""


def raw_body(most_bytes: int | None = MOST_BYTES_OF_A_CALL) -> bytes:
    """The bytes as they came, read before any form is, since they are what was signed.

    Args:
        most_bytes: larger bodies are turned away unread; None for the application's own limit.
    """
    if most_bytes is not None:
        request.max_content_length = most_bytes
    return request.get_data(cache=True)


def public_url() -> str:
    """The address that the provider posted to: proxies change scheme, host and port, so the setting says."""
    query = request.query_string.decode("latin-1")
    return f"{current_wiring().config.base_url}{request.path}{'?' if query else ''}{query}"


def require(is_genuine: bool) -> None:
    """Turn away what its provider did not verifiably send."""
    if not is_genuine:
        abort(403)


def take_in(incoming: Incoming) -> tuple[int, Handled]:
    """Keep a message and handle it; once this returns, what it asked for is durable (U3)."""
    wiring = current_wiring()
    return receiving.take_in(wiring.database, incoming, wiring.handlers[incoming.provider], at=wiring.clock())


def take_in_at_once(incoming: Incoming) -> tuple[int, Handled]:
    """The same in one transaction, for a provider that tries again until it gets a 2xx."""
    wiring = current_wiring()
    return receiving.take_in_at_once(wiring.database, incoming, wiring.handlers[incoming.provider], at=wiring.clock())


def kept() -> Response:
    """Acknowledge what was told and needs no answer."""
    return Response("kept\n", content_type="text/plain; charset=utf-8")


@blueprint.errorhandler(PrefcenterError)
def our_fault(error: PrefcenterError) -> Response:
    """Whatever goes wrong behind a genuine message is our fault, never the provider's: it shall try again."""
    _log.error("%s in %s", type(error).__name__, request.endpoint)
    return Response("try again\n", status=503, headers={"Retry-After": "30"}, content_type="text/plain; charset=utf-8")
