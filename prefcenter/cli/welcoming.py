"""What a demo prepares and says when it starts: sample data, somebody to sign in as, and the links worth opening."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from prefcenter.services import operators, sampling
from prefcenter.services.links import links_for
from prefcenter.services.ports import Evidence
from prefcenter.wiring import Wiring

_LOGIN = "admin@example.com"
_BOUNCES = "bounce@example.com"  # In the sandbox it does, and the list then says so.


def prepare(wiring: Wiring) -> Iterator[str]:
    """Fill the product where it is empty, and give the lines to print."""
    folder = wiring.config.data_dir
    is_new = sampling.fill(wiring.database, wiring.points, at=wiring.clock())
    mailing = folder / "demo" / "spring-catalog.csv"
    if not mailing.exists():
        sampling.write_mailing_file(mailing)
    mail = folder / "demo" / "no-snail-mail.eml"
    if not mail.exists():
        sampling.write_request_mail(mail, wiring.clock())
    access = _access(wiring, folder / "demo-access.json")
    environment = _environment(wiring, folder / "demo.env")
    links = _sample_links(wiring)
    base = wiring.config.base_url
    yield f"prefcenter demo. Data and secrets are in {folder}{'' if is_new else ' (from an earlier demo)'}."
    yield ""
    yield "  Worth opening"
    yield f"    unsubscribe page    {links[0]}"
    yield f"    preference page     {links[1]}"
    yield f"    sandbox outbox      {base}/sandbox"
    yield f"    ops console         {base}/ops"
    yield f"                        sign in as {_LOGIN} with {access['password']}"
    yield f"    API description     {base}/api/docs  (key {access['key']})"
    yield ""
    yield "  Worth trying in another terminal (the settings of this demo come from the first line)"
    yield f"    set -a; . {environment}; set +a{_path()}"
    out = folder / "demo" / "spring"
    yield f'    prefcenter scrub {mailing} --channel post --brand acme --mailing spring --id "Finder No" --out {out}'
    yield f"    prefcenter inbound {mail}"
    yield f'    prefcenter send acme-receipts {_BOUNCES} --subject "Your receipt" --text "Thank you."'
    yield "    prefcenter check email ada.nobody@example.com"


def _path() -> str:
    """What puts the command on the shell's path, where it is not there: `make run` installs it into an environment."""
    found, own = shutil.which("prefcenter"), Path(sys.executable).parent
    return "" if found and Path(found).parent == own else f'; PATH="{own}:$PATH"'


def _sample_links(wiring: Wiring) -> tuple[str, str]:
    person = next(iter(sampling.people()))
    with wiring.database.write() as session:
        made = links_for(
            session,
            wiring.keyring,
            wiring.links,
            wiring.points.email(person.email),
            at=wiring.clock(),
            brand="acme",
            topic="offers",
        )
    return made.unsubscribe, made.preferences


def _access(wiring: Wiring, path: Path) -> dict[str, str]:
    """Somebody to sign in as and an API key: made once, and kept readable for their owner only."""
    if path.exists():
        known: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
        return known
    evidence = Evidence("system", facts={"why": "demo"})
    password = operators.new_password()
    with wiring.database.write() as session:
        operators.add_operator(session, _LOGIN, [operators.RoleName.ADMIN], password, evidence, at=wiring.clock())
    with wiring.database.write() as session:
        key = operators.add_key(session, "demo", list(operators.KeyScope), evidence, at=wiring.clock())
    access = {"password": password, "key": key}
    _write_privately(path, json.dumps(access, indent=2) + "\n")
    return access


def _environment(wiring: Wiring, path: Path) -> Path:
    """The settings of this demo as a file for a shell, so that the commands work on its data."""
    config = wiring.config
    values = {
        "PREFCENTER_DATABASE_URL": config.database_url,
        "PREFCENTER_SECRET_KEYS": ",".join(config.secret_keys),
        "PREFCENTER_PEPPERS": ",".join(config.peppers),
        "PREFCENTER_BASE_URL": config.base_url,
        "PREFCENTER_DATA_DIR": str(config.data_dir),
        "PREFCENTER_INBOUND_DOMAIN": config.inbound_domain,
        "PREFCENTER_INBOUND_AUTH": config.inbound_auth,
        "TWILIO_AUTH_TOKEN": config.twilio_auth_token,
    }
    _write_privately(path, "".join(f"{name}='{value}'\n" for name, value in values.items()))
    return path


def _write_privately(path: Path, text: str) -> None:
    partial = path.with_suffix(".partial")
    partial.touch(mode=0o600)
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
