"""``prefcenter serve``, ``worker`` and ``demo``: running the product."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from types import FrameType
from typing import TYPE_CHECKING

import click

from prefcenter.cli.listening import listening, log_plainly, name_of
from prefcenter.cli.presenting import exits
from prefcenter.config import Config

if TYPE_CHECKING:
    from prefcenter.wiring import Wiring

THREADS = 8
_HOST = click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
_PORT = click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="The port; 0 takes a free one."
)


@click.command("serve", epilog=exits(done="stopped by a signal"))
@_HOST
@_PORT
def serve_command(host: str, port: int) -> None:
    """Serve the web and the API, with a worker beside; migrates the database first."""
    config = Config.from_env()
    with listening(host, port) as listener:
        _serve(config, listener)


@click.command("worker", epilog=exits(done="stopped by a signal"))
@click.option("--parent", type=int, hidden=True, help="End with this process.")
@click.option("--demo", "is_demo", is_flag=True, hidden=True, help="With the settings of the demo.")
@click.option("--reports-to", hidden=True, help="Where the server listens that the sandbox reports to.")
def worker_command(parent: int | None, is_demo: bool, reports_to: str | None) -> None:
    """Work alone: seal the ledger, send what is due, finish what a crash left over; migrates the database first."""
    log_plainly()
    # A scrub or a long sealing run must leave a core to the clicks.
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
    from prefcenter import working

    config = Config.for_demo() if is_demo else Config.from_env()
    wiring = _ready(config)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    try:
        working.run(wiring, stop, parent=parent, reports_to=reports_to or _if_near(config.base_url))
    finally:
        if wiring.sandbox is not None:
            wiring.sandbox.stop()
        wiring.database.dispose()


@click.command("demo", epilog=exits(done="stopped by a signal"))
@_HOST
@_PORT
def demo_command(host: str, port: int) -> None:
    """Serve with sample data and a sandbox instead of providers; needs no settings and no account.

    What is missing is made and kept in the data folder (PREFCENTER_DATA_DIR, by default instance/), so that the next
    demo goes on where this one stopped.
    """
    with listening(host, port) as listener:
        address = f"http://{host}:{listener.getsockname()[1]}"
        config = Config.for_demo(base_url=address)
        _serve(config, listener)


def _serve(config: Config, listener: socket.socket) -> None:
    from waitress.server import create_server

    from prefcenter import working
    from prefcenter.web.app import build

    log_plainly()
    wiring = _ready(config)
    app = build(config, wiring)
    server = create_server(app, sockets=[listener], threads=THREADS, max_request_body_size=40 * 1024 * 1024, ident=None)
    stop = threading.Event()

    def finish(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        raise SystemExit

    # Before anything is printed: whoever reads that we serve may ask us to stop at once.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, finish)
    keeper = threading.Thread(target=_keep_worker, args=(config, _own_url(listener), stop), daemon=True)
    keeper.start()
    working.collect_rarely()
    try:
        _announce(wiring, listener)
        server.run()
    except SystemExit:
        pass
    finally:
        stop.set()
        server.close()
        keeper.join(timeout=10)
        wiring.database.dispose()


def _announce(wiring: Wiring, listener: socket.socket) -> None:
    if wiring.config.is_demo:
        from prefcenter.cli import welcoming

        for line in welcoming.prepare(wiring):
            click.echo(line)
        click.echo()
    base = "" if wiring.config.is_demo else f" {wiring.config.base_url}"
    click.echo(f"Serving{base} on {name_of(listener)}; stop with Ctrl-C.")
    sys.stdout.flush()


def _if_near(url: str) -> str | None:
    """An address, if it is one of this machine: only there may the sandbox report without TLS."""
    from prefcenter.providers.sandbox_posting import is_on_this_machine

    return url if is_on_this_machine(url) else None


def _own_url(listener: socket.socket) -> str:
    """Where our own worker reaches us, also where we listen on every address."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - what is asked for, not taken
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _keep_worker(config: Config, own_url: str, stop: threading.Event) -> None:
    """Keep one worker process beside the web server: a process of its own, so that its work never starves a click."""
    command = [sys.executable, "-m", "prefcenter", "worker", "--parent", str(os.getpid()), "--reports-to", own_url]
    command += ["--demo"] if config.is_demo else []
    environ = os.environ | ({"PREFCENTER_BASE_URL": config.base_url} if config.is_demo else {})
    while not stop.is_set():
        # Its own group: Ctrl-C in a terminal reaches the server, which then ends the worker in good order.
        worker = subprocess.Popen(command, env=environ, start_new_session=True)  # noqa: S603 - our own command
        while worker.poll() is None and not stop.wait(0.2):
            pass
        if worker.poll() is None:
            worker.terminate()
            worker.wait(timeout=10)
        elif not stop.wait(1.0):
            logging.getLogger(__name__).warning("the worker ended with %s; starting another", worker.returncode)


def _ready(config: Config) -> Wiring:
    """Wire the product, bring its database to the newest schema, and check its keys."""
    from prefcenter.services.keying import outdated_warning
    from prefcenter.store import schema
    from prefcenter.wiring import wire

    wiring = wire(config)
    schema.upgrade(wiring.database.engine)
    wiring.adopt_keys()
    with wiring.database.read() as session:
        warning = outdated_warning(session)
    if warning:
        logging.getLogger(__name__).warning(warning)
    return wiring
