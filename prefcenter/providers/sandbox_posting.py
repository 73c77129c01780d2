"""Carrying the sandbox's reports to our own server, over the network of this machine."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from prefcenter.providers.sandbox import NOBODY_ANSWERS, Post
from prefcenter.providers.stand_ins.twilio_webhooks import LOOPBACK

_log = logging.getLogger(__name__)

_TIMEOUT_SECONDS = 15  # So long the providers themselves wait.


def is_on_this_machine(url: str) -> bool:
    """Whether an address is one of this machine's own, to which reports may be posted without TLS."""
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname in LOOPBACK


def poster(server: str) -> Post:
    """Post to a server of ours.

    Args:
        server: where it listens, such as ``http://127.0.0.1:8000``.
    """
    parts = urlsplit(server)

    def post(path: str, body: bytes, headers: Mapping[str, str]) -> int:
        connection = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=_TIMEOUT_SECONDS)
        try:
            connection.request("POST", path, body, dict(headers))
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, HTTPException) as error:
            _log.debug("the sandbox could not report: %s", type(error).__name__)
            return NOBODY_ANSWERS
        finally:
            connection.close()

    return post
