"""Which characters a file's bytes mean: a byte order mark, else UTF-8 if it is valid, else Windows-1252.

Charset guessers are not used: on mailing files they have guessed wrong, and a wrong guess changes names. The chain here
only *validates*, and can be overridden.
"""

from __future__ import annotations

import codecs
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
import polars as pl

from prefcenter.core.errors import BadInput

SAMPLE_BYTES = 4 << 20
"""How much of a file the decision looks at."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ASCII = 128
_SPARSE = 50
"""One byte in so many beyond ASCII is few."""
_WIDE = ("utf-16-le", "utf-16-be")


class Readable(Protocol):
    """What bytes can be read from."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most ``size`` of them; none at the end."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding and the byte order mark that the file began with.

    ``name`` is ``utf-8``, ``utf-16-le``, ``utf-16-be``, a single-byte code page, or ``ascii``: no other byte was seen
    so far, so that the first block which has one decides.
    """

    name: str
    bom: bytes = b""

    @property
    def is_wide(self) -> bool:
        """Whether a character takes two bytes or more, so that bytes must be transcoded before they are split."""
        return self.name in _WIDE

    @property
    def is_utf8(self) -> bool:
        """Whether the bytes are UTF-8 as they are."""
        return self.name in ("utf-8", "ascii")

    def to_utf8(self, data: bytes) -> bytes:
        """Narrow bytes, as they are split into records, as UTF-8. Wide ones have been transcoded already."""
        if self.is_utf8 or self.is_wide or data.isascii():
            return data
        beyond = np.flatnonzero(np.frombuffer(data, np.uint8) >= _ASCII)
        if len(beyond) * _SPARSE > len(data):
            return codecs.charmap_decode(data, "strict", _table(self.name))[0].encode()
        # Few accents among plain text, as in most files: what lies between them is copied as it is.
        characters, view, done = _characters(self.name), memoryview(data), 0
        pieces: list[bytes | memoryview] = []
        for place in beyond.tolist():
            pieces += (view[done:place], characters[data[place]])
            done = place + 1
        return b"".join((*pieces, view[done:]))

    def from_utf8(self, data: bytes) -> bytes:
        """The file's bytes for transcoded ones: exact for all that a wide file can hold."""
        if not self.is_wide:
            return data
        return data.decode("utf-8", "surrogatepass").encode(self.name, "surrogatepass")

    def readable(self, data: bytes) -> str:
        """The text of some narrow bytes for a person to read; what cannot be decoded becomes U+FFFD."""
        return self.to_utf8(data).decode("utf-8", "replace")

    def encode(self, text: str) -> bytes:
        """Text as the file's bytes.

        Raises:
            UnicodeEncodeError: the encoding has no such character.
        """
        if self.is_utf8 or self.is_wide:
            return text.encode("utf-8" if self.is_utf8 else self.name)
        return codecs.charmap_encode(text, "strict", codecs.charmap_build(_table(self.name)))[0]


def decide(sample: bytes, override: str | None = None, *, whole: bool = True) -> Encoding:
    """The encoding of a file that begins with ``sample``; ``whole`` says that nothing follows it.

    UTF-8 needs more valid multi-byte sequences than invalid bytes: in a Windows-1252 text a valid sequence hardly ever
    comes about, so that one damaged row in a UTF-8 file costs this row and not every accent of the file.

    Raises:
        BadInput: the override is no encoding that can be read, or the sample looks like UTF-16 without its mark.
    """
    bom, marked = next(((bom, name) for bom, name in _BOMS if sample.startswith(bom)), (b"", ""))
    if override:
        return _overridden(override, bom, marked)
    if marked:
        return Encoding(marked, bom)
    if sample[:4096].count(0) * 4 > len(sample[:4096]):
        raise BadInput(
            "The file is full of NUL bytes: it looks like UTF-16 without a byte order mark, or is no text at all.",
            remedy="Save it as UTF-8 CSV, or give its encoding, such as utf-16-le.",
        )
    return decide_later(sample, whole=whole)


def decide_later(text: bytes, *, whole: bool = True) -> Encoding:
    """UTF-8, cp1252, or still ``ascii``, by bytes that have no mark; for files that begin with megabytes of ASCII."""
    if text.isascii():
        return Encoding("ascii")
    faults = invalid_positions(text, whole=whole)
    return Encoding("utf-8" if not faults or _multibyte(text) > len(faults) else "cp1252")


def invalid_positions(data: bytes, *, whole: bool = True) -> list[int]:
    """Where UTF-8 bytes cannot be decoded: the offset of each fault, in order; empty for nearly every block.

    A character that the end cuts off is no fault unless the data is ``whole``.
    """
    if data.isascii() or _is_utf8(data):
        return []
    found = _faults.found = []
    codecs.utf_8_decode(data, _NOTE, whole)
    return list(found)


def transcoded(stream: Readable, encoding: Encoding, size: int) -> Iterator[tuple[bytes, int]]:
    """The stream's bytes in blocks of about ``size``, wide encodings as UTF-8, each with the bytes read for it.

    A lone surrogate passes through as the three bytes that are invalid in UTF-8, so that only its row is unreadable
    and even this row could be written back exactly. A last odd byte becomes 0xFF, with the same effect.
    """
    decoder = codecs.getincrementaldecoder(encoding.name)("surrogatepass") if encoding.is_wide else None
    while block := stream.read(size):
        yield (decoder.decode(block).encode("utf-8", "surrogatepass") if decoder else block), len(block)
    held_back = decoder.getstate()[0] if decoder else b""
    if held_back:
        whole = held_back[: len(held_back) // 2 * 2].decode(encoding.name, "surrogatepass")
        yield whole.encode("utf-8", "surrogatepass") + b"\xff" * (len(held_back) % 2), 0


def _is_utf8(data: bytes) -> bool:
    """Whether all of it is valid, told without a text being made of it."""
    try:
        pl.Series([data]).cast(pl.String)
    except pl.exceptions.PolarsError:
        return False
    return True


def _overridden(name: str, bom: bytes, marked: str) -> Encoding:
    try:
        known = codecs.lookup(name).name.replace("_", "-")
    except LookupError:
        raise _unknown(name) from None
    known = {"utf-8-sig": "utf-8", "utf-16": marked or "utf-16-le", "iso8859-1": "latin-1"}.get(known, known)
    if known not in ("utf-8", "ascii", *_WIDE):
        _table(known)
    return Encoding("utf-8" if known == "ascii" else known, bom if known == marked else b"")


def _unknown(name: str) -> BadInput:
    return BadInput(
        f"The encoding {name[:40]!r} cannot be read.",
        remedy="Use utf-8, utf-16-le, utf-16-be, cp1252, latin-1 or another single-byte code page.",
    )


@cache
def _table(name: str) -> str:
    """The 256 characters of a single-byte code page; bytes that it leaves undefined are those of latin-1."""
    try:
        plain = bytes(range(128)).decode(name)
        characters = [_decoded(bytes([byte]), name) for byte in range(256)]
    except (LookupError, UnicodeError):
        raise _unknown(name) from None
    undefined = [byte for byte, character in enumerate(characters) if not character]
    follows = any(_decoded(bytes([byte, after]), name) for byte in undefined for after in range(64, 256))
    if follows or plain != bytes(range(128)).decode("ascii") or not all(len(text) <= 1 for text in characters):
        raise _unknown(name)
    return "".join(character or chr(byte) for byte, character in enumerate(characters))


@cache
def _characters(name: str) -> list[bytes]:
    """The 256 characters of a single-byte code page as UTF-8."""
    return [character.encode() for character in _table(name)]


def _decoded(data: bytes, name: str) -> str:
    """What some bytes mean; nothing where the code page does not define them."""
    try:
        return data.decode(name)
    except UnicodeDecodeError:
        return ""


def _multibyte(text: bytes) -> int:
    decoded = text.decode("utf-8", "ignore")
    return len(decoded) - len(decoded.encode("ascii", "ignore"))


class _Faults(threading.local):
    """Where the running decoding of this thread notes its faults."""

    found: list[int]


def _note_fault(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    _faults.found.append(error.start)
    return "\ufffd", error.end


_NOTE = "prefcenter.note_fault"
_faults = _Faults()
codecs.register_error(_NOTE, _note_fault)
