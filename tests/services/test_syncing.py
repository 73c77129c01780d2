"""Agreeing with providers, through the real SDKs, against stand-ins on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from prefcenter.core.channels import MessageClass, Reason, Scope, Source
from prefcenter.core.errors import Unavailable
from prefcenter.providers.sendgrid_lists import SendGridLists
from prefcenter.providers.stand_ins.sendgrid_server import Scripted
from prefcenter.services import hourly_agreement, optouts, syncing
from prefcenter.services.agreeing import Busy
from prefcenter.services.list_ports import Said
from prefcenter.services.ports import Evidence
from prefcenter.services.syncing import LEASE
from prefcenter.store import provider_lists
from prefcenter.store.engine import Database
from prefcenter.store.suppressions import SuppressionAddress
from tests.accounts import OFFERS, SERVICE, Accounts, opened

JANE, JOHN, MARY = "jane@example.com", "john@example.com", "mary@example.com"
PHONE = "+14155550100"
BRAND, TOPIC = Scope.brand("acme"), Scope.topic("acme", "offers")


@pytest.fixture
def accounts(sqlite_database: Database, tmp_path: Path) -> Iterator[Accounts]:
    """For what does not depend on the database."""
    with opened(sqlite_database, tmp_path) as made:
        yield made


@pytest.fixture
def either_accounts(database: Database, tmp_path: Path) -> Iterator[Accounts]:
    with opened(database, tmp_path) as made:
        yield made


def test_a_group_gets_everybody_who_refused_what_it_stands_for(accounts: Accounts) -> None:
    """A topic's group hears of refusals of the topic, its brand, and everything; of another topic's nothing."""
    offers = accounts.group(14, brand="acme", topic="offers")
    all_of_acme = accounts.group(15, brand="acme")
    accounts.stop(JANE, TOPIC)
    accounts.stop(JOHN, BRAND)
    accounts.stop(MARY)
    accounts.stop("anna@example.com", Scope.topic("acme", "news"))
    accounts.stop("paul@example.com", Scope.brand("beta"))
    done = accounts.sync()
    assert set(offers.members) == {JANE, JOHN, MARY}
    assert set(all_of_acme.members) == {JOHN, MARY}
    assert done.counts["told"] == 5


def test_an_opt_out_of_marketing_never_stops_service_mail(accounts: Accounts) -> None:
    """X9: the global list stops service mail too, so it hears only of those to whom nothing at all is sent."""
    accounts.stop(JANE)
    accounts.stop(JOHN, reason=Reason.OBJECTION)
    accounts.stop(MARY, reason=Reason.NO_CONTACT, source=Source.OPERATOR)
    accounts.sync()
    assert accounts.listed() == {MARY}


def test_an_account_for_marketing_alone_has_its_opt_outs_on_the_global_list(accounts: Accounts) -> None:
    """An operator says so; a refusal of one brand still does not stop the mail of the others."""
    accounts.map("global")
    accounts.stop(JANE)
    accounts.stop(JOHN, BRAND)
    accounts.sync()
    assert accounts.listed() == {JANE}


def test_neither_bounces_nor_what_ends_by_itself_are_told(accounts: Accounts) -> None:
    """A bounce is not an opt-out, and a provider's list knows no end."""
    offers = accounts.group(14, brand="acme")
    accounts.stop(JANE, reason=Reason.HARD_BOUNCE, source=Source.PROVIDER)
    accounts.stop(JOHN, reason=Reason.PAUSED)
    assert accounts.sync().counts["told"] == 0
    assert offers.members == {}


def test_an_objection_by_phone_reaches_the_mailbox_of_the_same_person(either_accounts: Accounts) -> None:
    """G15: reasons that bind a person are told for every address that we know of them."""
    from prefcenter.core.channels import Channel

    either_accounts.house.know((Channel.EMAIL, JANE), (Channel.SMS, PHONE))
    offers = either_accounts.group(14, brand="acme")
    either_accounts.stop(PHONE, reason=Reason.OBJECTION, source=Source.OPERATOR)
    either_accounts.sync()
    assert set(offers.members) == {JANE}


def test_each_of_their_lists_is_taken_for_what_it_says(either_accounts: Accounts) -> None:
    """Bounces, complaints and opt-outs are reasons of their own, each with a cause to undo it by; blocks are none."""
    lists = either_accounts.sendgrid.lists
    lists.add("unsubscribes", JANE)
    lists.add("bounces", JOHN)
    lists.add("spam_reports", MARY)
    lists.add("invalid_emails", "nobody@example.com")
    lists.add("blocks", "blocked@example.com")
    either_accounts.group(14, "paul@example.com", brand="acme", topic="offers")
    done = either_accounts.sync()
    assert done.counts["taken"] == 5
    assert sorted(either_accounts.in_force()) == [
        ("complaint", "all", "provider", "sendgrid-sync-1-spam_reports"),
        ("hard_bounce", "all", "provider", "sendgrid-sync-1-bounces"),
        ("hard_bounce", "all", "provider", "sendgrid-sync-1-invalid_emails"),
        ("opt_out", "all", "provider", "sendgrid-sync-1-global"),
        ("opt_out", "topic:acme/offers", "provider", "sendgrid-sync-1-group-14"),
    ]
    assert either_accounts.sync(whole=True).counts["taken"] == 0


def test_who_left_a_group_without_a_meaning_has_left_all_marketing_mail(accounts: Accounts) -> None:
    """To stop too much is safe; the output names the group."""
    accounts.group(99, JANE)
    done = accounts.sync()
    assert [entry[:2] for entry in accounts.in_force()] == [("opt_out", "all")]
    assert any("99 “Group 99”" in note for note in done.notes)


def test_what_an_event_told_of_a_group_is_not_widened_by_the_list(accounts: Accounts) -> None:
    """An event names the message and so its brand; a list without a meaning names nothing."""
    accounts.group(99, JANE)
    accounts.stop(JANE, BRAND, source=Source.PROVIDER, ref="sendgrid:an-event#group:99")
    assert accounts.sync().counts["taken"] == 0
    assert [entry[:2] for entry in accounts.in_force()] == [("opt_out", "brand:acme")]
    assert not accounts.drift().is_drift


def test_who_left_a_group_has_left_what_it_is_said_to_stand_for_later(accounts: Accounts) -> None:
    """What was taken too widely can be undone as a batch, and comes back as what it was: no opt-out is lost."""
    accounts.group(14, JANE)
    accounts.sync()
    number = accounts.numbers()[0]
    for who in ("ann@example.com", "bob@example.com"):
        with accounts.database.write() as session:
            optouts.void(session, number, Evidence(who), at=accounts.clock())
    accounts.map("14", "acme", "offers")
    accounts.sync()
    assert [entry[:2] for entry in accounts.in_force()] == [("opt_out", "topic:acme/offers")]


def test_what_we_told_a_group_is_no_opt_out_of_what_it_stands_for_later(accounts: Accounts) -> None:
    """It is shown as drift instead."""
    accounts.group(14, brand="acme", topic="news")
    accounts.stop(JANE, Scope.topic("acme", "news"))
    accounts.sync()
    accounts.map("14", "acme", "offers")
    assert accounts.sync().counts["taken"] == 0
    assert {why for _, why, _ in accounts.differences()} == {"told_earlier"}


def test_what_we_told_does_not_come_back_as_news(accounts: Accounts) -> None:
    """Our own opt-out on their list is no second one of the person."""
    accounts.group(14, brand="acme")
    accounts.map("global")
    accounts.stop(JANE)
    accounts.sync()
    assert accounts.sync(whole=True).counts["taken"] == 0
    assert [entry[2] for entry in accounts.in_force()] == ["preference_page"]


def test_a_new_pepper_makes_nothing_of_ours_new(accounts: Accounts) -> None:
    """What was told under a former digest is known as told, and stays in agreement."""
    accounts.group(14, "left@example.com", brand="acme")
    accounts.stop(JANE, BRAND)
    accounts.sync()
    accounts.renew_pepper()
    done = accounts.sync(whole=True)
    assert (done.counts["taken"], done.counts["told"], done.counts["missing"]) == (0, 0, 0)
    assert len(accounts.in_force()) == 2
    assert not accounts.drift().is_drift
    accounts.come_back(JANE)
    assert accounts.sync().counts["released"] == 1


def test_a_deletion_there_lifts_nothing_and_is_told_again(either_accounts: Accounts) -> None:
    """X10, E13: it is drift until the next run, which sees it once somebody looked or everything was gone through."""
    offers = either_accounts.group(14, brand="acme")
    either_accounts.stop(JANE)
    either_accounts.sync()
    offers.members.clear()
    assert (
        either_accounts.differences() == {("group:14", "deleted_there", "j•••@e•••.com")}
        or either_accounts.drift().is_drift
    )
    assert [entry[0] for entry in either_accounts.in_force()] == ["opt_out"]
    assert either_accounts.sync().counts["told"] == 1
    assert set(offers.members) == {JANE}
    assert not either_accounts.drift().is_drift


def test_a_deletion_on_a_dated_list_is_found_once_a_day(either_accounts: Accounts) -> None:
    """E13: without anybody looking."""
    either_accounts.map("global")
    either_accounts.stop(JANE)
    either_accounts.sync()
    either_accounts.sendgrid.lists.kinds["unsubscribes"].clear()
    assert either_accounts.sync().counts["told"] == 0
    either_accounts.clock.move(hours=24)
    done = either_accounts.sync()
    assert (done.is_whole, done.counts["missing"], done.counts["told"]) == (True, 1, 1)
    assert either_accounts.listed() == {JANE}


def test_what_a_person_lifts_is_lifted_there(either_accounts: Accounts) -> None:
    """X10: the person's own act is told, whoever had put it there."""
    offers = either_accounts.group(14, JOHN, brand="acme")
    either_accounts.stop(JANE, BRAND)
    either_accounts.sync()
    either_accounts.come_back(JANE)
    either_accounts.come_back(JOHN)
    assert either_accounts.sync().counts["released"] == 2
    assert offers.members == {}
    assert either_accounts.sync(whole=True).counts["taken"] == 0
    assert not either_accounts.drift().is_drift


def test_what_operators_void_is_not_lifted_there(accounts: Accounts) -> None:
    """X10: nothing but the person's own act takes anybody off a provider's list; drift tells of it."""
    offers = accounts.group(14, brand="acme")
    number = accounts.stop(JANE, BRAND, source=Source.IMPORT)
    accounts.sync()
    for who in ("ann@example.com", "bob@example.com"):
        with accounts.database.write() as session:
            optouts.void(session, number, Evidence(who), at=accounts.clock())
    done = accounts.sync(whole=True)
    assert (done.counts["released"], done.counts["taken"]) == (0, 0)
    assert set(offers.members) == {JANE}
    assert accounts.in_force() == []
    assert {why for _, why, _ in accounts.differences()} == {"ended_here"}


def test_a_lift_of_one_refusal_leaves_the_other_ones_there(accounts: Accounts) -> None:
    """Whoever comes back to one brand after leaving all stays off the list while anything refuses it."""
    offers = accounts.group(14, brand="acme")
    accounts.stop(JANE, BRAND)
    accounts.stop(JANE, reason=Reason.OBJECTION)
    accounts.sync()
    accounts.come_back(JANE)
    assert accounts.sync().counts["released"] == 0
    assert set(offers.members) == {JANE}


def test_who_leaves_there_anew_after_coming_back_is_taken_anew(accounts: Accounts) -> None:
    """E11: the later act counts, ours or theirs."""
    accounts.map("global")
    accounts.stop(JANE)
    accounts.sync()
    accounts.come_back(JANE)
    accounts.sync()
    assert accounts.listed() == set()
    accounts.clock.move(hours=1)
    accounts.sendgrid.lists.add("unsubscribes", JANE)
    assert accounts.sync().counts["taken"] == 1
    assert [entry[2] for entry in accounts.in_force()] == ["provider"]


def test_a_batch_that_was_undone_stays_undone(accounts: Accounts) -> None:
    """Undo by cause: false bounces that were voided here are not taken once more while the provider keeps them."""
    accounts.sendgrid.lists.add("bounces", JANE)
    accounts.sync()
    number = accounts.numbers()[0]
    for who in ("ann@example.com", "bob@example.com"):
        with accounts.database.write() as session:
            optouts.void(session, number, Evidence(who), at=accounts.clock())
    assert accounts.sync(whole=True).counts["taken"] == 0
    assert accounts.in_force() == []


def test_a_late_entry_does_not_slip_between_two_runs(accounts: Accounts) -> None:
    """Each reading reaches a day back into the one before."""
    accounts.sync()
    accounts.sendgrid.lists.kinds["unsubscribes"][JANE] = int(accounts.clock().timestamp()) - 7_200
    accounts.clock.move(hours=1)
    done = accounts.sync()
    assert (done.is_whole, done.counts["taken"]) == (False, 1)


def test_an_ordinary_run_tells_only_what_changed(either_accounts: Accounts) -> None:
    """Incremental: it goes by the ledger's positions."""
    either_accounts.group(14, brand="acme")
    for number in range(20):
        either_accounts.stop(f"someone{number}@example.com")
    either_accounts.sync()
    either_accounts.stop(JANE)
    before = either_accounts.sendgrid.calls
    done = either_accounts.sync()
    assert (done.is_whole, done.counts["told"]) == (False, 1)
    assert (
        either_accounts.sendgrid.calls - before == 8
    )  # The groups, five lists, whether the group is there, one telling.


def test_an_erased_address_is_counted_and_stays_refused(either_accounts: Accounts) -> None:
    """G3: nobody can be told of it, and our gate goes on refusing it."""
    offers = either_accounts.group(14, brand="acme")
    number = either_accounts.stop(JANE)
    with either_accounts.database.write() as session:
        session.delete(session.get_one(SuppressionAddress, number))
        session.commit()
    assert either_accounts.sync().counts["unreadable"] == 1
    assert offers.members == {}
    found = either_accounts.drift()
    assert {(why.value, count) for (_, _, why), count in found.counts.items()} == {("erased", 1)}
    assert not found.is_drift


def test_a_group_that_was_deleted_there_is_told_nothing(accounts: Accounts) -> None:
    """SendGrid would stop all mail of people who are put on a group that is not there."""
    accounts.group(14, brand="acme")
    accounts.stop(JANE)
    del accounts.sendgrid.lists.groups[14]
    done = accounts.sync()
    assert accounts.listed() == set()
    assert any("Group 14 is not there any more" in problem for problem in done.problems)
    assert accounts.drift().is_drift


def test_a_group_that_vanishes_in_the_middle_is_told_nothing(accounts: Accounts) -> None:
    """It is asked for before each telling, too."""
    accounts.group(14, brand="acme")
    del accounts.sendgrid.lists.groups[14]
    said = Said(JANE, accounts.clock(), Source.PREFERENCE_PAGE)
    assert accounts.mail.tell("group:14", [said]) == ["the group is not at SendGrid any more"]
    assert accounts.listed() == set()


@pytest.mark.parametrize("after", [1, 4, 7, 10])
def test_a_run_that_is_killed_goes_on_where_it_was(
    either_accounts: Accounts, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kill -9 after any call: once its lease is over another run ends with the same on both sides, nothing twice."""
    monkeypatch.setattr(syncing, "AT_ONCE", 2)
    offers = either_accounts.group(14, "left@example.com", brand="acme")
    for number in range(5):
        either_accounts.stop(f"someone{number}@example.com")
        either_accounts.sendgrid.lists.add("bounces", f"bounced{number}@example.com")
    killed = _Dies(either_accounts.mail, after)
    with pytest.raises(_Killed):
        syncing.sync(either_accounts.use, killed)
    with pytest.raises(Busy):
        syncing.sync(either_accounts.use, either_accounts.mail)
    either_accounts.clock.move(seconds=LEASE.total_seconds() + 1)
    either_accounts.sync()
    assert len(offers.members) == 6
    assert [entry[0] for entry in either_accounts.in_force()].count("hard_bounce") == 5
    causes = {entry[3] for entry in either_accounts.in_force() if entry[3]}
    assert all(cause.startswith("sendgrid-sync-") for cause in causes)
    assert either_accounts.house.ledger().count("sync") == 1
    assert not either_accounts.drift().is_drift


class _Killed(BaseException):
    """Nothing is done any more once it comes, as after kill -9."""


class _Dies:
    """The account, until the process is killed before one of its calls."""

    def __init__(self, real: SendGridLists, after: int) -> None:
        self._real, self._left = real, after
        self.name, self.label, self.channel, self.can_be_read = real.name, real.label, real.channel, True
        self.most_at_once = 2

    def _step(self) -> None:
        self._left -= 1
        if self._left <= 0:
            raise _Killed

    def lists(self):  # type: ignore[no-untyped-def]
        self._step()
        return self._real.lists()

    def page(self, *arguments):  # type: ignore[no-untyped-def]
        self._step()
        return self._real.page(*arguments)

    def tell(self, named: str, said: Sequence[Said]) -> Sequence[str]:
        answer = self._real.tell(named, said)
        self._step()
        return answer

    def release(self, named: str, said: Sequence[Said]) -> Sequence[str]:
        return self._real.release(named, said)


def test_who_stops_it_by_hand_can_go_on_at_once(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C gives the lease back and keeps what was done."""
    offers = accounts.group(14, brand="acme")
    accounts.stop(JANE)

    def stop(*_given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(syncing, "carry_out", stop)
        syncing.sync(accounts.use, accounts.mail)
    syncing.sync(accounts.use, accounts.mail)
    assert set(offers.members) == {JANE}


def test_a_late_process_changes_nothing_more(either_accounts: Accounts) -> None:
    """The fencing token: whoever slept over the lease finds that another one went on."""
    either_accounts.group(14, brand="acme")
    either_accounts.stop(JANE)

    class _Slow(_Dies):
        def _step(self) -> None:
            if not self._left:
                return
            self._left = 0
            either_accounts.clock.move(seconds=LEASE.total_seconds() + 1)
            syncing.sync(either_accounts.use, either_accounts.mail)

    with pytest.raises(Busy, match="took the agreement"):
        syncing.sync(either_accounts.use, _Slow(either_accounts.mail, 1))
    assert either_accounts.house.ledger().count("sync") == 1


def test_it_waits_where_the_provider_limits_its_calls(accounts: Accounts) -> None:
    """429 and X-RateLimit: it waits as long as it is told, and no call is lost."""
    offers = accounts.group(14, brand="acme")
    accounts.stop(JANE)
    accounts.sendgrid.limit(3)
    accounts.sync()
    assert set(offers.members) == {JANE}
    assert accounts.waited == [60.0]
    accounts.sendgrid.next(Scripted(429))
    accounts.sync()
    assert len(accounts.waited) == 2


@pytest.mark.parametrize(
    ("status", "calls", "says"),
    [
        (502, 0, "status 502"),
        (502, 3, "status 502"),
        (502, 6, "status 502"),
        (401, 0, "does not let our key"),
        (403, 6, "does not let our key"),
        (200, 0, "no answer"),
        (200, 3, "no answer"),
        (404, 3, "no answer"),
    ],
)
def test_a_provider_that_fails_loses_nothing(accounts: Accounts, status: int, calls: int, says: str) -> None:
    """A page of HTML, a wrong key, a fault: a clear message, and the next run goes on at once."""
    offers = accounts.group(14, brand="acme")
    accounts.stop(JANE)
    with pytest.raises(Unavailable, match=says):
        syncing.sync(accounts.use, _Fails(accounts, calls, status))
    with accounts.database.read() as session:
        row = provider_lists.standing(session, "sendgrid")
        assert row is not None
        assert says in row.problem
        assert row.leased_until is None
    accounts.sync()
    assert set(offers.members) == {JANE}
    with accounts.database.read() as session:
        row = provider_lists.standing(session, "sendgrid")
        assert row is not None
        assert row.problem == ""


class _Fails(_Dies):
    """The account, one of whose calls is answered otherwise."""

    def __init__(self, accounts: Accounts, after: int, status: int) -> None:
        super().__init__(accounts.mail, after)
        self._accounts, self._status = accounts, status

    def _step(self) -> None:
        if self._left == 0:
            self._accounts.sendgrid.next(Scripted(self._status))
        self._left -= 1

    def tell(self, named: str, said: Sequence[Said]) -> Sequence[str]:
        self._step()
        return self._real.tell(named, said)


def test_a_provider_that_cannot_be_reached_loses_nothing(accounts: Accounts) -> None:
    """Nobody listens: a clear message."""
    nobody = SendGridLists("SG.x", accounts.clock, host="http://127.0.0.1:9", timeout=1)
    with pytest.raises(Unavailable, match="cannot be reached"):
        syncing.sync(accounts.use, nobody)


def test_a_worker_does_it_once_an_hour(either_accounts: Accounts) -> None:
    """Whichever worker comes first; one provider that is down stops no other."""
    either_accounts.add_type("offers-sms", MessageClass.MARKETING, OFFERS)
    either_accounts.stop(PHONE)
    either_accounts.clock.move(minutes=6)
    nobody = SendGridLists("SG.x", either_accounts.clock, host="http://127.0.0.1:9", timeout=1)
    providers = [nobody, either_accounts.texts]
    assert hourly_agreement.sync_hourly(either_accounts.use, providers) == 1
    assert either_accounts.twilio.consents == {(PHONE, OFFERS): "opt-out"}
    either_accounts.clock.move(minutes=59)
    assert hourly_agreement.sync_hourly(either_accounts.use, providers) == 0
    either_accounts.clock.move(minutes=1)
    assert hourly_agreement.sync_hourly(either_accounts.use, providers) == 1


def test_a_stop_is_told_to_its_own_sender_alone(accounts: Accounts) -> None:
    """S5: what goes out as service from another sender must not be stopped at Twilio."""
    accounts.add_type("offers-sms", MessageClass.MARKETING, OFFERS)
    accounts.add_type("alerts", MessageClass.SERVICE, SERVICE)
    accounts.stop(PHONE, Scope.sender(OFFERS), source=Source.SMS_KEYWORD)
    accounts.sync(accounts.texts)
    assert accounts.twilio.consents == {(PHONE, OFFERS): "opt-out"}


def test_a_refusal_of_marketing_texts_stops_no_sender_of_service(accounts: Accounts) -> None:
    """Whoever left marketing on the web goes on getting alerts, from a sender that has both as well."""
    both = "+18005550102"
    accounts.add_type("offers-sms", MessageClass.MARKETING, OFFERS)
    accounts.add_type("alerts", MessageClass.SERVICE, SERVICE)
    accounts.add_type("news-sms", MessageClass.MARKETING, both)
    accounts.add_type("codes", MessageClass.REQUESTED, both)
    accounts.stop(PHONE)
    accounts.sync(accounts.texts)
    assert accounts.twilio.consents == {(PHONE, OFFERS): "opt-out"}


def test_a_stop_to_an_unknown_number_is_told_to_every_sender(accounts: Accounts) -> None:
    """S5: it counts for every sender."""
    accounts.add_type("offers-sms", MessageClass.MARKETING, OFFERS)
    accounts.add_type("alerts", MessageClass.SERVICE, SERVICE)
    accounts.stop(PHONE, Scope.every_sender("+18005559999"), source=Source.SMS_KEYWORD)
    accounts.sync(accounts.texts)
    assert set(accounts.twilio.consents) == {(PHONE, OFFERS), (PHONE, SERVICE)}


def test_the_confirmation_of_a_stop_goes_first(accounts: Accounts) -> None:
    """S4: a text to a number that is stopped at Twilio fails, so for five minutes it is only due."""
    accounts.add_type("offers-sms", MessageClass.MARKETING, OFFERS)
    accounts.stop(PHONE, Scope.sender(OFFERS), source=Source.SMS_TEXT)
    done = syncing.sync(accounts.use, accounts.texts)
    assert (done.counts["later"], accounts.twilio.consents) == (1, {})
    assert accounts.sync(accounts.texts).counts["told"] == 1


def test_a_start_is_told_to_its_sender(either_accounts: Accounts) -> None:
    """S6, X10."""
    either_accounts.add_type("offers-sms", MessageClass.MARKETING, OFFERS)
    either_accounts.stop(PHONE, Scope.sender(OFFERS), source=Source.SMS_KEYWORD)
    either_accounts.sync(either_accounts.texts)
    either_accounts.come_back(PHONE)
    assert either_accounts.sync(either_accounts.texts).counts["released"] == 1
    assert either_accounts.twilio.consents == {(PHONE, OFFERS): "opt-in"}


def test_a_new_sender_is_told_of_everybody(accounts: Accounts) -> None:
    """The meaning of the lists changed, so everything is gone through."""
    accounts.add_type("offers-sms", MessageClass.MARKETING, OFFERS)
    accounts.stop(PHONE)
    accounts.sync(accounts.texts)
    accounts.add_type("news-sms", MessageClass.MARKETING, "+18005550103")
    done = accounts.sync(accounts.texts)
    assert (done.is_whole, done.counts["told"]) == (True, 1)


def test_more_than_25_go_in_several_calls_within_the_limit(accounts: Accounts) -> None:
    """25 items a call, 100 calls a minute."""
    accounts.add_type("offers-sms", MessageClass.MARKETING, OFFERS)
    for number in range(60):
        accounts.stop(f"+1415555{number + 100:04}", source=Source.IMPORT)
    done = accounts.sync(accounts.texts)
    assert done.counts["told"] == 60
    assert accounts.waited == []
    said = [Said("+14155550100", accounts.clock(), Source.IMPORT)]
    for _ in range(110):
        accounts.texts.tell(f"sender:{OFFERS}", said)
    assert accounts.waited == [60.0]


def test_what_twilio_would_not_take_is_told_again_once_a_day(accounts: Accounts) -> None:
    """An error an item stops no other; drift names its number."""
    accounts.add_type("offers-sms", MessageClass.MARKETING, OFFERS)
    accounts.stop(PHONE)
    accounts.stop("+14155550101")
    accounts.twilio.refused.add("+14155550101")
    done = accounts.sync(accounts.texts)
    assert (done.counts["told"], done.counts["refused"]) == (1, 1)
    found = accounts.drift(accounts.texts)
    assert [(each.why.value, each.detail) for each in found.shown] == [("refused_there", "Twilio: error 20001")]
    assert accounts.sync(accounts.texts).counts["refused"] == 0
    accounts.twilio.refused.clear()
    assert accounts.sync(accounts.texts, whole=True).counts["told"] == 1
    assert not accounts.drift(accounts.texts).is_drift


def test_drift_tells_both_directions_and_why(either_accounts: Accounts) -> None:
    """Masked, with our entry's number (X8)."""
    either_accounts.group(14, "left@example.com", brand="acme")
    number = either_accounts.stop(JANE)
    either_accounts.sendgrid.lists.add("bounces", JOHN)
    found = either_accounts.drift()
    told = {(each.side.value, each.list, each.why.value, each.suppression) for each in found.shown}
    assert told == {
        ("ours_not_there", "group:14", "never_told", number),
        ("there_not_ours", "group:14", "not_taken_yet", None),
        ("there_not_ours", "bounces", "not_taken_yet", None),
    }
    assert all(JANE not in (each.who or "") for each in found.shown)
    assert found.is_drift
    either_accounts.sync()
    assert not either_accounts.drift().is_drift


def test_drift_changes_neither_side(accounts: Accounts) -> None:
    """It looks."""
    offers = accounts.group(14, "left@example.com", brand="acme")
    accounts.stop(JANE)
    accounts.drift()
    assert set(offers.members) == {"left@example.com"}
    assert len(accounts.in_force()) == 1
    assert accounts.sync().counts["taken"] == 1


def test_a_finished_run_stands_in_the_ledger(accounts: Accounts) -> None:
    """X7."""
    accounts.sync()
    assert accounts.house.ledger() == ["sync"]
    assert timedelta(0) < LEASE
