"""A small HTTP server on 127.0.0.1 that ends with whoever started it: what every stand-in is built on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came.

    Args:
        method: ``GET``, ``POST`` …
        path: with its query.
        headers: their names in lower case.
        body: its bytes.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered: status, body, its type, further headers."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


Respond = Callable[[Asked], Answer | None]
"""Answers a request; None breaks the connection off without a word, after whatever the request did."""


class LoopbackServer:
    """Serves one stand-in on a free port of 127.0.0.1, from entering the ``with`` to leaving it.

    Args:
        respond: answers each request, several at a time.
        port: 0 takes a free one.
        poll_seconds: how often it looks whether it is to stop.
    """

    def __init__(self, respond: Respond, port: int = 0, *, poll_seconds: float = 0.02) -> None:
        self._server = _Server((HOST, port), _handler(respond))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(poll_seconds,), daemon=True)

    @property
    def url(self) -> str:
        """Where it listens, without a slash at its end."""
        return f"http://{HOST}:{self._server.server_port}"

    def start(self) -> None:
        """Listen; callers that came before wait in line."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening; what is being answered is given up."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away, as one whose time ran out does, is no news."""


def _handler(respond: Respond) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # Without it each answer takes 40 ms.
        wbufsize = -1

        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = respond(Asked(self.command, self.path, headers, self.rfile.read(length)))
            if answer is None:
                self.close_connection = True
                return
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.body)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - the library's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Write nothing: paths and bodies hold addresses (X8)."""

    return Handler
