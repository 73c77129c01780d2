"""MIME taken apart: headers, nested parts, transfer encodings, charsets.

The standard library's parser descends recursively and matches each line against every open boundary, so that a deeply
nested mail exhausts the stack or the hours. Here each level is one linear split, the depth and the number of parts are
bounded, and only the leaves that hold text are decoded. Source: RFC 2045, RFC 2046 §5.1, RFC 2047.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import quopri
import re
from dataclasses import dataclass, replace
from email.message import Message

Header = tuple[str, str]
"""A header's name in lower case, and its unfolded value."""

MAX_DEPTH = 10
MAX_PARTS = 300
MAX_HEADER_BYTES = 256_000
MAX_BODY_BYTES = 4_000_000
"""Bytes of one text part that are decoded."""

_TEXT_TYPES = ("text/plain", "text/html")
_UNSAFE_CODECS = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "unicode-escape", "undefined"})


@dataclass(frozen=True, slots=True)
class Part:
    """One MIME part, still encoded; a container has ``parts``, an attached mail has ``message``."""

    headers: tuple[Header, ...]
    content_type: str
    body: bytes
    charset: str = ""
    encoding: str = ""
    flowed: bool = False
    is_attachment: bool = False
    filename: str = ""
    parts: tuple[Part, ...] = ()
    message: Part | None = None
    problems: tuple[str, ...] = ()

    def text(self) -> tuple[str, tuple[str, ...]]:
        """The part's text with LF line ends, and what was wrong with it."""
        body, problems = _transfer_decoded(self.body[:MAX_BODY_BYTES], self.encoding)
        if len(self.body) > MAX_BODY_BYTES:
            problems = (*problems, f"A part is larger than {MAX_BODY_BYTES} bytes; the rest was not read.")
        text, charset_problems = decode_text(body, self.charset)
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        return (_unflowed(text) if self.flowed else text), (*problems, *charset_problems)


def split_parts(raw: bytes) -> Part:
    """Take a raw mail apart; never raises."""
    return _split(raw, depth=0, budget=[MAX_PARTS])


def _split(raw: bytes, *, depth: int, budget: list[int]) -> Part:
    head, body, problems = _head_and_body(raw)
    headers = parse_headers(head)
    part = _described(headers, body, problems)
    is_container = part.content_type.startswith("multipart/")
    if not is_container and part.content_type != "message/rfc822":
        return part
    if depth >= MAX_DEPTH:
        return replace(part, problems=(*part.problems, "The mail is nested too deeply; the innermost was not read."))
    if is_container:
        return _split_multipart(part, headers, depth=depth, budget=budget)
    inner, problems = _transfer_decoded(body, part.encoding)
    budget[0] -= 1
    return replace(part, message=_split(inner, depth=depth + 1, budget=budget), problems=(*part.problems, *problems))


def _split_multipart(part: Part, headers: tuple[Header, ...], *, depth: int, budget: list[int]) -> Part:
    boundary = _parameters(headers).get_param("boundary", "")
    pieces = _pieces(part.body, str(boundary).encode("utf-8", "replace")) if boundary else []
    if not pieces:
        # Without its boundary the body is still worth reading as what it most often is.
        problem = "A multipart body has no boundary that occurs in it; it was read as plain text."
        return replace(part, content_type="text/plain", problems=(*part.problems, problem))
    parts: list[Part] = []
    for piece in pieces:
        budget[0] -= 1
        if budget[0] < 0:
            part = replace(part, problems=(*part.problems, "The mail has too many parts; the last were not read."))
            break
        parts.append(_split(piece, depth=depth + 1, budget=budget))
    return replace(part, parts=tuple(parts), body=b"")


def _pieces(body: bytes, boundary: bytes) -> list[bytes]:
    """What stands between the delimiter lines; a missing closing delimiter is forgiven."""
    delimiter = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]{0,80}(?=\r?\n|\Z)")
    pieces: list[bytes] = []
    start: int | None = None
    for match in delimiter.finditer(body):
        if start is not None:
            pieces.append(body[start : match.start()])
        start = match.end()
        if match.group(1) or len(pieces) > MAX_PARTS:
            return [_after_line_end(piece) for piece in pieces]
    if start is not None:
        pieces.append(body[start:])
    return [_after_line_end(piece) for piece in pieces]


def _after_line_end(piece: bytes) -> bytes:
    return re.sub(rb"\A\r?\n", b"", piece, count=1)


def _head_and_body(raw: bytes) -> tuple[bytes, bytes, tuple[str, ...]]:
    """The header block and the body; a part that begins with an empty line has no headers."""
    raw = raw.removeprefix(codecs.BOM_UTF8)
    if re.match(rb"\r?\n", raw):
        return b"", _after_line_end(raw), ()
    end = re.search(rb"\r?\n\r?\n|\r\r", raw)
    head, body = (raw[: end.start()], raw[end.end() :]) if end else (raw, b"")
    if not re.match(rb"(?:From |>From )?[!-9;-~]{1,200}[ \t]{0,80}:|From ", head):
        return b"", raw, ("The mail has no header block; all of it was read as text.",) if raw.strip() else ()
    if len(head) > MAX_HEADER_BYTES:
        return head[:MAX_HEADER_BYTES], body, ("The header block is too long; its end was not read.",)
    return head, body, ()


def parse_headers(head: bytes) -> tuple[Header, ...]:
    """Header fields in order, unfolded, names in lower case; a line that is no header is left out."""
    text, _ = decode_text(head[:MAX_HEADER_BYTES], "")
    headers: list[list[str]] = []
    for line in re.split(r"\r\n|\n|\r", text):
        if line[:1] in (" ", "\t") and headers:
            headers[-1].append(line.strip())
            continue
        name, colon, value = line.partition(":")
        if colon and re.fullmatch(r"[!-9;-~]{1,200}[ \t]{0,80}", name):
            headers.append([name.strip().lower(), value.strip()])
    return tuple((first, " ".join(rest).replace("\x00", "")) for first, *rest in headers)


def _described(headers: tuple[Header, ...], body: bytes, problems: tuple[str, ...]) -> Part:
    """A part with what its content headers say."""
    fields = _parameters(headers)
    charset = _parameter(fields, "charset", "content-type")
    filename = _parameter(fields, "filename", "content-disposition") or _parameter(fields, "name", "content-type")
    disposition = str(fields.get("content-disposition", "")).strip().lower()
    return Part(
        headers=headers,
        content_type=_content_type(fields),
        body=body,
        charset=charset,
        encoding=str(fields.get("content-transfer-encoding", "")).strip().lower(),
        flowed=_parameter(fields, "format", "content-type").lower() == "flowed",
        is_attachment=disposition.startswith("attachment"),
        filename=decode_words(filename)[:200],
        problems=problems,
    )


def _parameters(headers: tuple[Header, ...]) -> Message:
    """The content headers in the standard library's hands, which knows RFC 2231. Only the first of a kind counts."""
    message: Message = Message()
    for name, value in headers:
        if name.startswith("content-") and name not in message:
            message[name] = value[:2_000]
    return message


def _parameter(fields: Message, name: str, header: str) -> str:
    try:
        value = fields.get_param(name, "", header=header)
    except Exception:  # noqa: BLE001 - RFC 2231 parsing raises various errors on hostile parameters
        return ""
    return str(value[2]) if isinstance(value, tuple) else str(value or "")


def _content_type(fields: Message) -> str:
    value = str(fields.get("content-type", "text/plain")).split(";")[0].strip().lower()
    return value if re.fullmatch(r"[\w.+-]+/[\w.+-]+", value) else "text/plain"


def _transfer_decoded(body: bytes, encoding: str) -> tuple[bytes, tuple[str, ...]]:
    """The body without its transfer encoding; broken base64 yields what can be decoded."""
    if encoding == "quoted-printable":
        return quopri.decodestring(body), ()
    if encoding == "base64":
        return _base64_decoded(body)
    if encoding in ("", "7bit", "8bit", "binary"):
        return body, ()
    return body, ("A part has an unknown transfer encoding; it was read as it stands.",)


def _base64_decoded(body: bytes) -> tuple[bytes, tuple[str, ...]]:
    letters = re.sub(rb"[^A-Za-z0-9+/]+", b"", body)
    foreign = re.search(rb"[^A-Za-z0-9+/=\s]", body) is not None
    whole = letters[: len(letters) - (1 if len(letters) % 4 == 1 else 0)]
    try:
        decoded = base64.b64decode(whole + b"=" * (-len(whole) % 4))
    except (binascii.Error, ValueError):
        return body, ("A base64 part could not be decoded.",)
    problem = ("A base64 part is damaged; it was decoded as far as it goes.",)
    return decoded, problem if foreign or len(whole) != len(letters) else ()


def decode_text(body: bytes, charset: str) -> tuple[str, tuple[str, ...]]:
    """The text of the bytes, whatever their charset is said to be, and a problem where that was not true.

    ISO 8859-1 and ASCII are read as Windows-1252, as browsers do. Source: WHATWG Encoding Standard §4.2.
    """
    charset = charset.strip().strip("\"'").lower()[:60]
    codec = _codec(charset)
    if charset and codec is None:
        return _guessed(body), ("A part names an unknown charset; it was guessed.",)
    if codec in ("ascii", "iso8859-1", "cp1252") or codec is None:
        # A part without a declared charset is nearly always UTF-8 today, and hardly any other text is valid UTF-8.
        return _guessed(body) if codec in ("ascii", None) else body.decode("cp1252", "replace"), ()
    try:
        return body.decode(codec), ()
    except Exception:  # noqa: BLE001 - codecs raise more than UnicodeError on hostile bytes
        return _guessed(body), ("A part is not in the charset that it names; it was guessed.",)


def _codec(charset: str) -> str | None:
    try:
        info = codecs.lookup(charset) if charset else None
    except (LookupError, ValueError, UnicodeError):
        return None
    # Codecs that are no charsets: transforms (hex, zip), and those whose decoding is not linear.
    if info is None or info.name in _UNSAFE_CODECS or not getattr(info, "_is_text_encoding", True):
        return None
    return info.name


def _guessed(body: bytes) -> str:
    """By byte order mark, else UTF-8, else Windows-1252 (every byte then has a character)."""
    for mark, codec in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if body.startswith(mark):
            return body[len(mark) :].decode(codec, "replace")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode("cp1252", "replace")


_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bqBQ])\?([^?]{0,4000})\?=")
_BETWEEN_WORDS = re.compile(r"(\?=)[ \t]{1,80}(?==\?)")


def decode_words(value: str) -> str:
    """A header value with its encoded words decoded (RFC 2047); a broken word stays as it is.

    Neighbouring words of one charset are joined as bytes first, since senders cut characters in two.

    >>> decode_words("=?utf-8?q?J=C3=BCrgen?= Doe")
    'Jürgen Doe'
    """
    value = _BETWEEN_WORDS.sub(r"\1", value[:20_000])
    out: list[str] = []
    pending: list[bytes] = []
    charset = ""
    position = 0
    for match in _WORD.finditer(value):
        between = value[position : match.start()]
        if between or match.group(1).lower() != charset:
            out.append(decode_text(b"".join(pending), charset)[0])
            out.append(between)
            pending, charset = [], match.group(1).lower()
        pending.append(_word_bytes(match.group(2), match.group(3)))
        position = match.end()
    out.append(decode_text(b"".join(pending), charset)[0])
    out.append(value[position:])
    return "".join(out)


def _word_bytes(kind: str, content: str) -> bytes:
    raw = content.encode("utf-8", "replace")
    if kind in "bB":
        return _base64_decoded(raw)[0]
    return quopri.decodestring(raw.replace(b"_", b"=20"))


def _unflowed(text: str) -> str:
    """Lines that were only wrapped for transport are joined again (RFC 3676 §4.1); a signature mark stays."""
    out: list[str] = []
    joins = False
    for line in text.split("\n"):
        stuffed = line.removeprefix(" ")
        if joins and not line.startswith(">"):
            out[-1] += stuffed
        else:
            out.append(stuffed)
        joins = stuffed.endswith(" ") and stuffed != "-- " and not line.startswith(">")
    return "\n".join(out)
