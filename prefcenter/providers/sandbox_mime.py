"""A mail of the sandbox as its recipient's server would have got it."""

from __future__ import annotations

from email.utils import parseaddr

from prefcenter.providers.stand_ins.sendgrid_mime import built
from prefcenter.store.outbox import SandboxMessage

NOBODY = "sandbox@localhost"
"""Whom a mail comes from that was put into the sandbox without a sender."""


def raw_mail(message: SandboxMessage, sender: str) -> bytes:
    """The whole mail: headers, and both bodies.

    Args:
        message: as the sandbox delivered it.
        sender: whom the outbox says it came from; the mail's own ``From`` counts more.
    """
    headers = {name: str(value) for name, value in message.headers.items()}
    name, address = parseaddr(next((headers.pop(each) for each in list(headers) if each.lower() == "from"), sender))
    bodies = (("text/plain", message.text), ("text/html", message.html))
    request = {
        "from": {"email": address or NOBODY, "name": name},
        "subject": message.subject,
        "headers": headers,
        "content": [{"type": kind, "value": body} for kind, body in bodies if body],
        "tracking_settings": {"subscription_tracking": {"enable": False}},
    }
    return built(request, {"to": [{"email": message.to}]}, f"sandbox-{message.id}", message.at)
