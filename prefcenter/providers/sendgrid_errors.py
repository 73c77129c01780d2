"""What SendGrid's answers mean: what left, what did not, and what nobody can tell.

===================================== ==============================================================================
answer                                what it means here
===================================== ==============================================================================
202                                   taken
400 and any other 4xx                 nothing of the call was taken: failed, with SendGrid's words
400 that names recipients             those failed; nothing of the call was taken, so the others are handed over again
401, 429                              nothing was taken, and nothing is wrong with the mail: tried again later
cannot be reached at all              nothing left this machine: tried again later
408, 5xx, any other, none in time     it may have left: unknown until its events tell, and never sent again
===================================== ==============================================================================

Source: SendGrid, "Mail Send: errors", "API responses".
"""

from __future__ import annotations

import json
import re
import socket
import ssl
from dataclasses import dataclass
from typing import Any
from urllib.error import URLError

from prefcenter.core.errors import PrefcenterError
from prefcenter.services.errors import SendFailed, SendLater, SendUnknown

_PERSON = re.compile(r"personalizations\.([0-9]{1,4})\b", re.ASCII)
_ADDRESS = re.compile(r"[^\s<>\"'(),;:]+@[^\s<>\"'(),;:]+")
_LONGEST_WORDS = 300
_NEVER_CONNECTED = (ConnectionRefusedError, socket.gaierror, ssl.SSLCertVerificationError)


@dataclass(frozen=True, slots=True)
class Refusal:
    """That a call was not taken.

    Args:
        error: what that means for each of its messages.
        persons: for those of them that the answer names, by their places in the call, what it says of each.
    """

    error: PrefcenterError
    persons: dict[int, SendFailed]


def refusal(status: int, body: bytes) -> Refusal:
    """Read an answer that is no 202."""
    if status in (401, 429):
        why = "does not know our key" if status == 401 else "takes no more calls for now"
        return Refusal(SendLater(f"SendGrid {why} ({status}); nothing left."), {})
    if status == 408 or not 400 <= status < 500:
        return Refusal(SendUnknown(f"SendGrid answered {status}; the mail may have left."), {})
    errors = _errors(body)
    persons: dict[int, SendFailed] = {}
    for each in errors:
        found = _PERSON.match(str(each.get("field") or ""))
        if found:
            persons.setdefault(int(found[1]), SendFailed(f"SendGrid refused it ({status}): {_words([each])}"))
    return Refusal(SendFailed(f"SendGrid refused it ({status}): {_words(errors)}"), persons)


def unanswered(error: OSError) -> PrefcenterError:
    """What it means that no answer came."""
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, _NEVER_CONNECTED):
        return SendLater("SendGrid cannot be reached; nothing left.")
    return SendUnknown("SendGrid did not answer; the mail may have left.")


def words_of(body: bytes) -> str:
    """What a refusal says, without any address (X8)."""
    return _words(_errors(body))


def _errors(body: bytes) -> list[dict[str, Any]]:
    try:
        told = json.loads(body)
    except ValueError:
        return []
    errors = told.get("errors") if isinstance(told, dict) else None
    return [each for each in errors if isinstance(each, dict)] if isinstance(errors, list) else []


def _words(errors: list[dict[str, Any]]) -> str:
    """SendGrid's own words without any address (X8); a page of HTML has none worth repeating."""
    words = " ".join(dict.fromkeys(str(each.get("message", "")).strip() for each in errors)).strip()
    return _ADDRESS.sub("…", words)[:_LONGEST_WORDS] or "it gave no reason."
