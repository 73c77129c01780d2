"""Between the API's types and the use case: recipients in, answers out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from msgspec import Raw, Struct, structs

from prefcenter.core.decision import Decision, until_of
from prefcenter.services.checking import Answer, Invalid, Recipient
from prefcenter.web.api import schemas
from prefcenter.web.api.schemas import CheckResponse, ReasonGiven, RecipientDecision

Ref = str | int | None

_decoder = msgspec.json.Decoder(schemas.Recipient)


class _OnlyRef(Struct):
    ref: Ref = None


_ref_decoder = msgspec.json.Decoder(_OnlyRef)


def recipients_of(raws: Iterable[Raw]) -> list[tuple[Ref, Recipient | Invalid]]:
    """Read the recipients one by one, each with the caller's name for it; one that cannot be read is invalid."""
    return [_recipient_of(raw) for raw in raws]


def _recipient_of(raw: Raw) -> tuple[Ref, Recipient | Invalid]:
    try:
        read = _decoder.decode(raw)
    except msgspec.DecodeError as error:
        return ref_of(raw), Invalid(f"{error}.")
    except UnicodeDecodeError:
        return ref_of(raw), Invalid("It is not text in UTF-8.")
    post = None if read.post is None else {name: value or "" for name, value in structs.asdict(read.post).items()}
    return read.ref, Recipient(email=read.email, phone=read.phone, post=post)


def ref_of(raw: Raw) -> Ref:
    """The caller's name for a recipient that cannot be read as one, as far as that can be told."""
    try:
        return _ref_decoder.decode(raw).ref
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def answered(at: datetime, position: int, refs: Sequence[Ref], answers: Sequence[Answer]) -> CheckResponse:
    """Make the response, in the order of the recipients."""
    decisions = [_answer_of(ref, answer) for ref, answer in zip(refs, answers, strict=True)]
    return CheckResponse(at, position, decisions)


def _answer_of(ref: Ref, answer: Answer) -> RecipientDecision:
    if isinstance(answer, Invalid):
        return RecipientDecision(ref, "invalid", [], problem=answer.problem)
    return RecipientDecision(ref, answer.verdict.value, reasons_of(answer), until_of(answer))


def reasons_of(decision: Decision) -> list[ReasonGiven]:
    """Show the reasons of a decision as the API shows them."""
    return [
        ReasonGiven(reason.code.value, reason.scope.label, reason.since, reason.source.value)
        for reason in decision.reasons
    ]
