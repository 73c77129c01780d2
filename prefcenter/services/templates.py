"""Templates: what a message says before it is known to whom. They hold variables and nothing else, no logic."""

from __future__ import annotations

import html as markup
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel
from prefcenter.core.errors import BadInput
from prefcenter.services.composing import Content
from prefcenter.services.errors import AlreadyThere
from prefcenter.services.links import the_brand
from prefcenter.services.ports import Evidence
from prefcenter.services.registering import check_slug, tell
from prefcenter.store.outbox import Template
from prefcenter.store.registry import Brand

_VARIABLE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]{0,63})\s*\}\}", re.ASCII)
_LEFT_OVER = re.compile(r"\{\{.{0,20}|\{%.{0,20}", re.ASCII | re.DOTALL)
_MOST = 500_000


@dataclass(frozen=True, slots=True)
class Written:
    """What a message says, with its variables.

    Args:
        subject: of a mail.
        text: the plain body.
        html: the rich body.

    Raises:
        BadInput: it holds a NUL.
    """

    subject: str = ""
    text: str = ""
    html: str = ""

    def __post_init__(self) -> None:
        _refuse_nul({"subject": self.subject, "text": self.text, "HTML": self.html})

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of its variables, in the order in which they first stand there."""
        found = (match[1] for part in (self.subject, self.text, self.html) for match in _VARIABLE.finditer(part))
        return tuple(dict.fromkeys(found))

    def missing(self, values: Mapping[str, str]) -> tuple[str, ...]:
        """The variables that have no value, or an empty one."""
        return tuple(name for name in self.variables if not values.get(name, "").strip())

    def fill(self, values: Mapping[str, str]) -> Content:
        """Put the values in; in HTML they are escaped.

        Raises:
            BadInput: a variable has no value, and names them all; or one holds a NUL.
        """
        missing = self.missing(values)
        if missing:
            raise BadInput(
                f"The template has no value for {', '.join(missing)}.", remedy="Give each of its variables a value."
            )
        _refuse_nul(values)

        def plain(match: re.Match[str]) -> str:
            return values[match[1]]

        def escaped(match: re.Match[str]) -> str:
            return markup.escape(values[match[1]])

        return Content(
            subject=_VARIABLE.sub(plain, self.subject),
            text=_VARIABLE.sub(plain, self.text),
            html=_VARIABLE.sub(escaped, self.html),
        )


def add_template(
    session: Session,
    slug: str,
    channel: Channel,
    brand: str | None,
    written: Written,
    evidence: Evidence,
    *,
    at: datetime,
) -> Template:
    """Register a template; commits.

    Raises:
        BadInput: it cannot be used; says why.
        UnknownType: there is no such brand.
        Ambiguous: there are several brands and none was named.
        AlreadyThere: the slug is taken.
    """
    check_slug(slug)
    _check(channel, written)
    row = Template(
        slug=slug,
        brand_id=the_brand(session, brand).id,
        channel=channel.value,
        subject=written.subject,
        text=written.text,
        html=written.html,
        created_at=at,
    )
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError as error:
        raise AlreadyThere(
            f"There is a template “{slug}” already.", remedy="Choose another slug: what was sent must stay readable."
        ) from error
    told = {"template": slug, "channel": channel.value, "variables": list(written.variables)}
    tell(session, "template_added", told, evidence, at)
    session.commit()
    return row


def _refuse_nul(parts: Mapping[str, str]) -> None:
    """Refuse what no mail may hold and no database keeps: it would be tried again for ever (RFC 5322 §4)."""
    for name, value in parts.items():
        if "\0" in value:
            raise BadInput(
                f"The {name} holds a NUL at character {value.index(chr(0)) + 1:,}, which no message may hold.",
                remedy="Leave it out; a file that is full of them is UTF-16: save it as UTF-8.",
            )


def _check(channel: Channel, written: Written) -> None:
    if channel is Channel.POST:
        raise BadInput("Templates are for email and texts.", remedy="Letters are made by the mail house.")
    if not written.text.strip() and not written.html.strip():
        raise BadInput("The template has neither a text nor HTML.", remedy="Give it one of them.")
    if channel is Channel.EMAIL and not written.subject.strip():
        raise BadInput("The template of a mail has no subject.", remedy="Give it one with --subject.")
    if channel is Channel.SMS and (written.subject or written.html):
        raise BadInput("A text message has no subject and no HTML.", remedy="Give its text only.")
    for name, part in (("subject", written.subject), ("text", written.text), ("HTML", written.html)):
        if len(part) > _MOST:
            raise BadInput(f"The {name} of the template is longer than {_MOST:,} characters.")
        rest = _LEFT_OVER.search(_VARIABLE.sub("", part))
        if rest is not None:
            raise BadInput(
                f"The {name} of the template holds “{rest[0]}”, which is no variable.",
                remedy="Write a variable as {{ name }}: letters, digits and _; there is no logic.",
            )


def template_named(session: Session, slug: str) -> tuple[Template, Brand]:
    """Find a template with its brand.

    Raises:
        NoTemplate: there is none.
    """
    row = session.execute(_with_brands().where(Template.slug == slug)).first()
    if row is None:
        raise NoTemplate(
            f"There is no template “{slug[:80]}”.", remedy="`prefcenter template list` shows the templates."
        )
    return row[0], row[1]


def require_known(session: Session, slug: str, values: Mapping[str, str]) -> None:
    """Make sure that no value is given that a template has no place for: it would be a slip of somebody's hand.

    Raises:
        NoTemplate: there is no such template.
        BadInput: it does not have one of the variables; names it, and those that it has.
    """
    known = written_of(template_named(session, slug)[0]).variables
    for name in values:
        if name not in known:
            has = f"It has {', '.join(known)}." if known else "It has none."
            raise BadInput(f"The template “{slug}” has no variable “{name}”.", remedy=has)


class NoTemplate(BadInput):
    """A template that nobody registered."""


def templates(session: Session) -> Sequence[tuple[Template, Brand]]:
    """List the templates with their brands, by slug."""
    return [(row[0], row[1]) for row in session.execute(_with_brands().order_by(Template.slug))]


def _with_brands() -> Select[Template, Brand]:
    return select(Template, Brand).join(Brand, Template.brand_id == Brand.id)


def written_of(row: Template) -> Written:
    """What a template says."""
    return Written(row.subject, row.text, row.html)


def written_for(session: Session, slug: str, channel: Channel, brand: str | None) -> Written:
    """What a template says, if it may be used for a message of that channel and brand.

    Raises:
        NoTemplate: there is none of that name.
        BadInput: it is for another channel, or another brand's.
    """
    row, owner = template_named(session, slug)
    if row.channel != channel.value:
        raise BadInput(f"The template “{slug}” is for {row.channel}, the message goes by {channel}.")
    if brand is not None and owner.slug != brand:
        raise BadInput(f"The template “{slug}” is of the brand {owner.slug}, the message of {brand}.")
    return written_of(row)
