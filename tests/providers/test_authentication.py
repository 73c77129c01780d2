"""Whether SPF or DKIM vouch for the From (P3)."""

from __future__ import annotations

import pytest

from prefcenter.providers.authentication import dkim_domains, vouched_by_headers, vouches


@pytest.mark.parametrize(
    ("sender", "dkim", "spf", "expected"),
    [
        ("jane@example.com", ["example.com"], "", True),
        ("jane@EXAMPLE.com", ["Example.COM."], "", True),
        ("jane@mail.example.com", ["example.com"], "", True),
        ("jane@example.com", ["mail.example.com"], "", True),
        ("jane@example.com", ["notexample.com"], "", False),
        ("jane@example.com", ["com"], "", False),
        ("jane@com", ["com"], "", False),
        ("", ["example.com"], "", False),
        ("jane@example.com", [], "bounce@example.com", True),
        ("jane@example.com", [], "<bounce@mail.example.com>", True),
        ("jane@example.com", [], "bounce@example.net", False),
        ("jane@example.com", [], "", False),
    ],
)
def test_alignment(sender: str, dkim: list[str], spf: str, expected: bool) -> None:
    """P3: the domain of the From, or one above or below it."""
    assert vouches(sender, dkim=dkim, spf_sender=spf) is expected


@pytest.mark.parametrize(
    ("field", "domains"),
    [
        ("{@example.com : pass}", ("example.com",)),
        ("{@a.com : pass, @b.com : fail}", ("a.com",)),
        ("{@a.com : fail}", ()),
        ("none", ()),
        ("", ()),
    ],
)
def test_sendgrids_field_is_read(field: str, domains: tuple[str, ...]) -> None:
    assert dkim_domains(field) == domains


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        (["mx.example.net; dkim=pass header.d=example.com header.s=k"], True),
        (["mx.example.net; dkim=pass (1024-bit key; unprotected) header.i=@example.com"], True),
        (["mx.example.net; spf=pass smtp.mailfrom=jane@example.com"], True),
        (["mx.example.net; spf=pass smtp.mailfrom=example.com; dkim=none"], True),
        (["mx.example.net; dmarc=pass (p=none) header.from=example.com"], True),
        (["mx.example.net; dmarc=pass header.from=example.org"], False),
        (["mx.example.net; dkim=fail header.d=example.com; spf=softfail smtp.mailfrom=example.com"], False),
        (["mx.example.net; dkim=pass header.d=example.org"], False),
        (["mx.example.net; dkim=none header.d=example.com; spf=pass smtp.mailfrom=example.org"], False),
        (["mx.example.net; none", "evil; dkim=pass header.d=example.com"], False),
        ([], False),
        (["((((" * 5000], False),
    ],
)
def test_only_the_nearest_servers_word_counts(results: list[str], expected: bool) -> None:
    """P3: headers below the topmost may be the sender's invention."""
    assert vouched_by_headers("jane@example.com", results) is expected
