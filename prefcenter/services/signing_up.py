"""Signing up for topics of a brand, by the brand's form here or by the same form on a page of its own (G6, G8).

Whatever is typed counts for nothing until the address itself confirms it: :mod:`prefcenter.services.confirming`. The
words of the form are made here, once, so that the page, the snippet for other sites, and what a consent keeps as its
wording are the same; their version names exactly these words, and a form with other words is not taken.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, Source
from prefcenter.core.errors import BadInput, NotFound
from prefcenter.services import confirming
from prefcenter.services.confirming import Ticked
from prefcenter.services.errors import NotReady
from prefcenter.services.links import LinkMaker
from prefcenter.services.opting_in import Wording
from prefcenter.services.points import Point
from prefcenter.services.ports import Evidence
from prefcenter.services.registering import check_slug
from prefcenter.services.rendering import render
from prefcenter.store import registry

AGE: int = 13
"""Whoever is younger is not signed up, and nothing of them is kept (G8). Source: COPPA, 15 USC 6501(1)."""

_VERSION = "sign-up-1"


class Say(Protocol):
    """Says a sentence in the reader's language, such as ``flask_babel.gettext``."""

    def __call__(self, text: str, /, **values: object) -> str:
        """The sentence, with its named values put in."""
        ...


def in_english(text: str, /, **values: object) -> str:
    """Say a sentence as it is written here."""
    return text % values if values else text


@dataclass(frozen=True, slots=True)
class Form:
    """The sign-up form of a brand: what can be ticked."""

    brand: registry.Brand
    topics: Sequence[registry.Topic]


@dataclass(frozen=True, slots=True)
class Words:
    """All that the form says beside the boxes, in one language.

    Args:
        title: its heading.
        choose: the legend of the topics.
        email: the label of the address.
        age: the statement of age.
        promise: what happens next, and how it ends.
        button: the button.
        topics: each topic as it stands beside its box: slug, name, description.
        language: the language of all this.
    """

    title: str
    choose: str
    email: str
    age: str
    promise: str
    button: str
    topics: tuple[tuple[str, str, str], ...]
    language: str

    @property
    def version(self) -> str:
        """The name of exactly these words."""
        whole = "\n".join([self.language, *self._lines(())])
        return f"{_VERSION}-{hashlib.sha256(whole.encode()).hexdigest()[:12]}"

    def wording(self, ticked: Collection[str]) -> Wording:
        """What a consent keeps: the words as they stood there, and which boxes were ticked."""
        return Wording("\n".join(self._lines(ticked)), self.version, self.language)

    def _lines(self, ticked: Collection[str]) -> list[str]:
        boxes = [
            f"[{'x' if slug in ticked else ' '}] {name}{f': {about}' if about else ''}"
            for slug, name, about in self.topics
        ]
        age = f"[{'x' if ticked else ' '}] {self.age}"
        return [self.title, self.choose, *boxes, self.email, age, self.promise, f"({self.button})"]


def form_of(session: Session, slug: str) -> Form:
    """Find the sign-up form of a brand.

    Raises:
        NotFound: there is no such brand, or it takes no sign-ups.
    """
    try:
        check_slug(slug)
        brand = registry.brand_by_slug(session, slug)
        return require_form(session, brand)
    except (BadInput, NotReady):
        raise NotFound("There is no such sign-up form.") from None


def form_by_code(session: Session, code: int) -> Form | None:
    """The sign-up form of the brand that a link names, if it takes sign-ups."""
    try:
        return require_form(session, registry.brand_by_code(session, code))
    except (NotReady, NotFound):
        return None


def require_form(session: Session, brand: registry.Brand | None) -> Form:
    """Give the form of a brand if all is there that a sign-up needs.

    Raises:
        NotFound: there is no such brand any more.
        NotReady: the brand lacks something; names the command that adds it.
    """
    if brand is None or brand.archived_at is not None:
        raise NotFound("There is no such brand.", remedy="`prefcenter brand list` shows the brands.")
    confirming.require_ready(brand)
    topics = [topic for topic, _ in registry.topics(session, brand.id) if Channel.EMAIL.value in topic.channels]
    if not topics:
        raise NotReady(
            f"The brand “{brand.slug}” has no topic by email that one could sign up for.",
            remedy=f"Add one: prefcenter topic add newsletter --brand {brand.slug}",
        )
    return Form(brand, topics)


def words_of(form: Form, _: Say, language: str) -> Words:
    """Say what the form says.

    Args:
        form: the form.
        _: says a sentence in that language.
        language: the language, such as ``de``.
    """
    return Words(
        title=_("Email from %(name)s", name=form.brand.name),
        choose=_("What would you like to get?"),
        email=_("Your email address"),
        age=_("I am %(years)s or older", years=AGE),
        promise=_(
            "We send you one mail first. Only after you confirm it there do these emails come, "
            "and a link in each of them stops them again."
        ),
        button=_("Sign up"),
        topics=tuple((topic.slug, topic.name, topic.description) for topic in form.topics),
        language=language,
    )


def sign_up(
    session: Session,
    links: LinkMaker,
    point: Point,
    form: Form,
    ticked: Collection[str],
    words: Words,
    evidence: Evidence,
    *,
    at: datetime,
    origin: str = "",
) -> None:
    """Keep what somebody ticked for an address, and ask the address; commits. It tells nothing of the address (X3).

    Args:
        session: writes.
        links: makes the link of the mail.
        point: the address.
        form: the form that was filled in.
        ticked: the slugs of the ticked topics; others than the form's are left out.
        words: what the form said.
        evidence: who filled it in.
        at: now.
        origin: the site that the form stood on, where the browser says so.

    Raises:
        BadInput: no topic of the form is ticked.
    """
    chosen = [topic for topic in form.topics if topic.slug in ticked]
    wording = words.wording([topic.slug for topic in chosen])
    facts: dict[str, object] = {"age": words.age, "page": links.sign_up(form.brand.slug)}
    if origin:
        facts["origin"] = origin
    told = Ticked(form.brand, chosen, Source.SIGN_UP, wording, facts)
    confirming.request_confirmation(session, links, point, told, evidence, at=at)
    session.commit()


def snippet(form: Form, links: LinkMaker, words: Words) -> str:
    """The form as HTML for a page of the brand's own: it needs no script and no style of ours, and sets no cookie."""
    made = render(
        "recipient/sign_up_snippet.html",
        action=links.sign_up(form.brand.slug),
        id=f"prefcenter-{form.brand.slug}",
        words=words,
        privacy_url=form.brand.privacy_url,
    )
    return made.strip() + "\n"
