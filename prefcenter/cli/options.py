"""What several commands take: the channel and address, who acts, when, and how the answer is written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from prefcenter.core.channels import Channel, Level, MessageClass, Reason
from prefcenter.core.hashed import HashAlgorithm
from prefcenter.services.ports import Evidence

_Command = TypeVar("_Command", bound=Callable[..., Any])

COMPUTED = frozenset({Reason.CONSENT_MISSING, Reason.POLICY_VERSION, Reason.QUIET_HOURS, Reason.FREQUENCY_CAP})
"""Reasons that are worked out at each decision; they never stand on the list."""


class Code(click.ParamType):  # type: ignore[type-arg]  # generic only in newer versions of click
    """One of the codes of an enumeration, in any case.

    Args:
        codes: the codes that may be given.
        name: what they are called in the help.
    """

    def __init__(self, codes: type[StrEnum] | list[StrEnum], name: str) -> None:
        self._codes = {member.value: member for member in codes}
        self.name = name

    @property
    def values(self) -> tuple[str, ...]:
        """The codes as they are written."""
        return tuple(self._codes)

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str | None:  # noqa: ARG002
        """Show few codes one by one, many by their name."""
        return "|".join(self._codes) if len(self._codes) <= 5 else None

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> StrEnum:
        """Read a code."""
        if isinstance(value, StrEnum):
            return value
        found = self._codes.get(str(value).strip().lower().replace("-", "_"))
        if found is None:
            self.fail(f"{value!r} is none of {', '.join(self._codes)}.", param, ctx)
        return found


class Moment(click.ParamType):  # type: ignore[type-arg]
    """A moment in ISO 8601; without a zone it is UTC, and a date alone is its beginning."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read a moment."""
        if isinstance(value, datetime):
            return value
        try:
            return read_moment(str(value))
        except ValueError:
            self.fail(f"{value!r} is no time; write it as 2026-05-01 or 2026-05-01T14:30Z.", param, ctx)


def read_moment(text: str) -> datetime:
    """Read an ISO 8601 date or time as aware UTC.

    Raises:
        ValueError: it is none.
    """
    moment = datetime.fromisoformat(text.strip())
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


CHANNEL = Code(Channel, "channel")
LEVEL = Code(Level, "level")
CLASS = Code(MessageClass, "class")
FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
REASON = Code([reason for reason in Reason if reason not in COMPUTED], "code")
HASH = Code(HashAlgorithm, "algorithm")
MOMENT = Moment()


def _actor(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    name = value.strip().lower()
    if not name or len(name) > 254 or not name.isprintable():
        raise click.BadParameter("it must be a name of at most 254 characters.")
    return name


def acting(command: Callable[..., Any]) -> Callable[..., Any]:
    """Let a command say who acts, and why; it gets that as ``evidence``."""

    @wraps(command)
    def run(*args: Any, actor: str, note: str, **given: Any) -> Any:
        return command(*args, evidence=Evidence(actor, personal={"note": note} if note else {}), **given)

    who = click.option(
        "--as",
        "actor",
        metavar="USER",
        default="system",
        show_default=True,
        callback=_actor,
        help="Who acts, for the ledger.",
    )
    why = click.option("--note", default="", help="Why, for the ledger; may hold personal data.")
    return who(why(run))


def addressed(command: _Command) -> _Command:
    """Let a command take a contact point."""
    channel = click.argument("channel", type=CHANNEL, metavar="CHANNEL")
    return channel(click.argument("value")(command))


def as_json(command: _Command) -> _Command:
    """Let a command answer a program."""
    return click.option("--json", "wants_json", is_flag=True, help="Answer as JSON.")(command)


def branded(command: _Command) -> _Command:
    """Let a command name a brand and a topic."""
    brand = click.option("--brand", metavar="SLUG", help="Of this brand; without one, of all brands.")
    return brand(click.option("--topic", metavar="SLUG", help="Of this topic; without one, of all.")(command))


def _mapping(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    mapping = {}
    for value in values:
        role, sign, column = value.partition("=")
        if not sign or not role.strip():
            raise click.BadParameter(f"{value!r} is not role=column, such as zip=PLZ.")
        mapping[role.strip().lower()] = column
    return mapping


def mapped(command: _Command) -> _Command:
    """Let a command be told which column is what; it gets that as ``mapping``."""
    option = click.option(
        "--map", "mapping", multiple=True, callback=_mapping, metavar="ROLE=COLUMN", help="Say which column is what."
    )
    return option(command)


def versioned(command: _Command) -> _Command:
    """Let a command name one version of a mailing."""
    option = click.option(
        "--version", type=click.IntRange(min=1), metavar="N", help="Which version; by default the newest that is out."
    )
    return option(command)
