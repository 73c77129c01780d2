"""A mail of the sandbox as its recipient's server would have got it."""

from __future__ import annotations

from email.utils import parseaddr
from typing import Any

from prefcenter.core.channels import Channel
from prefcenter.providers.sandbox import NOBODY
from prefcenter.providers.stand_ins.sendgrid_mime import built
from prefcenter.store.outbox import SandboxMessage


def raw_mail(message: SandboxMessage) -> bytes:
    """The whole mail: headers, and both bodies, as SendGrid makes them of the call that it came by.

    One that came before calls were kept is made of what was kept of it.
    """
    call = message.call or _call_of(message)
    return built(call["request"], call["person"], message.name or f"sandbox-{message.id}", message.at)


def _call_of(message: SandboxMessage) -> dict[str, Any]:
    headers = {name: str(value) for name, value in message.headers.items()}
    given = next((headers.pop(name) for name in list(headers) if name.lower() == "from"), "")
    name, address = parseaddr(given)
    bodies = (("text/plain", message.text), ("text/html", message.html))
    request = {
        "from": {"email": address or NOBODY[Channel.EMAIL], "name": name},
        "subject": message.subject,
        "headers": headers,
        "content": [{"type": kind, "value": body} for kind, body in bodies if body],
        "tracking_settings": {"subscription_tracking": {"enable": False}},
    }
    return {"request": request, "person": {"to": [{"email": message.to}]}}
