"""``prefcenter message``: what became of a message."""

from __future__ import annotations

import click

from prefcenter.cli.options import as_json
from prefcenter.cli.presenting import exits, print_json, print_table
from prefcenter.cli.running import open_wiring
from prefcenter.core.channels import Channel
from prefcenter.core.errors import BadInput
from prefcenter.services import messages
from prefcenter.services.messages import Progress
from prefcenter.services.points import masked

_LARGEST_ID = 2**63 - 1


@click.group("message", epilog=exits())
def message_command() -> None:
    """Messages: what became of each."""


@message_command.command("show", epilog=exits())
@click.argument("message_id", metavar="ID", type=click.IntRange(1, _LARGEST_ID))
@as_json
def show_message(message_id: int, wants_json: bool) -> None:
    """Show where the message with this number stands, and why.

    \b
    queued     it leaves when the worker comes to it      sent        its provider took it
    waiting    it may not leave yet                       delivered   it arrived, as its provider says
    scheduled  its provider holds it until later          refused     it must not be sent; the reasons say why
    rerouted   it goes on as another message              failed      its provider refused it
    canceled   it was called back                         unknown     it may have left: never sent again
    """
    with open_wiring() as wiring, wiring.database.read() as session:
        found = messages.find(session, message_id)
        if found is None:
            raise BadInput(f"There is no message {message_id}.", remedy="`prefcenter send` tells the number of each.")
        told = _told(found)
    if wants_json:
        print_json(told)
    else:
        shown = {name: ", ".join(value) if isinstance(value, list) else value for name, value in told.items()}
        lines = [(name.replace("_", " "), value) for name, value in shown.items() if value not in (None, "")]
        print_table(("", ""), lines, empty="")


def _told(found: Progress) -> dict[str, object]:
    row = found.row
    return {
        "id": row.id,
        "state": row.state,
        "message_type": row.message_type,
        "channel": row.channel,
        "to": None if row.to is None else masked(Channel(row.channel), {"address": row.to}),
        "reasons": list(row.why),
        "problem": row.problem,
        "created_at": row.created_at,
        "due_at": row.due_at if row.state in ("queued", "waiting", "scheduled", "recalled") else None,
        "sent_at": row.sent_at,
        "attempts": row.attempts,
        "provider_id": row.provider_id,
        "rerouted_from": row.rerouted_from,
        "rerouted_to": found.rerouted_to,
    }
