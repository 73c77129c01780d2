"""``/p/<token>/verified``: what a code opens, for half an hour: seeing, taking along, turning on again, deletion (E18).

Everything is posted with a proof in a hidden field; without one, nothing is shown and nothing is changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final

from flask import Response, make_response, render_template
from flask_babel import get_locale
from werkzeug.datastructures import MultiDict

from prefcenter.core.channels import Channel
from prefcenter.core.frequency import Limit
from prefcenter.core.tokens import Purpose
from prefcenter.services import deletion_requests, opening, own_data
from prefcenter.services.opening import Offer, Wishes
from prefcenter.services.opting_in import Wording
from prefcenter.web.guards import guarded_by
from prefcenter.web.recipient import choice_words, code_page, history_words, opening_words, proofs
from prefcenter.web.recipient.proofs import Proof
from prefcenter.web.recipient.routes import blueprint, evidence, submitted, token_of
from prefcenter.web.wired import current_wiring

_VIA: Final = "/p/verified"
_NUMBER: Final = re.compile(r"[0-9]{1,18}", re.ASCII)
_KEEP: Final = "keep"
_NONE: Final = "none"
_SHOWN_AT_FIRST: Final = 5
MOST_SHOWN: Final = 200
"""So many events stand on the page; all of them are in the download."""


def page(text: str, proof: Proof, *, problem: str = "", typed: str = "") -> str:
    """Show what is held, and what can be done about it.

    Args:
        text: the token of the link.
        proof: what allows it.
        problem: what was wrong with what was posted: ``words``, ``nothing``, ``address`` or ``same``.
        typed: the address or number that was typed.
    """
    wiring = current_wiring()
    with wiring.database.read() as session:
        held = own_data.held(session, proof.point, at=wiring.clock())
        offer = opening.offer(session, wiring.keyring, proof.point, at=wiring.clock())
        names = history_words.names_of(session)
    events = [history_words.line(each, names) for each in held.events[:MOST_SHOWN]]
    return render_template(
        "recipient/verified.html",
        text=text,
        proof=proofs.field(text, proof),
        ends_at=proof.ends_at,
        held=held,
        origins=[history_words.origin(each) for each in held.origins],
        standing=[history_words.standing(each, names) for each in held.standing],
        consents=[history_words.agreed(each, names) for each in held.consents],
        events=events[:_SHOWN_AT_FIRST],
        more_events=events[_SHOWN_AT_FIRST:],
        offer=offer,
        brands=_words(offer, proof, held.address),
        stopped=[(each.entry, opening_words.stopped(proof.point.channel, each)) for each in offer.stopped],
        limits=[(limit.value, said) for limit, said in choice_words.LIMITS.items() if limit is not offer.limit],
        limit_now=None if offer.limit is None else choice_words.LIMITS[offer.limit],
        is_phone=proof.point.channel is Channel.SMS,
        can_correct=len(held.origins) == 1,
        problem=problem,
        typed=typed,
    )


def _words(offer: Offer, proof: Proof, address: str) -> list[opening_words.BrandWords]:
    language = str(get_locale() or "en")
    return [opening_words.of_brand(each, proof.point.channel, address, language) for each in offer.brands]


@blueprint.post("/p/<text>/verified")
@guarded_by("token")
def show_verified(text: str) -> Response:
    """Show the page again, within the half hour."""
    own, proof = proofs.posted(text, token_of(text, Purpose.PREFERENCES))
    return code_page.closed(text, own) if proof is None else make_response(page(text, proof))


@blueprint.post("/p/<text>/verified/save")
@guarded_by("token")
def open_again(text: str) -> Response:
    """Turn on what was ticked, durably, and only then say so (U3)."""
    own, proof = proofs.posted(text, token_of(text, Purpose.PREFERENCES))
    if proof is None:
        return code_page.closed(text, own)
    wiring, fields = current_wiring(), submitted()
    wordings = _wordings(proof, fields)
    wishes = _wishes(fields, proof, wordings)
    if any(ref.partition("/")[0] not in wordings for ref in wishes.topics):
        return make_response(page(text, proof, problem="words"), 422)
    with wiring.database.write() as session:
        made = opening.open_again(
            session,
            wiring.keyring,
            wiring.points,
            wiring.links,
            proof.point,
            wishes,
            evidence(_VIA),
            at=wiring.clock(),
        )
    address = str((proof.point.given or {}).get("address", ""))
    told = opening_words.opened(proof.point.channel, address, made)
    return make_response(
        render_template("recipient/opened.html", text=text, proof=proofs.field(text, proof), told=told)
    )


def _wordings(proof: Proof, fields: MultiDict[str, str]) -> Mapping[str, Wording]:
    """By brand, the words that stood on the page; only where they are still the same (S9, G6)."""
    wiring = current_wiring()
    with wiring.database.read() as session:
        offer = opening.offer(session, wiring.keyring, proof.point, at=wiring.clock())
    shown, ticked = set(fields.getlist("version")), set(fields.getlist("topic"))
    address = str((proof.point.given or {}).get("address", ""))
    words = _words(offer, proof, address)
    return {each.brand.slug: each.wording(ticked) for each in words if f"{each.brand.slug} {each.version}" in shown}


def _wishes(fields: MultiDict[str, str], proof: Proof, wordings: Mapping[str, Wording]) -> Wishes:
    limit = fields.get("frequency", _KEEP)
    is_known = limit == _NONE or limit in set(Limit)
    return Wishes(
        topics=fields.getlist("topic"),
        entries=[int(number) for number in fields.getlist("entry") if _NUMBER.fullmatch(number)],
        end_pause=fields.get("pause") == "end",
        limit=Limit(limit) if limit in set(Limit) else None,
        change_limit=is_known,
        wordings=wordings,
        seen_at=proof.seen_at,
    )


@blueprint.post("/p/<text>/verified/download")
@guarded_by("token")
def download(text: str) -> Response:
    """Give all that is held, as a file to take along."""
    own, proof = proofs.posted(text, token_of(text, Purpose.PREFERENCES))
    if proof is None:
        return code_page.closed(text, own)
    wiring = current_wiring()
    with wiring.database.read() as session:
        held = own_data.held(session, proof.point, at=wiring.clock())
    answer = Response(
        json.dumps(own_data.as_json(held), ensure_ascii=False, indent=1) + "\n", content_type="application/json"
    )
    answer.headers["Content-Disposition"] = 'attachment; filename="what-we-hold.json"'
    return answer


@blueprint.post("/p/<text>/verified/deletion")
@guarded_by("token")
def ask_for_deletion(text: str) -> Response:
    """Put the request on record with its day, durably, and only then say so (U3, G3)."""
    own, proof = proofs.posted(text, token_of(text, Purpose.PREFERENCES))
    if proof is None:
        return code_page.closed(text, own)
    wiring = current_wiring()
    with wiring.database.write() as session:
        made = deletion_requests.ask(
            session, proof.point, evidence(_VIA), at=wiring.clock(), country=wiring.config.default_country
        )
    return make_response(
        render_template(
            "recipient/deletion.html",
            text=text,
            proof=proofs.field(text, proof),
            made=made,
            address=str((proof.point.given or {}).get("address", "")),
        )
    )
