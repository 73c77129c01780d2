"""Putting the product together: the one place that names concrete senders, the clock and the keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from prefcenter.config import Config
from prefcenter.core.channels import Channel
from prefcenter.providers.sandbox import Sandbox, SandboxKeys
from prefcenter.providers.unconfigured import NoProvider
from prefcenter.services import keyring as keys_in_use
from prefcenter.services import sealing
from prefcenter.services.links import LinkMaker
from prefcenter.services.points import Points
from prefcenter.services.ports import Clock, Keyring, Sender
from prefcenter.services.sealing import LedgerKeys
from prefcenter.store.engine import Database

if TYPE_CHECKING:
    from prefcenter.services.agreeing import Progress, Syncing
    from prefcenter.services.batches import Reader
    from prefcenter.services.list_ports import ProviderLists
    from prefcenter.services.receiving import Handler


def utc_now() -> datetime:
    """The wall clock, aware UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Wiring:
    """Everything that views, webhooks, commands and the worker hand to use cases.

    ``sandbox`` stands in for the providers where none is configured.
    """

    config: Config
    database: Database
    keyring: Keyring
    points: Points
    links: LinkMaker
    ledger_keys: LedgerKeys
    senders: Mapping[Channel, Sender]
    clock: Clock
    sandbox: Sandbox | None = None

    @property
    def twilio_token(self) -> str:
        """What webhooks of Twilio are signed with; where nothing is set, the sandbox has a token of its own."""
        return self.config.twilio_auth_token or (self.sandbox.keys.twilio_token if self.sandbox is not None else "")

    @property
    def event_public_keys(self) -> tuple[str, ...]:
        """What batches of events may be signed with: SendGrid's key, if one is set, and that of the sandbox."""
        own = (self.sandbox.keys.event_public_key,) if self.sandbox is not None else ()
        return tuple(filter(None, (self.config.sendgrid_event_public_key, *own)))

    @property
    def anchors(self) -> Path:
        """The file that seals are anchored in, outside the database."""
        return self.config.data_dir / "ledger-anchors.jsonl"

    @property
    def list_index(self) -> Path:
        """The folder of the postal list as it was read for the last mailing."""
        return self.config.data_dir / "index"

    @property
    def mailing_rows(self) -> Path:
        """The folder in which each mailing keeps the rows that were let through."""
        return self.config.data_dir / "mailings"

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """Who handles what comes in, by the name that it is kept under."""
        # Reading mails takes tables, templates and a hundred patterns that a command which takes nothing in is spared.
        from prefcenter.providers import intake
        from prefcenter.services.receiving import Reception

        reception = Reception(
            keyring=self.keyring,
            points=self.points,
            base_url=self.config.base_url,
            inbound_domain=self.config.inbound_domain,
            uses_sandbox=not self.config.has_provider,
            country=self.config.default_country,
        )
        return intake.handlers(reception)

    @property
    def event_readers(self) -> Mapping[str, tuple[str, Reader]]:
        """Whose events stand in what is kept under a name, and who reads them."""
        from prefcenter.providers import intake

        return intake.EVENT_READERS

    @property
    def provider_lists(self) -> Sequence[ProviderLists]:
        """The lists of every provider that is configured; none where there is only the sandbox."""
        config = self.config
        made: list[ProviderLists] = []
        if config.sends_mail:
            from prefcenter.providers.sendgrid_lists import SendGridLists

            made.append(SendGridLists(config.sendgrid_api_key, self.clock, host=config.sendgrid_host))
        if config.sends_texts:
            from prefcenter.providers.twilio_lists import TwilioLists

            account = (config.twilio_account_sid, config.twilio_auth_token)
            made.append(TwilioLists(*account, self.clock, host=config.twilio_host))
        return made

    def syncing(self, progress: Progress | None = None) -> Syncing:
        """What an agreement with providers works with; ``progress`` is told how far it is."""
        from prefcenter.services.agreeing import Syncing

        told = progress or (lambda _step: None)
        return Syncing(self.database, self.keyring, self.points, self.clock, self.seal, told)

    def seal(self) -> None:
        """Give all that waits in the ledger its position, and note the seal outside the database."""
        with self.database.write() as session:
            sealed = sealing.seal(session, self.ledger_keys, at=self.clock())
        if sealed.seal is not None:
            sealing.anchor(self.anchors, sealed.seal)

    def adopt_keys(self) -> None:
        """Check that every key in use is configured, and put new ones on file; call it once the schema is there.

        Raises:
            MissingKey: a key in use is missing (X12).
        """
        with self.database.write() as session:
            keys_in_use.adopt(session, self.keyring, at=self.clock())


def wire(config: Config, *, clock: Clock = utc_now, database: Database | None = None) -> Wiring:
    """Build everything from the settings.

    Args:
        config: the settings.
        clock: tells the time.
        database: one that is open already; by default that of the settings is opened.

    Raises:
        MissingKey: the keys are absent or too short.
        BadInput: the database address cannot be used.
    """
    keyring = Keyring(config.peppers_in_use(), config.signing_keys())
    database = database or Database(config.database_url)
    sandbox = None if config.has_provider else Sandbox(database, clock, config.base_url, _sandbox_keys(config, keyring))
    return Wiring(
        config=config,
        database=database,
        keyring=keyring,
        points=Points(keyring.peppers, config.default_country),
        links=LinkMaker(keyring.signing, config.base_url, config.inbound_domain),
        ledger_keys=LedgerKeys(keyring.signing),
        senders=_providers(config) if sandbox is None else sandbox.senders,
        clock=clock,
        sandbox=sandbox,
    )


def _sandbox_keys(config: Config, keyring: Keyring) -> SandboxKeys:
    """Keys of the sandbox, made of our own: its reports are taken by whichever process they reach."""
    secret = next(iter(keyring.signing.derive_all("sandbox").values()))
    return SandboxKeys(secret, config.twilio_auth_token or secret.hex())


def _providers(config: Config) -> Mapping[Channel, Sender]:
    """The provider of each channel.

    With a provider for one channel only, the other has none: nothing may vanish into a sandbox that nobody sees.
    """
    return {
        Channel.EMAIL: _mail_sender(config) if config.sends_mail else NoProvider("mail", "SENDGRID_API_KEY"),
        Channel.SMS: _text_sender(config)
        if config.sends_texts
        else NoProvider("texts", "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"),
    }


def _mail_sender(config: Config) -> Sender:
    # The vendors' libraries take 0.1 s each to import, which a command without them is spared.
    from prefcenter.providers.sendgrid_api import SendGridSender

    return SendGridSender(config.sendgrid_api_key, host=config.sendgrid_host)


def _text_sender(config: Config) -> Sender:
    from prefcenter.providers.twilio_api import TwilioSender

    return TwilioSender(config.twilio_account_sid, config.twilio_auth_token, config.base_url, host=config.twilio_host)
