"""`yhdyspinta tokens`: bearer tokens by which other systems use a service's API."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, TypeVar

import typer

from chassis import tokens
from chassis.clock import system_clock
from chassis.database import Database, Session
from contracts import plan
from contracts.topics import SERVICES
from yhdyspinta import provision
from yhdyspinta.commands import output

R = TypeVar("R")
app = typer.Typer(help="Tokens by which other systems use a service's API.")
Service = Annotated[str, typer.Argument(help="Whose API it opens: referral, coaching, …")]


@app.command("make")
def make(
    service: Service,
    name: Annotated[str, typer.Option(help="What uses it, such as party or crm.")],
    organisation: Annotated[str, typer.Option(help="Whose it is: a code of the plan, such as lempaala.")],
    scope: Annotated[list[str], typer.Option(help="What it opens, as the API's description says; may be repeated.")],
    days: Annotated[int, typer.Option(min=1, max=366, help="How long it lives.")] = 365,
) -> None:
    """Makes a token and shows it, this once.

    Exit code 0: it is made; 1: a setting is missing; 2: used wrongly, or database not reached.
    """
    if not plan.known("organisation", organisation):
        output.give_up(f"The plan knows no organisation {organisation}.", 2)

    async def act(db: Session) -> tuple[tokens.Token, str]:
        return await tokens.make(db, name, organisation, scope, db.now + timedelta(days=days))

    try:
        made, text = _in(service, act)
    except ValueError as fault:
        output.give_up(str(fault), 2)
    typer.echo(text)
    typer.echo(f"Keep it as a secret: it is not shown again. Its id is {made.id}, it ends {made.ends_at:%Y-%m-%d}.",
               err=True)


@app.command("list")
def show(service: Service, json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Lists a service's tokens, newest first, without their secrets.

    Exit code 0: they are listed; 1: a setting is missing; 2: used wrongly, or database not reached.
    """
    found = _in(service, tokens.every)
    if json:
        output.as_json([asdict(token) for token in found])
        return
    table = output.table(f"Tokens of {service}", "Id", "Name", "Organisation", "Scopes", "Made", "Ends", "Last used")
    for token in found:
        ends = f"revoked {token.revoked_at:%Y-%m-%d}" if token.revoked_at else f"{token.ends_at:%Y-%m-%d}"
        table.add_row(token.id, token.name, token.organisation, " ".join(token.scopes), f"{token.made_at:%Y-%m-%d}",
                      ends, f"{token.used_at:%Y-%m-%d %H:%M}" if token.used_at else "never")
    output.console().print(table)


@app.command("revoke")
def revoke(service: Service, identity: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Ends a token at once.

    Exit code 0: it opens nothing any more; 1: there is no such token that is still good; 2: used wrongly, or database
    not reached.
    """

    async def act(db: Session) -> bool:
        return await tokens.revoke(db, identity)

    if not _in(service, act):
        output.give_up(f"{service} has no token {identity} that is still good.")
    output.say(f"{identity} opens nothing any more.")


def _in(service: str, act: Callable[[Session], Awaitable[R]]) -> R:
    """What the act gives, in one transaction of the service's database."""
    if service not in SERVICES:
        output.give_up(f"There is no service {service}. The services are {', '.join(SERVICES)}.", 2)

    async def whole() -> R:
        database = Database(provision.settings_of(service), system_clock)
        try:
            async with database.begin() as db:
                return await act(db)
        finally:
            await database.close()

    return asyncio.run(whole())
