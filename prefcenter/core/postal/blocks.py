"""Which pairs are worth judging: those that share a block, by prefilters that nearly every true pair passes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

NO_NUMBER = "-"
"""Stands for the number of an address that has none, as a house abroad that goes by its name."""
WORD_LETTERS = 3
"""Letters of a street's first word that a block compares: slips come later in a word more often."""

NO_STREET = "-"
"""Stands for that word where there is none, as at a PO box or a route, which stand whole in the number (P7)."""

BLOCKS: tuple[tuple[str, ...], ...] = (
    ("number", "zip"),
    ("number", "state", "last"),
    ("number", "zip3", "word"),
    ("number", "city", "word"),
)
"""Each block is a set of columns that must be equal and given; P6 puts the number in all of them."""

BLOCK_FIELDS = ("number", "zip", "state", "city", "way", "last", "last2")
"""The columns of :func:`.pair_fields` that blocks are made of."""


def block_texts(fields: pl.DataFrame) -> pl.DataFrame:
    """The blocks of each row with :data:`BLOCK_FIELDS`: ``place`` (its row number, u32) and ``text``.

    A couple lies in the blocks of both surnames. Whatever meets by a key meets in a block, too.
    """
    return pl.concat(_kinds_of_texts(fields))


def _kinds_of_texts(fields: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The same, one kind of block after the other."""
    rows = fields.select(BLOCK_FIELDS).with_row_index("place")
    # Abroad a house may have a name and no number; the keys of :mod:`.keys` have an empty one there.
    rows = rows.with_columns(pl.col("number").replace("", NO_NUMBER), pl.col("zip").fill_null("")).with_columns(
        pl.col("zip").str.head(3).alias("zip3"),
        pl.col("way").str.extract(rf"^([^ ]{{1,{WORD_LETTERS}}})").fill_null(NO_STREET).alias("word"),
    )
    second = rows.filter((pl.col("last2") != "") & (pl.col("last2") != pl.col("last")))
    second = second.with_columns(pl.col("last2").alias("last"))
    yield from (_texts(rows, names) for names in BLOCKS)
    yield _texts(second, BLOCKS[1])


def _texts(rows: pl.DataFrame, names: tuple[str, ...]) -> pl.DataFrame:
    given = rows.filter(pl.all_horizontal(pl.col(name) != "" for name in names))
    return given.select("place", pl.concat_str([pl.lit("-".join(names)), *names], separator="|").alias("text"))


def block_keys(fields: pl.DataFrame) -> pl.DataFrame:
    """The blocks of each row as ``place`` (u32) and ``block``, a 64-bit hash.

    Hashes are those of one process: never store them.
    """
    # The texts of half a million entries would take more memory together than all that is kept of them.
    hashed = pl.col("text").hash(seed=0).alias("block")
    return pl.concat(texts.select("place", hashed) for texts in _kinds_of_texts(fields))


@dataclass(frozen=True, slots=True)
class BlockIndex:
    """The blocks of many rows in the order of their hashes, so that those of a few others are found at once.

    Args:
        blocks: the hashes, each once, in order.
        first: where the rows of each begin in ``places``.
        counts: how many they are.
        places: row numbers.
        taken: for the last bits of a hash whether any block ends in them; most blocks of a file's rows are told to be
            nowhere by this alone, and a search costs ten times as much.
    """

    blocks: npt.NDArray[np.uint64]
    first: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    places: npt.NDArray[np.uint32]
    taken: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, keys: pl.DataFrame) -> BlockIndex:
        """Order a frame of :func:`block_keys`."""
        ordered = keys.sort("block")
        blocks = ordered["block"].to_numpy()
        first = np.flatnonzero(np.diff(blocks, prepend=~blocks[:1]))
        taken = np.zeros(1 << max((_ROOM * len(first)).bit_length(), _LEAST_BITS), dtype=np.bool_)
        taken[_ending(blocks[first], taken)] = True
        return cls(blocks[first], first, np.diff(first, append=len(blocks)), ordered["place"].to_numpy(), taken)

    def pairs(self, keys: pl.DataFrame, *, at_most: int = 500_000) -> Iterator[pl.DataFrame]:
        """The pairs of these rows with others that share a block, by the places ``l`` and ``r`` (u32).

        They come in pieces of about ``at_most`` pairs, all those of one other row in the same piece, each pair once.
        """
        if not len(self.blocks):
            return
        blocks, places = keys["block"].to_numpy(), keys["place"].to_numpy()
        perhaps = np.flatnonzero(self.taken[_ending(blocks, self.taken)])
        blocks, places = blocks[perhaps], places[perhaps]
        there = np.minimum(np.searchsorted(self.blocks, blocks), len(self.blocks) - 1)
        met = np.flatnonzero(self.blocks[there] == blocks)
        met = met[np.argsort(places[met], kind="stable")]
        yield from self._pieces(places[met], self.first[there[met]], self.counts[there[met]], at_most)

    def _pieces(
        self,
        places: npt.NDArray[np.uint32],
        first: npt.NDArray[np.int64],
        counts: npt.NDArray[np.int64],
        at_most: int,
    ) -> Iterator[pl.DataFrame]:
        start, sums = 0, np.cumsum(counts)
        while start < len(places):
            done = sums[start - 1] if start else 0
            end = max(int(np.searchsorted(sums, done + at_most, side="right")), start + 1)
            # A row's blocks stay together, so that a pair is told once.
            end = int(np.searchsorted(places, places[end - 1], side="right"))
            yield self._unfold(places[start:end], first[start:end], counts[start:end])
            start = end

    def _unfold(
        self, places: npt.NDArray[np.uint32], first: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]
    ) -> pl.DataFrame:
        before = np.cumsum(counts) - counts
        ones = self.places[np.repeat(first - before, counts) + np.arange(counts.sum())].astype(np.uint64)
        pairs = np.sort((np.repeat(places, counts).astype(np.uint64) << np.uint64(32)) | ones)
        pairs = pairs[np.diff(pairs, prepend=~pairs[:1]) != 0]
        return pl.DataFrame(
            {
                "l": (pairs & np.uint64(0xFFFFFFFF)).astype(np.uint32),
                "r": (pairs >> np.uint64(32)).astype(np.uint32),
            }
        )


_ROOM, _LEAST_BITS = 8, 10
"""Places for each block in the table of those taken, and the least size of it (a power of two)."""


def _ending(blocks: npt.NDArray[np.uint64], taken: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint64]:
    return blocks & np.uint64(len(taken) - 1)


def candidate_pairs(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    """The pairs of two :func:`block_keys` frames that share a block, each once: their places ``l`` and ``r`` (u32)."""
    found = list(BlockIndex.of(left).pairs(right))
    return pl.concat(found) if found else pl.DataFrame(schema={"l": pl.UInt32, "r": pl.UInt32})
