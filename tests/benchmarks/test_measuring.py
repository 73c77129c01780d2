"""The measurements themselves: figures that are made wrongly are worse than none."""

from __future__ import annotations

import random
from pathlib import Path

import polars as pl
import pytest

from benchmarks import generator, renderings, vocabulary
from benchmarks.figures import Figures
from benchmarks.mailing_files import counted
from benchmarks.records import COLUMNS
from benchmarks.scrub_truth import judge


def test_figures_are_shares_of_what_was_wanted_and_of_what_was_found() -> None:
    """Eight of ten found, two others with them."""
    found = Figures(wanted=10, right=8, wrong=2)
    assert (found.recall, found.precision, found.f1) == pytest.approx((0.8, 0.8, 0.8))


def test_nothing_wanted_and_nothing_found_divides_by_nothing() -> None:
    """An empty set has figures, too."""
    assert (Figures(0, 0, 0).recall, Figures(0, 0, 0).precision, Figures(0, 0, 0).f1) == (0, 0, 0)


@pytest.mark.parametrize(("text", "number"), [("200", 200), ("40k", 40_000), ("1.5m", 1_500_000), ("10M", 10_000_000)])
def test_sizes_are_written_as_people_write_them(text: str, number: int) -> None:
    """The sizes of the command line."""
    assert counted(text) == number


def test_a_row_that_is_not_in_the_clean_file_was_removed(tmp_path: Path) -> None:
    """Three listed, of whom one is left; two strangers, of whom one is gone."""
    truth = "id,truth,kind\n0,7,nickname\n1,8,nickname\n2,9,initial\n3,,relative\n4,,stranger\n"
    (tmp_path / "truth.csv").write_text(truth)
    (tmp_path / "clean.csv").write_text("id,name\n1,Jane\n4,Ann\n")
    (tmp_path / "unreadable.csv").write_text("id,pc_row\n3,4\n")
    told = judge(tmp_path / "truth.csv", tmp_path / "clean.csv", tmp_path / "unreadable.csv")
    assert (told.rows, told.listed, told.found, told.wrong, told.unreadable) == (5, 3, 2, 1, 1)
    assert told.wrong_per_million == pytest.approx(200_000)
    shares = dict(zip(told.classes["kind"], told.classes["removed"], strict=True))
    assert shares == {"nickname": 0.5, "initial": 1.0, "relative": 1.0, "stranger": 0.0}


def test_a_generated_file_is_the_same_for_the_same_seed_and_holds_what_was_asked_for() -> None:
    """Rows, shares, and a truth that names an entry of the list."""
    words, size = vocabulary.load(), generator.Size(400, 50, listed=0.3, lookalikes=0.2, blockmates=0.1)
    listed, rows = generator.generate(words, size, seed=5)
    made = list(rows)
    again, other = generator.generate(words, size, seed=5)[1], generator.generate(words, size, seed=6)[1]
    assert (made, made != list(other)) == (list(again), True)
    assert len(listed) == 50
    table = pl.DataFrame(made, schema=["id", *COLUMNS, "truth", "kind"], orient="row")
    assert table["id"].to_list() == [str(number) for number in range(400)]
    named = table.filter(pl.col("truth") != "")
    assert named.filter(pl.col("kind").is_in([*generator.ERRORS, *generator.HOUSEHOLD])).height == named.height
    assert 80 < named.height < 160
    assert set(named["truth"].cast(pl.Int64)) <= set(range(50))


def test_an_address_is_written_in_two_ways_that_are_one_form() -> None:
    """P5: what the invariance counts, on addresses whose form is beyond doubt."""
    addresses = [
        ("100 North Main Street", "#APT 000002", "Springfield", "IL", "62701"),
        ("12 West 5th Avenue", "", "Springfield", "IL", "62701"),
    ]
    told = renderings.invariance(addresses, seed=random.Random(1).randrange(99))
    assert (told.pairs, told.form, told.meet, told.missed) == (2, 1.0, 1.0, [])
