"""``prefcenter ledger``, ``link``, ``db`` and ``inbound``."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from prefcenter.core.chain import GENESIS, chain_hash, entry_hash, is_signed, seal_message
from prefcenter.services import sealing
from tests.cli.conftest import Prefcenter


def _seal(acme: Prefcenter) -> None:
    with acme.database.write() as session:
        sealing.seal(session, acme.ledger_keys, at=datetime.now(UTC))


def test_a_whole_ledger_is_exit_0_and_tells_what_waits(acme: Prefcenter) -> None:
    _seal(acme)
    acme("suppress", "add", "email", "jane@example.com", "--reason", "opt_out")
    answer = acme.json("ledger", "verify")
    assert answer == {"ok": True, "position": 3, "seals": 1, "pending": 1, "fault": None}
    assert "1 entry waits" in acme("ledger", "verify").stdout
    assert acme.json("ledger", "verify")["pending"] == 1


def test_an_edited_entry_is_exit_3_and_named(acme: Prefcenter) -> None:
    """X7: editing any entry is detected and located."""
    _seal(acme)
    with acme.database.engine.begin() as connection:
        for trigger in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").all():
            connection.exec_driver_sql(f'DROP TRIGGER "{trigger[0]}"')
        connection.exec_driver_sql("UPDATE ledger_entries SET actor = 'mallory' WHERE id = 2")
    assert "Entry 2 at position 2 was edited" in acme("ledger", "verify", exits=3).stdout
    assert acme.json("ledger", "verify", exits=3)["fault"]["position"] == 2


def test_show_gives_the_newest_with_unsealed_ones_last(acme: Prefcenter) -> None:
    _seal(acme)
    acme("suppress", "add", "email", "jane@example.com", "--reason", "opt_out")
    told = acme.json("ledger", "show")
    assert [(each["position"], each["kind"]) for each in told] == [
        (1, "brand_added"),
        (2, "topic_added"),
        (3, "type_added"),
        (None, "suppress"),
    ]
    assert [each["position"] for each in acme.json("ledger", "show", "--limit", "2")] == [3, None]
    assert [each["position"] for each in acme.json("ledger", "show", "--after", "1")] == [2, 3]
    assert [each["kind"] for each in acme.json("ledger", "show", "--kind", "suppress")] == ["suppress"]
    assert "jane" not in acme("ledger", "show").output


def test_an_exported_ledger_can_be_checked_elsewhere(acme: Prefcenter) -> None:
    """X7: the chain and the signatures can be recomputed from the export alone."""
    acme("suppress", "add", "email", "jane@example.com", "--reason", "opt_out")
    _seal(acme)
    acme("ledger", "export", "ledger.jsonl")
    text = (acme.folder / "ledger.jsonl").read_text()
    assert "jane" not in text
    lines = [json.loads(line) for line in text.splitlines()]
    keys = {line["key_id"]: line["public_key"] for line in lines if line["record"] == "key"}
    head = GENESIS
    for line in (each for each in lines if each["record"] == "entry"):
        said = entry_hash(
            uid=line["uid"],
            kind=line["kind"],
            at=datetime.fromisoformat(line["at"]),
            actor=line["actor"],
            facts=line["facts"],
            commitment=bytes.fromhex(line["commitment"]),
        )
        assert said.hex() == line["hash"]
        head = chain_hash(head, line["position"], said)
        assert head.hex() == line["chain"]
    (made,) = (each for each in lines if each["record"] == "seal")
    assert bytes.fromhex(made["head"]) == head
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(keys[made["key_id"]]))
    message = seal_message(
        number=made["number"], first=made["first"], last=made["last"], before=bytes.fromhex(made["before"]), head=head
    )
    assert is_signed(public, bytes.fromhex(made["signature"]), message)


def test_link_prints_the_unsubscribe_link_and_the_preference_page(acme: Prefcenter) -> None:
    leave, choose = acme("link", "Jane@example.com").stdout.splitlines()
    assert leave.startswith("https://prefs.example.com/u/")
    assert choose.startswith("https://prefs.example.com/p/")
    assert "jane" not in leave + choose
    assert acme("link", "jane@example.com").stdout.splitlines() == [leave, choose]
    assert acme("link", "jane@example.com", "--topic", "offers").stdout.splitlines()[0] != leave


def test_link_needs_the_brand_only_where_there_are_several(acme: Prefcenter) -> None:
    acme("brand", "add", "bolt")
    assert "acme, bolt" in acme("link", "jane@example.com", exits=2).stderr
    acme("link", "jane@example.com", "--brand", "bolt")
    acme("link", "jane@example.com", "--topic", "offers")
    acme("link", "no address", exits=2)


MAIL = b"""From: Jane Doe <jane@example.com>
To: post@in.example
Subject: Re: no snail-mail
Message-ID: <1@example.com>

Jane Doe
12 Main St Apt 4
Springfield, IL 62701
"""


def test_inbound_takes_a_mail_from_a_pipe(acme: Prefcenter) -> None:
    """P1: a mail whose subject holds NO SNAIL MAIL starts a postal opt-out."""
    answer = acme.json("inbound", "--to", "post@in.example", text=MAIL)
    assert answer["outcome"] == "recorded"
    assert answer["requests"][0]["zip"] == "62701"
    acme("check", "post", "Jane Doe; 12 Main St; Apt 4; Springfield; IL; 62701", exits=3)
    assert acme.json("inbound", "-", "--to", "post@in.example", text=MAIL)["id"] == answer["id"]


def test_inbound_takes_a_file(acme: Prefcenter) -> None:
    (acme.folder / "mail.eml").write_bytes(MAIL)
    assert "opt-out" in acme("inbound", "mail.eml").stdout
    acme("inbound", "missing.eml", exits=2)


def test_inbound_asks_the_mta_to_try_again_when_the_fault_is_ours(acme: Prefcenter) -> None:
    """X5: our own fault is told so, so that the mail comes again."""
    acme.environ["PREFCENTER_PEPPERS"] = None
    assert "PREFCENTER_PEPPERS" in acme("inbound", text=MAIL, exits=75).stderr
