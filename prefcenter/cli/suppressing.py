"""``prefcenter suppress``: putting reasons on the list, ending them, and whole lists in and out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from prefcenter.cli.lists import export_command, import_command
from prefcenter.cli.options import CHANNEL, LEVEL, MOMENT, REASON, acting, addressed, as_json, branded
from prefcenter.cli.presenting import exits, moment, print_json, print_json_list, print_table, reach
from prefcenter.cli.rekeying import rekey_command
from prefcenter.cli.running import open_wiring
from prefcenter.core.channels import ENDING_REASONS, Channel, Level, MessageClass, Reason, Scope, Source
from prefcenter.core.errors import BadInput
from prefcenter.services import optouts
from prefcenter.services.deciding import question_about_class
from prefcenter.services.points import masked, readable
from prefcenter.services.ports import Evidence
from prefcenter.services.suppressing import OptOut
from prefcenter.store import suppressions
from prefcenter.store.suppressions import Suppression

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

PAGE = 1_000


@click.group("suppress", epilog=exits())
def suppress_command() -> None:
    """The suppression list: scoped reasons not to send."""


suppress_command.add_command(import_command)
suppress_command.add_command(export_command)
suppress_command.add_command(rekey_command)


@suppress_command.command("add", epilog=exits())
@addressed
@click.option("--reason", type=REASON, required=True, help=f"One of: {', '.join(REASON.values)}.")
@branded
@click.option("--level", type=LEVEL, help="For post, whom it covers. Default: individual.")
@click.option("--since", type=MOMENT, help="From when it binds. Default: now.")
@click.option("--until", type=MOMENT, help="For paused and external_list: when it ends by itself.")
@click.option("--unverified", is_flag=True, help="For deceased: hearsay, which stops marketing only.")
@acting
@as_json
def add_entry(
    channel: Channel,
    value: str,
    reason: Reason,
    brand: str | None,
    topic: str | None,
    level: Level | None,
    since: datetime | None,
    until: datetime | None,
    unverified: bool,
    evidence: Evidence,
    wants_json: bool,
) -> None:
    """Put a reason on the list. It holds for the next attempt to send; the same one again changes nothing.

    \b
    CHANNEL is email, sms or post. VALUE is an address, a number, or
    "Name; address1; address2; city; ST; ZIP[; country]".
    """
    with open_wiring() as wiring, wiring.database.write() as session:
        at = wiring.clock()
        _check_dates(reason, since, until, at, unverified=unverified)
        point = wiring.points.parse(channel, value, _level(channel, level))
        opt_out = OptOut(
            reason, _scope(session, brand, topic), Source.OPERATOR, since=since, until=until, is_verified=not unverified
        )
        done = optouts.record(session, wiring.points, point, opt_out, evidence, at=at)
    if wants_json:
        told = {"id": done.suppression_id, "new": done.is_new, "channel": channel, "code": reason}
        print_json(told | {"scope": opt_out.scope.label, "level": point.level, "since": done.since})
        return
    what = "Recorded" if done.is_new else f"On the list already, since {moment(done.since)}"
    click.echo(f"{what}: {reason} for {point.masked}, {reach(opt_out.scope)} (entry {done.suppression_id}).")


def _check_dates(
    reason: Reason, since: datetime | None, until: datetime | None, at: datetime, *, unverified: bool
) -> None:
    if since is not None and since > at:
        raise BadInput("--since lies in the future.", remedy="Give the day from which it holds, or leave it out.")
    if until is not None and reason not in ENDING_REASONS:
        raise BadInput(f"{reason} never ends by itself (E13).", remedy="Only paused and external_list take --until.")
    if until is not None and until <= at:
        raise BadInput("--until lies in the past.", remedy="Give a day to come.")
    if unverified and reason is not Reason.DECEASED:
        raise BadInput(f"{reason} is not a thing to verify.", remedy="Only deceased takes --unverified.")


def _level(channel: Channel, level: Level | None) -> Level:
    if level is not None and channel is not Channel.POST:
        raise BadInput(f"--level is for post; there is no {level} by {channel}.", remedy="Leave it out.")
    return level or Level.INDIVIDUAL


def _scope(session: Session, brand: str | None, topic: str | None) -> Scope:
    """Make the scope of what was named; nothing named is everything, of all brands."""
    question = question_about_class(session, MessageClass.MARKETING, brand=brand, topic=topic)
    if question.brand is None:
        return Scope.everything()
    return Scope.brand(question.brand) if question.topic is None else Scope.topic(question.brand, question.topic)


@suppress_command.command("lift", epilog=exits())
@addressed
@click.option("--reason", type=REASON, required=True, help="The reason that ends.")
@click.option("--evidence", "proof", required=True, help="The person's own act: what they wrote or did, and when.")
@branded
@click.option("--level", type=LEVEL, help="For post, whom it covered. Default: individual.")
@acting
def lift_entry(
    channel: Channel,
    value: str,
    reason: Reason,
    proof: str,
    brand: str | None,
    topic: str | None,
    level: Level | None,
    evidence: Evidence,
) -> None:
    """End a reason by the person's own act, with its evidence. Nothing else lifts an opt-out.

    Without a brand or topic, every entry of the reason at this address ends; of a partner's hashed list too. VALUE may
    be such an entry itself, as `prefcenter suppress list --show-addresses` writes it: `md5:…` or `sha256:…`.
    """
    if not proof.strip():
        raise BadInput("The evidence is empty.", remedy="Say what the person wrote or did, and when (X10).")
    act = Evidence(evidence.actor, personal={**evidence.personal, "evidence": proof.strip()})
    with open_wiring() as wiring, wiring.database.write() as session:
        point = wiring.points.listed(channel, value, _level(channel, level))
        scope = _scope(session, brand, topic) if brand or topic else None
        ended = optouts.lift(session, point, reason, act, at=wiring.clock(), scope=scope, points=wiring.points)
    named = f"entry {ended[0]}" if len(ended) == 1 else f"entries {', '.join(map(str, ended))}"
    click.echo(f"Lifted: {reason} for {point.masked} ({named}).")


@suppress_command.command("void", epilog=exits())
@click.argument("entry", metavar="ID", type=click.IntRange(min=1))
@acting
def void_entry(entry: int, evidence: Evidence) -> None:
    """Void a wrong record, such as a typing error: one operator proposes, another one confirms.

    The person's own act is never voided. `prefcenter suppress list` shows the IDs.
    """
    with open_wiring() as wiring, wiring.database.write() as session:
        outcome = optouts.void(session, entry, evidence, at=wiring.clock())
    if outcome == "proposed":
        click.echo(f"Proposed to void entry {entry}; it holds until a second operator confirms:")
        click.echo(f"  prefcenter suppress void {entry} --as USER")
    else:
        click.echo(f"Voided entry {entry}.")


@suppress_command.command("list", epilog=exits())
@click.option("--channel", type=CHANNEL, help="Only this channel.")
@click.option("--reason", type=REASON, help="Only this reason.")
@click.option("--ended", is_flag=True, help="Those too that were lifted, voided or replaced.")
@click.option("--show-addresses", is_flag=True, help="Whole addresses instead of masked ones.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many. Default: 100, with --json all.")
@as_json
def list_entries(
    channel: Channel | None,
    reason: Reason | None,
    ended: bool,
    show_addresses: bool,
    limit: int | None,
    wants_json: bool,
) -> None:
    """Show the list, the newest entries last."""
    with open_wiring() as wiring, wiring.database.read() as session:
        rows = _entries(session, channel, reason, with_ended=ended)
        if wants_json:
            told = (_entry_json(row, given, whole=show_addresses) for row, given in rows)
            print_json_list(each for count, each in enumerate(told) if limit is None or count < limit)
            return
        shown = [pair for _, pair in zip(range((limit or 100) + 1), rows, strict=False)]
    more = len(shown) > (limit or 100)
    print_table(
        ("id", "channel", "address", "reason", "reach", "since", "source", "state"),
        [_entry_cells(row, given, whole=show_addresses) for row, given in shown[: limit or 100]],
        empty="Nothing is on the list.",
    )
    if more:
        click.echo(f"There are more; --limit shows more than {limit or 100}.", err=True)


def _entries(
    session: Session, channel: Channel | None, reason: Reason | None, *, with_ended: bool
) -> Iterator[tuple[Suppression, dict[str, Any] | None]]:
    after = 0
    while rows := suppressions.page(
        session, after=after, limit=PAGE, channel=channel, reason=reason, with_ended=with_ended
    ):
        yield from rows
        after = rows[-1][0].id
        session.expunge_all()


def _address(row: Suppression, given: dict[str, Any] | None, *, whole: bool) -> str | None:
    if given is None:
        return None
    return readable(Channel(row.channel), given) if whole else masked(Channel(row.channel), given)


def _entry_json(row: Suppression, given: dict[str, Any] | None, *, whole: bool) -> dict[str, Any]:
    return {
        "id": row.id,
        "channel": row.channel,
        "address": _address(row, given, whole=whole),
        "code": row.reason,
        "scope": Scope.parse(row.scope).label,
        "level": row.level or None,
        "since": row.since,
        "until": row.until,
        "source": row.source,
        "own_act": row.is_own_act,
        "recorded_by": row.actor,
        "batch": row.batch,
        "void_proposed_by": row.void_proposed_by,
        "ended_at": row.ended_at,
        "ended_by": row.ended_by,
    }


def _entry_cells(row: Suppression, given: dict[str, Any] | None, *, whole: bool) -> tuple[object, ...]:
    if row.ended_at is not None:
        state = f"{row.ended_by} {moment(row.ended_at)}"
    else:
        state = f"void proposed by {row.void_proposed_by}" if row.void_proposed_by else "in force"
    address = _address(row, given, whole=whole) or "(erased)"
    where = f"{reach(Scope.parse(row.scope))}{f', {row.level}' if row.level else ''}"
    return row.id, row.channel, address, row.reason, where, row.since, row.source, state
