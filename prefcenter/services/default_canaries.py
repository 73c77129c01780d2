"""Canaries that go with every mailing of a channel or of a brand, so that nobody has to think of them (P13).

They lie in one folder, by name: ``acme-post.csv`` for the brand and the channel, ``post.csv`` for the channel, in any
format that a mailing file may have.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel
from prefcenter.core.errors import BadInput
from prefcenter.services.mailing_orders import Order, question_of


def with_canaries(session: Session, order: Order, folder: Path | None) -> Order:
    """An order with the canaries of its brand or channel, where it names none itself.

    Args:
        session: reads only.
        order: what is to be scrubbed.
        folder: where the canaries of all brands and channels lie; None where there are none.

    Raises:
        BadInput: the folder is not there, or it is not clear which file of it is meant.
        UnknownType: the message type or brand is unknown.
    """
    if folder is None or order.canaries is not None:
        return order
    return replace(order, canaries=_file(folder, order.channel, question_of(session, order).brand))


def _file(folder: Path, channel: Channel, brand: str | None) -> Path | None:
    """The file that is meant. A folder that is not there is refused: its canaries would be missed by nobody."""
    if not folder.is_dir():
        raise BadInput(f"There is no folder {folder}.", remedy="PREFCENTER_CANARIES names it; leave it out for none.")
    names = [f"{brand}-{channel.value}", channel.value] if brand else [channel.value]
    for name in names:
        found = sorted(path for path in folder.glob(f"{name}.*") if path.is_file())
        if len(found) > 1:
            raise BadInput(
                f"{folder} has several files of canaries for {name}: {', '.join(path.name for path in found)}.",
                remedy="Leave one of them there.",
            )
        if found:
            return found[0]
    return None
