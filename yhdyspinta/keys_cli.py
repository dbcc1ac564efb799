"""`yhdyspinta keys`: the operator's hand on a service's key store."""

import asyncio
from typing import Annotated

import typer

from chassis import key_sweeper
from chassis.clock import system_clock
from chassis.database import Database
from chassis.keys import key_store
from yhdyspinta import provision
from yhdyspinta.commands import output

app = typer.Typer(help="Keys of contact details: referral's own copies, coaching's receiving keys.")
Service = Annotated[str, typer.Argument(help="Whose keys: referral or coaching.")]


@app.callback()
def _group() -> None:
    """A group, though it has one command."""


@app.command("rotate")
def rotate(service: Service, json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Puts every key under a new key encryption key and erases the old one: yearly, and after a copied volume.

    The service may go on meanwhile. After an interruption, run it again.

    Exit code 0: all keys are rewritten; 1: the key store is not fit, or a setting is missing; 2: the service has no
    key store, or database not reached.
    """
    if service not in provision.KEY_STORES:
        output.give_up(f"{service} has no key store. {' and '.join(provision.KEY_STORES)} have one.", 2)
    rewritten = asyncio.run(_rotate(service))
    if json:
        output.as_json({"service": service, "rewritten": rewritten})
        return
    output.say(f"{rewritten} keys of {service} were rewritten, and the old key encryption key is erased. What copies "
               "of the key folder still hold opens no more.")


async def _rotate(service: str) -> int:
    settings = provision.settings_of(service)
    database = Database(settings, system_clock)
    try:
        return await key_sweeper.rotate(database, key_store(settings))
    finally:
        await database.close()
