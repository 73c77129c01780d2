"""``prefcenter check`` and ``prefcenter explain``: may this be sent, and why not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import click

from prefcenter.cli.mailed import mailed_json, mailed_lines, unsearched_json
from prefcenter.cli.options import CLASS, MOMENT, addressed, as_json, branded
from prefcenter.cli.presenting import decision_json, exits, moment, print_json, reach
from prefcenter.cli.running import open_wiring
from prefcenter.core.channels import Channel, MessageClass, Verdict
from prefcenter.core.consent import Consent
from prefcenter.core.decision import Decision
from prefcenter.core.errors import BadInput
from prefcenter.core.hashed import TIER
from prefcenter.services.checking import question_of, until_of
from prefcenter.services.deciding import Question, decide_all
from prefcenter.services.explaining import Explanation, Happening, Match, OnFile, explain
from prefcenter.services.keying import outdated_warning
from prefcenter.services.mailed import mailed_to
from prefcenter.services.points import Point

_EXITS = {Verdict.CLEARED: 0, Verdict.REFUSED: 3, Verdict.REROUTE: 4, Verdict.WAIT: 4}


@click.command("check", epilog=exits("3  refused", "4  reroute or wait", done="cleared: it may be sent now"))
@addressed
@click.option("--type", "message_type", metavar="SLUG", help="A registered message type.")
@click.option("--class", "message_class", type=CLASS, help="A class in general. Default: marketing.")
@branded
@as_json
def check_command(
    channel: Channel,
    value: str,
    message_type: str | None,
    message_class: MessageClass | None,
    brand: str | None,
    topic: str | None,
    wants_json: bool,
) -> None:
    """May this be sent? Asks the one decision, as every send does.

    \b
    CHANNEL is email, sms or post. VALUE is an address, a number, or
    "Name; address1; address2; city; ST; ZIP[; country]".

    Without a type it asks for marketing in general, which only refusals of a whole brand (or of all) refuse.
    """
    asked = message_class or (None if message_type else MessageClass.MARKETING)
    with open_wiring() as wiring, wiring.database.read() as session:
        point = wiring.points.parse(channel, value)
        question = question_of(session, message_type, asked, brand, topic)
        _require_channel(question, channel)
        decision = decide_all(session, wiring.keyring, question, [point], at=wiring.clock())[0]
        warning = outdated_warning(session) if channel is Channel.POST else None
    if warning:
        click.echo(warning, err=True)
    if wants_json:
        print_json(decision_json(decision))
    else:
        for line in _told(decision):
            click.echo(line)
    raise click.exceptions.Exit(_EXITS[decision.verdict])


def _require_channel(question: Question, channel: Channel) -> None:
    if question.channel not in (None, channel):
        raise BadInput(
            f"“{question.message_type}” goes by {question.channel}, not by {channel}.",
            remedy=f"Ask about {question.channel}, or about a class.",
        )


def _told(decision: Decision) -> Iterator[str]:
    ends = until_of(decision)
    yield f"{decision.verdict.value}{f' until {moment(ends)}' if ends else ''}"
    for reason in decision.reasons:
        since = f", since {moment(reason.since)}" if reason.since else ""
        origin = f", {reason.source}" if reason.suppression_id is not None else ""
        number = f" (entry {reason.suppression_id})" if reason.suppression_id is not None else ""
        yield f"  {reason.code}: {reach(reason.scope)}{since}{origin}{number}"


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
    for line in _as_text(point, explanation):
        click.echo(line)
    for line in _section("Mailings whose clean file named this address", mailed_lines(mailed, explanation)):
        click.echo(line)


def _as_json(point: Point, told: Explanation) -> dict[str, Any]:
    return {
        "channel": point.channel.value,
        "address": point.masked,
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
        "history": [
            {
                "kind": each.kind,
                "at": each.at,
                "actor": each.actor,
                "position": each.position,
                "facts": each.facts,
                "evidence": each.evidence,
            }
            for each in entry.history
        ],
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


def _as_text(point: Point, told: Explanation) -> Iterator[str]:
    yield f"{point.masked} ({point.channel}), as of {moment(told.at)}"
    yield from _section("On the list", [line for entry in told.standing for line in _entry_lines(entry)], "nothing")
    yield from _section("Ended", [line for entry in told.ended for line in _entry_lines(entry)])
    yield from _section("Consents", [_consent_line(consent, told.at) for consent in told.consents])
    verdicts = [f"{kind.value:<10} {_verdict_line(decision)}" for kind, decision in told.verdicts.items()]
    yield from _section("What may be sent (in general, of all brands)", verdicts)
    flights = [f"{each.name}, last expected {moment(each.last_expected)}" for each in told.in_flight]
    yield from _section("Mailings of the company in flight", flights)


def _section(title: str, lines: list[str], empty: str = "") -> Iterator[str]:
    if lines or empty:
        yield ""
        yield title
        yield from (f"  {line}" for line in lines or [empty])


def _entry_lines(entry: OnFile) -> Iterator[str]:
    level = f", {entry.level}" if entry.level else ""
    until = f" until {moment(entry.until)}" if entry.until else ""
    yield f"{entry.reason} · {reach(entry.scope)}{level} · since {moment(entry.since)}{until} · {entry.source}"
    kind = "the person's own act" if entry.is_own_act else "recorded about the person"
    elsewhere = "one much like it" if entry.channel is Channel.POST else f"another one ({entry.channel})"
    via = "" if entry.is_own else f"; reaches this address from {elsewhere}"
    origin = f"; from {entry.source_ref}" if entry.source_ref else ""
    yield f"  entry {entry.suppression_id}, {kind}{via}{origin}"
    if entry.channel is Channel.POST:
        yield f"  {_match_line(entry.match)}"
    elif entry.match.tier == TIER:
        yield f"  known by the {' and '.join(entry.match.keys)} hash of the address only, from a partner's hashed list"
    for each in entry.history:
        yield f"  {_happening_line(each)}"
    if entry.ended_at is not None:
        yield f"  ended {moment(entry.ended_at)} by {entry.ended_by}"


def _match_line(match: Match) -> str:
    keys = f"the same by its keys: {', '.join(match.keys)}" if match.keys else "no key is the same"
    if match.tier is None:
        return keys
    said = f"rules for pairs: {match.tier}, score {match.score:.3f}"
    if match.is_sure:
        return f"{keys}; {said}"
    rest = "held back, since so little differs" if match.refuses else "let through, and told to a person"
    return f"{keys}; {said}, unsure: {rest}"


def _happening_line(each: Happening) -> str:
    place = f"ledger position {each.position}" if each.position is not None else "not sealed yet"
    if each.evidence is None:
        proof = ""
    else:
        proof = "".join(
            f"; {name}: {_on_one_line(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
            for name, value in each.evidence.items()
        )
    return f"{each.kind} {moment(each.at)} by {each.actor} ({place}){proof}"


def _on_one_line(text: str) -> str:
    """A mail's text keeps its line ends with --json; here they would break the page's order."""
    return " ".join(text.split())


def _consent_line(consent: Consent, at: datetime) -> str:
    state = "holds" if consent.holds(at) else f"ended {moment(consent.ends_at)}"
    return f"{consent.purpose}: {consent.basis} · {reach(consent.scope)} · since {moment(consent.since)} · {state}"


def _verdict_line(decision: Decision) -> str:
    codes = ", ".join(dict.fromkeys(str(reason.code) for reason in decision.reasons))
    ends = until_of(decision)
    until = f" until {moment(ends)}" if ends else ""
    return f"{decision.verdict.value}{until}{f'  ({codes})' if codes else ''}"
