"""The command line: a table of contents. A command is a function in `yhdyspinta.commands`, a group a Typer app."""

import sys

import typer

from chassis.settings import SettingsError
from yhdyspinta import audit_cli, keys_cli, rebuild_cli, tokens_cli
from yhdyspinta.commands import backup, boundary, receipt, run, setup
from yhdyspinta.embedded import EmbeddedError

app = typer.Typer(
    name="yhdyspinta", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="Carries the cooperation of Lempäälä, Vesilahti and the Tampere region employment area as events.")

COMMANDS = (run.demo, run.serve, setup.provision, setup.migrate, boundary.boundary, boundary.topics,
            backup.backup, backup.restore)
GROUPS = {
    "reader": setup.reader, "tokens": tokens_cli.app, "rebuild": rebuild_cli.app, "receipt": receipt.receipt,
    "audit": audit_cli.app, "keys": keys_cli.app,
}

for command in COMMANDS:
    app.command()(command)
for name, group in GROUPS.items():
    app.add_typer(group, name=name, no_args_is_help=True)


def main() -> None:
    """Runs the command; what the user can mend is said in a sentence, without a traceback."""
    try:
        app()
    except (EmbeddedError, SettingsError) as fault:
        print(fault, file=sys.stderr)
        sys.exit(1)
