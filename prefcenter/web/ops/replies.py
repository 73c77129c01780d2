"""Writing to ourselves as a recipient would: a signed webhook of Twilio's, through our own application."""

from __future__ import annotations

from flask import Flask
from werkzeug.test import Client

from prefcenter.providers.stand_ins.twilio_webhooks import Call, inbound_values
from prefcenter.wiring import Wiring

PATH = "/webhooks/twilio/sms"


def write_to_us(app: Flask, wiring: Wiring, *, number: str, sender: str, body: str) -> str:
    """Post a text to our own webhook, signed as Twilio signs, and handled as any other.

    Args:
        app: the application.
        wiring: has the token that it is signed with.
        number: whose text it is.
        sender: what it is written to: a number or a Messaging Service.
        body: what it says.

    Returns:
        What went wrong, or nothing.
    """
    if not body:
        return "The text is empty, so it was not sent."
    if not wiring.twilio_token:
        return "Without TWILIO_AUTH_TOKEN no text can be signed, and so none is taken in."
    account = wiring.config.twilio_account_sid or "AC" + "0" * 32
    call = Call(f"{wiring.config.base_url}{PATH}", inbound_values(account, number=number, sender=sender, body=body))
    answer = Client(app.wsgi_app).post(PATH, data=call.body, headers=call.headers(wiring.twilio_token))
    return "" if answer.status_code == 200 else f"The webhook answered with status {answer.status_code}."
