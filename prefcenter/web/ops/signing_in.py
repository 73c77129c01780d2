"""Signing in and out: by address and password, with a session that ends by itself.

Recipients never meet any of this: a session is opened only under ``/ops`` and ``/sandbox``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from flask import Flask, has_request_context, redirect, request, session, url_for
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import user_logged_out  # type: ignore[import-untyped]
from flask_security import LoginForm, Security, current_user, logout_user, user_authenticated
from flask_wtf import CSRFProtect
from werkzeug.wrappers import Response

from prefcenter.services import signing_in
from prefcenter.services.ports import Evidence
from prefcenter.web.guards import declare_all
from prefcenter.web.ops.accounts import Account, accounts
from prefcenter.web.wired import EXTENSION, current_wiring
from prefcenter.wiring import Wiring

IDLE: Final = timedelta(minutes=30)
"""A session ends when it was not used for so long. Source: NIST SP 800-63B §4.2.3, which allows 30 minutes."""

LONGEST: Final = timedelta(hours=12)
"""A session ends after so long, used or not. Source: the same."""

_GROUND: Final = ("/ops", "/sandbox")
_FAILURES_BY_ACCOUNT: Final = "5 per minute; 30 per hour"
_FAILURES_BY_ADDRESS: Final = "10 per minute; 100 per hour"


class SignInForm(LoginForm):
    """Address and password. There is no "remember me": a session that outlives the browser has no end."""

    remember = None


def init_app(app: Flask) -> None:
    """Set up signing in at ``/ops/login``, with CSRF protection and limits."""
    wiring: Wiring = app.extensions[EXTENSION]
    app.config.update(_SETTINGS, SECURITY_EMAIL_VALIDATOR_ARGS={"test_environment": True})
    with _on_our_ground_only(app):
        Security(app, accounts(app, wiring), login_form=SignInForm)
        _limit_guessing(app, wiring)
        CSRFProtect(app)
    declare_all(app, "security.", "open")
    user_authenticated.connect(_signed_in, app)
    user_logged_out.connect(_signed_out, app)


_SETTINGS: Final[dict[str, Any]] = {
    "SECURITY_URL_PREFIX": "/ops",
    "SECURITY_STATIC_FOLDER": None,
    "SECURITY_LOGIN_USER_TEMPLATE": "ops/login.html",
    "SECURITY_POST_LOGIN_VIEW": "/ops",
    "SECURITY_POST_LOGOUT_VIEW": "/ops/login",
    "SECURITY_PASSWORD_HASH": "argon2",
    "SECURITY_PASSWORD_SCHEMES": ["argon2"],
    "SECURITY_DEPRECATED_PASSWORD_SCHEMES": [],
    "SECURITY_PASSWORD_SINGLE_HASH": {"argon2"},
    "SECURITY_PASSWORD_NORMALIZE_FORM": None,  # The command line hashes what was typed.
    "SECURITY_RETURN_GENERIC_RESPONSES": True,
    "SECURITY_API_ENABLED_METHODS": ["session"],
    "SECURITY_MSG_GENERIC_AUTHN_FAILED": ("This address and password do not belong together.", "error"),
    "SECURITY_MSG_UNAUTHENTICATED": ("Please sign in.", "info"),
    "SECURITY_FLASH_MESSAGES": False,
    "PERMANENT_SESSION_LIFETIME": LONGEST,
    "SESSION_REFRESH_EACH_REQUEST": False,  # Else recipients' pages would set an operator's cookie again.
    "WTF_CSRF_TIME_LIMIT": None,  # As long as the session: a login page left open overnight must still work.
}


def ask_to_sign_in() -> Response | None:
    """Let only operators pass whose session has not run out; others are led to the form, and back afterwards."""
    if not current_user.is_authenticated:
        return _to_login()
    at = current_wiring().clock()
    if _is_over(at):
        logout_user()
        return _to_login(timed_out="1")
    session["used_at"] = at.timestamp()
    return None


def _to_login(**told: Any) -> Response:
    after = request.path if request.method == "GET" else None
    return redirect(url_for("security.login", next=after, **told))


def _is_over(at: datetime) -> bool:
    signed_in, used = (session.get(name) for name in ("signed_in_at", "used_at"))
    if signed_in is None or used is None:
        return True
    return at - _moment(signed_in) > LONGEST or at - _moment(used) > IDLE


def _moment(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)


def _signed_in(_: Flask, user: Account, **__: object) -> None:
    """Begin the session, and record it; where that cannot be recorded, nobody is signed in."""
    session.permanent = True
    session["signed_in_at"] = session["used_at"] = current_wiring().clock().timestamp()
    try:
        _record("signed_in", user)
    except Exception:
        session.clear()
        raise


def _signed_out(_: Flask, user: Account, **__: object) -> None:
    for name in ("signed_in_at", "used_at"):
        session.pop(name, None)
    _record("signed_out", user)


def _record(act: str, user: Account) -> None:
    wiring = current_wiring()
    evidence = Evidence(user.email, personal={"ip": request.remote_addr or ""})
    with wiring.database.write() as database:
        signing_in.record_act(database, act, user.id, evidence, at=wiring.clock())


@contextmanager
def _on_our_ground_only(app: Flask) -> Iterator[None]:
    """Let what is set up within happen around requests to our ground only.

    Elsewhere there is no session: recipients' links and webhooks carry their own proof (X4), and a check or a click
    should not pay for what it does not use.
    """
    places: tuple[dict[Any, list[Any]], ...] = (
        app.before_request_funcs,
        app.after_request_funcs,
        app.teardown_request_funcs,
        app.template_context_processors,
    )
    before = [len(hooks.get(None, [])) for hooks in places]
    yield
    for hooks, count in zip(places, before, strict=True):
        otherwise: Any = {} if hooks is app.template_context_processors else None
        added = [_if_ours(hook, otherwise) for hook in hooks.get(None, [])[count:]]
        hooks[None] = hooks.get(None, [])[:count] + added


def _if_ours(hook: Callable[..., Any], otherwise: Any) -> Callable[..., Any]:
    def guarded(*given: Any) -> Any:
        if has_request_context() and request.path.startswith(_GROUND):
            return hook(*given)
        return given[0] if given else otherwise  # An after-request hook gives the response back.

    return guarded


def _limit_guessing(app: Flask, wiring: Wiring) -> None:
    """Slow down whoever tries passwords; those who sign in are never slowed down."""
    limiter = Limiter(get_remote_address, app=app, storage_uri=wiring.config.redis_url or "memory://")
    view: Any = app.view_functions["security.login"]
    for limits, key in ((_FAILURES_BY_ACCOUNT, _account_tried), (_FAILURES_BY_ADDRESS, get_remote_address)):
        view = limiter.limit(limits, key_func=key, methods=["POST"], deduct_when=_has_failed)(view)
    app.view_functions["security.login"] = view


def _account_tried() -> str:
    """Name the account that is tried, without keeping the address."""
    return hashlib.sha256(request.form.get("email", "").strip().lower().encode("utf-8", "replace")).hexdigest()


def _has_failed(response: Response) -> bool:
    return response.status_code < 300 or response.status_code >= 400
