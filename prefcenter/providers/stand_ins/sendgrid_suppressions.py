"""SendGrid's own lists of who gets no mail, and the part of its API that reads and changes them.

Source: SendGrid, "Suppressions" (global, groups, bounces, blocks, spam reports, invalid emails).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from prefcenter.providers.stand_ins.loopback import Answer, Asked

KINDS = ("bounces", "blocks", "spam_reports", "invalid_emails", "unsubscribes")
_DROPS = {
    "spam_reports": "Spam Reporting Address",
    "bounces": "Bounced Address",
    "invalid_emails": "Invalid",
    "unsubscribes": "Unsubscribed Address",
}
"""For which lists SendGrid drops mail, and with which words; a block drops nothing."""
_MOST_AT_ONCE = 500


@dataclass
class Group:
    """A group of one account, and who left it."""

    name: str
    description: str = ""
    members: dict[str, int] = field(default_factory=dict)


@dataclass
class Lists:
    """The lists of one account: each address and when it came there, in seconds.

    Args:
        now: the present in seconds.
    """

    now: Callable[[], int]
    kinds: dict[str, dict[str, int]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    groups: dict[int, Group] = field(default_factory=dict)

    def add(self, kind: str, address: str) -> None:
        """Put an address on a list; when it came there first stays."""
        self.kinds[kind].setdefault(address.lower(), self.now())

    def forget(self, address: str) -> None:
        """Take an address off every list of the whole account."""
        for held in self.kinds.values():
            held.pop(address.lower(), None)

    def drop_reason(self, address: str, bypasses: frozenset[str]) -> str | None:
        """Why mail to an address is not sent, or None where it is."""
        if "bypass_list_management" in bypasses:
            return None
        for kind, reason in _DROPS.items():
            passes = kind == "unsubscribes" and "bypass_unsubscribe_management" in bypasses
            if address.lower() in self.kinds[kind] and not passes:
                return reason
        return None

    def respond(self, asked: Asked) -> Answer:
        """Answer a call about the lists."""
        parts = [unquote(part) for part in urlsplit(asked.path).path.strip("/").split("/")]
        match parts:
            case ["v3", "asm", "suppressions", "global", *rest]:
                return self._global(asked, rest)
            case ["v3", "asm", "groups", *rest]:
                return self._group(asked, rest)
            case ["v3", "suppression", kind, *rest] if kind in KINDS:
                return self._kind(asked, kind, rest)
        return failed(404, "Not Found")

    def _global(self, asked: Asked, rest: list[str]) -> Answer:
        held = self.kinds["unsubscribes"]
        if asked.method == "POST" and not rest:
            return self._join(held, asked)
        if asked.method == "GET" and len(rest) == 1:
            return told(200, {"recipient_email": rest[0]} if rest[0].lower() in held else {})
        if asked.method == "DELETE" and len(rest) == 1:
            return self._leave(held, rest[0])
        return failed(405, "Method Not Allowed")

    def _group(self, asked: Asked, rest: list[str]) -> Answer:
        if not rest:
            return self._all_groups(asked)
        group = self.groups.get(int(rest[0])) if rest[0].isdigit() else None
        match asked.method, rest[1:]:
            case "POST", ["suppressions"]:
                # Whom a group is named for that is not there, SendGrid suppresses everywhere.
                return self._join(self.kinds["unsubscribes"] if group is None else group.members, asked)
            case _ if group is None:
                return failed(404, "Group ID not found")
            case "GET", []:
                return told(200, _shown(int(rest[0]), group))
            case "DELETE", []:
                del self.groups[int(rest[0])]
                return Answer(204)
            case "GET", ["suppressions"]:
                return told(200, list(group.members))
            case "DELETE", ["suppressions", address]:
                return self._leave(group.members, address)
        return failed(405, "Method Not Allowed")

    def _all_groups(self, asked: Asked) -> Answer:
        if asked.method == "GET":
            return told(200, [_shown(number, group) for number, group in self.groups.items()])
        given = read_json(asked.body)
        if asked.method != "POST" or not isinstance(given, dict) or not given.get("name"):
            return failed(400, "name is required")
        number = max(self.groups, default=100) + 1
        self.groups[number] = Group(str(given["name"]), str(given.get("description", "")))
        return told(201, _shown(number, self.groups[number]))

    def _kind(self, asked: Asked, kind: str, rest: list[str]) -> Answer:
        held = self.kinds[kind]
        if asked.method == "GET":
            return told(200, self._page(kind, asked) if not rest else self._one(kind, rest[0]))
        if asked.method == "DELETE":
            given = read_json(asked.body) if asked.body else {}
            if rest:
                return self._leave(held, rest[0])
            gone = list(held) if given.get("delete_all") else [str(each) for each in given.get("emails", [])]
            for address in gone:
                held.pop(address.lower(), None)
            return Answer(204)
        return failed(405, "Method Not Allowed")

    def _page(self, kind: str, asked: Asked) -> list[dict[str, Any]]:
        query = {name: values[-1] for name, values in parse_qs(urlsplit(asked.path).query).items()}
        begins, ends = int(query.get("start_time", 0)), int(query.get("end_time", 2**40))
        rows = sorted((since, address) for address, since in self.kinds[kind].items() if begins <= since <= ends)
        offset, limit = int(query.get("offset", 0)), min(int(query.get("limit", _MOST_AT_ONCE)), _MOST_AT_ONCE)
        return [_entry(kind, address, since) for since, address in rows[offset : offset + limit]]

    def _one(self, kind: str, address: str) -> list[dict[str, Any]]:
        since = self.kinds[kind].get(address.lower())
        return [] if since is None else [_entry(kind, address, since)]

    def _join(self, held: dict[str, int], asked: Asked) -> Answer:
        given = read_json(asked.body)
        addresses = given.get("recipient_emails") if isinstance(given, dict) else None
        if not isinstance(addresses, list) or not addresses:
            return failed(400, "recipient_emails is required")
        for address in addresses:
            held.setdefault(str(address).lower(), self.now())
        return told(201, {"recipient_emails": addresses})

    def _leave(self, held: dict[str, int], address: str) -> Answer:
        held.pop(address.lower(), None)
        return Answer(204)


def _entry(kind: str, address: str, since: int) -> dict[str, Any]:
    entry: dict[str, Any] = {"created": since, "email": address}
    if kind in ("bounces", "blocks"):
        entry |= {"reason": "550 5.1.1 The mailbox does not exist.", "status": "5.1.1"}
    elif kind == "spam_reports":
        entry |= {"ip": "192.0.2.1"}
    elif kind == "invalid_emails":
        entry |= {"reason": "Mail domain mentioned in email address is unknown"}
    return entry


def _shown(number: int, group: Group) -> dict[str, Any]:
    counts = {"unsubscribes": len(group.members), "is_default": False}
    return {"id": number, "name": group.name, "description": group.description} | counts


def told(status: int, value: object, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer in JSON."""
    return Answer(status, json.dumps(value).encode(), headers=headers or {})


def failed(status: int, message: str, field: str | None = None) -> Answer:
    """An error as SendGrid tells it."""
    return told(status, {"errors": [{"message": message, "field": field, "help": None}]})


def read_json(body: bytes) -> Any:
    """The value of a body, or None where it is none."""
    try:
        return json.loads(body)
    except ValueError:
        return None
