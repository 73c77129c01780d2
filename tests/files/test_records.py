"""Records found on raw bytes: exact, whatever the borders of the blocks."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefcenter.files.bits import Offsets, at_a_glance, counts_before, inside, marks, packed, positions
from prefcenter.files.quotes import Quotes
from prefcenter.files.records import NEVER_CLOSED, Records, split

LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r"])
CELLS = st.text(st.sampled_from('ab "\n\r,;é'), max_size=6)
NOISE = st.text(st.sampled_from('a",\n\r'), max_size=60)


def pieces(data: bytes, *, limit: int = 1 << 20, at_end: bool = True) -> list[bytes]:
    records = split(data, ord(","), at_end=at_end, limit=limit)
    return [data[a:b] for a, b in zip(records.starts, records.ends, strict=True)]


def told(records: Records) -> dict[int, str]:
    return {index: problem for problem, where in records.problems() for index in where.tolist()}


def streamed(data: bytes, size: int, limit: int) -> list[tuple[bytes, int, str | None]]:
    """The records with their fields and problems, read in blocks of a size."""
    found: list[tuple[bytes, int, str | None]] = []
    rest = b""
    chunks = [data[at : at + size] for at in range(0, len(data), size)]
    for chunk, at_end in [(chunk, False) for chunk in chunks] + [(b"", True)]:
        block = rest + chunk
        records = split(block, ord(","), at_end=at_end, limit=limit)
        for index in range(len(records)):
            piece = block[records.starts[index] : records.ends[index]]
            found.append((piece, int(records.fields[index]), told(records).get(index)))
        rest = block[records.rest :]
    assert rest == b""
    return found


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, list[list[str]]]:
    """A well-formed table as text, and its rows. Cells that hold a delimiter, a quote or a line end are quoted."""
    rows = draw(st.lists(st.lists(CELLS, min_size=2, max_size=4), max_size=8))
    text = ""
    for row in rows:
        buffer = io.StringIO()
        csv.writer(buffer).writerow(row)
        text += buffer.getvalue().removesuffix("\r\n") + draw(LINE_ENDS)
    return text, rows


@given(tables())
def test_records_are_those_of_a_strict_parser(table: tuple[str, list[list[str]]]) -> None:
    """P11: every row of a well-formed file is found once, with its fields."""
    text, rows = table
    data = text.encode()
    records = split(data, ord(","), at_end=True)
    assert b"".join(pieces(data)) == data
    assert records.fields.tolist() == [len(row) for row in rows]
    assert not told(records)
    assert not len(records.closings)


@given(NOISE.map(str.encode), st.integers(1, 12), st.sampled_from([5, 12, 1 << 20]))
def test_borders_of_blocks_change_nothing(data: bytes, size: int, limit: int) -> None:
    """P11: the same records, fields and problems, however the file falls into blocks."""
    assert streamed(data, size, limit) == streamed(data, len(data) + 1, limit)


@given(NOISE.map(str.encode), st.booleans())
def test_the_quick_ways_agree_with_the_slow_one(data: bytes, at_end: bool) -> None:
    """P11: reading quote by quote finds what is found at a glance."""
    found = marks(data, ord(","), at_end=at_end)
    quick = at_a_glance(found, at_end=at_end, limit=30)
    if quick is None:
        return
    slow = Quotes(found, at_end=at_end, limit=30).settle_all()
    assert quick.ends.tolist() == slow.ends.tolist()
    last = quick.ends[-1] if len(quick.ends) else 0
    assert before(positions(quick.delimiters), last) == before(positions(slow.delimiters), last)
    assert before(quick.literals, last) == before(slow.literals, last)
    assert slow.closings.tolist() == slow.unclosed.tolist() == []


def before(offsets: Offsets, end: int) -> list[int]:
    return list(offsets[offsets < end].tolist())


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"a,b\r\n" * 50, id="no quotes"),
        pytest.param(b'"a","b"\n' * 50, id="all quoted"),
        pytest.param(b'"a\nb, ""c""",d\r"",e\n' * 50, id="line ends, delimiters and quotes in quotes"),
        pytest.param(b'12" RECORDS,"b"\n' * 50, id="quotes that are characters"),
    ],
)
def test_a_regular_block_is_understood_at_a_glance(data: bytes) -> None:
    """P11: the quick way is taken for what nearly all files consist of, and says what the slow one does."""
    found = marks(data, ord(","), at_end=True)
    quick = at_a_glance(found, at_end=True, limit=1 << 20)
    slow = Quotes(found, at_end=True, limit=1 << 20).settle_all()
    assert quick is not None
    assert quick.ends.tolist() == slow.ends.tolist()
    assert positions(quick.delimiters).tolist() == positions(slow.delimiters).tolist()
    assert quick.literals.tolist() == slow.literals.tolist()


@given(st.binary(max_size=300), st.data())
def test_bits_say_what_bytes_say(data: bytes, drawn: st.DataObject) -> None:
    """P11: whatever of a block falls into one word of bits or another."""
    quotes = np.frombuffer(data, np.uint8) < 40
    odd = np.cumsum(quotes) % 2 == 1
    assert positions(inside(packed(quotes)))[: int(odd.sum())].tolist() == np.flatnonzero(odd).tolist()
    assert positions(packed(quotes)).tolist() == np.flatnonzero(quotes).tolist()
    offset = drawn.draw(st.integers(0, len(data)))
    assert counts_before(packed(quotes), np.array([offset])).tolist() == [int(quotes[:offset].sum())]


@given(NOISE.map(str.encode))
def test_no_byte_is_lost_but_blank_lines(data: bytes) -> None:
    """P11: what is no record is a line end."""
    records = split(data, ord(","), at_end=True)
    at = 0
    for start, end in zip(records.starts.tolist(), records.ends.tolist(), strict=True):
        assert not data[at:start].strip(b"\r\n")
        at = end
    assert not data[at:].strip(b"\r\n")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(
            b'a,12" RECORDS\nb,c\n', [b'a,12" RECORDS\n', b"b,c\n"], id="a quote inside a field is a character"
        ),
        pytest.param(b'"Skip" Jones,x\nb,c\n', [b'"Skip" Jones,x\n', b"b,c\n"], id="text behind a closing quote"),
        pytest.param(b'a, "b\nc,d\n', [b'a, "b\n', b"c,d\n"], id="a quote behind a blank does not open"),
        pytest.param(b'a,"b\nc,d\n', [b'a,"b\n', b"c,d\n"], id="never closed"),
        pytest.param(b'a,"b\nc,"d"\ne,f', [b'a,"b\n', b'c,"d"\n', b"e,f"], id="never closed, quotes follow"),
        pytest.param(b'a,"b\nc"\nd,e\n', [b'a,"b\nc"\n', b"d,e\n"], id="a line end in quotes"),
        pytest.param(b'a,"b""\nc"\n', [b'a,"b""\nc"\n'], id="a doubled quote before a line end"),
        pytest.param(b'"""a""",b\nc,d', [b'"""a""",b\n', b"c,d"], id="doubled quotes at the border of a field"),
        pytest.param(b'"",b\n"","\n"\n', [b'"",b\n', b'"","\n"\n'], id="empty quotes"),
        pytest.param(b"a,b\rc,d\r\ne,f\n\r\r\ng,h", [b"a,b\r", b"c,d\r\n", b"e,f\n", b"g,h"], id="mixed line ends"),
    ],
)
def test_quotes_and_line_ends_mean_what_a_reader_takes_them_for(data: bytes, expected: list[bytes]) -> None:
    """P11: one bad quote costs its own row only."""
    assert pieces(data) == expected


def test_an_unclosed_quote_costs_only_its_own_row() -> None:
    """P11: the row where the quote opened is named, and reading resumes on the next line."""
    rows = b"".join(b"%d,b\n" % number for number in range(1000))
    data = b'x,"open\n' + rows
    records = split(data, ord(","), at_end=True)
    assert told(records) == {0: NEVER_CLOSED}
    assert len(records) == 1001


def test_a_record_beyond_the_limit_is_given_up_where_its_quote_opened() -> None:
    """P11: a far quote that happens to close does not swallow what lies between."""
    data = b'x,"open\n' + b"a,b\n" * 50 + b'c",d\ne,f\n'
    assert len(split(data, ord(","), at_end=True)) == 2
    records = split(data, ord(","), at_end=True, limit=100)
    assert told(records) == {0: NEVER_CLOSED}
    assert len(records) == 53


def test_a_line_beyond_the_limit_is_unreadable() -> None:
    """P11: a single endless line is a row that cannot be read."""
    records = split(b"a,b\n" + b"x" * 200 + b"\nc,d\n", ord(","), at_end=True, limit=100)
    assert told(records) == {1: "is longer than 100 bytes"}
