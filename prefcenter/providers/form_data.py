"""Multipart form data taken apart as bytes, so that each field can be decoded by the charset that is named for it.

One linear pass; what is broken gives fewer fields, never an exception. Source: RFC 7578, RFC 2046 §5.1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_FIELDS = 500

_BOUNDARY = re.compile(r'boundary=(?:"([^"]{1,200})"|([^\s;,"]{1,200}))', re.IGNORECASE)
_PARAMETER = re.compile(rb'(?:^|;)\s*(name|filename)="((?:[^"\\\r\n]|\\.){0,500})"', re.IGNORECASE)
_CONTENT_TYPE = re.compile(rb"^content-type:[ \t]*([^\r\n;]{0,200})", re.IGNORECASE | re.MULTILINE)
_DISPOSITION = re.compile(rb"^content-disposition:[ \t]*form-data[ \t]*([^\r\n]{0,2000})", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form; a file has a filename."""

    name: str
    value: bytes
    filename: str = ""
    content_type: str = ""


def split_form(content_type: str, raw: bytes) -> tuple[Field, ...]:
    """The fields in order; none where the body is not the form that its content type says."""
    match = _BOUNDARY.search(content_type)
    if match is None or "multipart/form-data" not in content_type.lower():
        return ()
    delimiter = b"--" + (match[1] or match[2]).encode("latin-1", "replace")
    fields = []
    for piece in _pieces(raw, delimiter):
        field = _field(piece)
        if field is not None:
            fields.append(field)
    return tuple(fields)


def _pieces(raw: bytes, delimiter: bytes) -> list[bytes]:
    """What stands between the delimiter lines; only a delimiter at the beginning of a line counts."""
    pieces: list[bytes] = []
    position = 0 if raw.startswith(delimiter) else raw.find(b"\r\n" + delimiter) + 2
    if position < 2 and not raw.startswith(delimiter):
        return []
    while len(pieces) < MAX_FIELDS:
        start = position + len(delimiter)
        if raw[start : start + 2] != b"\r\n":
            return pieces
        end = raw.find(b"\r\n" + delimiter, start)
        if end < 0:
            return [*pieces, raw[start + 2 :]]
        pieces.append(raw[start + 2 : end])
        position = end + 2
    return pieces


def _field(piece: bytes) -> Field | None:
    head, separator, value = piece.partition(b"\r\n\r\n")
    disposition = _DISPOSITION.search(head)
    if not separator or disposition is None:
        return None
    found = {key.lower(): _unquoted(text) for key, text in _PARAMETER.findall(disposition[1])}
    if b"name" not in found:
        return None
    kind = _CONTENT_TYPE.search(head)
    return Field(
        name=found[b"name"],
        value=value,
        filename=found.get(b"filename", ""),
        content_type=kind[1].decode("latin-1").strip().lower() if kind else "",
    )


def _unquoted(text: bytes) -> str:
    return re.sub(rb"\\(.)", rb"\1", text).decode("utf-8", "replace")
