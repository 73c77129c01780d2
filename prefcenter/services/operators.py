"""Who may work with the list: operators with their roles, and the API keys of other systems."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from argon2 import PasswordHasher
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from prefcenter.core.errors import BadInput, NotFound
from prefcenter.core.keys import canonicalise_email
from prefcenter.services.errors import AlreadyThere
from prefcenter.services.ports import Evidence
from prefcenter.store import ledger
from prefcenter.store.operators import ApiKey, Operator, Role, operator_by_email

SHORTEST_PASSWORD = 8
"""Source: NIST SP 800-63B §5.1.1.1."""

KEY_PREFIX = "pc_"
"""What every API key begins with, so that one that leaked can be found by a search."""


class RoleName(StrEnum):
    """What an operator may do."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    APPROVER = "approver"
    ADMIN = "admin"


class KeyScope(StrEnum):
    """What an API key may be used for."""

    CHECK = "check"
    SEND = "send"
    RECORD = "record"
    READ = "read"
    ADMIN = "admin"


_ROLES = {
    RoleName.VIEWER: "sees what is there",
    RoleName.OPERATOR: "records opt-outs and works through what waits for a person",
    RoleName.APPROVER: "confirms what needs a second person",
    RoleName.ADMIN: "does all of that, and manages operators and keys",
}


def new_password() -> str:
    """Make a password that nobody can guess: 128 bits."""
    return secrets.token_urlsafe(16)


def add_operator(
    session: Session, email: str, roles: Sequence[RoleName], password: str, evidence: Evidence, *, at: datetime
) -> Operator:
    """Let somebody sign in; roles are made when they are first given; commits.

    Raises:
        BadAddress: it is no email address.
        BadInput: no role was given, or the password is too short.
        AlreadyThere: there is an operator with this address, perhaps a disabled one.
    """
    address = str(canonicalise_email(email))
    if not roles:
        raise BadInput("An operator needs a role.", remedy=f"Give one of {', '.join(RoleName)}.")
    if len(password) < SHORTEST_PASSWORD:
        raise BadInput(f"The password is shorter than {SHORTEST_PASSWORD} characters.")
    row = Operator(
        email=address,
        password=PasswordHasher().hash(password),
        active=True,
        fs_uniquifier=uuid.uuid4().hex,
        created_at=at,
        roles=[_role(session, name) for name in dict.fromkeys(roles)],
    )
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError as error:
        raise AlreadyThere("There is an operator with this address already.") from error
    facts = {"operator": row.id, "roles": [role.name for role in row.roles]}
    _log(session, "operator_added", facts, evidence, at, email=address)
    session.commit()
    return row


def disable_operator(session: Session, email: str, evidence: Evidence, *, at: datetime) -> None:
    """Keep somebody from signing in, and end the sessions that they have; commits.

    Raises:
        BadAddress: it is no email address.
        NotFound: there is no such operator.
    """
    address = str(canonicalise_email(email))
    row = operator_by_email(session, address)
    if row is None:
        raise NotFound("There is no operator with this address.", remedy="`prefcenter user list` shows them.")
    if row.active:
        row.active = False
        row.fs_uniquifier = uuid.uuid4().hex  # Sessions are bound to it.
        _log(session, "operator_disabled", {"operator": row.id}, evidence, at, email=address)
    session.commit()


def add_key(session: Session, name: str, scopes: Sequence[KeyScope], evidence: Evidence, *, at: datetime) -> str:
    """Make an API key, and give it this once; only its digest is kept; commits.

    Raises:
        BadInput: the name cannot be used, or no scope was given.
        AlreadyThere: there is a key of this name, perhaps a revoked one.
    """
    bare = " ".join(name.split())
    # A kept answer names the key with a prefix, in a column of 120.
    if not bare or len(bare) > 100 or not bare.isprintable():
        raise BadInput("A key needs a name of at most 100 characters.")
    if not scopes:
        raise BadInput("A key needs a scope.", remedy=f"Give one or several of {', '.join(KeyScope)}.")
    secret = KEY_PREFIX + secrets.token_urlsafe(32)
    given = [scope.value for scope in KeyScope if scope in scopes]
    try:
        with session.begin_nested():
            session.add(ApiKey(name=bare, digest=digest_of(secret), scopes=given, created_at=at))
            session.flush()
    except IntegrityError as error:
        raise AlreadyThere(f"There is a key “{bare}” already.", remedy="Choose another name.") from error
    _log(session, "key_added", {"key": bare, "scopes": given}, evidence, at)
    session.commit()
    return secret


def revoke_key(session: Session, name: str, evidence: Evidence, *, at: datetime) -> None:
    """Make an API key worthless, from the next request on; commits.

    Raises:
        NotFound: there is no such key.
    """
    row = session.scalar(select(ApiKey).where(ApiKey.name == " ".join(name.split())))
    if row is None:
        raise NotFound("There is no key of this name.", remedy="`prefcenter key list` shows them.")
    if row.revoked_at is None:
        row.revoked_at = at
        _log(session, "key_revoked", {"key": row.name}, evidence, at)
    session.commit()


def digest_of(secret: str) -> bytes:
    """The digest that a key is found under. A plain hash will do: the secret has 256 random bits."""
    return hashlib.sha256(secret.encode()).digest()


def _role(session: Session, name: RoleName) -> Role:
    row = session.scalar(select(Role).where(Role.name == name.value))
    if row is None:
        row = Role(name=name.value, description=_ROLES[name])
        session.add(row)
    return row


def _log(
    session: Session, kind: str, facts: dict[str, object], evidence: Evidence, at: datetime, **personal: str
) -> None:
    ledger.append(
        session,
        kind,
        at=at,
        actor=evidence.actor,
        facts=facts | dict(evidence.facts),
        personal=dict(evidence.personal) | personal,
    )
