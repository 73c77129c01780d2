"""Where one-clicks came from, so that those of a machine can be told from those of people, and undone as a batch (X10).

A mail filter that follows every link of a campaign clicks from one network, under one name, many times within minutes.
So each one-click gets a cause by its network, what its client called itself, and the day. The cause stands on the list
for good, so it says none of that: it is a keyed mark. What it stands for is read from the evidence beside the ledger
entry, and can be erased there.

Large mailbox providers click for their users from few networks too. Nothing here decides what a machine is: two
operators do, and every click that its person confirmed in another way stays.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Final

from sqlalchemy.orm import Session

from prefcenter.services.ports import Evidence, Keyring
from prefcenter.store import causes, ledger
from prefcenter.store.suppressions import Suppression

Network = IPv4Network | IPv6Network

_PREFIX: Final = {4: 24, 6: 48}
"""What one operator of machines usually has at least: a filter's clicks come from neighbouring addresses."""


@dataclass(frozen=True, slots=True)
class Wished:
    """Which one-clicks are looked for.

    Args:
        since, until: when they were made: from, and before.
        network: where they came from; None for anywhere.
        user_agent: a part of what the client called itself, in any case.
    """

    since: datetime | None = None
    until: datetime | None = None
    network: Network | None = None
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class Clicks:
    """The one-clicks of one day that came from one network, under one name.

    Args:
        cause: by which they can be undone.
        network: where they came from, empty where that was erased or never known.
        user_agent: what the client called itself, likewise.
        entries: how many entries they made.
        in_force: how many of these stand.
        first, last: when the first and the last of them was made.
    """

    cause: str
    network: str
    user_agent: str
    entries: int
    in_force: int
    first: datetime
    last: datetime


def network_of(address: str) -> Network | None:
    """The network that an address lies in, or None where it is none.

    >>> str(network_of("203.0.113.77")), str(network_of("2001:db8:1:2::3")), network_of("")
    ('203.0.113.0/24', '2001:db8:1::/48', None)
    """
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    plain = found if isinstance(found, IPv4Address) else found.ipv4_mapped or found
    return ip_network((plain, _PREFIX[plain.version]), strict=False)


def cause_of(keyring: Keyring, evidence: Evidence, *, at: datetime) -> str:
    """The cause of a one-click, from what shows where it came from."""
    network = network_of(str(evidence.personal.get("ip", "")))
    told = f"{network or ''}\n{evidence.personal.get('user_agent', '')}"
    mark = hmac.digest(keyring.signing.derive("clicks"), told.encode("utf-8", "replace"), "sha256")
    return causes.of_clicks(mark.hex()[:12], at)


def seen(session: Session, wished: Wished, limit: int) -> list[Clicks]:
    """Find one-clicks by where and when they came from, the newest first; reads only."""
    found: list[Clicks] = []
    for row in causes.clicks(session, wished.since, wished.until):
        network, user_agent = _where(session, row.newest)
        if wished.network is not None and not _lies_in(network, wished.network):
            continue
        if wished.user_agent.lower() not in user_agent.lower():
            continue
        told = Clicks(row.cause, str(network or ""), user_agent, row.entries, row.in_force, row.first, row.last)
        found.append(told)
        if len(found) >= limit:
            break
    return found


def _lies_in(network: Network | None, wider: Network) -> bool:
    """Whether one network overlaps another one: who names a single address means the clicks of its network."""
    return network is not None and network.version == wider.version and network.overlaps(wider)


def _where(session: Session, suppression_id: int) -> tuple[Network | None, str]:
    """Where the click came from that made an entry, as far as it was not erased."""
    row = session.get_one(Suppression, suppression_id)
    made = [each for each in ledger.of_kind(session, "suppress", [row.digest]) if each.facts["suppression"] == row.id]
    told: Sequence[dict[str, Any]] = list(ledger.personal_of(session, [each.id for each in made]).values())
    if not told:
        return None, ""
    return network_of(str(told[0].get("ip", ""))), str(told[0].get("user_agent", ""))
