"""API keys: who calls, and what the key may do."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from flask import g, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from prefcenter.services.operators import KeyScope, digest_of
from prefcenter.store import operators
from prefcenter.web.api import problems
from prefcenter.web.api.problems import Problems
from prefcenter.web.wired import current_wiring

View = Callable[[Session], Response]
"""A view that gets the session, for reading, in which the caller's key was found."""


def needs_scope(*scopes: KeyScope) -> Callable[[View], Callable[..., Response]]:
    """Let a view be called only with a key that has the scope, or one of several: no key 401, another one 403."""

    def guard(view: View) -> Callable[..., Response]:
        @wraps(view)
        def guarded(**_path: object) -> Response:  # What the path names stands in ``request.view_args``.
            with current_wiring().database.read() as session:
                return refusal(session, *scopes) or view(session)

        return guarded

    return guard


def refusal(session: Session, *wanted: KeyScope) -> Response | None:
    """Say why the request's key has none of the scopes, or None where it has one; the key's name goes to ``g``.

    Source: RFC 6750 §3.
    """
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    secret = secret.strip()
    if kind.lower() != "bearer" or not secret:
        return problems.answer(
            Problems.NO_KEY,
            "Send an API key as “Authorization: Bearer …”.",
            WWW_Authenticate='Bearer realm="prefcenter"',
        )
    found = operators.grant_by_digest(session, digest_of(secret))
    if found is None:
        challenge = 'Bearer realm="prefcenter", error="invalid_token"'
        return problems.answer(Problems.NO_KEY, "The API key is unknown or revoked.", WWW_Authenticate=challenge)
    name, scopes = found
    if not set(wanted) & set(scopes):
        challenge = f'Bearer realm="prefcenter", error="insufficient_scope", scope="{wanted[0]}"'
        needed = " or ".join(f"“{scope}”" for scope in wanted)
        return problems.answer(
            Problems.WRONG_SCOPE, f"This needs a key with the scope {needed}.", WWW_Authenticate=challenge
        )
    g.api_key = name
    return None
