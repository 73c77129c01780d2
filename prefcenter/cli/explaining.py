"""``prefcenter explain``: what may be sent to an address, why, and what happened."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from prefcenter.cli.explanation_text import explained
from prefcenter.cli.happenings import happening_json
from prefcenter.cli.mailed import mailed_json, unsearched_json
from prefcenter.cli.options import MOMENT, addressed, as_json
from prefcenter.cli.presenting import decision_json, exits, print_json
from prefcenter.cli.running import open_wiring
from prefcenter.core.channels import Channel
from prefcenter.core.consent import Consent
from prefcenter.services.explaining import Explanation, OnFile, explain
from prefcenter.services.mailed import mailed_to
from prefcenter.services.points import Point


@click.command("explain", epilog=exits())
@addressed
@click.option("--at", type=MOMENT, help="As of then: ISO 8601, UTC unless it says otherwise. Default: now.")
@as_json
def explain_command(channel: Channel, value: str, at: datetime | None, wants_json: bool) -> None:
    """Every reason on file with its evidence and history, and the mailings sent there, as of now or then.

    \b
    CHANNEL is email, sms or post. VALUE is an address, a number, or
    "Name; address1; address2; city; ST; ZIP[; country]".
    """
    with open_wiring() as wiring, wiring.database.read() as session:
        point = wiring.points.parse(channel, value)
        explanation = explain(session, wiring.keyring, point, at=at or wiring.clock())
        mailed = mailed_to(session, wiring.mailing_rows, wiring.keyring.peppers, point, at=explanation.at)
    if wants_json:
        sent = {"mailed": mailed_json(mailed, explanation), "mailed_unsearched": unsearched_json(mailed)}
        print_json(_as_json(point, explanation) | sent)
        return
    for line in explained(point, explanation, mailed):
        click.echo(line)


def _as_json(point: Point, told: Explanation) -> dict[str, Any]:
    return {
        "channel": point.channel.value,
        "address": point.known_again,
        "at": told.at,
        "standing": [_entry_json(entry) for entry in told.standing],
        "ended": [_entry_json(entry) for entry in told.ended],
        "consents": [_consent_json(consent) for consent in told.consents],
        "verdicts": {kind.value: decision_json(decision) for kind, decision in told.verdicts.items()},
        "in_flight": [{"mailing": each.name, "last_expected": each.last_expected} for each in told.in_flight],
    }


def _entry_json(entry: OnFile) -> dict[str, Any]:
    return {
        "id": entry.suppression_id,
        "code": entry.reason.value,
        "channel": entry.channel.value,
        "scope": entry.scope.label,
        "level": None if entry.level is None else entry.level.value,
        "since": entry.since,
        "until": entry.until,
        "source": entry.source.value,
        "source_ref": entry.source_ref,
        "recorded_at": entry.recorded_at,
        "recorded_by": entry.recorded_by,
        "own_act": entry.is_own_act,
        "own_address": entry.is_own,
        "match": {
            "keys": entry.match.keys,
            "tier": entry.match.tier,
            "score": entry.match.score,
            "sure": entry.match.is_sure,
            "refuses": entry.match.refuses,
        },
        "ended_at": entry.ended_at,
        "ended_by": entry.ended_by,
        "history": [happening_json(each) for each in entry.history],
    }


def _consent_json(consent: Consent) -> dict[str, Any]:
    return {
        "purpose": consent.purpose.value,
        "scope": consent.scope.label,
        "basis": consent.basis.value,
        "since": consent.since,
        "ends_at": consent.ends_at,
        "source": None if consent.source is None else consent.source.value,
    }
