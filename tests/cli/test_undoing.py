"""``prefcenter batch`` and ``prefcenter complaints`` as an operator uses them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from prefcenter.core.channels import Reason, Scope, Source
from prefcenter.core.tokens import SigningKeys
from prefcenter.services import clicks, optouts
from prefcenter.services.points import Points
from prefcenter.services.ports import Evidence, Keyring
from prefcenter.services.suppressing import OptOut
from prefcenter.store import complaints
from tests.cli.conftest import SECRET, Prefcenter


def test_a_bad_import_is_undone_by_two(acme: Prefcenter, tmp_path: Path) -> None:
    """X10: shown first, proposed by one, confirmed by another, and the person's own act stays."""
    file = tmp_path / "bad.csv"
    file.write_text("email\njane@example.com\njoe@example.com\n")
    acme("suppress", "import", str(file), "--reason", "hard_bounce")
    acme("suppress", "add", "email", "joe@example.com", "--reason", "hard_bounce", "--as", "carl@acme.example")
    [batch] = acme.json("batch", "list")
    assert (batch["entries"], batch["in_force"], batch["reasons"]) == (2, 2, {"hard_bounce": 2})
    shown = acme("batch", "show", batch["cause"]).output
    assert "Would end: 1 entry (1 hard_bounce)." in shown
    assert "asked for by operator too" in shown
    assert "jane@example.com" not in shown
    assert "Proposed" in acme("batch", "undo", batch["cause"], "--as", "ann@acme.example").output
    acme("batch", "undo", batch["cause"], "--as", "ann@acme.example", exits=1)
    acme("check", "email", "jane@example.com", exits=3)
    done = acme.json("batch", "undo", batch["cause"], "--as", "bob@acme.example")
    assert (done["outcome"], done["ended"], done["stays"]) == ("undone", 1, 1)
    acme("check", "email", "jane@example.com")
    acme("check", "email", "joe@example.com", exits=3)
    assert acme.json("batch", "list")[0]["in_force"] == 1


def test_what_cannot_be_undone_says_why(acme: Prefcenter) -> None:
    assert "batch list" in acme("batch", "show", "nothing", exits=2).output
    acme("batch", "undo", exits=2)
    assert acme.json("batch", "list") == []


def test_a_stopped_brand_is_shown_and_released(acme: Prefcenter) -> None:
    """E17."""
    assert acme.json("complaints") == []
    with acme.database.write() as session:
        complaints.stop(session, "acme", 3, 900, datetime.now(UTC))
        session.commit()
    [rate] = acme.json("complaints", exits=3)
    assert (rate["brand"], rate["state"]) == ("acme", "stopped")
    acme("check", "email", "jane@example.com", "--type", "spring-offers", exits=4)
    acme("complaints", "release", "acme", "--as", "ann@acme.example", exits=2)
    acme("complaints", "release", "acme", "--as", "ann@acme.example", "--note", "the bought list is out")
    acme("check", "email", "jane@example.com", "--type", "spring-offers")
    acme("complaints", "release", "acme", "--note", "again", exits=2)


def test_a_machine_s_clicks_are_found_and_undone_by_two(acme: Prefcenter) -> None:
    """X10."""
    at, points = datetime.now(UTC), Points(acme.peppers)
    shown = Evidence("recipient", personal={"ip": "203.0.113.7", "user_agent": "LinkScanner/7.1"})
    keyring = Keyring(acme.peppers, SigningKeys([SECRET]))
    told = OptOut(Reason.OPT_OUT, Scope.brand("acme"), Source.ONE_CLICK, batch=clicks.cause_of(keyring, shown, at=at))
    with acme.database.write() as session:
        optouts.record(session, points, points.email("jane@example.com"), told, shown, at=at)
    [found] = acme.json("batch", "clicks", "--network", "203.0.113.0/24", "--user-agent", "scanner")
    assert (found["network"], found["user_agent"], found["entries"]) == ("203.0.113.0/24", "LinkScanner/7.1", 1)
    assert "LinkScanner" in acme("batch", "clicks").output
    assert acme.json("batch", "clicks", "--network", "198.51.100.0/24") == []
    acme("batch", "clicks", "--network", "nowhere", exits=2)
    assert acme.json("batch", "list") == []
    words = ("batch", "undo", found["cause"], "--reason", "opt_out", "--note", "a filter clicked")
    acme(*words, "--as", "ann@acme.example")
    assert acme.json(*words, "--as", "bob@acme.example")["ended"] == 1
    acme("check", "email", "jane@example.com")
