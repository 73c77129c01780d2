"""Guards: what makes a scrubbed mailing wait until a second person has looked at it.

A file may go through the list and be wrong all the same: its columns have shifted, a part of the list is missing, the
vendor has sent another file. None of that shows in a single row, and all of it in the figures. The thresholds are
:class:`Guards`; what they catch is told in sentences with figures, for the manifest and for people.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel
from prefcenter.scrub.canaries import Watched
from prefcenter.scrub.run import Tally
from prefcenter.scrub.shifted import PlaceCheck
from prefcenter.store import ledger, mailings
from prefcenter.store.mailings import Mailing

_LOOKED_BACK = 20


@dataclass(frozen=True, slots=True)
class Guards:
    """From where on a mailing is held; in files of fewer than ``from_rows`` rows only a canary can do that.

    Args:
        from_rows: a smaller file is looked over by eye, and its shares say little.
        usual_from: so many earlier mailings of a vendor make a usual share.
        times_usual: a share of so many times the usual one, or of its so-manieth part, is far from it …
        rows_from_usual: … if that is at least so many rows, since small shares waver by chance.
        none_removed_from: so many entries that speak against a mailing should have met somebody in the file.
        place_share: the share of rows, of those with both, whose ZIP and state may disagree.
        unreadable_share: the share of rows that may be unreadable.
    """

    from_rows: int = 1_000
    usual_from: int = 3
    times_usual: float = 3.0
    rows_from_usual: int = 30
    none_removed_from: int = 100
    place_share: float = 0.02
    unreadable_share: float = 0.25


DEFAULT_GUARDS = Guards()


@dataclass(frozen=True, slots=True)
class Seen:
    """What the guards look at.

    Args:
        mailing: its name.
        brand: the brand's slug, or None for all.
        channel: its channel.
        vendor: whose list it is, or nothing where nobody said.
        tally: what became of the rows.
        places: how ZIP and state agree.
        list_entries: how many entries of the channel are in force.
        speaking: how many entries of the list, whatever their channel, speak against this mailing.
        survivors: a sentence for each kind of canary of which one survived.
    """

    mailing: str
    brand: str | None
    channel: Channel
    vendor: str
    tally: Tally
    places: PlaceCheck
    list_entries: int
    speaking: int
    survivors: tuple[str, ...] = ()


def reasons_to_hold(session: Session, seen: Seen, guards: Guards) -> tuple[str, ...]:
    """Why the mailing has to wait for an approver; nothing where it has not to. Reads only."""
    if seen.tally.read < guards.from_rows:
        return seen.survivors
    before = mailings.let_through(session, seen.channel.value)
    return (
        *seen.survivors,
        *_unusual_share(seen, _shares(before, seen, guards), guards),
        *_shifted(seen, guards),
        *_shrunk(session, seen, before),
        *_unreadable(seen, guards),
    )


def survivors_told(of_file: Sequence[Watched], of_list: Watched) -> tuple[str, ...]:
    """A sentence for each kind of canary of which one survived; they are told by number, never by address (P13)."""
    rows = sorted({row for watched in of_file for row in watched.survivors})
    told = []
    if rows:
        told.append(
            f"{_count(rows, 'canary', 'canaries')} survived, and would have been sent to: {_listed('row', rows)}."
        )
    if of_list.survivors:
        entries = _listed("suppression", of_list.survivors)
        told.append(f"The list does not find itself: {entries} would have been sent to, of {of_list.count} looked up.")
    return tuple(told)


def _count(items: Sequence[int], one: str, several: str) -> str:
    return f"{len(items):,} {one if len(items) == 1 else several}"


def _listed(what: str, numbers: Sequence[int]) -> str:
    shown = ", ".join(f"{number}" for number in numbers[:20])
    more = f" and {len(numbers) - 20:,} more" if len(numbers) > 20 else ""
    return f"{what} {shown}{more}" if len(numbers) == 1 else f"{what}s {shown}{more}"


def _shares(before: Sequence[Mailing], seen: Seen, guards: Guards) -> list[float]:
    """The shares removed from earlier mailings of this vendor: of the same name, where nobody said whose they are."""
    alike = [row.manifest for row in before if row.brand == seen.brand and _is_alike(row, seen)]
    counts = [manifest["counts"] for manifest in alike if manifest.get("counts")]
    large = [each for each in counts if each["read"] >= guards.from_rows and each["read"] > each["unreadable"]]
    return [
        (each["suppressed"] + each["review"]) / (each["read"] - each["unreadable"]) for each in large[:_LOOKED_BACK]
    ]


def _is_alike(row: Mailing, seen: Seen) -> bool:
    vendor = str(row.manifest.get("vendor") or "")
    return vendor.casefold() == seen.vendor.casefold() and bool(vendor or row.name == seen.mailing)


def _unusual_share(seen: Seen, shares: Sequence[float], guards: Guards) -> Iterator[str]:
    readable = seen.tally.read - seen.tally.unreadable
    removed = seen.tally.suppressed + seen.tally.review
    usual = median(shares) if len(shares) >= guards.usual_from else None
    if removed == 0 and readable and usual != 0 and seen.speaking >= guards.none_removed_from:
        yield (
            f"Nobody was removed from {readable:,} rows, though {seen.speaking:,} entries of the list speak against"
            " this mailing" + ("." if usual is None else f" and {usual:.2%} are usual.")
        )
    elif usual is not None and _is_far(removed, readable, usual, guards):
        whose = f"the {len(shares)} mailings before" + (f" of {seen.vendor}" if seen.vendor else " of this name")
        yield f"{removed / readable:.2%} of the rows were removed ({removed:,}); {usual:.2%} are usual in {whose}."


def _is_far(removed: int, readable: int, usual: float, guards: Guards) -> bool:
    """More than three times the median, or less than a third of it, and more rows than chance would move."""
    expected = usual * readable
    is_beyond = removed > guards.times_usual * expected or removed < expected / guards.times_usual
    return bool(readable) and is_beyond and abs(removed - expected) >= guards.rows_from_usual


def _shifted(seen: Seen, guards: Guards) -> Iterator[str]:
    places = seen.places
    if places.both and places.disagree > guards.place_share * places.both:
        yield (
            f"ZIP and state disagree in {places.disagree / places.both:.1%} of the rows that have both"
            f" ({places.disagree:,} of {places.both:,} looked at): columns may have shifted."
        )


def _shrunk(session: Session, seen: Seen, before: Sequence[Mailing]) -> Iterator[str]:
    """Whether entries are gone that nobody lifted or voided: the ledger has to explain each (X7, E13)."""
    counted = next((row for row in before if row.manifest.get("list_entries") is not None), None)
    if counted is None or seen.list_entries >= (then := int(counted.manifest["list_entries"])):
        return
    ends = ledger.facts_after(session, counted.ledger_position, ("lift", "void"))
    ended = sum(facts.get("channel") == seen.channel.value for facts in ends)
    gone = then - seen.list_entries
    if gone > ended:
        yield (
            f"The list shrank: it has {seen.list_entries:,} entries for {seen.channel}, and had {then:,} at"
            f" {counted.name}, version {counted.version}; {ended:,} were lifted or voided since."
            " See `prefcenter ledger verify`."
        )


def _unreadable(seen: Seen, guards: Guards) -> Iterator[str]:
    if seen.tally.unreadable > guards.unreadable_share * seen.tally.read:
        yield (
            f"{seen.tally.unreadable:,} of {seen.tally.read:,} rows could not be read"
            f" ({seen.tally.unreadable / seen.tally.read:.0%}); unreadable.csv says why."
        )
