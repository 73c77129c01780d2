"""The ticket on a “done” page that takes back what the page's own request did, within 30 minutes (E18)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from itsdangerous import BadData, URLSafeSerializer
from werkzeug.exceptions import NotFound

from prefcenter.core.tokens import SigningKeys, Token
from prefcenter.services.suppressing import Recorded

_PURPOSE: Final = "undo"


def ticket(signing: SigningKeys, token: Token, made: Sequence[Recorded]) -> str | None:
    """Sign the entries that a request newly made, for this link alone; None where it made none.

    How long it may be used is not in it: the entry's own time of recording decides.
    """
    ids = [recorded.suppression_id for recorded in made if recorded.is_new]
    if not ids:
        return None
    text = _serializer(signing).dumps([token.digest.hex(), ids])
    return text if isinstance(text, str) else text.decode()


def entries(signing: SigningKeys, token: Token, text: str) -> list[int]:
    """Read a ticket.

    Raises:
        NotFound: it is forged, or belongs to another link.
    """
    try:
        digest, ids = _serializer(signing).loads(text)
    except (BadData, ValueError, TypeError):
        raise NotFound from None
    if digest != token.digest.hex():
        raise NotFound
    return [int(number) for number in ids]


def _serializer(signing: SigningKeys) -> URLSafeSerializer:
    oldest_first = list(reversed(signing.derive_all(_PURPOSE).values()))
    return URLSafeSerializer(oldest_first, salt=_PURPOSE, signer_kwargs={"digest_method": hashlib.sha256})
