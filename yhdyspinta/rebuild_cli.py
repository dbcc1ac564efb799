"""`yhdyspinta rebuild`: what a service keeps of its topics, anew from their beginning."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from chassis.clock import system_clock
from yhdyspinta import provision
from yhdyspinta.commands import output

if TYPE_CHECKING:
    from services.reporting.rebuild import Rebuilt

app = typer.Typer(help="What a service keeps of its topics, anew from their beginning.")


@app.callback()
def group() -> None:
    """So that the command stays named while there is one."""


@app.command()
def reporting(
    compare: Annotated[bool, typer.Option("--compare", help="Only compare: what is read stays as it is.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Begin anew, not where one was interrupted.")] = False,
) -> None:
    """Builds all facts of reporting anew beside those that are read, compares, and puts them in their place.

    The service may run meanwhile. Ctrl-C is safe: the next call goes on.

    Exit code 0: it is done; 1: --compare finds a difference, or another rebuild is under way; 2: broker or database not
    reached; 130: Ctrl-C.
    """
    from services.reporting.rebuild import RebuildRuns

    try:
        done = asyncio.run(_rebuild(swap=not compare, again=again))
    except RebuildRuns:
        output.give_up("Another rebuild of reporting is under way. Wait for it, or end it.")
    except KeyboardInterrupt:
        output.give_up("Interrupted. The facts that are read are as they were; the next call goes on from here.", 130)
    _tell(done)
    if compare and done.differences:
        raise typer.Exit(1)


async def _rebuild(*, swap: bool, again: bool) -> "Rebuilt":
    from services.reporting import fold
    from services.reporting.app import PSEUDONYM_SECRET
    from services.reporting.rebuild import rebuild

    settings = provision.settings_of("reporting")
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
               TimeElapsedColumn())
    with Progress(*columns, console=output.console()) as shown:
        task: TaskID = shown.add_task("Reading the topics", total=None)
        most = 0

        def progress(left: int) -> None:
            nonlocal most
            most = max(most, left)
            shown.update(task, total=max(most, 1), completed=most - left)

        done = await rebuild(settings, system_clock, fold.pseudonym(settings.secret(PSEUDONYM_SECRET)), swap=swap,
                             again=again, progress=progress)
        shown.update(task, total=1, completed=1)
        return done


def _tell(done: "Rebuilt") -> None:
    if done.differences:
        listed = ", ".join(f"{table} ({n})" for table, n in sorted(done.differences.items()))
        output.say(f"{done.rows} facts were built. Rows that differ from those read before: {listed}.")
    else:
        output.say(f"{done.rows} facts were built, and they equal those read before.")
    if done.live:
        output.say("The rebuilt facts are read now. Figures are published anew only where they differ.")
