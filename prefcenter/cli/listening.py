"""What all commands do that listen: take their port first, say where they are, and log in plain lines."""

from __future__ import annotations

import logging
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from prefcenter.core.errors import Unavailable


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Take the port before anything else, so that a taken one is told at once.

    Raises:
        Unavailable: the address cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            # From now on callers wait in line instead of being turned away: the links that are printed work at once.
            listener.listen(1024)
        except OSError as error:
            raise Unavailable(
                f"Cannot listen on {host}, port {port}: {error.strerror}.",
                remedy="Perhaps it runs already; name another port with --port.",
            ) from error
        yield listener
    finally:
        listener.close()


def name_of(listener: socket.socket) -> str:
    """Say where it listens, also where any free port was asked for."""
    host, port = listener.getsockname()[:2]
    return f"{host}, port {port}"


def log_plainly() -> None:
    """Log to standard error, a line each."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    logging.getLogger("alembic").setLevel(logging.WARNING)
