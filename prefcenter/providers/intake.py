"""Who handles what was taken in: by the name that it was kept under, for the webhooks and for the worker alike."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from sqlalchemy.orm import Session

from prefcenter.providers import mta, sendgrid_mail, twilio_sms
from prefcenter.services import inbound_mail
from prefcenter.services.receiving import Handled, Handler, Reception
from prefcenter.store.inbound import InboundMessage


def handlers(reception: Reception) -> Mapping[str, Handler]:
    """The handler of each kind of message that is decided on."""
    return {
        twilio_sms.PROVIDER: partial(twilio_sms.handle_text, reception),
        inbound_mail.PROVIDER: partial(_handle_mail, reception),
    }


def _handle_mail(reception: Reception, session: Session, row: InboundMessage, at: datetime, replies: bool) -> Handled:
    reader = mta.handle_mail if row.content_type == mta.CONTENT_TYPE else sendgrid_mail.handle_post
    return reader(reception, session, row, at, replies)
