"""The console: what an operator sees first."""

from __future__ import annotations

from flask import Blueprint, render_template

from prefcenter.services.overview import overview
from prefcenter.web.guards import guarded_by
from prefcenter.web.ops.signing_in import ask_to_sign_in
from prefcenter.web.wired import current_wiring

blueprint = Blueprint("ops", __name__, url_prefix="/ops")
blueprint.before_request(ask_to_sign_in)


@blueprint.get("")
@guarded_by("login")
def home() -> str:
    """Show how things stand: what is due first, then the list, the ledger, mailings and message types."""
    wiring = current_wiring()
    at = wiring.clock()
    with wiring.database.read() as session:
        return render_template("ops/overview.html", seen=overview(session, at=at), at=at, wiring=wiring)
