"""The keys that the stored data was made with must all be there (X12), and the forms of its postal keys.

A lost pepper would make every digest unfindable and so clear everybody. So the store keeps a fingerprint of each key
that was ever in use, and nothing starts, and no decision is made, while one of them is missing. It is the same with the
canonical form of a postal address: keys of a form that the product no longer has would be found by nobody.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from prefcenter.core.keys import MissingKey
from prefcenter.core.postal import versions
from prefcenter.services.ports import Keyring
from prefcenter.store import fingerprints

_SETTINGS = {"pepper": "PREFCENTER_PEPPERS", "signing": "PREFCENTER_SECRET_KEYS"}


def require_all(session: Session, keyring: Keyring) -> set[tuple[str, str]]:
    """Refuse to go on while a key in use is missing.

    Returns:
        All that :mod:`prefcenter.store.fingerprints` knows, so that nobody needs to ask for it again.

    Raises:
        MissingKey: names the setting and the fingerprint of each missing key; or the form that the product lacks.
    """
    configured = {("pepper", name) for name in keyring.peppers.ids} | {
        ("signing", name) for name in keyring.signing.ids
    }
    on_file = fingerprints.known(session)
    missing = sorted({(purpose, name) for purpose, name in on_file if purpose in _SETTINGS} - configured)
    if missing:
        named = ", ".join(f"{_SETTINGS[purpose]} with fingerprint {name}" for purpose, name in missing)
        raise MissingKey(
            f"The stored data was made with keys that are not configured: {named}.",
            remedy="Put the missing key back behind the newer ones; nothing is sent or decided without it.",
        )
    _require_forms(on_file)
    return on_file


def _require_forms(on_file: set[tuple[str, str]]) -> None:
    lost = sorted(fingerprints.postal_forms(on_file) - versions.known())
    if lost:
        raise MissingKey(
            f"The list has postal entries in the form {', '.join(lost)}, which this version of the product lacks.",
            remedy="Run the version that made them, or one that still knows the form; without it they are not found.",
        )


def is_adopted(session: Session, keyring: Keyring) -> bool:
    """Whether every configured key is on file already, so that nothing needs to be written.

    Raises:
        MissingKey: a key in use is missing.
    """
    require_all(session, keyring)
    configured = {("pepper", name) for name in keyring.peppers.ids} | {
        ("signing", name) for name in keyring.signing.ids
    }
    return configured <= fingerprints.known(session)


def adopt(session: Session, keyring: Keyring, *, at: datetime) -> None:
    """Check the keys, and put those that are new on file; commits.

    Raises:
        MissingKey: a key in use is missing; then nothing is put on file.
    """
    require_all(session, keyring)
    fingerprints.remember(session, "pepper", keyring.peppers.ids, at)
    fingerprints.remember(session, "signing", keyring.signing.ids, at)
    session.commit()
