"""An explanation as a person reads it: the verdict first, then why, then what happened."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from prefcenter.cli.happenings import happening_lines
from prefcenter.cli.mailed import mailed_lines
from prefcenter.cli.presenting import moment, reach
from prefcenter.core.channels import Channel
from prefcenter.core.consent import Consent
from prefcenter.core.decision import Decision, until_of
from prefcenter.core.hashed import TIER
from prefcenter.services.explaining import Explanation, Match, OnFile
from prefcenter.services.mailed import Mailed
from prefcenter.services.points import Point


def explained(point: Point, told: Explanation, mailed: Mailed) -> Iterator[str]:
    """The page about a contact point, line by line."""
    yield f"{point.known_again} ({point.channel}), as of {moment(told.at)}"
    verdicts = [f"{kind.value:<10} {_verdict_line(decision)}" for kind, decision in told.verdicts.items()]
    yield from _section("What may be sent (in general, of all brands)", verdicts)
    yield from _section("On the list", [line for entry in told.standing for line in _entry_lines(entry)], "nothing")
    yield from _section("Ended", [line for entry in told.ended for line in _entry_lines(entry)])
    yield from _section("Consents", [_consent_line(consent, told.at) for consent in told.consents])
    entries = (*told.standing, *told.ended)
    history = [(entry.suppression_id, each) for entry in entries for each in entry.history]
    yield from _section("What happened", list(happening_lines(history)))
    flights = [f"{each.name}, last expected {moment(each.last_expected)}" for each in told.in_flight]
    yield from _section("Mailings of the company in flight", flights)
    yield from _section("Mailings whose clean file named this address", mailed_lines(mailed, told))


def _section(title: str, lines: list[str], empty: str = "") -> Iterator[str]:
    if lines or empty:
        yield ""
        yield title
        yield from (f"  {line}" for line in lines or [empty])


def _verdict_line(decision: Decision) -> str:
    ends = until_of(decision)
    until = f" until {moment(ends)}" if ends else ""
    because: dict[str, list[str]] = {}
    for reason in decision.reasons:
        entries = because.setdefault(str(reason.code), [])
        if reason.suppression_id is not None and str(reason.suppression_id) not in entries:
            entries.append(str(reason.suppression_id))
    codes = [f"{code} (entry {', '.join(entries)})" if entries else code for code, entries in because.items()]
    told = "; ".join(codes)
    return f"{decision.verdict.value}{until}{f': {told}' if told else ''}"


def _entry_lines(entry: OnFile) -> Iterator[str]:
    level = f", {entry.level}" if entry.level else ""
    until = f" until {moment(entry.until)}" if entry.until else ""
    ended = f", {entry.ended_by} {moment(entry.ended_at)}" if entry.ended_at is not None else ""
    yield (
        f"entry {entry.suppression_id}: {entry.reason}, {reach(entry.scope)}{level}, since {moment(entry.since)}{until}"
        f"{ended}"
    )
    kind = "the person's own act" if entry.is_own_act else "recorded about the person"
    elsewhere = "an address much like it" if entry.channel is Channel.POST else f"another address ({entry.channel})"
    via = "" if entry.is_own else f"; made for {elsewhere}, and reaches this one"
    origin = f", from {entry.source_ref}" if entry.source_ref else ""
    yield f"  {kind}: {entry.source}{origin}{via}"
    if entry.channel is Channel.POST:
        yield f"  {_match_line(entry.match)}"
    elif entry.match.tier == TIER:
        yield f"  known by the {' and '.join(entry.match.keys)} hash of the address only, from a partner's hashed list"


def _match_line(match: Match) -> str:
    keys = f"the same by its keys: {', '.join(match.keys)}" if match.keys else "no key is the same"
    if match.tier is None:
        return keys
    said = f"rules for pairs: {match.tier}, score {match.score:.3f}"
    if match.is_sure:
        return f"{keys}; {said}"
    rest = "held back, since so little differs" if match.refuses else "let through, and told to a person"
    return f"{keys}; {said}, unsure: {rest}"


def _consent_line(consent: Consent, at: datetime) -> str:
    state = "holds" if consent.holds(at) else f"ended {moment(consent.ends_at)}"
    return f"{consent.purpose}: {consent.basis} · {reach(consent.scope)} · since {moment(consent.since)} · {state}"
