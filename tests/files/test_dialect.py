"""Delimiter, line end and quoting, told from the first rows."""

from __future__ import annotations

import pytest

from prefcenter.core.errors import BadInput
from prefcenter.files.dialect import Dialect, detect


@pytest.mark.parametrize(
    ("data", "delimiter", "line_end"),
    [
        (b"name,zip\nA,1\n", ",", "\n"),
        (b"name\tzip\r\nSmith, J\t1\r\n", "\t", "\r\n"),
        (b"name;zip\rA;1\r", ";", "\r"),
        (b"name|zip\nA, B|1\n", "|", "\n"),
        (b'name;"street, no";zip\n"A";"1, Main";2\n', ";", "\n"),
        (b"city, state\tname\tzip\nX, Y\tA\t1\nX\tA\t1\n", "\t", "\n"),
        (b"email\na@example.com\n", ",", "\n"),
        (b"name,zip", ",", "\n"),
    ],
)
def test_the_header_and_the_first_rows_tell_the_dialect(data: bytes, delimiter: str, line_end: str) -> None:
    """Delimiters in quotes do not count."""
    dialect, header = detect(data, whole=True)
    assert (dialect.delimiter, dialect.line_end) == (delimiter, line_end)
    assert data.startswith(header)


def test_a_header_may_hold_a_quoted_line_end() -> None:
    """The header is a record like the others."""
    _, header = detect(b'"na\nme",zip\nA,1\n', whole=True)
    assert header == b'"na\nme",zip\n'


def test_columns_that_are_always_quoted_are_known() -> None:
    """P13: an added row is quoted as the others are."""
    dialect, _ = detect(b'"name","zip",n\n"A","01234",5\n"B, C","",6\n', whole=True)
    assert dialect.quoted == (True, True, False)
    assert dialect.line(["D", "0", "7"]) == '"D","0",7\n'


def test_a_line_quotes_what_it_must() -> None:
    """P13: an added row cannot break the file."""
    assert Dialect(";", "\r\n", (False,) * 3).line(['a;"b"', "c,d", "e\nf"]) == '"a;""b""";c,d;"e\nf"\r\n'


def test_a_delimiter_may_be_given() -> None:
    """The caller may know better; what is none is refused."""
    assert detect(b"a,b;c\n", whole=True, delimiter=";")[0].delimiter == ";"
    with pytest.raises(BadInput, match="is no delimiter"):
        detect(b"a,b\n", whole=True, delimiter="x")
