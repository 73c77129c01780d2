"""Who handles what was taken in: by the name that it was kept under, for the webhooks and for the worker alike."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from sqlalchemy.orm import Session

from prefcenter.providers import mta, sendgrid_events, sendgrid_mail, twilio_sms, twilio_status
from prefcenter.services import delivering, inbound_mail, typed_letters, typed_stops
from prefcenter.services.batches import Reader
from prefcenter.services.receiving import Handled, Handler, Reception
from prefcenter.store.inbound import InboundMessage


def handlers(reception: Reception) -> Mapping[str, Handler]:
    """The handler of each kind of message that is decided on."""
    return {
        twilio_sms.PROVIDER: partial(twilio_sms.handle_text, reception),
        inbound_mail.PROVIDER: partial(_handle_mail, reception),
        sendgrid_mail.EVENTS_PROVIDER: partial(sendgrid_events.handle, reception),
        twilio_sms.STATUS_PROVIDER: partial(twilio_status.handle, reception),
        typed_stops.PROVIDER: partial(typed_stops.handle, reception),
        typed_letters.PROVIDER: partial(typed_letters.handle, reception),
        delivering.ANSWERS: partial(delivering.handle_kept, reception.points),
    }


EVENT_READERS: Mapping[str, tuple[str, Reader]] = {
    sendgrid_mail.EVENTS_PROVIDER: (sendgrid_events.NAME, sendgrid_events.read),
    twilio_sms.STATUS_PROVIDER: (twilio_status.NAME, twilio_status.read),
}
"""Whose events stand in what is kept under a name, and who reads them."""


def _handle_mail(reception: Reception, session: Session, row: InboundMessage, at: datetime, replies: bool) -> Handled:
    reader = mta.handle_mail if row.content_type == mta.CONTENT_TYPE else sendgrid_mail.handle_post
    return reader(reception, session, row, at, replies)
