"""Addresses that people labelled token by token (usaddress): does the standardiser find the same parts?

The labels of place, state and ZIP Code split a line into the columns that a file would have; all before them is the
street line. Compared are number, street, unit, ZIP Code and box, each where the labels speak of it.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import defaultdict
from pathlib import Path

import polars as pl

from prefcenter.core.postal.standardise import standardise

SETS = (
    "usaddress_labeled.xml", "usaddress_test_labeled.xml", "usaddress_us50_messiest_manual_label.xml",
    "usaddress_synthetic_osm_test.xml",
)  # fmt: skip
PARTS = ("number", "street", "unit", "zip", "box")

_BEYOND = frozenset(("PlaceName", "StateName", "ZipCode", "ZipPlus4", "CountryName"))
_OTHER = frozenset(("IntersectionSeparator", "CornerOf", "NotAddress", "SecondStreetName"))
_Labels = dict[str, list[str]]


def read(path: Path) -> list[_Labels]:
    """The labelled tokens of each address; corners and what is no address are left out."""
    found = []
    for entry in ET.parse(path).getroot():
        labels: _Labels = defaultdict(list)
        for token in entry:
            labels[token.tag].append(f"{token.text or ''}{(token.tail or '').strip()}")
            if token.tag not in _BEYOND and token.tag != "Recipient":
                labels["line"].append(f"{token.text or ''}{(token.tail or '').strip()}")
        if not _OTHER & set(labels) and ("AddressNumber" in labels or "USPSBoxID" in labels) and "line" in labels:
            found.append(labels)
    return found


def agreement(addresses: list[_Labels]) -> dict[str, tuple[int, list[tuple[str, str, str]]]]:
    """For each part how many addresses speak of it, and those read otherwise: the line, the label, what was read."""
    frame = pl.DataFrame(
        {
            "name": ["Jane Doe"] * len(addresses),
            "address1": [" ".join(labels["line"]).strip(" ,") for labels in addresses],
            "address2": [""] * len(addresses),
            "city": [_joined(labels, "PlaceName") for labels in addresses],
            "state": [_joined(labels, "StateName") for labels in addresses],
            "zip": [_joined(labels, "ZipCode") for labels in addresses],
        }
    )
    read_as = standardise(frame).to_dicts()
    told: dict[str, tuple[int, list[tuple[str, str, str]]]] = {}
    for part in PARTS:
        pairs = [
            (" ".join(labels["line"]), label := _labelled(labels, part), _read(row, part, label))
            for labels, row in zip(addresses, read_as, strict=True)
        ]
        spoken = [pair for pair in pairs if pair[1]]
        told[part] = (len(spoken), [pair for pair in spoken if pair[1] != pair[2]])
    return told


def _joined(labels: _Labels, *names: str) -> str:
    return " ".join(" ".join(labels.get(name, ())) for name in names).strip(" ,.")


def _labelled(labels: _Labels, part: str) -> str:
    """What the labels say of a part in the form that it is read in; empty where they do not speak of it alone."""
    boxed = "USPSBoxID" in labels
    match part:
        case "number":
            text = "" if boxed else _joined(labels, "AddressNumberPrefix", "AddressNumber", "AddressNumberSuffix")
            return _bare(text) if any(map(str.isdigit, text)) else ""
        case "street":
            # A kind before the name (AVENUE H, HIGHWAY 9) is read with it.
            text = "" if boxed or "StreetNamePreType" in labels else _joined(labels, "StreetName")
            return _bare(_words(text)) if text else ""
        case "unit":
            text = "" if "SubaddressIdentifier" in labels else _joined(labels, "OccupancyIdentifier")
            text = re.sub(r"(?i)\b0*([0-9]+)(?:st|nd|rd|th)?\b", r"\1", text)
            return _bare(text) if any(map(str.isdigit, text)) else ""
        case "box":
            alone = boxed and not {"AddressNumber", "USPSBoxGroupID"} & set(labels)
            post = _joined(labels, "USPSBoxType")[:1].upper() == "P"
            return _bare(_joined(labels, "USPSBoxID")) if alone and post else ""
        case _:
            code = _joined(labels, "ZipCode")[:5]
            return code.zfill(5) if code.isdigit() and len(code) > 3 else ""


def _read(row: dict[str, str], part: str, label: str) -> str:
    match part:
        case "number":
            return _bare(row["s_number"])
        case "street":
            # Without a kind of its own the last word of a name is read as one: COTTAGE GROVE.
            whole = _bare(f"{row['s_street']} {row['s_suffix']}")
            return whole if whole == label else _bare(row["s_street"])
        case "unit":
            return _bare(row["s_unit"])
        case "box":
            return _bare(row["s_number"].removeprefix("PO BOX"))
        case _:
            return row["s_zip5"]


def _bare(text: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", text.upper())


def _words(street: str) -> str:
    """The words of a label as Publication 28 has them: ordinals in figures, common words short."""
    line = {"name": ["x"], "address1": [f"1 {street} Qzx"], "city": ["x"], "state": ["TX"], "zip": ["75001"]}
    row = standardise(pl.DataFrame(line)).to_dicts()[0]
    return f"{row['s_predir']} {row['s_street']}".strip().removesuffix("QZX")
