"""Links for files that another tool mails."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from python_calamine import CalamineWorkbook

from tests.cli.conftest import Prefcenter

LINKS = ["pc_unsubscribe", "pc_preferences", "pc_list_unsubscribe"]
CSV = 'Id;E-Mail;Name\r\n1; A@example.com ;"Ann; the first"\r\n2;nobody;Bob\r\n\r\n3;;Cem\r\n4;d@example.com;Dörte\r\n'


def sheet(path: Path) -> pl.DataFrame:
    names, *lines = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    return pl.DataFrame(lines, schema=[str(name) for name in names], orient="row")


READERS: dict[str, Callable[[Path], pl.DataFrame]] = {
    "parquet": pl.read_parquet,
    "xlsx": sheet,
    "csv.gz": lambda path: pl.read_csv(gzip.decompress(path.read_bytes())),
}


def rows(path: Path, delimiter: str = ",", encoding: str = "utf-8") -> list[dict[str, str]]:
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def test_each_row_gets_its_own_links_and_the_rest_goes_on(acme: Prefcenter) -> None:
    """E1, E7: the links are those that the single command gives; unusable rows stand apart with a reason."""
    file = acme.folder / "spring.csv"
    file.write_bytes(CSV.encode("cp1252"))
    told = acme.json("links", str(file), "--topic", "offers", exits=1)
    assert (told["rows"], told["linked"], told["rejected"]) == (4, 2, 2)
    assert told["headers"] == {
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Id": '"Acme: Offers" <offers.acme.prefs.example.com>',
    }
    out = acme.folder / "spring.links.csv"
    assert told["out"] == str(out)
    made = rows(out, ";", "cp1252")
    assert [list(row)[:3] for row in made] == [["Id", "E-Mail", "Name"]] * 2
    assert [(row["Id"], row["E-Mail"], row["Name"]) for row in made] == [
        ("1", " A@example.com ", "Ann; the first"),
        ("4", "d@example.com", "Dörte"),
    ]
    single = acme.json("link", "a@example.com", "--topic", "offers")
    assert (made[0]["pc_unsubscribe"], made[0]["pc_preferences"]) == (single["unsubscribe"], single["preferences"])
    assert made[0]["pc_list_unsubscribe"] == f"<{single['unsubscribe']}>"
    assert out.read_bytes().count(b"\r\n") == out.read_bytes().count(b"\n") == 3
    rejected = rows(acme.folder / "spring.links.rejected.csv")
    assert [(row["pc_row"], row["Id"]) for row in rejected] == [("2", "2"), ("3", "3")]
    assert all("not an email address" in row["pc_problem"] for row in rejected)


def test_the_same_file_gets_the_same_links_again(acme: Prefcenter) -> None:
    """E6."""
    file = acme.folder / "a.csv"
    file.write_text("email\na@example.com\n", encoding="utf-8")
    first = acme("links", str(file)).output
    before = (acme.folder / "a.links.csv").read_bytes()
    assert acme("links", str(file)).output == first
    assert (acme.folder / "a.links.csv").read_bytes() == before
    assert "1 of 1 rows have their links now" in first
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in first


@pytest.mark.parametrize("suffix", ["parquet", "xlsx", "csv.gz"])
def test_every_format_comes_out_as_it_came_in(acme: Prefcenter, suffix: str) -> None:
    """Numbers stay numbers, and packed files are packed again."""
    file = acme.folder / f"spring.{suffix}"
    frame = pl.DataFrame({"email": ["a@example.com", "nobody", "c@example.com"], "points": [1, 2, 3]})
    if suffix == "parquet":
        frame.write_parquet(file)
    elif suffix == "xlsx":
        frame.write_excel(file)
    else:
        file.write_bytes(gzip.compress(frame.write_csv().encode()))
    acme("links", str(file), exits=1)
    out = acme.folder / f"spring.links.{suffix}"
    made = READERS[suffix](out)
    assert made.columns == ["email", "points", *LINKS]
    assert made["points"].to_list() == [1, 3]
    assert made["points"].dtype.is_numeric()
    assert made["pc_unsubscribe"].n_unique() == 2
    assert made["pc_unsubscribe"].str.starts_with("https://prefs.example.com/u/").all()


def test_a_byte_order_mark_and_wide_characters_stay(acme: Prefcenter) -> None:
    file = acme.folder / "wide.txt"
    file.write_bytes("Email\tName\nd@example.com\tDörte\n".encode("utf-16"))
    acme("links", str(file))
    (row,) = rows(acme.folder / "wide.links.txt", "\t", "utf-16")
    assert row["Name"] == "Dörte"
    assert row["pc_unsubscribe"].startswith("https://")


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        ("email\nnobody\n\n", [], "not one of 1 rows can be given links: row 1"),
        ("email\n", [], "not one of 0 rows can be given links"),
        ("name\nJane\n", [], "No column for email was found"),
        ("email,pc_unsubscribe\na@example.com,x\n", [], "has a column pc_unsubscribe already"),
        ("email\na@example.com\n", ["--brand", "nobody"], "There is no brand “nobody”"),
        ("email\na@example.com\n", ["--topic", "nothing"], "nothing"),
        ("email\na@example.com\n", ["--out", "a.csv"], "a.csv is the file itself"),
        ("email\na@example.com\n", ["--out", "b.parquet"], "another format"),
        ("email\na@example.com\n", ["--out", "nowhere/b.csv"], "no folder"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_written(
    acme: Prefcenter, text: str, words: list[str], said: str
) -> None:
    file = acme.folder / "a.csv"
    file.write_text(text, encoding="utf-8")
    before = sorted(acme.folder.iterdir())
    result = acme("links", "a.csv", *words, exits=2)
    assert said in result.output
    assert sorted(acme.folder.iterdir()) == before
    assert file.read_text(encoding="utf-8") == text


def test_problems_do_not_repeat_the_address(acme: Prefcenter) -> None:
    """X8."""
    file = acme.folder / "a.csv"
    file.write_text("email\njane.doe@exa mple.com\nb@example.com\n", encoding="utf-8")
    assert "jane.doe" not in acme("links", "a.csv", exits=1).output
