"""Late opt-outs: what a pull tells the mail house, and what it notes (P12)."""

from __future__ import annotations

from datetime import timedelta
from typing import NoReturn

import pytest

from prefcenter.core.channels import Channel
from prefcenter.core.consent import Basis
from prefcenter.core.errors import NotFound, PrefcenterError, Unavailable
from prefcenter.core.postal.tiers import Unsure
from prefcenter.files.tables import FileFacts
from prefcenter.services import kept_folders, mailing_ends
from prefcenter.services.pulling import Pulled
from prefcenter.store.consents import ConsentRecord
from prefcenter.store.mailing_pulls import MailingPull
from tests.posting import ANN, BOB, EVERYBODY, HEADER, JANE, OPERATOR, TOM, PostRoom


def test_a_late_opt_out_is_told_by_the_files_own_id_and_once(either_post_room: PostRoom) -> None:
    """P12: once each, with what was already pulled left out."""
    post_room = either_post_room
    post_room.scrub()
    assert post_room.ids() == []
    post_room.opt_out(BOB)
    told = post_room.pull().rows
    assert told.columns == ["finder", "pc_reason", "pc_since", "pc_suppression", "pc_tier", "pc_score"]
    assert told.row(0)[:2] == ("0002", "opt_out")
    assert told["pc_tier"].item() == "exact"
    assert post_room.ids() == []
    post_room.opt_out(TOM)
    assert post_room.ids() == ["0004"]
    assert post_room.ids(again=True) == ["0002", "0004"]


def test_whoever_was_taken_out_by_the_scrub_is_not_pulled(post_room: PostRoom) -> None:
    post_room.opt_out(JANE)
    post_room.scrub()
    assert post_room.ids() == []


def test_an_opt_out_that_comes_while_the_file_is_scrubbed_is_in_the_first_pull(post_room: PostRoom) -> None:
    """P12, E11: the list was read before, and the file is written after; no times are compared."""
    post_room.scrub(progress=lambda _done, _size, _rows: post_room.opt_out(JANE))
    assert "Jane Doe" in (post_room.folder / "out" / "clean.csv").read_text()
    assert post_room.ids() == ["0001"]


def test_a_refusal_of_another_channel_pulls_nobody(sent_room: PostRoom) -> None:
    """The pull asks what the mailing asked."""
    sent_room.refuse(Channel.EMAIL, "jane@example.com")
    assert sent_room.ids() == []


def test_a_pull_that_could_not_be_delivered_is_not_noted(sent_room: PostRoom) -> None:
    """P12: a crash after the file was written and before it is on record tells rows twice, never not at all."""
    sent_room.opt_out(BOB)
    written: list[Pulled] = []

    def killed(pulled: Pulled) -> NoReturn:
        written.append(pulled)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sent_room.pull(deliver=killed)
    assert written[0].number == 1
    assert sent_room.ledger("mailing_pull") == []
    told = sent_room.pull()
    assert (told.number, told.rows["finder"].to_list()) == (1, ["0002"])


def test_a_pull_is_on_record_with_its_place_in_the_ledger(post_room: PostRoom) -> None:
    post_room.scrub(cutoff_at=post_room.clock() + timedelta(days=2))
    post_room.opt_out(BOB)
    told = post_room.pull()
    assert told.position > post_room.mailing().ledger_position
    facts = post_room.ledger("mailing_pull")[0]
    assert facts | {"sha256": ""} == {
        "mailing": "spring",
        "version": 1,
        "pull": 1,
        "rows": 1,
        "told": 1,
        "ledger_position": told.position,
        "sha256": "",
        "after_cutoff": False,
        "in_flight": False,
    }


def test_after_the_cut_off_it_goes_on_telling_and_says_that_it_is_in_flight(post_room: PostRoom) -> None:
    """P12, P3: with the last expected date."""
    post_room.scrub(cutoff_at=post_room.clock() + timedelta(days=1), drop_at=post_room.clock() + timedelta(days=3))
    post_room.clock.move(days=2)
    post_room.opt_out(BOB)
    told = post_room.pull()
    assert told.rows.height == 1
    assert "The cut-off was 2026-11-24 15:00 UTC" in told.remarks[0]
    assert "may arrive until 2026-12-10" in told.remarks[0]
    assert post_room.ledger("mailing_pull")[0]["after_cutoff"] is True


def test_after_the_drop_it_counts_as_in_flight(sent_room: PostRoom) -> None:
    sent_room.clock.move(days=1)
    with sent_room.wiring.database.write() as session:
        mailing_ends.drop(session, "spring", OPERATOR, at=sent_room.clock())
    sent_room.opt_out(BOB)
    told = sent_room.pull()
    assert told.rows["finder"].to_list() == ["0002"]
    assert "counts as in flight, and may arrive until 2026-12-08" in told.remarks[0]
    assert sent_room.ledger("mailing_pull")[0]["in_flight"] is True


def test_a_row_without_an_id_does_not_get_to_the_mail_house(post_room: PostRoom) -> None:
    """P12: its late opt-out could not be told. A row that is refused anyway is refused."""
    post_room.opt_out(TOM)
    nameless = (" ", *BOB[1:])
    prepared = post_room.scrub(post_room.write([JANE, nameless, ("", *TOM[1:])]))
    assert (prepared.tally.kept, prepared.tally.unreadable, prepared.tally.suppressed) == (1, 1, 1)
    told = (post_room.folder / "out" / "unreadable.csv").read_text()
    assert "has no id in 'finder'" in told


def test_an_id_of_several_rows_is_told_once_and_said_to_be_one(post_room: PostRoom) -> None:
    prepared = post_room.scrub(post_room.write([JANE, ("0001", *BOB[1:]), ANN]))
    (note,) = prepared.notes
    assert note.startswith("in.csv: 2 rows share their id in 'finder' with another one, such as the rows 1 and 2.")
    post_room.opt_out(BOB)
    assert post_room.ids() == ["0001"]
    post_room.opt_out(JANE)
    assert post_room.ids() == []
    assert post_room.ids(again=True) == ["0001"]


def test_without_ids_rows_are_told_by_their_numbers_and_as_they_were_written(post_room: PostRoom) -> None:
    post_room.opt_out(JANE)
    post_room.scrub(post_room.write([row[1:] for row in EVERYBODY], header=HEADER[1:]), row_id=None)
    post_room.opt_out(ANN)
    told = post_room.pull().rows
    assert told.columns[:8] == ["pc_row", "pc_clean_row", "name", "address1", "city", "state", "zip", "pc_reason"]
    assert told.row(0)[:7] == (3, 2, "Ann Lee", "44 Elm Dr Apt 2", "Portland", "OR", "97201")


def test_of_several_inputs_each_row_names_its_own(post_room: PostRoom) -> None:
    """Two vendors number their rows alike."""
    first, second = post_room.write([JANE, BOB], "a.csv"), post_room.write([("0001", *ANN[1:]), TOM], "b.csv")
    post_room.scrub(first, second)
    for row in (JANE, ANN, TOM):
        post_room.opt_out(row)
    told = post_room.pull().rows
    assert list(zip(told["pc_file"], told["finder"], strict=True)) == [
        ("a.csv", "0001"),
        ("b.csv", "0001"),
        ("b.csv", "0004"),
    ]


def test_unsure_rows_that_the_scrub_let_through_are_not_pulled_for_their_doubt(post_room: PostRoom) -> None:
    """The setting of the scrub holds for its pulls."""
    post_room.opt_out(("", "J Doe", *JANE[2:]))
    kept = post_room.scrub(unsure=Unsure.KEEP).tally.kept
    assert kept == 4
    assert post_room.ids() == []
    assert post_room.scrub(name="strict", out="strict", unsure=Unsure.REMOVE).tally.kept == 3
    post_room.opt_out(("", "B Roe", *BOB[2:]))
    assert post_room.ids("strict") == ["0002"]


def test_a_consent_that_lapsed_since_is_a_late_refusal_too(post_room: PostRoom) -> None:
    """G7, P12: the pull asks what the mailing asked, consents and all."""
    point = post_room.wiring.points.email("anna@example.de")
    with post_room.wiring.database.write() as session:
        session.add(
            ConsentRecord(
                channel="email",
                digest=point.digest,
                pepper_id=point.pepper_id or "",
                scope="all",
                basis=Basis.EXPRESS.value,
                since=post_room.clock() - timedelta(days=9),
                until=post_room.clock() + timedelta(days=1),
                source="api",
            )
        )
        session.commit()
    rows = [("1", "anna@example.de", "DE"), ("2", "jane@example.com", "US")]
    file = post_room.write(rows, header=("finder", "email", "country"))
    assert post_room.scrub(file, channel=Channel.EMAIL).tally.kept == 2
    assert post_room.ids() == []
    post_room.clock.move(days=2)
    told = post_room.pull().rows
    assert told.select("finder", "pc_reason").rows() == [("1", "consent_missing")]


def test_of_an_older_version_it_says_which_one_took_its_place(sent_room: PostRoom) -> None:
    sent_room.scrub(out="second")
    sent_room.opt_out(BOB)
    told = sent_room.pull(version=1)
    assert told.remarks == ("Version 2 took the place of this version 1.",)
    assert sent_room.pull().mailing.version == 2
    with pytest.raises(NotFound, match="has no version 3"):
        sent_room.pull(version=3)


def test_while_a_newer_version_is_held_the_older_one_is_followed(sent_room: PostRoom) -> None:
    sent_room.scrub(out="second")
    sent_room.set_state("held", held_because="Nothing was removed.")
    sent_room.opt_out(BOB)
    told = sent_room.pull()
    assert (told.mailing.version, told.remarks) == (1, ("Version 2 is held; this is version 1.",))
    with pytest.raises(PrefcenterError, match="version 2, is held"):
        sent_room.pull(version=2)


@pytest.mark.parametrize(
    ("state", "said"),
    [("held", "is held"), ("failed", "has failed"), ("withdrawn", "was withdrawn"), ("preparing", "being prepared")],
)
def test_what_has_not_left_the_house_has_no_pulls(sent_room: PostRoom, state: str, said: str) -> None:
    sent_room.set_state(state)
    with pytest.raises(PrefcenterError, match=said):
        sent_room.pull()
    assert sent_room.delivered == []


def test_two_pulls_at_once_do_not_both_tell_the_same(either_post_room: PostRoom) -> None:
    post_room = either_post_room
    post_room.scrub()
    folder = post_room.wiring.mailing_rows / str(post_room.mailing().rows_folder)
    with kept_folders.locked(folder), pytest.raises(Unavailable, match="Somebody else"):
        post_room.pull()
    post_room.opt_out(BOB)

    def deliver(pulled: Pulled) -> FileFacts:
        """Another machine, that sees no lock of ours, is faster."""
        facts = post_room.deliver(pulled)
        row = pulled.mailing
        other = MailingPull(
            mailing_id=row.id, number=1, at=post_room.clock(), actor="x", ledger_position=0, rows=0, told=0,
            file_name="", sha256="",
        )  # fmt: skip
        with post_room.wiring.database.write() as session:
            session.add(other)
            session.commit()
        return facts

    with pytest.raises(Unavailable, match="not on record"):
        post_room.pull(deliver=deliver)
    assert post_room.ids() == ["0002"]


def test_only_the_owner_can_read_what_is_kept_and_a_dry_run_keeps_nothing(post_room: PostRoom) -> None:
    """X8, G4: whoever shares the machine does not see who is written to."""
    post_room.scrub(is_dry_run=True)
    assert post_room.kept() == []
    post_room.scrub()
    (path,) = post_room.kept()
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_scrub_that_fails_keeps_nothing(post_room: PostRoom) -> None:
    blocked = post_room.folder / "out"
    blocked.write_text("no folder")
    with pytest.raises(PrefcenterError):
        post_room.scrub()
    assert list(post_room.wiring.mailing_rows.iterdir()) == []


def test_a_pull_tells_how_far_it_is_and_what_stops_it_is_not_noted(sent_room: PostRoom) -> None:
    told: list[tuple[int, int, int]] = []
    sent_room.opt_out(BOB)

    def stop(done: int, size: int, rows: int) -> None:
        told.append((done, size, rows))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sent_room.pull(progress=stop)
    assert told == [(4, 4, 4)]
    assert sent_room.delivered == []
    assert sent_room.ids() == ["0002"]


def test_an_asking_without_late_opt_outs_is_on_record_and_no_pull(either_post_room: PostRoom) -> None:
    """P12: the proof that up to there nobody had to be taken out; no number, no file, no receipt to wait for."""
    post_room = either_post_room
    post_room.scrub()
    asked = post_room.pull()
    assert (asked.number, asked.rows.height, post_room.delivered) == (None, 0, [])
    assert post_room.ledger("mailing_pull") == []
    assert post_room.ledger("mailing_asked") == [
        {"mailing": "spring", "version": 1, "ledger_position": 1, "after_cutoff": False, "in_flight": False}
    ]
    assert (post_room.mailing().asked_at, post_room.mailing().asked_position) == (post_room.clock(), 1)
    assert post_room.pull(again=True).number is None
    post_room.opt_out(BOB)
    assert post_room.pull().number == 1
    assert post_room.pull().number is None
    assert post_room.pull(again=True).number == 2


def test_what_was_posted_while_its_rows_were_judged_is_in_flight(sent_room: PostRoom) -> None:
    """P12: told by the record as it is when the pull is noted."""
    sent_room.opt_out(BOB)

    def posted(pulled: Pulled) -> FileFacts:
        with sent_room.wiring.database.write() as session:
            mailing_ends.drop(session, "spring", OPERATOR, at=sent_room.clock())
        return sent_room.deliver(pulled)

    sent_room.pull(deliver=posted)
    assert sent_room.ledger("mailing_pull")[0]["in_flight"] is True
