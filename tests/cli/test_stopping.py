"""Stopping a scrub by a signal, as a user or a service manager does."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from prefcenter.cli.scrub_progress import Pace
from prefcenter.cli.stopping import stoppable
from prefcenter.files import writing
from prefcenter.files.columns import Columns
from prefcenter.files.reading import CsvTable
from prefcenter.scrub import matching, run
from prefcenter.scrub.index import ListIndex
from prefcenter.scrub.outputs import Outputs
from prefcenter.scrub.verdicts import Judged
from prefcenter.services import mailing_records
from tests.cli.conftest import Prefcenter

WORDS = ("scrub", "in.csv", "--channel", "email", "--mailing", "spring", "--out", "out")


@pytest.fixture
def house(acme: Prefcenter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Prefcenter:
    """A file of several parts."""
    monkeypatch.setitem(CsvTable.__init__.__kwdefaults__ or {}, "block_bytes", 800)
    (tmp_path / "in.csv").write_text("email\n" + "".join(f"person{number:03}@example.com\n" for number in range(600)))
    acme("suppress", "add", "email", "person007@example.com", "--reason", "opt_out")
    return acme


@pytest.fixture
def at_part(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[int]]:
    """Let signals come while a part of the file is judged; gives the numbers of the parts that were."""

    def plan(part: int, *signals: signal.Signals) -> list[int]:
        judged: list[int] = []

        def judge(frame: pl.DataFrame, columns: Columns, index: ListIndex, country: str) -> Judged:
            judged.append(len(judged))
            if judged[-1] == part:
                for number in signals:
                    signal.raise_signal(number)
            return matching.judge(frame, columns, index, country)

        monkeypatch.setattr(run, "judge", judge)
        return judged

    return plan


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_when_the_part_is_done_and_the_same_command_goes_on(
    house: Prefcenter, at_part: Callable[..., list[int]], number: signal.Signals
) -> None:
    judged = at_part(2, number)
    told = house(*WORDS, exits=130).output
    assert "Stopping when this part is done" in told
    assert "Stopped: nothing was written, and the mailing is not on record." in told
    assert judged == [0, 1, 2]
    assert [path.name for path in Path("out").iterdir()] == [".prefcenter-spring.partial"]
    assert house.json("mailing", "list") == []
    at_part(-1)
    told = house(*WORDS).output
    assert "Going on at row" in told
    assert (Path("out/clean.csv").read_text().count("\n"), Path("out/suppressed.csv").read_text().count("\n")) == (
        600,
        2,
    )


def test_whoever_asks_twice_does_not_wait(house: Prefcenter, at_part: Callable[..., list[int]]) -> None:
    at_part(2, signal.SIGINT, signal.SIGINT)
    told = house(*WORDS, exits=130).output
    assert "nothing was written" in told


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_before_the_first_part_is_done_it_stops_at_once_and_leaves_nothing(
    house: Prefcenter, at_part: Callable[..., list[int]], number: signal.Signals
) -> None:
    """U3: it does not promise to go on where nothing is kept."""
    at_part(0, number)
    told = house(*WORDS, exits=130).output
    assert not Path("out").exists()
    assert "goes on" not in told
    assert "the same command starts anew" in told
    at_part(-1)
    assert "Going on" not in house(*WORDS).output


def test_after_the_last_part_it_comes_to_its_end(house: Prefcenter, monkeypatch: pytest.MonkeyPatch) -> None:
    """U3: files that are being moved into place are not said to be missing."""
    close = Outputs.close

    def late(outputs: Outputs) -> object:
        signal.raise_signal(signal.SIGINT)
        return close(outputs)

    monkeypatch.setattr(Outputs, "close", late)
    assert "the files are in out" in house(*WORDS).output
    house("verify", "out/clean.csv", "out/manifest.json")


def test_whoever_asks_twice_while_files_come_into_place_is_not_told_that_there_are_none(
    house: Prefcenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """U3: the mailing is on record by then, and its files are there."""
    publish, confirm = writing._publish, mailing_records.confirm_in_place

    def late(*given: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        publish(*given)
        signal.raise_signal(signal.SIGINT)

    def later(*given: Any, **named: Any) -> None:
        signal.raise_signal(signal.SIGTERM)
        confirm(*given, **named)
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(writing, "_publish", late)
    monkeypatch.setattr(mailing_records, "confirm_in_place", later)
    told = house(*WORDS).output
    assert "nothing was written" not in told
    assert "the files are in out" in told
    house("verify", "out/clean.csv", "out/manifest.json")


def test_a_dry_run_that_is_stopped_does_not_promise_to_go_on(
    house: Prefcenter, at_part: Callable[..., list[int]]
) -> None:
    at_part(2, signal.SIGINT)
    told = house(*WORDS, "--dry-run", exits=130).output
    assert "nothing was written" in told
    assert "goes on" not in told


def test_signals_mean_again_what_they_did() -> None:
    before = signal.getsignal(signal.SIGTERM)
    told: list[str] = []
    with stoppable(told.append) as stop:
        stop.step()
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            stop.step()
    assert len(told) == 1
    assert signal.getsignal(signal.SIGTERM) == before


def test_the_pace_is_that_of_the_last_parts() -> None:
    """A part that was taken over took no time; it must not promise an end that does not come."""
    pace = Pace()
    for number in range(100):
        pace.mark(number * 0.001, number * 1_000)
    rates = [pace.mark(100 + number, 100_000 + number * 10) for number in range(20)]
    assert rates[-1] == pytest.approx(10)
