"""Mails that ask for no more post, read as the tests have them read: fields, and how surely."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from prefcenter.core.mail import read_mail
from prefcenter.core.postal.request import FIELDS, read_request

RECORDED = Path(__file__).parents[1] / "tests" / "payloads" / "mails"


@dataclass(slots=True)
class Mails:
    """What came of the mails: how many, how many wholly right, the fields, and what was certain and wrong."""

    mails: int = 0
    right: int = 0
    certain: int = 0
    expected_certain: int = 0
    certain_and_wrong: list[str] = field(default_factory=list)
    fields: Counter[str] = field(default_factory=Counter)
    fields_right: Counter[str] = field(default_factory=Counter)


def read_all(folder: Path = RECORDED) -> Mails:
    """Read every mail of a folder that has its answer (``.json``) beside it."""
    told = Mails()
    for path in sorted(folder.glob("*.eml")):
        expected = json.loads(path.with_suffix(".json").read_text("utf-8"))
        reading = read_request(read_mail(path.read_bytes()))
        found = [{name: getattr(one, name) for name in FIELDS} for one in reading.requests]
        wanted = [{name: one[name] for name in FIELDS} for one in expected["requests"]]
        told.mails += 1
        told.right += found == wanted
        told.certain += reading.certain
        told.expected_certain += expected["outcome"] == "certain"
        if reading.certain and found != wanted:
            told.certain_and_wrong.append(path.stem)
        for place, one in enumerate(wanted):
            for name in filter(one.get, FIELDS):
                told.fields[name] += 1
                told.fields_right[name] += place < len(found) and found[place][name] == one[name]
    return told
