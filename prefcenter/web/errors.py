"""The one place where the error tree becomes HTTP.

Programs under ``/api`` get ``application/problem+json`` (RFC 9457), providers and mailbox robots get plain text, people
get a page. Nobody gets a stack trace, and no log line gets a token or an address (X8): the path of a recipient's link
is the token, so a line names the endpoint; a database error quotes its parameters, so a line names its class.
"""

from __future__ import annotations

import json
import logging
import traceback
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from flask import Flask, Response, g, make_response, render_template, request
from flask_babel import LazyString
from flask_babel import lazy_gettext as _
from werkzeug.exceptions import HTTPException

from prefcenter.core.errors import BadInput, NotFound, PrefcenterError, Unavailable
from prefcenter.core.keys import MissingKey
from prefcenter.services.errors import NotAllowed, UnknownType

log = logging.getLogger(__name__)

RETRY_AFTER_SECONDS: Final = 30

_STATUS_OF: Final[tuple[tuple[type[PrefcenterError], int], ...]] = (
    (UnknownType, 422),
    (NotFound, 404),
    (NotAllowed, 403),
    (BadInput, 422),
    (Unavailable, 503),
    (MissingKey, 503),
)
"""The first that fits counts: an unknown message type is both a wrong input and not found, and the API says 422."""

_FOR_PEOPLE: Final[dict[int, tuple[LazyString, LazyString]]] = {
    400: (_("We could not read that"), _("Something in the request was not as we expect it. Nothing was changed.")),
    403: (_("That is not possible from here"), _("Nothing was changed.")),
    404: (_("There is no such page"), _("The address may be incomplete. Nothing was changed.")),
    405: (_("That is not possible from here"), _("Open the link from your message again. Nothing was changed.")),
    413: (_("That was too much at once"), _("Nothing was changed. Please go back and send less.")),
    429: (_("Too many requests"), _("Please wait a moment and try again.")),
    503: (
        _("We could not do that just now"),
        _("Nothing was changed. This is our fault, not yours. Please try again in a minute."),
    ),
}
_FOR_PROGRAMS: Final = {
    404: "There is nothing at this address. /api/docs tells what there is.",
    405: "This address does not take this method; the header Allow names those that it takes.",
}
"""What an API says instead, where the words for people speak of pages and links."""

_OUR_FAULT: Final = (_("Something went wrong on our side"), _("Nothing was changed. Please try again in a minute."))


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong, ready to be told to a program, to a robot or to a person."""

    status: int
    title: str
    detail: str
    field: str | None = None

    @property
    def is_ours(self) -> bool:
        """Whether trying again later may help."""
        return self.status >= 500


def init_app(app: Flask) -> None:
    """Let every error of the application be answered here."""
    app.register_error_handler(PrefcenterError, _of_ours)
    app.register_error_handler(HTTPException, _of_http)
    app.register_error_handler(Exception, _unforeseen)


def answer_plainly() -> None:
    """From here on, answer this request in plain text, errors too: a robot reads it, such as a one-click."""
    g.answers_plainly = True


def status_of(error: PrefcenterError) -> int:
    """The HTTP status of an error of ours; 500 for one that no request should meet."""
    return next((status for kind, status in _STATUS_OF if isinstance(error, kind)), 500)


def _of_ours(error: PrefcenterError) -> Response:
    status = status_of(error)
    if status >= 500:
        _log(error)
        return _answer(Problem(status, HTTPStatus(status).phrase, _sentence_for(status)))
    detail = f"{error.message} {error.remedy}".strip()
    return _answer(Problem(status, HTTPStatus(status).phrase, detail, getattr(error, "field", None)))


def _of_http(error: HTTPException) -> Response:
    if error.response is not None:
        return make_response(error.response)
    status = error.code or 500
    response = _answer(Problem(status, error.name, _sentence_for(status)))
    for name, value in error.get_headers():
        if name not in ("Content-Type", "Content-Length"):
            response.headers[name] = value  # Such as Allow, Retry-After, WWW-Authenticate.
    return response


def _unforeseen(error: Exception) -> Response:
    _log(error)
    return _answer(Problem(500, HTTPStatus.INTERNAL_SERVER_ERROR.phrase, _sentence_for(500)))


def _log(error: Exception) -> None:
    """Log where it happened, without its message, which may quote an address, and without the path."""
    place = "".join(traceback.format_tb(error.__traceback__))
    log.error("%s in %s\n%s", type(error).__name__, request.endpoint or "no endpoint", place)


def _sentence_for(status: int) -> str:
    if _is_api() and status in _FOR_PROGRAMS:
        return _FOR_PROGRAMS[status]
    return str(_FOR_PEOPLE.get(status, _OUR_FAULT)[1])


def _is_api() -> bool:
    return request.path.startswith("/api/")


def _answer(problem: Problem) -> Response:
    response = _render(problem)
    response.status_code = problem.status
    if problem.status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def _render(problem: Problem) -> Response:
    if _is_api():
        return Response(_as_json(problem), content_type="application/problem+json")
    if request.path.startswith("/webhooks/") or g.get("answers_plainly", False):
        return Response(f"{problem.title}. {problem.detail}\n", content_type="text/plain; charset=utf-8")
    title, sentence = _FOR_PEOPLE.get(problem.status, _OUR_FAULT)
    detail = problem.detail if problem.status in (400, 403, 422) else str(sentence)
    return make_response(render_template("recipient/problem.html", title=str(title), detail=detail, problem=problem))


def _as_json(problem: Problem) -> str:
    told: dict[str, object] = {
        "type": "about:blank",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
    }
    if problem.field is not None:
        told["errors"] = [{"pointer": f"#/{problem.field}", "detail": problem.detail}]
    return json.dumps(told, ensure_ascii=False)
