"""The command line: a command parses, calls the same use case as the web does, and prints what came of it.

``main`` knows each command only by the name of its module, so that a command loads what it needs and nothing else.
"""

from __future__ import annotations

import click

from prefcenter.cli.running import CommandLine

COMMANDS = {
    "audit": "prefcenter.cli.auditing",
    "batch": "prefcenter.cli.undoing",
    "brand": "prefcenter.cli.catalogue",
    "check": "prefcenter.cli.asking",
    "complaints": "prefcenter.cli.complaints",
    "db": "prefcenter.cli.database",
    "demo": "prefcenter.cli.serving",
    "explain": "prefcenter.cli.explaining",
    "inbound": "prefcenter.cli.inbound",
    "key": "prefcenter.cli.operators",
    "ledger": "prefcenter.cli.ledger",
    "link": "prefcenter.cli.linking",
    "links": "prefcenter.cli.linking",
    "mailing": "prefcenter.cli.mailings",
    "message": "prefcenter.cli.messages",
    "providers": "prefcenter.cli.providers",
    "scrub": "prefcenter.cli.scrub",
    "send": "prefcenter.cli.sending",
    "serve": "prefcenter.cli.serving",
    "smtp": "prefcenter.cli.smtp",
    "suppress": "prefcenter.cli.suppressing",
    "template": "prefcenter.cli.templates",
    "topic": "prefcenter.cli.catalogue",
    "type": "prefcenter.cli.message_types",
    "user": "prefcenter.cli.operators",
    "verify": "prefcenter.cli.verifying",
    "worker": "prefcenter.cli.serving",
}
"""Each command and the module that holds it as ``<name>_command``."""


@click.group(cls=CommandLine, commands_in=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(None, "-V", "--version", package_name="prefcenter", prog_name="prefcenter")
def main() -> None:
    """One suppression list for email, post and texts: asked before every send, and able to prove it.

    \b
    Exit codes (further ones are named by the command that has them):
      0    done
      1    could not be done; the message says why
      2    what was given cannot be used
      130  stopped by you
    """
