"""SendGrid's lists of who gets no mail: read page by page, told of opt-outs, and told when somebody came back.

Source: SendGrid, "Suppressions"; the SDK's sources (it does not encode parts of a path).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from http.client import HTTPException
from typing import Any, Final
from urllib.parse import quote

from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient

from prefcenter.core.channels import Channel
from prefcenter.core.errors import PrefcenterError, Unavailable
from prefcenter.providers.call_rate import MOST_TRIES, CallRate, Wait
from prefcenter.providers.sendgrid_api import SENDGRID, TIMEOUT_SECONDS
from prefcenter.providers.sendgrid_errors import words_of
from prefcenter.services.list_ports import Listed, Page, Said
from prefcenter.services.ports import Clock

PAGE: Final = 500
"""As many entries come in one answer. Source: SendGrid, "Retrieve all global suppressions" (``limit``)."""

_DATED: Final[Mapping[str, str]] = {
    "global": "unsubscribes",
    "bounces": "bounces",
    "spam_reports": "spam_reports",
    "invalid_emails": "invalid_emails",
}
"""Our names of the lists that tell since when, with SendGrid's. Its blocks are no fact of a recipient."""

_LABELS: Final[Mapping[str, str]] = {
    "global": "global unsubscribes",
    "bounces": "bounces",
    "spam_reports": "spam reports",
    "invalid_emails": "invalid addresses",
}
_GROUP: Final = "group:"
_TOO_MANY, _NOT_FOUND, _BAD = 429, 404, 400
_NO_RIGHT = (401, 403)

_Make = Callable[[], Any]


class SendGridLists:
    """The lists of one account.

    Args:
        api_key: the account's key; it needs the right to read and write suppressions and unsubscribe groups.
        clock: tells the time.
        host: a stand-in on this machine that is called instead of SendGrid; empty for SendGrid itself.
        wait: waits where SendGrid limits the calls.
        timeout: how long to wait for an answer, in seconds.
    """

    name = "sendgrid"
    label = "SendGrid"
    channel = Channel.EMAIL
    can_be_read = True
    most_at_once = PAGE

    def __init__(
        self, api_key: str, clock: Clock, *, host: str = "", wait: Wait = time.sleep, timeout: float = TIMEOUT_SECONDS
    ) -> None:
        self._api = SendGridAPIClient(api_key, host=host or SENDGRID).client
        self._rate = CallRate("SendGrid", clock, wait)
        self._timeout = timeout

    def lists(self) -> Mapping[str, str]:
        """The lists that every account has, and its unsubscribe groups.

        Raises:
            Unavailable: SendGrid cannot be asked now.
        """
        told = self._read(lambda: self._api.asm.groups.get(timeout=self._timeout))
        groups = {f"{_GROUP}{int(one['id'])}": str(one.get("name", ""))[:100] for one in _rows(told) if "id" in one}
        return dict(_LABELS) | groups

    def page(self, named: str, since: datetime | None, until: datetime, offset: int) -> Page:
        """Read a part of a list; a group comes whole, and does not say since when.

        Raises:
            Unavailable: SendGrid cannot be asked now.
        """
        if named.startswith(_GROUP):
            told = self._read(lambda: self._group(named).suppressions.get(timeout=self._timeout))
            return Page([Listed(each) for each in _list(told) if isinstance(each, str)])
        asked = {"limit": PAGE, "offset": offset, "end_time": int(until.timestamp())}
        asked["start_time"] = 0 if since is None else int(since.timestamp())
        kind = self._api.suppression._(_DATED[named])
        rows = _rows(self._read(lambda: kind.get(query_params=asked, timeout=self._timeout)))
        entries = [Listed(str(row["email"]), _moment(row.get("created"))) for row in rows if row.get("email")]
        return Page(entries, offset + PAGE if len(rows) >= PAGE else None)

    def tell(self, named: str, said: Sequence[Said]) -> Sequence[str]:
        """Put addresses on the global list or on a group.

        Whether the group is still there is asked first: one that is not there would stop all mail of these people.

        Raises:
            Unavailable: SendGrid cannot be asked now.
        """
        if named.startswith(_GROUP) and self._answer(lambda: self._group(named).get(timeout=self._timeout)) is None:
            return ["the group is not at SendGrid any more"] * len(said)
        return self._join(named, said)

    def release(self, named: str, said: Sequence[Said]) -> Sequence[str]:
        """Take addresses off the global list or off a group, one by one: SendGrid has no call for several.

        Raises:
            Unavailable: SendGrid cannot be asked now.
        """
        held = self._group(named).suppressions if named.startswith(_GROUP) else self._global()
        for one in said:
            own = held._(quote(one.address, safe=""))
            self._answer(partial(own.delete, timeout=self._timeout))
        return [""] * len(said)

    def _join(self, named: str, said: Sequence[Said]) -> list[str]:
        """Where a call is refused for what one address is, the halves are told by themselves."""
        held = self._group(named).suppressions if named.startswith(_GROUP) else self._global()
        body = {"recipient_emails": [one.address for one in said]}
        try:
            self._answer(lambda: held.post(request_body=body, timeout=self._timeout))
        except _Refused as error:
            if len(said) == 1:
                return [error.message[:200]]
            half = len(said) // 2
            return self._join(named, said[:half]) + self._join(named, said[half:])
        return [""] * len(said)

    def _global(self) -> Any:
        return self._api.asm.suppressions._("global")

    def _group(self, named: str) -> Any:
        return self._api.asm.groups._(named.removeprefix(_GROUP))

    def _read(self, make: _Make) -> Any:
        answer = self._answer(make)
        if answer is None:
            raise _no_answer()
        try:
            return json.loads(answer.body)
        except ValueError as error:
            raise _no_answer() from error

    def _answer(self, make: _Make) -> Any:
        """Make a call, and again where it was one too many; None where what it asks for is not there.

        Raises:
            Unavailable: SendGrid cannot be asked now.
            _Refused: what was given cannot be used.
        """
        for _ in range(MOST_TRIES):
            self._rate.before_call()
            try:
                answer = make()
            except HTTPError as error:
                if int(error.status_code) == _NOT_FOUND:
                    return None
                self._refused(error)
            except OSError as error:
                raise Unavailable(
                    f"SendGrid cannot be reached, or did not answer within {self._timeout:.0f} seconds.", remedy=_KEPT
                ) from error
            except HTTPException as error:
                raise _no_answer() from error
            else:
                self._rate.answered(
                    answer.headers.get("X-RateLimit-Remaining"), answer.headers.get("X-RateLimit-Reset")
                )
                return answer
        raise Unavailable("SendGrid says again and again that there are too many calls.", remedy=_KEPT)

    def _refused(self, error: HTTPError) -> None:
        """Read an error; returns where the call may be made again."""
        status = int(error.status_code)
        if status == _TOO_MANY:
            self._rate.refused(error.headers.get("X-RateLimit-Reset"), error.headers.get("Retry-After"))
            return
        if status in _NO_RIGHT:
            raise Unavailable(
                f"SendGrid does not let our key do this ({status}).",
                remedy="Check SENDGRID_API_KEY: it needs the rights for suppressions and unsubscribe groups.",
            )
        if status == _BAD:
            raise _Refused(words_of(error.body))
        raise Unavailable(f"SendGrid answered with status {status}.", remedy=_KEPT)


_KEPT: Final = "What was done so far is kept; the next run goes on from there."


class _Refused(PrefcenterError):
    """A call was refused for what was given in it."""


def _no_answer() -> Unavailable:
    return Unavailable("SendGrid answered with something that is no answer, such as a page.", remedy=_KEPT)


def _list(told: Any) -> list[Any]:
    if not isinstance(told, list):
        raise _no_answer()
    return told


def _rows(told: Any) -> list[dict[str, Any]]:
    return [each for each in _list(told) if isinstance(each, dict)]


def _moment(created: Any) -> datetime | None:
    """When, by SendGrid's clock."""
    return datetime.fromtimestamp(created, tz=UTC) if isinstance(created, int) else None
