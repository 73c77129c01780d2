"""Gzipped text tables, in and out, streamed: no file is ever unpacked to disk or memory as a whole (RFC 1952)."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from prefcenter.core.errors import BadInput
from prefcenter.files.encoding import SAMPLE_BYTES
from prefcenter.files.reading import CsvTable
from prefcenter.files.sources import Hashed, Packer, Reading, Sample, Source, opened

SUFFIX = ".gz"
_LEVEL = 6
_GZIP_WINDOW = 31
"""zlib's way to ask for the gzip format: the largest window and 16; it writes no time and no name."""


class GzipSource(Source):
    """A gzip file; its text is what it holds unpacked, the members of a concatenated one in a row."""

    def sample(self) -> Sample:
        """The first bytes of its text, and whether they are all.

        Raises:
            BadInput: it is no gzip file, or a damaged one.
        """
        with opened(self.path) as stream:
            text = _Unpacked(self.path, Hashed(stream, self.size)).read(SAMPLE_BYTES + 1)
        return Sample(text[:SAMPLE_BYTES], len(text) <= SAMPLE_BYTES)

    def packer(self) -> Packer:
        """Packs what is written: the same rows make the same bytes, whenever it is done."""
        return zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)

    def _reading(self, hashed: Hashed) -> Reading:
        return _Unpacked(self.path, hashed)


class _Unpacked:
    """The text of a gzip file; places and digest are those of the packed bytes."""

    at_end = False
    """A member may always follow, so that the end is known only when nothing more comes."""

    def __init__(self, path: Path, packed: Hashed) -> None:
        self._path, self._packed = path, packed
        self._text = gzip.GzipFile(fileobj=cast("BinaryIO", packed), mode="rb")

    @property
    def done(self) -> int:
        """How many packed bytes have been read."""
        return self._packed.done

    def read(self, size: int, /) -> bytes:
        """The next bytes of text."""
        with _damage_named(self._path):
            return self._text.read(size)

    def digest(self) -> str:
        """The SHA-256 of the packed bytes."""
        return self._packed.digest()


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    try:
        yield
    except EOFError:
        raise BadInput(f"{path.name} ends in the middle.", remedy="Copy or download it again.") from None
    except (gzip.BadGzipFile, zlib.error):
        raise BadInput(
            f"{path.name} is no gzip file, or it is damaged.",
            remedy="Copy or download it again; if it is not compressed, drop the .gz from its name.",
        ) from None


def open_gzipped_csv(
    path: Path, *, mapping: Mapping[str, str] | None = None, encoding: str | None = None, delimiter: str | None = None
) -> CsvTable:
    """Open a gzipped CSV file and read its header.

    Raises:
        BadInput: there is no such file, it is damaged, or no table with a header line.
    """
    return CsvTable(path, mapping=mapping, encoding=encoding, delimiter=delimiter, source=GzipSource(path))
