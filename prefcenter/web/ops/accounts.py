"""The operators' accounts as Flask-Security wants them."""

from __future__ import annotations

from flask import Flask
from flask_security import SQLAlchemySessionUserDatastore, UserMixin
from sqlalchemy.orm import scoped_session, sessionmaker

from prefcenter.store.operators import Operator, Role
from prefcenter.wiring import Wiring


class Account(Operator, UserMixin):  # type: ignore[misc]
    """An operator who can sign in: the same rows, with what Flask-Security asks of them."""


def accounts(app: Flask, wiring: Wiring) -> SQLAlchemySessionUserDatastore:
    """Open the accounts, on a session of their own that ends with each request.

    Flask-Security commits its session itself; nothing else runs in it.
    """
    session = scoped_session(sessionmaker(wiring.database.engine))

    @app.teardown_appcontext
    def end(_: BaseException | None) -> None:
        session.remove()

    return SQLAlchemySessionUserDatastore(session, Account, Role)  # type: ignore[arg-type]
