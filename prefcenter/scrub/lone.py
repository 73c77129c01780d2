"""A list of one address, to be laid beside rows as the whole list is: which of them name it?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import polars as pl

from prefcenter.core.channels import Channel, Level, MessageClass, Reason, Scope, Verdict
from prefcenter.core.keys import Peppers
from prefcenter.core.postal.tiers import Unsure
from prefcenter.core.question import Ask
from prefcenter.scrub.index import KEY_SCHEMA, ListIndex
from prefcenter.scrub.listed import BINDING_SCHEMA
from prefcenter.scrub.postal_index import PostalIndex
from prefcenter.scrub.profiles import NO_PROFILE, no_profiles

HERSELF = 0
"""The number of the one entry; no suppression has it."""


def lone_index(channel: Channel, given: Mapping[str, Any], peppers: Peppers, *, at: datetime) -> ListIndex:
    """A list of one readable contact point that speaks against everything, the unsure matches too.

    Args:
        channel: its channel.
        given: what is readable of it; for post, a person at an address.
        peppers: the keys of the digests; nothing is looked up by one.
        at: the moment of the decision.
    """
    is_post = channel is Channel.POST
    binding = [(HERSELF, Verdict.REFUSED.value, Reason.OPT_OUT.value, Scope.everything().label, "", 0)]
    key = [] if is_post else [(str(given["address"]), HERSELF, channel.value)]
    return ListIndex(
        ask=Ask(channel=channel, message_class=MessageClass.MARKETING),
        at=at,
        bindings=pl.DataFrame(binding, schema=BINDING_SCHEMA, orient="row"),
        keys=pl.DataFrame(key, schema=KEY_SCHEMA, orient="row"),
        digests={},
        buckets=frozenset(),
        post=PostalIndex.of([(HERSELF, given, Level.INDIVIDUAL.value)] if is_post else ()),
        profiles=no_profiles(),
        profile_digests={},
        profile_values=(NO_PROFILE,),
        peppers=peppers,
        unsure=Unsure.REMOVE,
    )
