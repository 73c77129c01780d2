"""``prefcenter smtp``: take mail of systems that can send mail and nothing else."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from prefcenter.cli.listening import listening, log_plainly, name_of
from prefcenter.cli.options import FILE
from prefcenter.cli.presenting import exits
from prefcenter.cli.running import open_wiring
from prefcenter.core.errors import PrefcenterError

if TYPE_CHECKING:
    from prefcenter.smtp.listener import Listener


@click.command("smtp", epilog=exits(done="stopped by a signal"))
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", default=8025, show_default=True, type=click.IntRange(0, 65535), help="The port; 0 takes a free one."
)
@click.option("--cert", type=FILE, help="A certificate with its chain (PEM), for STARTTLS; needed off loopback.")
@click.option("--key", type=FILE, help="Its key, where it is not in the same file.")
@click.option("--default-type", metavar="TYPE", help="The type of mails that name none; must be marketing.")
@click.option("--no-auth", is_flag=True, help="Ask nobody for a key; on loopback only.")
def smtp_command(
    host: str, port: int, cert: Path | None, key: Path | None, default_type: str | None, no_auth: bool
) -> None:
    """Listen for mail by SMTP, and put it through the gate: a message to each recipient, of the type it names.

    A mail names its type in the header X-Message-Type; without one it is refused. Clients sign in with an API key of
    the scope send as the password, under any user name. What is taken leaves by the worker: keep `prefcenter serve`
    or `prefcenter worker` running. Needs aiosmtpd: pip install 'prefcenter[smtp]'.
    """
    _require_aiosmtpd()  # Before what imports it.
    from prefcenter.smtp.listener import Listener, door_of
    from prefcenter.smtp.taking import Intake

    log_plainly()
    with open_wiring() as wiring:
        hostname = urlsplit(wiring.config.base_url).hostname or "localhost"
        door = door_of(host, hostname, needs_key=not no_auth, cert=cert, key=key)
        intake = Intake(wiring, needs_key=not no_auth, default_type=default_type)
        intake.check()
        with listening(host, port) as listener:
            asyncio.run(_serve(Listener(intake, door), listener))


async def _serve(listener: Listener, taken: socket.socket) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    def announce() -> None:
        click.echo(f"Serving SMTP on {name_of(taken)}; stop with Ctrl-C.")
        sys.stdout.flush()

    await listener.run(taken, stop, announce)


def _require_aiosmtpd() -> None:
    try:
        import aiosmtpd.smtp  # noqa: F401 - only to see whether it is there
    except ModuleNotFoundError as error:
        raise PrefcenterError(
            "The SMTP listener needs the package aiosmtpd.", remedy="Install it: pip install 'prefcenter[smtp]'"
        ) from error
