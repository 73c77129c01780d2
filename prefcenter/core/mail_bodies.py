"""The two bodies of a mail that we send: each made from the other where it is missing, and both with a footer."""

from __future__ import annotations

import html as entities
import re

from prefcenter.core.mail_text import html_to_text

_LINK = re.compile(
    r"<a\b[^<>]{0,2000}?\bhref\s*=\s*([\"'])([^\"'<>]{1,2000})\1[^<>]{0,2000}>(.{0,2000}?)</a\s*>",
    re.IGNORECASE | re.DOTALL,
)
_ADDRESS = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")
_BODY_END = re.compile(r"</body\s*>", re.IGNORECASE)
_HTML_END = re.compile(r"</html\s*>", re.IGNORECASE)


def text_from_html(html: str) -> str:
    r"""Write HTML as plain text, for whoever reads no HTML; what a link leads to stands behind its words.

    >>> text_from_html('<p>Hello,</p><p>see <a href="https://a.example/?x=1&amp;y=2">our shop</a>.</p>')
    'Hello,\nsee our shop (https://a.example/?x=1&y=2).\n'
    """
    return html_to_text(_LINK.sub(_spelt_out, html))[0] + "\n"


def _spelt_out(link: re.Match[str]) -> str:
    target, words = link[2].strip(), link[3]
    shown = html_to_text(words)[0].strip()
    leads_nowhere = not target.lower().startswith(("http://", "https://", "mailto:", "tel:"))
    if leads_nowhere or shown in (entities.unescape(target), entities.unescape(target).removeprefix("mailto:")):
        return words
    return f"{words} ({target})" if shown else target


def html_from_text(text: str) -> str:
    r"""Write plain text as HTML: everything in it is shown, nothing in it is obeyed; addresses become links.

    >>> html_from_text("Hello <b>you</b>,\nsee https://a.example/x.\n\nBye")
    '<p>Hello &lt;b&gt;you&lt;/b&gt;,<br>\nsee <a href="https://a.example/x">https://a.example/x</a>.</p>\n<p>Bye</p>\n'
    """
    paragraphs = (part.strip("\n") for part in re.split(r"\n[ \t]*\n", text))
    return "".join(f"<p>{_lines(part)}</p>\n" for part in paragraphs if part.strip())


def _lines(paragraph: str) -> str:
    parts: list[str] = []
    end = 0
    for found in _ADDRESS.finditer(paragraph):
        shown = entities.escape(found[0])
        parts += [entities.escape(paragraph[end : found.start()], quote=False), f'<a href="{shown}">{shown}</a>']
        end = found.end()
    parts.append(entities.escape(paragraph[end:], quote=False))
    return "".join(parts).replace("\n", "<br>\n")


def with_text_footer(text: str, footer: str) -> str:
    """The body with a footer below it, behind the mark that readers know a footer by.

    Source: RFC 3676 §4.3 (``-- `` and a line end).
    """
    return f"{text.rstrip()}\n\n-- \n{footer.strip()}\n"


def with_html_footer(html: str, footer: str) -> str:
    r"""The document with a footer as the last thing in its body; what is no whole document becomes one.

    >>> with_html_footer("<html><body><p>Hi</p></body></html>", "<p>Bye</p>")
    '<html><body><p>Hi</p>\n<p>Bye</p>\n</body></html>'
    """
    ends = [found for pattern in (_BODY_END, _HTML_END) for found in [*pattern.finditer(html)][-1:]]
    if ends:
        place = ends[0].start()
        return f"{html[:place]}\n{footer.strip()}\n{html[place:]}"
    if re.search(r"<(?:html|body)\b", html, re.IGNORECASE):
        return f"{html}\n{footer.strip()}\n"
    return (
        '<!doctype html>\n<html>\n<head><meta charset="utf-8"></head>\n<body>\n'
        f"{html.strip()}\n{footer.strip()}\n</body>\n</html>\n"
    )
