"""Company visits, leads and events that the parties' own systems publish [2.1, 2.2]. The table of contents."""

from datetime import timedelta
from pathlib import Path

from chassis import obligations, parking, web
from chassis.calendar import helsinki_day
from chassis.clock import Clock, system_clock
from chassis.database import Database
from chassis.service import Service, Timer
from chassis.settings import Settings
from chassis.web import N_, Room
from contracts import plan
from services.leads import pages
from services.leads.retention import KEPT
from services.leads.subscribers import subscriptions

ROOMS = (
    Room("/", N_("Company visits and leads"), pages.READERS),
    Room("/", N_("Figures"), web.signed_in, service="reporting"),
)


def build(settings: Settings, clock: Clock = system_clock) -> Service:
    """The service, ready to be run."""
    database = Database(settings, clock)
    app = web.application(
        settings, clock, database, side="shared", rooms=ROOMS, folder=Path(__file__).parent, routes=[pages.routes],
        title="Company visits and leads",
    )

    async def sweep_parked() -> None:
        park_for = plan.on(helsinki_day(clock())).intake.park_for.delta
        await parking.sweep(database, service.consumers.dead_letters, park_for)

    service = Service(
        settings.service, settings, clock, database, app,
        subscriptions=subscriptions(),
        kept=KEPT,
        timers=[
            *web.timers(database),
            Timer("deadlines", timedelta(seconds=30), lambda: obligations.sweep_all(database)),
            Timer("parked", timedelta(seconds=10), sweep_parked),
        ],
    )
    return web.with_health(service)
