"""The command line: a table of contents. A command is a function, a group a Typer app; each is imported when it is
called, so that help and completion need none of them."""

import sys
from collections.abc import Mapping
from typing import ClassVar

import typer

from yhdyspinta.lazy import Contents

EXIT_CODES = """
Exit codes: 0 it is done, or all is well; 1 it is not, and a sentence says why (mistakes in a file, a difference,
something wrong in the set-up); 2 it could not be asked: used wrongly, or broker or database not reached; 3 broken off
in the middle, to be called again; 130 Ctrl-C.
"""


class Commands(Contents):
    """All commands by what one wants, each with its place."""

    contents: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "Run": {
            "demo": "yhdyspinta.commands.run:demo",
            "serve": "yhdyspinta.commands.run:serve",
            "provision": "yhdyspinta.commands.setup:provision",
            "migrate": "yhdyspinta.commands.setup:migrate",
            "containers": "yhdyspinta.commands.containers:containers",
        },
        "Connect other systems": {
            "check": "yhdyspinta.commands.check:check",
            "publish": "yhdyspinta.commands.publish:publish",
            "tail": "yhdyspinta.commands.tail:tail",
            "topics": "yhdyspinta.commands.boundary:topics",
            "tokens": "yhdyspinta.tokens_cli:app",
            "reader": "yhdyspinta.commands.setup:reader",
        },
        "Look after": {
            "doctor": "yhdyspinta.commands.doctor:doctor",
            "boundary": "yhdyspinta.commands.boundary:boundary",
            "dead-letters": "yhdyspinta.commands.dead_letters:dead_letters",
            "plan": "yhdyspinta.commands.plan:plan",
            "keys": "yhdyspinta.keys_cli:app",
            "rebuild": "yhdyspinta.rebuild_cli:app",
            "backup": "yhdyspinta.commands.backup:backup",
            "restore": "yhdyspinta.commands.backup:restore",
        },
        "Prove": {
            "audit": "yhdyspinta.audit_cli:app",
            "receipt": "yhdyspinta.commands.receipt:receipt",
        },
    }


app = typer.Typer(name="yhdyspinta", cls=Commands, no_args_is_help=True, pretty_exceptions_enable=False,
                  epilog=" ".join(EXIT_CODES.split()))


@app.callback()
def yhdyspinta() -> None:
    """Carries the cooperation of Lempäälä, Vesilahti and the Tampere region employment area as events."""


def main() -> None:
    """Runs the command; what the user can mend is said in a sentence, without a traceback."""
    try:
        app()
    except Exception as fault:
        from yhdyspinta.faults import said

        if (found := said(fault)) is None:
            raise
        print(found.sentence, file=sys.stderr)
        sys.exit(found.code)
