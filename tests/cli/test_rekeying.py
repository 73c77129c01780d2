"""``prefcenter suppress rekey``, and who reminds of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import delete, update

from prefcenter.store.keyings import SuppressionKeying
from prefcenter.store.suppressions import SuppressionAddress
from tests.cli.conftest import JANE_AT_HOME, Prefcenter

REMINDER = "1 postal entry is keyed in an earlier form. Run `prefcenter suppress rekey`."


@pytest.fixture
def outdated(acme: Prefcenter) -> Prefcenter:
    """A list with one entry from before forms were noted."""
    acme("suppress", "add", "post", JANE_AT_HOME, "--reason", "opt_out")
    with acme.database.write() as session:
        session.execute(delete(SuppressionKeying))
        session.commit()
    return acme


def test_check_and_scrub_remind_of_it_until_it_has_run(outdated: Prefcenter, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("name,address1,city,state,zip\nBob Roe,9 Oak Ave,Springfield,IL,62701\n")
    scrub = ("scrub", "list.csv", "--channel", "post", "--mailing", "spring", "--dry-run", "--out", "out")
    assert REMINDER in outdated("check", "post", JANE_AT_HOME, exits=3).stderr
    assert REMINDER in outdated(*scrub).output
    assert "Keyed 1 postal entries anew, in form" in outdated("suppress", "rekey", "--as", "ann").stdout
    assert REMINDER not in outdated("check", "post", JANE_AT_HOME, exits=3).stderr
    assert REMINDER not in outdated(*scrub).output
    assert outdated.json("suppress", "rekey") == {"form": "1", "rekeyed": 0, "failed": [], "erased": 0}
    assert outdated.json("suppress", "rekey", "--all")["rekeyed"] == 1


def test_an_entry_that_cannot_be_keyed_anew_is_named(outdated: Prefcenter) -> None:
    with outdated.database.write() as session:
        session.execute(update(SuppressionAddress).values(given={"name": "Jane Doe", "address1": "nowhere"}))
        session.commit()
    told = outdated.json("suppress", "rekey", exits=1)
    assert (told["rekeyed"], [each["id"] for each in told["failed"]]) == (0, [1])
    assert "Entry 1 keeps its old keys" in outdated("suppress", "rekey", exits=1).stderr
    outdated("check", "post", JANE_AT_HOME, exits=3)


def test_a_product_that_lacks_the_form_of_the_list_does_not_start(
    outdated: Prefcenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """X12."""
    monkeypatch.setattr("prefcenter.core.postal.standardise.STANDARD_VERSION", 2)
    assert "in the form 1" in outdated("check", "post", JANE_AT_HOME, exits=1).stderr
