"""Contact points as use cases know them: the digests they are stored and found under, and what is readable of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from prefcenter.core.channels import Channel, Level
from prefcenter.core.errors import BadAddress
from prefcenter.core.hashed import HashAlgorithm, hashed_keys, read_hashed
from prefcenter.core.keys import (
    EmailKey,
    HashedKey,
    Key,
    Peppers,
    PhoneKey,
    canonicalise_email,
    canonicalise_phone,
    country_of_phone,
    mask,
)
from prefcenter.core.postal.address import PostalAddress
from prefcenter.core.postal.many import AddressKeys, keys_of_many
from prefcenter.core.postal.masking import recognisable
from prefcenter.core.postal.versions import FormerKeys, former_keys
from prefcenter.store.suppressions import BLOCK


@dataclass(frozen=True, slots=True)
class PointKey:
    """One digest that a suppression of the point is stored under."""

    kind: str
    digest: bytes
    pepper_id: str | None
    bucket: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """A contact point.

    Args:
        channel: its channel.
        digest: the digest that names it.
        pepper_id: the pepper of that digest, or None where the digest came in a token.
        own: the digests that are its own name, under every pepper; those of kin or of a household are not among them.
        stored: the digests that a suppression of it is stored under.
        lookup: every digest under which something may be on file that concerns it.
        given: what is readable of it, or None where it is known by its digest only.
        country: its country as far as it tells (ISO 3166), or None.
        level: for post, whom a suppression covers.
        nearby: for post, the digests of where it lies: entries found there are not its own, but may be by the rules for
            pairs, see :mod:`prefcenter.services.nearby`.
    """

    channel: Channel
    digest: bytes
    pepper_id: str | None
    own: tuple[bytes, ...]
    stored: tuple[PointKey, ...]
    lookup: tuple[bytes, ...]
    given: Mapping[str, Any] | None
    country: str | None = None
    level: Level | None = None
    nearby: tuple[bytes, ...] = ()

    @property
    def masked(self) -> str | None:
        """As much of it as its owner needs to recognise it, or None where nothing is readable."""
        return None if self.given is None else masked(self.channel, self.given)

    @property
    def known_again(self) -> str | None:
        """As much of it as an operator needs to know it again, or None where nothing is readable."""
        return None if self.given is None else known_again(self.channel, self.given)


def known_again(channel: Channel, given: Mapping[str, Any]) -> str:
    """Show as much of a readable point as an operator needs to know it again among others (X8)."""
    return recognisable(given) if channel is Channel.POST else masked(channel, given)


def masked(channel: Channel, given: Mapping[str, Any]) -> str:
    """Show as much of a readable point as its owner needs to recognise it (E18)."""
    return mask(channel, readable(channel, given))


def readable(channel: Channel, given: Mapping[str, Any]) -> str:
    """Write a readable point on one line."""
    if channel is not Channel.POST:
        return str(given["address"])
    fields = ("name", "company", "address1", "address2", "city", "state", "zip", "country")
    return "; ".join(str(given[field]) for field in fields if given.get(field))


class Points:
    """Makes contact points out of what was typed, written or carried by a token.

    Args:
        peppers: the keys of the digests.
        default_country: the country that national phone numbers are read in (ISO 3166).
    """

    def __init__(self, peppers: Peppers, default_country: str = "US") -> None:
        self._peppers = peppers
        self._default_country = default_country

    def email(self, text: str) -> Point:
        """Take an email address.

        Raises:
            BadAddress: it cannot be one.
        """
        return self._single(Channel.EMAIL, canonicalise_email(text))

    def hashed(self, key: HashedKey) -> Point:
        """Take an email address of which only a partner's hash is known.

        It is not the address: what is on file for the address is not found by it, only the other way round, see
        :func:`hashed_digests`.
        """
        point = self._single(Channel.EMAIL, key)
        return replace(point, stored=tuple(replace(each, kind=key.partition(":")[0]) for each in point.stored))

    def phone(self, text: str, country: str | None = None) -> Point:
        """Take a phone number.

        Raises:
            BadAddress: it cannot be one.
        """
        key = canonicalise_phone(text, country or self._default_country)
        return self._single(Channel.SMS, key, country_of_phone(key))

    def post(self, address: PostalAddress, level: Level = Level.INDIVIDUAL) -> Point:
        """Take a person, a household or a firm at a postal address.

        Raises:
            BadAddress: it cannot be one; names the field.
        """
        found = self.post_many([address], [level])[0]
        if isinstance(found, BadAddress):
            raise found
        return found

    def post_many(self, addresses: Sequence[PostalAddress], levels: Sequence[Level]) -> list[Point | BadAddress]:
        """Take many of them at once, in their order; a ``BadAddress`` stands where an address cannot be one."""
        made = zip(addresses, levels, keys_of_many(addresses, levels), former_keys(addresses, levels), strict=True)
        return [
            found if isinstance(found, BadAddress) else self._postal(address, level, found, former)
            for address, level, found, former in made
        ]

    def _postal(self, address: PostalAddress, level: Level, keys: AddressKeys, former: FormerKeys) -> Point:
        names: list[Key] = [keys.stored[0].key, *former.names]
        asked: list[Key] = [*names, *keys.probes, *former.probes]
        named = [(key.kind.value, key.key) for key in keys.stored] + [(BLOCK, text) for text in keys.blocks]
        stored = []
        for kind, key in named:
            digest = self._peppers.digest(key)
            stored.append(PointKey(kind, digest.value, digest.pepper_id, bucket_of(address)))
        return Point(
            channel=Channel.POST,
            digest=stored[0].digest,
            pepper_id=stored[0].pepper_id,
            own=self._peppers.candidates_of(names),
            stored=tuple(stored),
            lookup=tuple(dict.fromkeys(self._peppers.candidates_of(asked))),
            nearby=self._peppers.candidates_of(keys.blocks),
            given={name: value for name, value in asdict(address).items() if value},
            country=address.country or None,
            level=level,
        )

    def parse(self, channel: Channel, text: str, level: Level = Level.INDIVIDUAL) -> Point:
        """Take a point as it is written on the command line.

        Raises:
            BadAddress: it cannot be one.
        """
        if channel is Channel.EMAIL:
            return self.email(text)
        if channel is Channel.SMS:
            return self.phone(text)
        return self.post(PostalAddress.parse(text), level)

    def hashed_digests(self, point: Point, algorithms: Collection[HashAlgorithm]) -> tuple[bytes, ...]:
        """The digests under which entries of partners' hashed lists stand for this point: :func:`hashed_digests`."""
        return hashed_digests(self._peppers, point, algorithms)

    def listed(self, channel: Channel, text: str, level: Level = Level.INDIVIDUAL) -> Point:
        """Take a point as an entry of the list names it: as :meth:`parse`, and a hashed address as ``md5:<hex>`` too.

        Raises:
            BadAddress: it cannot be one.
        """
        key = read_hashed(text) if channel is Channel.EMAIL else None
        return self.parse(channel, text, level) if key is None else self.hashed(key)

    def given(self, channel: Channel, given: Mapping[str, Any], level: Level = Level.INDIVIDUAL) -> Point:
        """Make a point again out of what is readable of it.

        Raises:
            BadAddress: what is readable cannot be a point.
        """
        if channel is Channel.EMAIL:
            return self.email(str(given["address"]))
        if channel is Channel.SMS:
            return self.phone(str(given["address"]))
        return self.post(PostalAddress(**given), level)

    def on_file(self, channel: Channel, digest: bytes, given: Mapping[str, Any] | None) -> Point:
        """Make a point of what is on file of it: its digest, and what is readable of it unless that was erased.

        What cannot be read any more never stands in the way: the digest will do (E6, G3).
        """
        bare = of_digest(channel, digest)
        if given is None:
            return bare
        try:
            point = self.given(channel, given, _level_of(given))
        except BadAddress:
            return bare
        stored = point.stored if digest in {key.digest for key in point.stored} else point.stored + bare.stored
        own, lookup = (tuple(dict.fromkeys((*known, digest))) for known in (point.own, point.lookup))
        return replace(point, own=own, stored=stored, lookup=lookup)

    def _single(self, channel: Channel, key: EmailKey | PhoneKey | HashedKey, country: str | None = None) -> Point:
        digest, own = self._peppers.digest(key), self._peppers.candidates(key)
        return Point(
            channel=channel,
            digest=digest.value,
            pepper_id=digest.pepper_id,
            stored=(PointKey(channel.value, digest.value, digest.pepper_id),),
            own=own,
            lookup=own,
            given={"address": str(key)},
            country=country,
        )


def hashed_digests(peppers: Peppers, point: Point, algorithms: Collection[HashAlgorithm]) -> tuple[bytes, ...]:
    """The digests under which entries of partners' hashed lists stand for this very contact point.

    They are made only where the list holds such entries: a check would take half as long again.

    Args:
        peppers: the keys of the digests.
        point: the contact point; only an email address that is readable has any.
        algorithms: how the lists on file were hashed.
    """
    if not algorithms or point.channel is not Channel.EMAIL or point.given is None:
        return ()
    # What is given of an email point is its canonical key; a hashed one has none but itself.
    address = str(point.given["address"])
    return peppers.candidates_of(hashed_keys(EmailKey(address), algorithms)) if "@" in address else ()


def _level_of(given: Mapping[str, Any]) -> Level:
    """Whom a readable point names: a person, or without a name the firm, or whoever lives there."""
    if given.get("name") or "address" in given:
        return Level.INDIVIDUAL
    return Level.COMPANY if given.get("company") else Level.HOUSEHOLD


def bucket_of(address: PostalAddress) -> str:
    """The ZIP5 under which an erased postal entry can still be looked for; empty where none stands there as it is.

    One that a spreadsheet has cut ("2134-1234") would be another area's.
    """
    plain = re.fullmatch(r"\s*([0-9]{5})(?:[ -]?[0-9]{4})?\s*", address.zip, re.ASCII)
    return plain[1] if plain else ""


def of_digest(channel: Channel, digest: bytes) -> Point:
    """Make a point of which nothing is known but its digest, as a token carries it (E6)."""
    kind = "full" if channel is Channel.POST else channel.value
    return Point(
        channel=channel,
        digest=digest,
        pepper_id=None,
        own=(digest,),
        stored=(PointKey(kind, digest, None),),
        lookup=(digest,),
        given=None,
    )
