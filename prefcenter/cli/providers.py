"""``prefcenter providers``: agreeing with SendGrid and Twilio about who gets nothing, and seeing where they differ."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from prefcenter.cli.options import acting, as_json
from prefcenter.cli.presenting import exits, print_json, print_table, reach
from prefcenter.cli.running import FAILED, open_wiring, sentence
from prefcenter.core.channels import Scope
from prefcenter.core.errors import Unavailable
from prefcenter.services.ports import Evidence
from prefcenter.store import provider_lists
from prefcenter.wiring import Wiring

if TYPE_CHECKING:
    from prefcenter.services.agreeing import Progress, Step, Synced
    from prefcenter.services.drifting import Drift
    from prefcenter.services.list_ports import ProviderLists

DRIFTS = 3
"""The exit code where a provider's lists and ours differ."""

_TOLD = {"sendgrid": "SendGrid", "twilio": "Twilio"}
_WORDS = {
    "never_told": "never told; the next sync does",
    "deleted_there": "deleted there, which lifts nothing here; the next sync tells it again",
    "refused_there": "the provider would not take it",
    "told_soon": "a STOP of the last minutes: told after its confirmation",
    "erased": "erased here, so nobody can be told; still refused at our gate",
    "hash_only": "known by a partner's hash only, so nobody can be told; still refused at our gate",
    "not_taken_yet": "not taken over yet; the next sync does",
    "lifted_here": "lifted here by the person's own act since",
    "ended_here": "ended here as a wrong record; take it off there by hand",
    "told_earlier": "told when the list stood for something else; take it off there by hand",
    "no_address": "what stands there is no address",
}
_SIDES = {"ours_not_there": "ours, not there", "there_not_ours": "there, not ours"}


@click.group("providers", epilog=exits())
def providers_command() -> None:
    """Agreement with SendGrid and Twilio about who gets nothing."""


@providers_command.command("sync", epilog=exits("1  some of it could not be done; the message says why"))
@click.option("--whole", is_flag=True, help="Go through everything, as happens once a day, not only what changed.")
@acting
@as_json
@click.pass_context
def sync_command(context: click.Context, whole: bool, evidence: Evidence, wants_json: bool) -> None:
    """Take over what stands on the providers' lists, and tell them what stands on ours.

    Stopped at any point, it goes on where it was. What a provider deleted lifts nothing here and is told again; it is
    told that somebody came back only where that is the person's own act. The worker does the same once an hour.
    """
    from prefcenter.services import syncing

    with open_wiring() as wiring, _watching() as progress:
        done: list[Synced] = []
        problems: dict[str, str] = {}
        for provider in _providers(wiring):
            try:
                done.append(syncing.sync(wiring.syncing(progress), provider, evidence, whole=whole))
            except Unavailable as error:
                problems[provider.name] = sentence(error)
    if wants_json:
        print_json([_synced(each) for each in done] + [{"provider": p, "error": why} for p, why in problems.items()])
    else:
        for each in done:
            _print_synced(each)
    _end(problems)
    if any(each.problems or each.counts["refused"] for each in done):
        context.exit(FAILED)


@providers_command.command("drift", epilog=exits("3 they differ", done="the lists agree"))
@click.option("--limit", type=click.IntRange(min=0), default=20, show_default=True, help="Shown of each kind at most.")
@as_json
@click.pass_context
def drift_command(context: click.Context, limit: int, wants_json: bool) -> None:
    """Compare all of the providers' lists with ours: who has what the other one lacks, and why.

    Nobody is put on or taken off either list by it. What cannot be told at all, such as an erased address, is counted
    and is no drift by itself.
    """
    from prefcenter.services import drifting

    with open_wiring() as wiring, _watching() as progress:
        found: list[Drift] = []
        problems: dict[str, str] = {}
        for provider in _providers(wiring):
            try:
                found.append(drifting.drift(wiring.syncing(progress), provider, most=limit))
            except Unavailable as error:
                problems[provider.name] = sentence(error)
    if wants_json:
        print_json([_drift(each) for each in found] + [{"provider": p, "error": why} for p, why in problems.items()])
    else:
        for each in found:
            _print_drift(each)
    _end(problems)
    if any(each.is_drift for each in found):
        context.exit(DRIFTS)


@providers_command.command("map", epilog=exits())
@click.argument("named", metavar="GROUP|global")
@click.option("--brand", metavar="SLUG", help="It stands for all marketing mail of this brand.")
@click.option("--topic", metavar="SLUG", help="It stands for this topic; its brand is needed only where several are.")
@acting
def map_command(named: str, brand: str | None, topic: str | None, evidence: Evidence) -> None:
    """Say what one of SendGrid's unsubscribe groups stands for: a topic, a brand, or else all marketing mail.

    Who has opted out of that is put on it, and who leaves it there has opted out of that here. Nothing but marketing
    may be sent with that group. `global` says that the whole account sends nothing but marketing: only then is an
    opt-out told to SendGrid's global list, which stops service mail too.
    """
    from prefcenter.services import list_targets

    with open_wiring() as wiring, wiring.database.write() as session:
        scope = list_targets.give_meaning(session, named, evidence, at=wiring.clock(), brand=brand, topic=topic)
        name = list_targets.list_named(named)
    what = "The global list" if name == provider_lists.GLOBAL else f"Group {name.removeprefix(provider_lists.GROUP)}"
    click.echo(f"{what} of SendGrid stands for {_meaning(scope)}. The next sync goes through everything.")


@providers_command.command("unmap", epilog=exits())
@click.argument("named", metavar="GROUP|global")
@acting
def unmap_command(named: str, evidence: Evidence) -> None:
    """Take back what a group stands for. Nobody is taken off it by that."""
    from prefcenter.services import list_targets

    with open_wiring() as wiring, wiring.database.write() as session:
        list_targets.take_meaning(session, named, evidence, at=wiring.clock())
    click.echo("It stands for nothing here any more. Nobody was taken off it.")


@providers_command.command("list", epilog=exits())
@as_json
def list_command(wants_json: bool) -> None:
    """List what the providers' lists stand for, and when each provider was last agreed with."""
    with open_wiring() as wiring, wiring.database.read() as session:
        rows = provider_lists.mapped(session)
        last = {name: provider_lists.standing(session, name) for name in _TOLD}
    lists = [{"provider": row.provider, "list": row.list, "scope": row.scope} for row in rows]
    runs = [
        {"provider": name, "finished_at": row.finished_at, "unfinished": row.run is not None, "problem": row.problem}
        for name, row in last.items()
        if row is not None
    ]
    if wants_json:
        print_json({"lists": lists, "runs": runs})
        return
    print_table(
        ("provider", "list", "stands for"),
        [(_TOLD[row.provider], row.list, _meaning(Scope.parse(row.scope))) for row in rows],
        empty="No list stands for anything yet. Say it: prefcenter providers map 14 --topic offers",
    )
    print_table(
        ("provider", "last agreed", "unfinished", "problem"),
        [
            (_TOLD[str(run["provider"])], run["finished_at"], "yes" if run["unfinished"] else "", run["problem"])
            for run in runs
        ],
        empty="No provider was agreed with yet. Do it: prefcenter providers sync",
    )


def _meaning(scope: Scope) -> str:
    return "all marketing mail" if scope == Scope.everything() else reach(scope)


def _providers(wiring: Wiring) -> Sequence[ProviderLists]:
    """The providers that are configured.

    Raises:
        Unavailable: there is none.
    """
    found = wiring.provider_lists
    if not found:
        raise Unavailable(
            "No provider is configured, so there are no lists to agree with.",
            remedy="Set SENDGRID_API_KEY, or TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN.",
        )
    return found


def _end(problems: dict[str, str]) -> None:
    for why in problems.values():
        click.echo(why, err=True)
    if problems:
        raise click.exceptions.Exit(FAILED)


def _synced(done: Synced) -> dict[str, Any]:
    return {
        "provider": done.provider,
        "whole": done.is_whole,
        **done.counts,
        "problems": list(done.problems),
        "notes": list(done.notes),
    }


def _print_synced(done: Synced) -> None:
    counts = done.counts
    said = [
        (f"{counts['read']:,} read there", done.is_read),
        (f"{counts['taken']:,} taken over", done.is_read),
        (f"{counts['told']:,} told", True),
        (f"{counts['released']:,} taken off there after the person's own act", counts["released"]),
        (f"{counts['missing']:,} deleted there, which lifts nothing here", counts["missing"]),
        (f"{counts['refused']:,} that the provider would not take", counts["refused"]),
        (f"{counts['later']:,} told soon", counts["later"]),
    ]
    how = "everything gone through" if done.is_whole else "what changed"
    click.echo(f"{_TOLD[done.provider]} ({how}): {', '.join(words for words, wanted in said if wanted)}.")
    if counts["unreadable"]:
        click.echo(
            f"  {counts['unreadable']:,} cannot be told, as nobody knows their address any more; "
            "our own gate goes on refusing them."
        )
    if counts["no_address"]:
        click.echo(f"  {counts['no_address']:,} that stand there are no addresses.")
    _print_remarks(done.problems, done.notes)


def _print_remarks(problems: Sequence[str], notes: Sequence[str]) -> None:
    for problem in problems:
        click.echo(f"  Problem: {problem}")
    for note in notes:
        click.echo(f"  {note}")


def _drift(found: Drift) -> dict[str, Any]:
    return {
        "provider": found.provider,
        "drift": found.is_drift,
        "compared": found.compared,
        "counts": [
            {"direction": side.value, "list": name, "reason": why.value, "count": count}
            for (side, name, why), count in sorted(found.counts.items())
        ],
        "entries": [
            {
                "direction": each.side.value,
                "list": each.list,
                "reason": each.why.value,
                "who": each.who,
                "suppression": each.suppression,
                "detail": each.detail,
            }
            for each in found.shown
        ],
        "problems": list(found.problems),
        "notes": list(found.notes),
    }


def _print_drift(found: Drift) -> None:
    name = _TOLD[found.provider]
    if not found.is_drift:
        click.echo(f"{name}: no drift; {found.compared:,} compared.")
    else:
        click.echo(f"{name}: drift; {found.compared:,} compared.")
    for (side, where, why), count in sorted(found.counts.items()):
        click.echo(f"  {count:,} {_SIDES[side]} ({where}): {_WORDS[why]}")
    if found.shown:
        print_table(
            ("direction", "list", "who", "entry", "why"),
            [
                (_SIDES[each.side], each.list, each.who or "(unreadable)", each.suppression, each.detail or each.why)
                for each in found.shown
            ],
            empty="",
        )
    _print_remarks(found.problems, found.notes)


@contextmanager
def _watching() -> Iterator[Progress | None]:
    """How far it is, on standard error where that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"))
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Asking", total=None)
        yield _shower(lambda text: bar.update(task, description=text))


def _shower(show: Callable[[str], None]) -> Progress:
    def progress(step: Step) -> None:
        what = f"reading {step.label}" if step.doing == "reading" else step.doing
        show(f"{_TOLD[step.provider]}: {what}, {step.done:,}")

    return progress
