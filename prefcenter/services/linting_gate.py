"""Governing the word service: a message that reads as marketing does not leave as anything else (E14, E15)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from prefcenter.core.channels import MessageClass, ServiceCategory
from prefcenter.core.linting import Finding, lint
from prefcenter.services.errors import UnknownType
from prefcenter.store import registry

MIXED_CONTENT = "mixed_content"
"""The reason that a message is refused with, since it counts as marketing and is registered as something else."""


@dataclass(frozen=True, slots=True)
class Linted:
    """What was found in a draft.

    Args:
        message_type: the type that it was read as.
        message_class: the type's class.
        findings: everything, the blocking ones too.
    """

    message_type: str
    message_class: MessageClass
    findings: tuple[Finding, ...]

    @property
    def is_refused(self) -> bool:
        """Whether it counts as marketing, so that it may not leave as what it is registered as."""
        return any(finding.blocks for finding in self.findings)

    @property
    def reasons(self) -> list[str]:
        """Why, as reasons are kept with a message: a code and what it is about; empty where it may be queued."""
        return [f"{MIXED_CONTENT} {finding.code}" for finding in self.findings if finding.blocks]


def lint_draft(session: Session, message_type: str, *, subject: str = "", text: str = "", html: str = "") -> Linted:
    """Read a draft as a message of a registered type, proposed ones too; only reads.

    Call it with what the recipient is going to read: variables filled in, and before a footer of ours is added.

    Raises:
        UnknownType: there is no such type in use.
    """
    found = registry.type_by_slug(session, message_type)
    if found is None:
        raise UnknownType(
            f"There is no message type “{message_type}”.",
            remedy="`prefcenter type list` shows those that are registered.",
        )
    kind = MessageClass(found[0].message_class)
    category = None if found[0].category is None else ServiceCategory(found[0].category)
    return Linted(message_type, kind, lint(kind, category, subject, text, html))
