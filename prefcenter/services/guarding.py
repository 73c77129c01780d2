"""Guards: what makes a scrubbed mailing wait until a second person has looked at it.

A file may go through the list and be wrong all the same: its columns have shifted, a part of the list is missing, the
vendor has sent another file. None of that shows in a single row, and all of it in the figures. The thresholds are
:class:`Guards`; what they catch is told in sentences with figures, for the manifest and for people.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel
from prefcenter.scrub.canaries import Watched
from prefcenter.scrub.run import Tally
from prefcenter.scrub.shifted import PlaceCheck
from prefcenter.store import ledger, mailings
from prefcenter.store.mailings import Mailing

_LOOKED_BACK = 20
SURVIVED = "survived, and would have been sent to"
"""What is said of canaries of a file that did not vanish."""
_LOST = "The list does not find itself"


@dataclass(frozen=True, slots=True)
class Guards:
    """From where on a mailing is held; in files of fewer than ``from_rows`` rows only a canary or the brand's stop do.

    Args:
        from_rows: a smaller file is looked over by eye, and its shares say little.
        usual_from: so many earlier mailings of a vendor make a usual share.
        times_usual: a share of so many times the usual one, or of its so-manieth part, is far from it …
        rows_from_usual: … if that is at least so many rows, since small shares waver by chance.
        brand_from: where nobody said whose list it is and its name is new, so many earlier mailings of the brand do;
        times_brand: as those are of several lists, a share is far only beyond so many times the largest of theirs, or
            below the so-manieth part of the smallest.
        none_removed_from: so many entries that speak against a mailing should have met somebody in the file.
        place_share: the share of rows, of those with both, whose ZIP and state may disagree.
        unreadable_share: the share of rows that may be unreadable.
    """

    from_rows: int = 1_000
    usual_from: int = 3
    times_usual: float = 3.0
    rows_from_usual: int = 30
    brand_from: int = 5
    times_brand: float = 5.0
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
        stopped_since: since when too many complain of the brand's marketing mail (E17), or None.
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
    stopped_since: datetime | None = None


def reasons_to_hold(session: Session, seen: Seen, guards: Guards) -> tuple[str, ...]:
    """Why the mailing has to wait for an approver; nothing where it has not to. Reads only."""
    always = (*seen.survivors, *_stopped(seen))
    if seen.tally.read < guards.from_rows:
        return always
    before = mailings.let_through(session, seen.channel.value)
    return (
        *always,
        *_unusual_share(seen, _usual(before, seen, guards), guards),
        *_shifted(seen, guards),
        *_shrunk(session, seen, before),
        *_unreadable(seen, guards),
    )


def _stopped(seen: Seen) -> Iterator[str]:
    """E17: what the gate would not send, another mailing tool must not either, however short its file is."""
    if seen.channel is Channel.EMAIL and seen.stopped_since is not None:
        yield (
            f"The marketing mail of {seen.brand} is stopped since {seen.stopped_since:%Y-%m-%d %H:%M} UTC, because too"
            f" many complain of it: see `prefcenter complaints`."
        )


def survivors_told(of_file: Sequence[Watched], of_list: Watched) -> tuple[str, ...]:
    """A sentence for each kind of canary of which one survived; they are told by number, never by address (P13)."""
    rows = sorted({row for watched in of_file for row in watched.survivors})
    told = []
    if rows:
        told.append(f"{_count(rows, 'canary', 'canaries')} {SURVIVED}: {_listed('row', rows)}.")
    if of_list.survivors:
        entries = _listed("suppression", of_list.survivors)
        told.append(f"{_LOST}: {entries} would have been sent to, of {of_list.count} looked up.")
    return tuple(told)


def is_blocked(held_because: str) -> bool:
    """Whether a mailing is held for what no approver may pass over: somebody who must vanish did not (P13)."""
    return SURVIVED in held_because or _LOST in held_because


def _count(items: Sequence[int], one: str, several: str) -> str:
    return f"{len(items):,} {one if len(items) == 1 else several}"


def _listed(what: str, numbers: Sequence[int]) -> str:
    shown = ", ".join(f"{number}" for number in numbers[:20])
    more = f" and {len(numbers) - 20:,} more" if len(numbers) > 20 else ""
    return f"{what} {shown}{more}" if len(numbers) == 1 else f"{what}s {shown}{more}"


@dataclass(frozen=True, slots=True)
class _Usual:
    """What is usually removed, by the mailings before.

    Args:
        least, most: the usual shares.
        times: one so many times the most, or the so-manieth part of the least, is far from them.
        told: how many mailings tell that, and what they have in common.
        figure: the usual share, as people read it.
    """

    least: float
    most: float
    times: float
    told: str
    figure: str


def _usual(before: Sequence[Mailing], seen: Seen, guards: Guards) -> _Usual | None:
    """What is usual of this vendor; where nobody said whose list it is, of this name, of such a name, of the brand."""
    ours = [row for row in before if row.brand == seen.brand and _vendor(row) == seen.vendor.casefold()]
    if seen.vendor:
        return _by_median(ours, f"of {seen.vendor}", guards)
    named = [row for row in ours if row.name == seen.mailing]
    series = [row for row in ours if _series(row.name) == _series(seen.mailing)]
    return (
        _by_median(named, "of this name", guards)
        or _by_median(series, "of such a name", guards)
        or _by_range(ours, guards)
    )


def _by_median(rows: Sequence[Mailing], whose: str, guards: Guards) -> _Usual | None:
    shares = _shares(rows, guards)
    if len(shares) < guards.usual_from:
        return None
    usual = median(shares)
    told = f"in the {len(shares)} mailings before {whose}"
    return _Usual(usual, usual, guards.times_usual, told, f"{usual:.2%}")


def _by_range(rows: Sequence[Mailing], guards: Guards) -> _Usual | None:
    """Of any lists: what was removed from none of them at all tells nothing."""
    shares = _shares(rows, guards)
    if len(shares) < guards.brand_from or not any(shares):
        return None
    least, most = min(shares), max(shares)
    told = f"in the {len(shares)} mailings before by this channel (--vendor says that it is another's list)"
    return _Usual(least, most, guards.times_brand, told, f"{least:.2%} to {most:.2%}")


def _shares(rows: Sequence[Mailing], guards: Guards) -> list[float]:
    """The shares removed from some earlier mailings, the newest first."""
    counts = [row.manifest["counts"] for row in rows if row.manifest.get("counts")]
    large = [each for each in counts if each["read"] >= guards.from_rows and each["read"] > each["unreadable"]]
    return [
        (each["suppressed"] + each["review"]) / (each["read"] - each["unreadable"]) for each in large[:_LOOKED_BACK]
    ]


def _vendor(row: Mailing) -> str:
    return str(row.manifest.get("vendor") or "").casefold()


def _series(name: str) -> str:
    """What the names of a mailing have in common that is repeated: ``spring-2027`` and ``Spring 2028``."""
    return "".join(letter for letter in name.casefold() if letter.isalpha())


def _unusual_share(seen: Seen, usual: _Usual | None, guards: Guards) -> Iterator[str]:
    readable = seen.tally.read - seen.tally.unreadable
    removed = seen.tally.suppressed + seen.tally.review
    none_is_usual = usual is not None and usual.most == 0
    if removed == 0 and readable and not none_is_usual and seen.speaking >= guards.none_removed_from:
        yield (
            f"Nobody was removed from {readable:,} rows, though {seen.speaking:,} entries of the list speak against"
            " this mailing" + ("." if usual is None else f" and {usual.figure} are usual.")
        )
    elif usual is not None and _is_far(removed, readable, usual, guards):
        yield (
            f"{removed / readable:.2%} of the rows were removed ({removed:,}); {usual.figure} are usual {usual.told}."
        )


def _is_far(removed: int, readable: int, usual: _Usual, guards: Guards) -> bool:
    """Outside of what is usual, and by more rows than chance would move."""
    low, high = usual.least * readable, usual.most * readable
    if removed > usual.times * high:
        return removed - high >= guards.rows_from_usual
    return removed < low / usual.times and low - removed >= guards.rows_from_usual


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
