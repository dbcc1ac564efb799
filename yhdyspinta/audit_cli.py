"""`yhdyspinta audit`: whether a service's audit log is whole, and the heads that the other side keeps."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Annotated, TypeVar

import asyncpg
import typer

from chassis import audit, audit_heads
from chassis.calendar import before, helsinki_day
from chassis.clock import system_clock
from chassis.database import Database, Session
from contracts import plan
from contracts.topics import SERVICES
from yhdyspinta import provision
from yhdyspinta.commands import output

R = TypeVar("R")
app = typer.Typer(help="Who read or changed what: is a service's log whole? The other side keeps its heads.")
Service = Annotated[str, typer.Argument(help="Whose log: referral, coaching, …")]


@app.command("verify")
def verify(
    service: Service,
    heads: Annotated[Path | None, typer.Option(help="What `audit heads` printed on the other side.")] = None,
) -> None:
    """Goes through the whole chain. Without the other side's heads a log that was written anew looks whole.

    Exit code 0: it holds; 1: it does not; 2: used wrongly, or database not reached.
    """
    found = _in(service, lambda db: audit.verify(db.connection, _kept(service, heads) if heads else ()))
    if isinstance(found, audit.Broken):
        output.give_up(f"The audit log of {service} does not hold at row {found.seq}. {found.why}")
    compared = f", compared with the heads in {heads}" if heads else ", compared with nobody's heads"
    output.say(f"The audit log of {service} holds from row {found.first} to row {found.last} ({found.rows} rows)"
               f"{compared}. Its head is {found.head}.")


@app.command("heads")
def heads_of(
    service: Service, of: Annotated[str, typer.Option(help="The service whose heads are wanted.")],
) -> None:
    """Prints the heads of another side's service that are kept here, one a line, for its `audit verify`.

    Exit code 0: they are printed; 1: a setting is missing; 2: used wrongly, or database not reached.
    """
    theirs = audit_heads.kept_by(_known(service))
    if of not in theirs:
        output.give_up(f"{service} keeps the heads of {', '.join(sorted(theirs)) or 'nobody'}.", 2)
    typer.echo(audit_heads.lines(of, _in(service, lambda db: audit_heads.kept(db.connection, of))), nl=False)


@app.command("forget")
def forget(service: Service) -> None:
    """Drops the months whose retention is over, as the owner of the tables; what stays can still be verified.

    Exit code 0: they are dropped; 1: a setting or secret is missing; 2: used wrongly, or database not reached.
    """
    today = helsinki_day(system_clock())
    gone = asyncio.run(_forget(_known(service), before(today, plan.on(today).retention.audit.keep)))
    output.say(f"Forgotten: {', '.join(f'{month:%Y-%m}' for month in gone) or 'nothing'}.")


async def _forget(service: str, day: date) -> list[date]:
    owner = await asyncpg.connect(**provision.settings_of(service).database(owner=True), timeout=10)
    try:
        if audit_heads.kept_by(service):
            await audit_heads.forget(owner, day)
        return await audit.forget(owner, day)
    finally:
        await owner.close()


def _kept(service: str, file: Path) -> list[tuple[int, str]]:
    """Heads of the service in a file of `audit heads`; ends with a sentence where it is no such file."""
    try:
        return audit_heads.read_lines(file.read_bytes(), service)
    except (OSError, ValueError):
        output.give_up(f"{file} holds no heads as `yhdyspinta audit heads` prints them.", 2)


def _known(service: str) -> str:
    if service not in SERVICES:
        output.give_up(f"There is no service {service}. The services are {', '.join(SERVICES)}.", 2)
    return service


def _in(service: str, act: Callable[[Session], Awaitable[R]]) -> R:
    """What the act gives, in one transaction of the service's database."""

    async def whole() -> R:
        database = Database(provision.settings_of(_known(service)), system_clock)
        try:
            async with database.begin() as db:
                return await act(db)
        finally:
            await database.close()

    return asyncio.run(whole())
