"""``prefcenter user`` and ``prefcenter key``: who may work with the list."""

from __future__ import annotations

import sys

import click

from prefcenter.cli.options import Code, acting, as_json
from prefcenter.cli.presenting import exits, print_json, print_table
from prefcenter.cli.running import open_wiring
from prefcenter.services import operators
from prefcenter.services.operators import KeyScope, RoleName
from prefcenter.services.ports import Evidence
from prefcenter.store import operators as store


@click.group("user", epilog=exits())
def user_command() -> None:
    """Operators: who may sign in to the console."""


@user_command.command("add", epilog=exits())
@click.argument("email")
@click.option("--role", "roles", type=Code(RoleName, "role"), multiple=True, required=True, help="Repeatable.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@acting
def add_user(email: str, roles: tuple[RoleName, ...], password_stdin: bool, evidence: Evidence) -> None:
    """Let somebody sign in.

    On a terminal it asks for a password. Without one, it makes a password and prints it alone on standard output, once.
    """
    given = sys.stdin.readline().rstrip("\r\n") if password_stdin else _asked()
    password = given if given or password_stdin else operators.new_password()
    with open_wiring() as wiring, wiring.database.write() as session:
        row = operators.add_operator(session, email, roles, password, evidence, at=wiring.clock())
    click.echo(f"Added {row.email} as {' and '.join(role.name for role in row.roles)}.", err=True)
    if password != given:
        click.echo("The password, shown this once:", err=True)
        click.echo(password)


def _asked() -> str:
    if not sys.stdin.isatty():
        return ""
    answer: str = click.prompt(
        "Password (leave it empty to have one made)",
        hide_input=True,
        default="",
        show_default=False,
        confirmation_prompt="Again",
        err=True,
    )
    return answer


@user_command.command("list", epilog=exits())
@as_json
def list_users(wants_json: bool) -> None:
    """List the operators."""
    with open_wiring() as wiring, wiring.database.read() as session:
        rows = [(row, [role.name for role in row.roles]) for row in store.operators(session)]
    if wants_json:
        print_json(
            [
                {"email": row.email, "roles": roles, "active": row.active, "created_at": row.created_at}
                for row, roles in rows
            ]
        )
        return
    print_table(
        ("email", "roles", "state", "since"),
        [(row.email, roles, "active" if row.active else "disabled", row.created_at) for row, roles in rows],
        empty="There is no operator yet. Add one: prefcenter user add you@example.com --role admin",
    )


@user_command.command("disable", epilog=exits())
@click.argument("email")
@acting
def disable_user(email: str, evidence: Evidence) -> None:
    """Keep somebody from signing in, and end the sessions that they have."""
    with open_wiring() as wiring, wiring.database.write() as session:
        operators.disable_operator(session, email, evidence, at=wiring.clock())
    click.echo("Disabled; they are signed out.")


@click.group("key", epilog=exits())
def key_command() -> None:
    """API keys: other systems that ask and send."""


@key_command.command("add", epilog=exits())
@click.argument("name")
@click.option("--scope", "scopes", type=Code(KeyScope, "scope"), multiple=True, required=True, help="Repeatable.")
@acting
def add_key(name: str, scopes: tuple[KeyScope, ...], evidence: Evidence) -> None:
    """Make an API key, and print it alone on standard output, once; only its digest is kept."""
    with open_wiring() as wiring, wiring.database.write() as session:
        secret = operators.add_key(session, name, scopes, evidence, at=wiring.clock())
    click.echo("The key, shown this once:", err=True)
    click.echo(secret)


@key_command.command("list", epilog=exits())
@as_json
def list_keys(wants_json: bool) -> None:
    """List the API keys; what they are is known to their owners only."""
    with open_wiring() as wiring, wiring.database.read() as session:
        rows = store.keys(session)
    if wants_json:
        names = ("name", "scopes", "created_at", "revoked_at")
        print_json([{name: getattr(row, name) for name in names} for row in rows])
        return
    print_table(
        ("name", "scopes", "since", "revoked"),
        [(row.name, row.scopes, row.created_at, row.revoked_at) for row in rows],
        empty="There is no API key yet. Add one: prefcenter key add crm --scope check",
    )


@key_command.command("revoke", epilog=exits())
@click.argument("name")
@acting
def revoke_key(name: str, evidence: Evidence) -> None:
    """Make an API key worthless, from the next request on."""
    with open_wiring() as wiring, wiring.database.write() as session:
        operators.revoke_key(session, name, evidence, at=wiring.clock())
    click.echo(f"Revoked the key {' '.join(name.split())}.")
