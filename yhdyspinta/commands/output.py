"""How commands speak: tables and sentences on standard output, faults on standard error."""

import sys
from typing import NoReturn

import orjson
import typer
from rich.console import Console
from rich.table import Table

WIDE = 200


def console() -> Console:
    """The terminal at its width, or a wide page where output goes to a file."""
    return Console() if sys.stdout.isatty() else Console(width=WIDE)


def table(title: str, *columns: str) -> Table:
    made = Table(title=title, title_justify="left", title_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def say(sentence: str) -> None:
    console().print(sentence, markup=False, highlight=False, soft_wrap=True)


def as_json(value: object) -> None:
    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z).decode())


def give_up(sentence: str, code: int = 1) -> NoReturn:
    """Says why not, and ends."""
    typer.echo(sentence, err=True)
    raise typer.Exit(code)
