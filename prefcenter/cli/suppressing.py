"""``prefcenter suppress``: putting reasons on the list, ending them, and whole lists in and out."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from prefcenter.cli.listing import list_entries
from prefcenter.cli.lists import export_command, import_command
from prefcenter.cli.options import LEVEL, MOMENT, REASON, acting, addressed, as_json, branded
from prefcenter.cli.presenting import exits, moment, print_json, reach
from prefcenter.cli.rekeying import rekey_command
from prefcenter.cli.running import open_wiring
from prefcenter.core.channels import ENDING_REASONS, Channel, Level, MessageClass, Reason, Scope, Source
from prefcenter.core.errors import BadInput
from prefcenter.services import optouts
from prefcenter.services.deciding import question_about_class
from prefcenter.services.ports import Evidence
from prefcenter.services.suppressing import OptOut

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@click.group("suppress", epilog=exits())
def suppress_command() -> None:
    """The suppression list: scoped reasons not to send."""


suppress_command.add_command(import_command)
suppress_command.add_command(export_command)
suppress_command.add_command(rekey_command)
suppress_command.add_command(list_entries)


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
    click.echo(f"{what}: {reason} for {point.known_again}, {reach(opt_out.scope)} (entry {done.suppression_id}).")


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
    click.echo(f"Lifted: {reason} for {point.known_again} ({named}).")


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
