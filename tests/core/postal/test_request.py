"""Reading postal opt-outs from mails: the recorded mails, and laws that hold for any mail."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefcenter.core.channels import Level
from prefcenter.core.mail import Mail, read_mail
from prefcenter.core.postal.request import FIELDS, Reading, asks_no_snail_mail, read_request

MAILS = Path(__file__).parents[2] / "payloads" / "mails"
BLOCK = "Jane Doe\n12 Oak St\nSpringfield, IL 62704"


def _read(text: str, *, subject: str = "NO SNAIL MAIL", from_name: str = "") -> Reading:
    return read_request(Mail(subject=subject, text=text, from_name=from_name, from_address="x@example.com"))


def _plain(reading: Reading) -> list[dict[str, Any]]:
    return [{**{key: getattr(r, key) for key in FIELDS}, "level": str(r.level)} for r in reading.requests]


@pytest.mark.parametrize("path", sorted(MAILS.glob("*.eml")), ids=lambda path: path.stem)
def test_recorded_mails_are_read_as_a_person_would(path: Path) -> None:
    """P2: fields as written; certain only where nothing is missing or unclear."""
    expected = json.loads(path.with_suffix(".json").read_text("utf-8"))
    reading = read_request(read_mail(path.read_bytes()))
    assert _plain(reading) == expected["requests"]
    assert reading.certain is (expected["outcome"] == "certain")
    assert reading.certain is not bool(reading.doubts)


def test_there_are_recorded_mails() -> None:
    """An empty folder would prove nothing."""
    assert len(list(MAILS.glob("*.eml"))) >= 40


@pytest.mark.parametrize(
    "subject",
    [
        "NO SNAIL MAIL",
        "no snail mail",
        "Please: NO SNAIL MAIL!",
        "NOSNAILMAIL",
        "no snail-mail",
        "No_Snail_Mail",
        "N O   S N A I L   M A I L",
        "Re: NO SNAIL MAIL",
        "Fwd: Fw: No Snail Mail",
        "AW: [EXTERNAL] no snail  mail please",
        "[shop] No - Snail - Mail",
        "ＮＯ ＳＮＡＩＬ ＭＡＩＬ",
        "no\u200bsnail\u00a0mail",
        "'no snail mail' request",
        "NO SNAIL MAILS",
    ],
)
def test_the_subject_is_known_in_any_guise(subject: str) -> None:
    """P1: any case, spacing, hyphens, prefixes, width, surrounding words."""
    assert asks_no_snail_mail(subject)


@pytest.mark.parametrize(
    "subject", ["", "snail mail", "Casino snail mail", "no mail", "NO SNAIL", "no smail mail", "know snail mail"]
)
def test_other_subjects_do_not_ask(subject: str) -> None:
    """P1: only the phrase asks."""
    assert not asks_no_snail_mail(subject)


def test_a_name_known_only_from_the_sender_is_not_certain() -> None:
    """P2: a name that stands nowhere in the mail goes to a person."""
    reading = _read("12 Oak St\nSpringfield, IL 62704", from_name="Jane Doe")
    assert reading.requests[0].name == "Jane Doe"
    assert reading.requests[0].confidence["name"] < 1.0
    assert not reading.certain


@pytest.mark.parametrize(
    "phrase",
    [
        "Please stop mail to everyone at this address.",
        "Remove our household.",
        "This is for all occupants.",
        "Please remove the entire household",
        "all residents, please",
        "Remove my whole family.",
        "todos los residentes",
    ],
)
def test_household_words_make_a_household_request(phrase: str) -> None:
    """P15: everyone, our household, occupants."""
    assert [r.level for r in _read(f"{phrase}\n\n{BLOCK}").requests] == [Level.HOUSEHOLD]


def test_a_request_is_individual_unless_it_says_otherwise() -> None:
    """P15: the default level."""
    assert [r.level for r in _read(BLOCK).requests] == [Level.INDIVIDUAL]


@pytest.mark.parametrize(
    "addition",
    [
        "My wife wants this too.",
        "Also 14 Elm St please",
        "Or is it 62705?",
        "PO Box 7",
        "except my statements",
        "He passed away last year.",
        "Apt 4?",
        "Apt B",
        "Also my late aunt at 99 Elm, I think.",
        "Also 99 elm",
        "same for number 14",
        "and the cabin in Galena",
        "My old place was on Route 9.",
        "plus Mary Roe",
        "Please also stop mail to Robert Roe.",
        "My neighbor wants the same.",
        "John and I both live here",
        "maiden name Roe",
        "I also go by Jane Smith.",
        "Please ignore my last mail, I want to keep getting everything.",
        "Just kidding!",
        "This is for my client.",
    ],
)
def test_anything_unread_that_matters_goes_to_a_person(addition: str) -> None:
    """P2: unclear is never recorded alone."""
    assert not _read(f"{BLOCK}\n\n{addition}").certain


@pytest.mark.parametrize(
    "addition",
    [
        "Thanks!",
        "My customer number is 48213.",
        "Call me: (217) 555-0100",
        "Order 1188 of 01/05/2026",
        "I get 3 letters a week since March 3, 2026.",
        "jane@example.com",
        "You have sent 12 catalogs and 3 separate letters; I got 20 of them.",
        "I no longer want to get your Spring Catalog. I keep getting it!",
        "Dear Acme Widgets, please stop. Happy New Year!",
        "THANK YOU AND GOOD BYE",
        "I am a California resident. Confirm within 10 business days.",
    ],
)
def test_numbers_that_are_no_address_do_not_disturb(addition: str) -> None:
    """P2: telephone, customer number and date are left over, and the reading stays certain."""
    reading = _read(f"{BLOCK}\n\n{addition}")
    assert reading.certain
    assert reading.leftover == addition


@pytest.mark.parametrize(
    "street",
    [
        "1129 I STREET",
        "1129 I St",
        "1 Me Ln",
        "12 Year Rd",
        "12 At Last Ln",
        "5 Days Ferry Rd",
        "12 Business Center Dr",
    ],
)
def test_a_street_named_like_a_word_of_prose_is_read(street: str) -> None:
    """P2: the streets of Sacramento have single letters; "3 letters from you" stays prose."""
    reading = _read(f"Jane Doe\n{street}\nSacramento, CA 95814")
    assert reading.certain
    assert [request.address1 for request in reading.requests] == [street]


def test_two_streets_in_one_line_are_not_one_certain_street() -> None:
    """P2: which of them it is, is for a person to say."""
    assert not _read("Jane Doe\n12 Oak St or 14 Oak St\nSpringfield, IL 62704").certain


def test_our_own_address_in_a_forwarded_newsletter_is_not_recorded_alone() -> None:
    """P2: a forwarded mail that is no request may be our own mailing."""
    mark = "---------- Forwarded message ---------"
    text = f"stop this\n\n{mark}\nFrom: Acme <n@x.org>\nSubject: Sale\n\nBuy!\nAcme Inc.\n5 Main St\nDallas, TX 75201"
    assert not _read(text, subject="Fwd: Sale - NO SNAIL MAIL", from_name="Jane Doe").certain


def test_an_unread_file_goes_to_a_person() -> None:
    """P2: a scanned letter may say more than the text."""
    mail = Mail(subject="NO SNAIL MAIL", text=BLOCK, attachments=("letter.pdf",))
    assert not read_request(mail).certain
    assert read_request(Mail(subject="NO SNAIL MAIL", text=BLOCK, attachments=("logo.png",))).certain


@pytest.mark.parametrize(
    "bit",
    ["On ", "9", " ", "1 ", "12 Oak St ", "IL 62704 ", "Name: ", "a, ", "62704\n", "Jane Doe\n", "# ", "PO Box 1\n"],
)
def test_a_long_text_is_read_in_part_and_the_rest_is_left_over(bit: str) -> None:
    """P2: what is not read is a doubt; the cap keeps hostile mails cheap."""
    reading = _read(f"{BLOCK}\n\n" + bit * (5_000_000 // len(bit)) + "END")
    assert not reading.certain
    assert reading.leftover.endswith("END")


_WORDS = st.sampled_from(
    [
        "Jane",
        "Doe",
        "John",
        "and",
        "12",
        "Oak",
        "St",
        "Apt 4",
        "Springfield",
        "IL",
        "62704",
        "Name:",
        "Address:",
        "Zip:",
        "c/o",
        "Acme Inc",
        "PO Box 9",
        "please",
        "stop",
        "mailing",
        "Thanks",
        "our household",
        "Canada",
        "J8X 2K1",
        "Suite",
        "#5",
    ]
)
_TEXTS = st.lists(st.tuples(_WORDS | st.text(max_size=4), st.sampled_from([" ", "\n", ", ", "\n\n"])), max_size=25).map(
    lambda pairs: "".join(word + gap for word, gap in pairs)
)


def _tokens(text: str) -> list[str]:
    return re.findall(r"\w+", text)


@given(_TEXTS)
@settings(max_examples=300, deadline=None)
def test_no_field_is_invented_and_no_word_is_lost(text: str) -> None:
    """P2: each word of a field stands in the mail; each word of the mail is in a field or handed back."""
    reading = _read(text, from_name="Ann Other")
    said = set(_tokens(text)) | {"Ann", "Other"}
    fields = [word for r in reading.requests for key in FIELDS for word in _tokens(getattr(r, key))]
    assert set(fields) <= said
    labels = {"Name", "Address", "Zip", "c", "o", "and", "at"}
    kept = set(fields) | set(_tokens(reading.leftover)) | set(_tokens(reading.quoted)) | labels
    assert {word for word in _tokens(text) if word.isascii()} <= kept


@given(_TEXTS)
@settings(max_examples=200, deadline=None)
def test_certain_means_that_who_and_where_are_known(text: str) -> None:
    """P2: no certain request lacks a street, a ZIP, or somebody."""
    reading = _read(text)
    for request in reading.requests if reading.certain else ():
        assert request.address1
        assert request.zip
        assert request.name or request.company or request.level is Level.HOUSEHOLD
        assert set(request.confidence.values()) <= {1.0}


def test_fields_never_carry_their_label() -> None:
    """A labelled value is the value alone."""
    (request,) = _read("Name: Jane Doe\nAddress: 12 Oak St\nCity: Springfield\nState: IL\nZip: 62704").requests
    assert (request.name, request.address1, request.zip) == ("Jane Doe", "12 Oak St", "62704")


@pytest.mark.parametrize(
    ("text", "names", "is_certain"),
    [
        ("Jane Doe\nMarketing Manager\nAcme Corp\n12 Oak St\nSpringfield, IL 62704", ["Jane Doe"], True),
        ("Grace Church\n12 Oak St\nSpringfield, IL 62704", ["Grace Church"], False),
        ("Mr. and Mrs. John Doe\n12 Oak St\nSpringfield, IL 62704", ["Mr. and Mrs. John Doe"], False),
        (f"{BLOCK}\n\n-- \nBob Roe\n500 Commerce Blvd\nDallas, TX 75201", ["Jane Doe", "Bob Roe"], False),
        ("It is addressed to Jane Doe or Current Resident, 12 Oak St, Springfield, IL 62704", ["Jane Doe"], True),
        ("Remove Jane Doe and Bob Roe, both at 12 Oak St, Springfield, IL 62704.", ["Jane Doe", "Bob Roe"], True),
        ("Jane\n12 Oak St\nSpringfield, IL 62704", ["Jane"], False),
        ("Jane Doe\nOne Market Street\nSan Francisco, CA 94105", ["Jane Doe"], True),
        ("Jane Doe, 12 Oak St Springfield, IL 62704 or 62705", ["Jane Doe"], False),
    ],
)
def test_who_is_meant_is_certain_only_where_there_is_one_reading(text: str, names: list[str], is_certain: bool) -> None:
    """P2, P15: firms, couples, titles and signatures."""
    reading = _read(text)
    assert [request.name for request in reading.requests] == names
    assert reading.certain is is_certain


@pytest.mark.parametrize("line", ["Apt 4", "# 4B", "2nd Floor", "Urb. Las Gladiolas", "Condominio Asturias"])
def test_a_unit_or_urbanization_over_the_street_is_a_part_of_the_address(line: str) -> None:
    """P2, P6: it is nobody's name, and the name above it is as sure as ever."""
    reading = _read(f"Jane Doe\n{line}\n150 Oak St\nSan Juan, PR 00926")
    assert [(request.name, request.address2) for request in reading.requests] == [("Jane Doe", line)]
    assert reading.certain


_STREETS = (
    "12 1/2 Oak St", "143-25 41st Ave", "N6W23001 Bluemound Rd", "842 E 1700 S", "8843 US Highway 20 West",
    "12 County Road 5", "One Park Plaza", "100 Broadway", "12 Martin Luther King Jr Blvd", "12 Oak St NW",
    "RR 2 Box 15", "HC 68 Box 23A", "P.O. Box 12", "PSC 802 Box 74",
)  # fmt: skip
_FRAMES = (
    "{name}\n{street}\n{place}", "{name}, {street}, {place}", "Stop mail to {name} at {street}, {place}. Thanks!",
    "Name: {name}\nAddress: {street}\nCity, State, ZIP: {place}", "{name}\n{street}\n{place}\n(217) 555-0142",
    "Customer no. 48213\n\n{name}\n{street}\n{place}", "- Name: {name}\n- Address: {street}, {place}",
)  # fmt: skip


@pytest.mark.parametrize("frame", _FRAMES)
@pytest.mark.parametrize("street", _STREETS)
def test_every_kind_of_street_is_read_in_every_kind_of_mail(street: str, frame: str) -> None:
    """P2: blocks, run-on lines, sentences and labels, beside numbers that look like a house's."""
    (request,) = _read(frame.format(name="Jane Doe", street=street, place="Springfield, IL 62704")).requests
    assert (request.name, request.address1, request.city, request.state, request.zip) == (
        "Jane Doe", street, "Springfield", "IL", "62704",
    )  # fmt: skip


def test_a_units_label_stays_with_its_number() -> None:
    """P6: "Apt: 4" is a unit, and the 4 alone would not be one."""
    (request,) = _read("Name: Jane Doe\nStreet: 12 Oak St\nApt: 4\nCity/State/Zip: Springfield, IL 62704").requests
    assert request.address2 == "Apt 4"
