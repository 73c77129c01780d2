"""What load balancers and monitoring ask: is it up, is it ready, how much of what."""

from __future__ import annotations

from ipaddress import ip_address

from flask import Blueprint, Response, request
from sqlalchemy.exc import DBAPIError
from werkzeug.wrappers import Response as AnyResponse

from prefcenter.core.errors import PrefcenterError
from prefcenter.core.keys import MissingKey
from prefcenter.services.keyring import require_all
from prefcenter.services.operators import KeyScope
from prefcenter.store import models
from prefcenter.web import metrics
from prefcenter.web.api.keys import refusal
from prefcenter.web.guards import guarded_by
from prefcenter.web.wired import current_wiring
from prefcenter.wiring import Wiring

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@guarded_by("open")
def healthz() -> Response:
    """Say that the process answers."""
    return _plain("ok")


@blueprint.get("/readyz")
@guarded_by("open")
def readyz() -> Response:
    """Say whether it can decide and record: database, schema and keys; 503 with the reason otherwise."""
    reason = _not_ready(current_wiring())
    return _plain("ready") if reason is None else _plain(reason, 503)


def _not_ready(wiring: Wiring) -> str | None:
    """Name what is missing, in words that tell a stranger nothing of hosts and keys."""
    try:
        with wiring.database.read() as session:
            current = models.current_of(session.connection())
            if current != models.newest():
                return "The database has another schema than this version wants: run `prefcenter db upgrade`."
            require_all(session, wiring.keyring)
    except MissingKey:
        return "A key that the stored data was made with is not configured."
    except (PrefcenterError, DBAPIError):
        return "The database cannot be used now."
    return None


@blueprint.get("/metrics")
@guarded_by("api_key")
def show_metrics() -> AnyResponse:
    """Tell the counts, to this machine itself or to whoever has a key with the scope ``read``."""
    wiring = current_wiring()
    with wiring.database.read() as session:
        refused = None if _is_local() else refusal(session, KeyScope.READ)
        return refused or Response(metrics.exposition(session, at=wiring.clock()), content_type=metrics.CONTENT_TYPE)


def _is_local() -> bool:
    """Whether the caller is this machine, and no proxy on it that calls for somebody else."""
    if any(name in request.headers for name in ("X-Forwarded-For", "Forwarded")):
        return False
    return request.remote_addr is not None and ip_address(request.remote_addr).is_loopback


def _plain(text: str, status: int = 200) -> Response:
    return Response(f"{text}\n", status, content_type="text/plain; charset=utf-8")
