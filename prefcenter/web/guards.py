"""What protects each route, declared where the route is, so that none is open by mistake.

The declaration does not enforce anything: the view, or its blueprint, does. A structure test walks all routes and
fails for one that declares nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, TypeVar

from flask import Flask

Guard = Literal["token", "signature", "api_key", "login", "address", "confirmed", "open"]
GUARDS: Final = frozenset({"token", "signature", "api_key", "login", "address", "confirmed", "open"})

_ATTRIBUTE: Final = "guard"

View = TypeVar("View", bound=Callable[..., object])


def guarded_by(guard: Guard) -> Callable[[View], View]:
    """Declare what a view demands before it does anything.

    Args:
        guard: ``token`` (a link of ours, the capability itself), ``signature`` (a provider's, over the raw body),
            ``api_key``, ``login`` (an operator), ``address`` (whatever is typed can be stopped, and nothing else can
            be done or learnt: E19, X3), ``confirmed`` (whatever is typed counts only once the address itself has
            confirmed it, and nothing can be learnt: G6, X3), or ``open`` (shows nothing and changes nothing that is
            anybody's).

    Raises:
        ValueError: there is no such guard.
    """
    if guard not in GUARDS:
        raise ValueError(f"There is no guard “{guard}”; there are {', '.join(sorted(GUARDS))}.")

    def declare(view: View) -> View:
        setattr(view, _ATTRIBUTE, guard)
        return view

    return declare


def declare_all(app: Flask, prefix: str, guard: Guard) -> None:
    """Declare the guard of views that a library brought, by how their endpoints begin (``security.``)."""
    for endpoint, view in app.view_functions.items():
        if endpoint.startswith(prefix) and not hasattr(view, _ATTRIBUTE):
            setattr(view, _ATTRIBUTE, guard)


def guard_of(view: Callable[..., object]) -> str | None:
    """The guard that a view declares, or None where it declares none."""
    guard: str | None = getattr(view, _ATTRIBUTE, None)
    return guard
