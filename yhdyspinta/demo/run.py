"""The demo: Kafka, Postgres, all services and their people on one machine."""

import asyncio
from pathlib import Path

from chassis.database import migrate
from contracts.topics import SERVICES
from yhdyspinta import provision
from yhdyspinta.embedded import running
from yhdyspinta.serve import on_signals


def run(folder: Path, port: int) -> None:
    """Starts everything in `folder` and returns after Ctrl-C or SIGTERM, when all has ended in order."""
    with running(folder) as servers:
        asyncio.run(_live(provision.Place.of(servers), port))


async def _live(place: provision.Place, port: int) -> None:
    await provision.everything(place)
    for service in SERVICES:
        await migrate(place.settings(service))
    stop = asyncio.Event()
    on_signals(stop.set)
    await stop.wait()
