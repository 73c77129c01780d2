"""A byte order mark, else valid UTF-8, else Windows-1252: validated, never guessed."""

from __future__ import annotations

import codecs
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefcenter.core.errors import BadInput
from prefcenter.files.encoding import Encoding, decide, invalid_positions, transcoded


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"name\nBob\n", Encoding("ascii")),
        ("name\nJosé\n".encode(), Encoding("utf-8")),
        (codecs.BOM_UTF8 + b"name\n", Encoding("utf-8", codecs.BOM_UTF8)),
        ("name\nJosé\n".encode("cp1252"), Encoding("cp1252")),
        ("name\nJosé".encode("cp1252"), Encoding("cp1252")),
        (codecs.BOM_UTF16_LE + "name".encode("utf-16-le"), Encoding("utf-16-le", codecs.BOM_UTF16_LE)),
        (codecs.BOM_UTF16_BE + "name".encode("utf-16-be"), Encoding("utf-16-be", codecs.BOM_UTF16_BE)),
        ("José, Zoë\nR\xe9".encode() + b"\nJos\xe9\n", Encoding("utf-8")),
    ],
)
def test_the_bytes_decide(data: bytes, expected: Encoding) -> None:
    """The chain is mark, UTF-8, cp1252; one damaged row does not turn a UTF-8 file into cp1252."""
    assert decide(data) == expected


def test_a_character_cut_off_by_the_sample_is_no_fault() -> None:
    """Only the end of the file proves that a character is incomplete."""
    cut = "name\nJosé".encode()[:-1]
    assert decide(cut, whole=False) in (Encoding("utf-8"), Encoding("ascii"))
    assert decide(cut, whole=True) == Encoding("cp1252")


@pytest.mark.parametrize("name", ["utf-8", "latin-1", "cp1252", "mac-roman", "iso-8859-15", "utf-16-le"])
def test_the_caller_may_know_better(name: str) -> None:
    """An override is taken as given."""
    assert decide("José".encode(), name).name.replace("iso8859", "iso-8859") == name


@pytest.mark.parametrize("name", ["nonsense", "shift_jis", "utf-32", "cp037", "base64"])
def test_an_encoding_that_is_not_ascii_compatible_is_refused(name: str) -> None:
    """Its bytes could not be split into rows."""
    with pytest.raises(BadInput, match="cannot be read"):
        decide(b"name", name)


def test_every_byte_of_cp1252_has_a_meaning() -> None:
    """The five undefined bytes are read as latin-1, so that no row is lost to them."""
    data = bytes(range(256))
    encoding = Encoding("cp1252")
    text = encoding.to_utf8(data).decode()
    assert text[0x80] == "€"
    assert text[0x81] == "\x81"
    assert encoding.encode(text) == data


@given(st.binary(max_size=60), st.integers(1, 9), st.sampled_from(["utf-16-le", "utf-16-be"]))
def test_any_utf16_comes_back_exactly(data: bytes, size: int, name: str) -> None:
    """Lone surrogates included; a last odd byte is marked as a fault."""
    encoding = Encoding(name)
    even = data[: len(data) // 2 * 2]
    text = b"".join(block for block, _ in transcoded(io.BytesIO(data), encoding, size))
    assert text.endswith(b"\xff") == bool(len(data) % 2)
    assert encoding.from_utf8(text.removesuffix(b"\xff")) == even


@given(st.binary(max_size=40))
def test_faults_are_where_a_strict_decoder_stops(data: bytes) -> None:
    """All before the first fault is UTF-8, and each fault is one that the decoder replaces."""
    faults = invalid_positions(data)
    assert data.decode("utf-8", "replace").startswith(data[: faults[0]].decode() if faults else data.decode())
    assert len(faults) == data.decode("utf-8", "replace").count("\ufffd") - data.count("\ufffd".encode())


@given(
    st.lists(st.integers(128, 255), max_size=30), st.integers(0, 300), st.sampled_from(["cp1252", "latin-1", "cp850"])
)
def test_few_accents_are_read_as_many_are(accents: list[int], between: int, name: str) -> None:
    """P11: what is copied around them and what is looked up singly say what the code page says."""
    data = b"".join(b"x" * between + bytes([accent]) for accent in accents) + b"y" * between
    encoding = Encoding(name)
    assert encoding.to_utf8(data) == b"".join(encoding.to_utf8(bytes([byte])) for byte in data)


@given(st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_what_is_valid_at_a_glance_is_valid_to_the_last_byte(data: bytes) -> None:
    """P11: no fault is overlooked, and none is made up."""
    try:
        data.decode()
        faulty = False
    except UnicodeDecodeError:
        faulty = True
    assert bool(invalid_positions(data)) == faulty
