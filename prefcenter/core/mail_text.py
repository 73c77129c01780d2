"""The words of a mail: HTML as text, and a person's own words apart from what they quote, forward, or sign.

Everything here goes line by line or tag by tag and is linear in its input. (mail-parser-reply was tried for replies:
its pattern needs two seconds for 8 kB of a repeated "On", so strangers could stall us with one mail.)
"""

from __future__ import annotations

import html as html_entities
import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_HTML = 2_000_000

_LINE_BREAKING = frozenset(
    re.findall(
        r"\w+",
        "address article aside blockquote br center dd div dl dt fieldset footer form h1 h2 h3 h4 h5 h6 header hr li"
        " main nav ol option p pre section table tbody tfoot thead title tr ul",
    )
)
_UNSHOWN = frozenset({"script", "style", "template", "title"})
_CITING = re.compile(r"type\s{0,3}=\s{0,3}[\"']?cite|class\s{0,3}=\s{0,3}[\"']?[^\"'>]{0,80}quote", re.IGNORECASE)
_CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\u00ad\ud800-\udfff]")
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\u00ad]")


def without_control_characters(text: str) -> tuple[str, bool]:
    """The text without NULs, other controls and invisible marks, and whether there were any that are no mere marks."""
    text = _INVISIBLE.sub("", text.replace("\x0c", "\n"))
    clean = _CONTROLS.sub("", text)
    return clean, clean != text


def html_to_text(html: str) -> tuple[str, tuple[str, ...]]:
    r"""What a reader sees of the HTML: a line for each block, cited quotations marked with ``>``; and the problems.

    >>> html_to_text("<p>Jane Doe<br>12 Oak&nbsp;St</p>")[0]
    'Jane Doe\n12 Oak St'
    """
    problems = () if len(html) <= MAX_HTML else ("The HTML is too long; its end was not read.",)
    lines: list[str] = []
    line: list[str] = []
    quotes: list[bool] = []

    def end_line() -> None:
        text = " ".join("".join(line).replace("\xa0", " ").split(" ")).strip()
        text = re.sub(r"[ \n\r]{2,}", " ", text.replace("\n", " "))
        lines.append(("> " if any(quotes[:50]) and text else "") + text)
        line.clear()

    for kind, value in _tokens(html[:MAX_HTML]):
        if kind == "text":
            line.append(value.replace("\r", " ").replace("\n", " "))
            continue
        name, closing = _tag_name(value)
        if name in ("td", "th") and not closing and "".join(line).strip():
            line.append("\t")
        if name not in _LINE_BREAKING:
            continue
        if name == "br" or "".join(line).strip():
            end_line()
        if name == "blockquote":
            _track_quote(quotes, value, closing=closing)
        elif name in ("p", "hr") and closing and lines and lines[-1]:
            # A paragraph's distance is layout, not meaning: many clients make each line of an address a paragraph.
            continue
    end_line()
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip(), problems


def _track_quote(quotes: list[bool], tag: str, *, closing: bool) -> None:
    if not closing:
        quotes.append(_CITING.search(tag[:500]) is not None)
    elif quotes:
        quotes.pop()


def _tag_name(tag: str) -> tuple[str, bool]:
    match = re.match(r"</?([A-Za-z][A-Za-z0-9]{0,20})", tag)
    return (match.group(1).lower() if match else "", tag.startswith("</"))


def _tokens(html: str) -> Iterator[tuple[str, str]]:
    """("text", …) and ("tag", …) in order; what is not shown is left out. Each character is looked at once or twice."""
    position = 0
    unclosed: set[str] = set()
    while position < len(html):
        start = html.find("<", position)
        if start < 0:
            break
        if start > position:
            yield "text", html_entities.unescape(html[position:start])
        if html.startswith("<!--", start):
            end = html.find("-->", start)
            position = end + 3 if end >= 0 else len(html)
            continue
        if not re.match(r"</?[A-Za-z!?]", html[start : start + 3]):
            yield "text", "<"
            position = start + 1
            continue
        end = html.find(">", start)
        if end < 0:
            break
        tag = html[start : end + 1]
        yield "tag", tag
        position = _after_unshown(html, tag, end + 1, unclosed)
    if position < len(html):
        yield "text", html_entities.unescape(html[position:]) if html.find("<", position) < 0 else ""


def _after_unshown(html: str, tag: str, position: int, unclosed: set[str]) -> int:
    """Where reading goes on: behind the content of a style or script; else right here.

    ``unclosed`` remembers which names have no end tag any more, so that it is looked for only once.
    """
    name, closing = _tag_name(tag)
    if closing or name not in _UNSHOWN or name in unclosed or tag.endswith("/>"):
        return position
    end = re.compile(rf"</{name}", re.IGNORECASE).search(html, position)
    if end is None:
        unclosed.add(name)
    return end.start() if end else position


@dataclass(frozen=True, slots=True)
class Words:
    """Whose words are whose in one mail's text.

    Args:
        own: what the sender wrote, without quotations and without a device's signature.
        forwarded: the inside of a forwarded mail, unquoted, without its header lines.
        forwarded_from: the display name (or address) in the forwarded mail's From line.
        forwarded_subject: its subject.
        quoted: all that was taken away, so that nothing is lost.
    """

    own: str
    forwarded: str = ""
    forwarded_from: str = ""
    forwarded_subject: str = ""
    quoted: str = ""


_FORWARD_MARK = re.compile(
    r"[\s>*_-]{0,40}(?:begin forwarded message|(?:start of )?forwarded (?:message|mail)|original message follows"
    r"|weitergeleitete nachricht|anfang der weitergeleiteten (?:nachricht|e-?mail)|mensaje reenviado"
    r"|message transf[eé]r[eé]|d[eé]but du message (?:r[eé]exp[eé]di[eé]|transf[eé]r[eé])|mensagem encaminhada"
    r"|messaggio inoltrato|doorgestuurd bericht)\s{0,3}:?[\s*_-]{0,40}",
    re.IGNORECASE,
)
_ORIGINAL_MARK = re.compile(
    r"\s{0,3}-{2,40}\s{0,3}(?:original (?:message|appointment)|urspr[uü]ngliche nachricht|mensaje original"
    r"|message d.origine|mensagem original|messaggio originale|oorspronkelijk bericht)\s{0,3}-{2,40}\s{0,3}",
    re.IGNORECASE,
)
_WROTE = re.compile(
    r".{0,300}\b(?:wrote|schrieb|schreef|escribi[oó]|a [eé]crit|escreveu|ha scritto|napisa[lł]|skrev|kirjoitti)\b"
    r".{0,120}:\s{0,3}",
    re.IGNORECASE,
)
_WROTE_OPENS = re.compile(r"(?:On|Am|Op|El|Le|Em|Il|W dniu|Den|\d{1,4}[-./]).{3,}", re.IGNORECASE)
_HEADER_LINE = re.compile(
    r"[\s*>]{0,10}(From|Von|De|Van|Da|Sent|Date|Gesendet|Datum|Fecha|Enviado|Envoy[eé]|Verzonden|Inviato|To|An|Para"
    r"|[AÀ]|Aan|Cc|Kopie|Subject|Betreff|Asunto|Objet|Onderwerp|Assunto|Oggetto|Reply-To)\s{0,2}:\**(?:\s|$)(.{0,500})",
    re.IGNORECASE,
)
_FROM_NAMES = frozenset({"from", "von", "de", "van", "da"})
_SUBJECT_NAMES = frozenset({"subject", "betreff", "asunto", "objet", "onderwerp", "assunto", "oggetto"})
_DEVICE_SIGNATURE = re.compile(
    r"\s{0,5}(?:(?:sent|get|gesendet|enviado|envoy[eé]|verzonden|inviato)\s(?:from|via|with|outlook|von|mit|desde|de"
    r"|depuis|vanaf|vanuit|da|do)\b.{0,100}|get outlook for .{0,40}|sent (?:from|via) .{0,80}|yahoo mail[:-].{0,80}"
    r"|von meinem .{1,40} gesendet|(?:this email|virus-free).{0,60}(?:avast|avg|virus).{0,60})",
    re.IGNORECASE,
)


def strip_quoted(text: str, *, forwarded: bool = False) -> str:
    """The text without quoted replies and device signatures; forwarded content stays, without its header lines.

    Args:
        text: LF line ends.
        forwarded: the mail's subject says that it is forwarded, so an Outlook header block opens a forwarded mail.
    """
    words = split_words(text, forwarded=forwarded)
    return "\n\n".join(piece for piece in (words.own, words.forwarded) if piece)


def split_words(text: str, *, forwarded: bool = False) -> Words:
    """Tell apart what the sender wrote, forwarded, and quoted. ``Words`` says what is what."""
    lines = text.split("\n")
    own: list[str] = []
    quoted: list[str] = []
    index = 0
    while index < len(lines):
        line = lines[index]
        is_original = _ORIGINAL_MARK.fullmatch(line[:200]) is not None
        if _FORWARD_MARK.fullmatch(line[:200]) or (forwarded and (is_original or _opens_header_block(lines, index))):
            return _with_forwarded(own, quoted, lines[index:], is_marked=not _opens_header_block(lines, index))
        if is_original or _opens_header_block(lines, index):
            quoted.extend(lines[index:])
            break
        attribution = _attribution_length(lines, index)
        if attribution:
            quoted.extend(lines[index : index + attribution])
            index += attribution
            if not _quote_follows(lines, index):
                quoted.extend(lines[index:])
                break
            continue
        (quoted if _is_quoted(line) or _DEVICE_SIGNATURE.fullmatch(line[:300]) else own).append(line)
        index += 1
    return Words(own="\n".join(own).strip(), quoted="\n".join(quoted).strip())


def _with_forwarded(own: list[str], quoted: list[str], rest: list[str], *, is_marked: bool) -> Words:
    """The forwarded mail in ``rest``: its mark, its header lines, its content (itself perhaps with quotations)."""
    index = 1 if is_marked else 0
    sender = subject = ""
    seen_header = False
    while index < len(rest):
        match = _HEADER_LINE.fullmatch(rest[index][:600])
        if match:
            seen_header = True
            name, value = match.group(1).lower(), match.group(2).strip(" *")
            sender = sender or (value if name in _FROM_NAMES else "")
            subject = subject or (value if name in _SUBJECT_NAMES else "")
        elif rest[index].strip(" >") or seen_header:
            break
        index += 1
    inner = "\n".join(re.sub(r"^\s{0,3}(?:>\s?){1,5}", "", line) for line in rest[index:])
    content = split_words(inner) if not _FORWARD_MARK.search(inner[:200_000]) else Words(own=inner.strip())
    return Words(
        own="\n".join(own).strip(),
        forwarded="\n\n".join(piece for piece in (content.own, content.forwarded) if piece),
        forwarded_from=re.sub(r"\s{0,5}[<\[(].{0,200}$", "", sender).strip(" \"'"),
        forwarded_subject=subject,
        quoted="\n".join((*quoted, *rest[:index], content.quoted)).strip(),
    )


def _is_quoted(line: str) -> bool:
    return re.match(r"\s{0,3}>", line) is not None


def _attribution_length(lines: list[str], index: int) -> int:
    """How many lines an "On …, Jane wrote:" takes here (it is often wrapped over two or three), or 0."""
    if not _WROTE_OPENS.match(lines[index].lstrip("> \t")[:300]):
        return 0
    for length in (1, 2, 3):
        joined = " ".join(line[:300] for line in lines[index : index + length])
        if _WROTE.fullmatch(joined[:500]):
            return length
    return 0


def _quote_follows(lines: list[str], index: int) -> bool:
    """Whether the next line with text is marked with ``>``; if not, the whole rest is the quotation."""
    following = next((line for line in lines[index : index + 6] if line.strip()), ">")
    return _is_quoted(following)


def _opens_header_block(lines: list[str], index: int) -> bool:
    """Outlook's "From: … Sent: … To: … Subject: …": a From line with two more header lines right after it."""
    first = _HEADER_LINE.fullmatch(lines[index][:600])
    if first is None or first.group(1).lower() not in _FROM_NAMES:
        return False
    following = [_HEADER_LINE.fullmatch(line[:600]) for line in lines[index + 1 : index + 5]]
    return sum(match is not None for match in following) >= 2
