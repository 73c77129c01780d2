"""``prefcenter check``: may this be sent?"""

from __future__ import annotations

from collections.abc import Iterator

import click

from prefcenter.cli.options import CLASS, addressed, as_json, branded
from prefcenter.cli.presenting import decision_json, exits, moment, print_json, reach
from prefcenter.cli.running import open_wiring
from prefcenter.core.channels import Channel, MessageClass, Verdict
from prefcenter.core.decision import Decision, until_of
from prefcenter.core.errors import BadInput
from prefcenter.services.checking import question_of
from prefcenter.services.deciding import Question, decide_all
from prefcenter.services.keying import outdated_warning

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
