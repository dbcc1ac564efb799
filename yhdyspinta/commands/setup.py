"""`yhdyspinta provision`, `migrate`, `reader`: what must be there before a service starts."""

import asyncio
from typing import Annotated

import typer

from chassis.database import migrate as migrate_one
from contracts.topics import SERVICES
from yhdyspinta import provision as setting_up
from yhdyspinta.commands import output
from yhdyspinta.provision import databases

Services = Annotated[list[str] | None, typer.Argument(help="Which services; all when none is named.")]

reader = typer.Typer(help="Accounts that read open topics, such as published figures, and nothing else.")


def provision() -> None:
    """Sets up topics, users, access lists, quotas, databases, secrets and client files; may be repeated.

    Exit code 0: all is as it must be; 1: a setting or secret is missing; 2: broker or database not reached.
    """
    place = setting_up.from_environment()
    asyncio.run(setting_up.everything(place))
    output.say(f"Broker and databases are as the registry says. Secrets are in {place.folder / 'secrets'}, client "
               f"files of other systems in {place.clients}.")


def migrate(
    services: Services = None,
    grant: Annotated[bool, typer.Option("--grant", help="First close each database to all but its service: where "
                                                        "something else than `provision` made it.")] = False,
) -> None:
    """Brings the databases to the code's version, each as its owner; may be repeated.

    Exit code 0: they are there; 1: a setting or secret is missing; 2: used wrongly, or a database not reached.
    """
    asyncio.run(_migrate(known(services), grant))


async def _migrate(services: list[str], grant: bool) -> None:
    for service in services:
        if grant:
            await databases.close(setting_up.settings_of(service).database(owner=True), service)
        await migrate_one(setting_up.settings_of(service))
        output.say(f"{service}: the schema is up to date.")


def known(services: list[str] | None) -> list[str]:
    """The services named, or all; ends with a sentence at a name that is none."""
    for service in services or ():
        if service not in SERVICES:
            output.give_up(f"There is no service {service}. The services are {', '.join(SERVICES)}.", 2)
    return services or list(SERVICES)


@reader.command("make")
def make_reader(name: Annotated[str, typer.Argument(help="Who reads: lower-case letters, digits, hyphens.")]) -> None:
    """Makes an account and its client file; may be repeated.

    Exit code 0: it is made; 1: a setting or secret is missing; 2: used wrongly, or broker not reached.
    """
    if not setting_up.READER_NAME.fullmatch(name):
        output.give_up(f"{name!r} is no name: give lower-case letters, digits and hyphens, at most 40.", 2)
    output.say(f"The client file is {setting_up.make_reader(setting_up.from_environment(), name)}.")


@reader.command("revoke")
def revoke_reader(name: Annotated[str, typer.Argument(help="The name it was made with.")]) -> None:
    """Deletes an account and its client file.

    Exit code 0: it is deleted; 1: a setting or secret is missing; 2: used wrongly, or broker not reached.
    """
    setting_up.revoke_reader(setting_up.from_environment(), name)
    output.say(f"{name} can connect no more; a connection that is open stays so until it ends.")
