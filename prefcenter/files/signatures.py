"""Files that only call themselves CSV: told by their first bytes, so that the error names what they are."""

from __future__ import annotations

from prefcenter.core.errors import BadInput

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "an Excel workbook (XLSX) or a ZIP archive"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook (XLS)"),
    (b"%PDF-", "a PDF document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"(\xb5/\xfd", "a zstd archive"),
    (b"BZh", "a bzip2 archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"PAR1", "a Parquet file"),
    (b"{\\rtf", "a rich text document"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\x89PNG\r\n", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"-----BEGIN PGP", "an encrypted file (PGP)"),
)
_MARKUP = (b"<!doctype html", b"<html", b"<?xml")


def refuse_other_formats(name: str, head: bytes) -> None:
    """Do nothing for a text file.

    Raises:
        BadInput: the file is something else; the message says what.
    """
    found = next((what for signature, what in _SIGNATURES if head.startswith(signature)), None)
    if head[:256].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_MARKUP):
        found = "a web page or XML"
    if found:
        raise BadInput(f"{name} is {found}, not CSV.", remedy="Open it, and save the table as CSV.")
