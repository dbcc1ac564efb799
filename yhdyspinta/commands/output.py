"""How commands speak: tables and sentences on standard output, faults on standard error."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import NoReturn

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

WIDE = 200
PATIENCE = 2.0
"""Seconds after which a command shows how far it is."""


def console() -> Console:
    """The terminal at its width, or a wide page where output goes to a file."""
    return Console() if sys.stdout.isatty() else Console(width=WIDE)


def table(title: str, *columns: str) -> Table:
    made = Table(title=title, title_justify="left", title_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def say(sentence: str, *, err: bool = False) -> None:
    typer.echo(sentence, err=err)


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Shows on standard error how far it is, once it has lasted two seconds; the block calls what it is given with
    how much more is done."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    shown = Progress(*columns, console=Console(stderr=True), transient=True)
    task, began = shown.add_task(what, total=total), monotonic()

    def seen(more: int) -> None:
        shown.advance(task, more)
        if not shown.live.is_started and monotonic() - began > PATIENCE:
            shown.start()

    try:
        yield seen
    finally:
        shown.stop()


def as_json(value: object) -> None:
    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z).decode())


def give_up(sentence: str, code: int = 1) -> NoReturn:
    """Says why not, and ends."""
    typer.echo(sentence, err=True)
    raise typer.Exit(code)
