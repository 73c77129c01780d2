"""``prefcenter inbound``: one raw mail, from a file or from an MTA's pipe."""

from __future__ import annotations

import os
from typing import BinaryIO

import click

from prefcenter.cli.options import as_json
from prefcenter.cli.presenting import exits, print_json
from prefcenter.cli.running import DEBUG, open_wiring, sentence

TRY_AGAIN = 75
"""EX_TEMPFAIL: an MTA keeps the mail and tries again. Source: sysexits.h, Postfix pipe(8)."""

_TOLD = {
    "recorded": "Recorded: a postal opt-out",
    "review": "Queued for a person, its clock running",
    "recorded_and_review": "Recorded as far as it is certain, and queued for a person",
    "unsubscribed": "Unsubscribed, by its tokened mailbox",
    "ignored": "Kept, and nothing done: it asks for nothing",
}


@click.command("inbound", epilog=exits(f"{TRY_AGAIN}  our fault, try again; an MTA keeps the mail", done="taken"))
@click.argument("file", type=click.File("rb"), default="-", metavar="[FILE|-]")
@click.option("--to", "recipients", multiple=True, metavar="ADDRESS", help="The envelope's recipient; repeatable.")
@as_json
def inbound_command(file: BinaryIO, recipients: tuple[str, ...], wants_json: bool) -> None:
    """Take one raw mail (RFC 5322) from FILE or standard input, as the inbound webhook would.

    It is kept before anything else. The same mail again changes nothing.

    \b
    As an MTA's pipe:  prefcenter inbound --to "$ORIGINAL_RECIPIENT"
    """
    raw = file.read()
    try:
        answer = _take(raw, recipients)
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        click.echo(sentence(error), err=True)
        raise click.exceptions.Exit(TRY_AGAIN) from error
    if wants_json:
        print_json(answer)
    else:
        outcome = str(answer["outcome"])
        click.echo(f"{_TOLD.get(outcome, outcome)} (message {answer['id']}).")


def _take(raw: bytes, recipients: tuple[str, ...]) -> dict[str, object]:
    from prefcenter.providers import mta
    from prefcenter.services.inbound_mail import PROVIDER
    from prefcenter.services.receiving import take_in

    with open_wiring() as wiring:
        incoming = mta.incoming_mail(raw, recipients)
        inbound_id, handled = take_in(wiring.database, incoming, wiring.handlers[PROVIDER], at=wiring.clock())
    return mta.as_json(inbound_id, handled)
