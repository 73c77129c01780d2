"""The blueprint of the recipient pages, and what each of their requests has in common."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, g, request
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from werkzeug.exceptions import HTTPException, NotFound

from prefcenter.core.tokens import Purpose, Token
from prefcenter.services.ports import Evidence
from prefcenter.web.recipient import wording
from prefcenter.web.recipient.brand_look import show_brand
from prefcenter.web.wired import current_wiring

blueprint = Blueprint("recipient", __name__)
blueprint.add_app_template_filter(wording.day, "day")
blueprint.add_app_template_filter(wording.minute, "minute")

MOST_BYTES: Final = 64 * 1024
"""Far more than any form of ours holds; a longer body is not read."""

_LONGEST_USER_AGENT: Final = 300


@blueprint.before_request
def read_little() -> None:
    """Keep a stranger's huge body out of memory."""
    request.max_content_length = request.max_form_memory_size = MOST_BYTES


def token_of(text: str, purpose: Purpose) -> Token:
    """Read the token of a link.

    Raises:
        NotFound: it is forged, cut, or opens something else; which of these, nobody is told (E5).
    """
    token = current_wiring().keyring.signing.read(text)
    if token is None or token.purpose is not purpose:
        raise NotFound
    show_brand(code=token.brand_code)
    g.link_token = token
    return token


def submitted() -> MultiDict[str, str]:
    """The fields that were posted; none where the body cannot be read.

    A body that is too long, cut off or garbled must not lose an opt-out whose token is good (X4).
    """
    try:
        return request.form
    except HTTPException:
        return ImmutableMultiDict()


def evidence(via: str) -> Evidence:
    """What shows that the recipient acted: the way in the ledger, address and browser beside it, erasable."""
    user_agent = request.user_agent.string[:_LONGEST_USER_AGENT]
    return Evidence(
        actor="recipient",
        facts={"via": via},
        personal={"ip": request.remote_addr or "", "user_agent": user_agent},
    )
