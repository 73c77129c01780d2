"""The ticket on a “done” page that takes back what the page's own request did, within 30 minutes (E18)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from itsdangerous import BadData, URLSafeSerializer
from werkzeug.exceptions import NotFound

from prefcenter.core.tokens import SigningKeys, Token
from prefcenter.services.choosing import Undoing
from prefcenter.services.suppressing import Recorded

_PURPOSE: Final = "undo"


def ticket(signing: SigningKeys, token: Token, made: Sequence[Recorded], limits: Sequence[int] = ()) -> str | None:
    """Sign what a request newly made, for this link alone; None where it made nothing.

    How long it may be used is not in it: the entry's own time of recording decides. ``limits`` are the numbers of
    limits on how often marketing comes.
    """
    ids = [recorded.suppression_id for recorded in made if recorded.is_new]
    if not ids and not limits:
        return None
    text = _serializer(signing).dumps([token.digest.hex(), ids, list(limits)])
    return text if isinstance(text, str) else text.decode()


def entries(signing: SigningKeys, token: Token, text: str) -> list[int]:
    """Read the entries of a ticket.

    Raises:
        NotFound: it is forged, or belongs to another link.
    """
    return list(read(signing, token, text).entries)


def read(signing: SigningKeys, token: Token, text: str) -> Undoing:
    """Read a ticket; one that an older page holds names no limits.

    Raises:
        NotFound: it is forged, or belongs to another link.
    """
    try:
        digest, ids, *more = _serializer(signing).loads(text)
    except (BadData, ValueError, TypeError):
        raise NotFound from None
    if digest != token.digest.hex():
        raise NotFound
    return Undoing([int(number) for number in ids], [int(number) for number in (more[0] if more else ())])


def _serializer(signing: SigningKeys) -> URLSafeSerializer:
    oldest_first = list(reversed(signing.derive_all(_PURPOSE).values()))
    return URLSafeSerializer(oldest_first, salt=_PURPOSE, signer_kwargs={"digest_method": hashlib.sha256})
