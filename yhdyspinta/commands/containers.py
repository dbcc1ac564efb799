"""`yhdyspinta containers`: what the parts of `docker-compose.yml` run beside `serve`, `provision` and `migrate`."""

import asyncio
import os
from typing import Annotated

import typer

from chassis.clock import system_clock
from yhdyspinta import provision
from yhdyspinta.commands import output
from yhdyspinta.faults import BROKEN_OFF

containers = typer.Typer(help="Parts of docker-compose.yml.")


@containers.command("secrets")
def make_secrets(
    kafka_port: Annotated[int, typer.Option(help="Kafka's port on this machine.", envvar="KAFKA_PORT")] = 9094,
) -> None:
    """Makes certificates, passwords and keys, each where its holder alone finds it; may be repeated.

    Exit code 0: they are there; 1: they could not be made; 2: used wrongly.
    """
    from yhdyspinta.containers import secrets

    var = provision.folder()
    secrets.make(provision.Place(var, {}, {}), kafka_port, system_clock())
    output.say("Every container has its secrets, and a certificate for a month at least.")


@containers.command("front")
def front(
    public_url: Annotated[str, typer.Option(help="Its address in a browser.", envvar="PUBLIC_URL")],
    kafka: Annotated[str, typer.Option(help="Where other systems find Kafka.", envvar="KAFKA_OUTSIDE")],
) -> None:
    """The demo's front page, sign-in and mails.

    Exit code 0: it was ended (SIGTERM, Ctrl-C); 1: it did not start; 2: used wrongly.
    """
    from yhdyspinta.containers import demo

    asyncio.run(demo.front(provision.folder(), public_url, kafka))


@containers.command("year")
def year() -> None:
    """Plays the demo's year and ends; what is played already stays. With DEMO_YEAR=no the demo begins today.

    Exit code 0: it is played; 1: a setting or secret is missing; 2: broker or database not reached; 3: broken off, to
    be called again.
    """
    from yhdyspinta.containers import demo

    days = os.environ.get("DEMO_YEAR", "yes") != "no"
    place = provision.Place(provision.folder(), provision.broker_from_environment(), {})
    if why := asyncio.run(demo.play(place, days=days)):
        output.give_up(why, BROKEN_OFF)
    output.say("The demo's year has been played.")
