"""The listener: takes connections until it is told to stop, then lets each mail in progress have its answer."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from prefcenter.core.errors import BadInput
from prefcenter.smtp import replies
from prefcenter.smtp.conversation import Conversation, Door, Handler, Living
from prefcenter.smtp.taking import Intake

MOST_CONNECTIONS: Final = 50
"""At the same time: each may hold a whole mail in memory. Who has not signed in makes room for who may."""

PATIENCE_SECONDS: Final = 30.0
"""So long a mail in progress may still take when the listener is stopped; its sender then tries again elsewhere."""


class _Full(asyncio.Protocol):
    """Turns a connection away that would be one too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            transport.write(f"{replies.FULL}\r\n".encode())
        transport.close()


class Listener:
    """Takes mails on a socket.

    Args:
        intake: takes the mails.
        door: how it is entered.
    """

    def __init__(self, intake: Intake, door: Door) -> None:
        self._handler = Handler(intake)
        self._door = door
        self._living = Living()

    async def run(self, listening: socket.socket, stop: asyncio.Event, started: Callable[[], None]) -> None:
        """Serve until ``stop`` is set; return when the last mail has its answer.

        Args:
            listening: a bound socket that listens; closed at the end.
            stop: set it to end.
            started: called once connections are taken.
        """
        server = await asyncio.get_running_loop().create_server(self._greet, sock=listening)
        try:
            started()
            await stop.wait()
        finally:
            server.close()
            await self._part()

    def _greet(self) -> asyncio.BaseProtocol:
        if len(self._living) >= MOST_CONNECTIONS and not self._living.make_room():
            return _Full()
        return Conversation(self._handler, self._door, self._living)

    async def _part(self) -> None:
        for conversation in self._living:
            conversation.leave()
        try:
            await asyncio.wait_for(self._living.end(), PATIENCE_SECONDS)
        except TimeoutError:
            for conversation in self._living:
                conversation.close()


def door_of(host: str, hostname: str, *, needs_key: bool, cert: Path | None, key: Path | None) -> Door:
    """Say how the listener is entered, as strictly as its address needs.

    On loopback nobody can listen in. Everywhere else keys and mails come by TLS, or not at all.

    Args:
        host: the address that it listens on.
        hostname: the name that it greets with.
        needs_key: whether whoever hands a mail over must sign in.
        cert: the certificate with its chain, PEM.
        key: its key, where it is not in the same file.

    Raises:
        BadInput: it would be open to strangers, or keys would travel in the clear; or the certificate cannot be used.
    """
    is_loopback = _is_loopback(host)
    if not needs_key and not is_loopback:
        raise BadInput(
            f"Whoever reaches {host} could send without a key.", remedy="Leave --no-auth out, or listen on 127.0.0.1."
        )
    if cert is None and (key is not None or not is_loopback):
        raise BadInput(
            f"Without a certificate keys and mails would come to {host} in the clear.",
            remedy="Give --cert and --key for STARTTLS, or listen on 127.0.0.1.",
        )
    return Door(hostname, None if cert is None else _tls(cert, key), is_loopback)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _tls(cert: Path, key: Path | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(cert, key, password="")  # Nobody is there to be asked for one.
    except (OSError, ValueError) as error:
        raise BadInput(
            f"The certificate {cert} and its key cannot be used together.",
            remedy="Give a PEM certificate with its chain, and its key without a passphrase.",
        ) from error
    return context
