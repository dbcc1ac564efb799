"""Notices to staff, and the directory of who holds which seat [1, 3.2]. The table of contents."""

from datetime import timedelta
from pathlib import Path

from chassis import obligations, web
from chassis.clock import Clock, system_clock
from chassis.database import Database
from chassis.service import Service, Timer
from chassis.settings import Settings
from chassis.web import N_, Room
from services.notify import pages
from services.notify.retention import KEPT
from services.notify.sender import Sender
from services.notify.subscribers import subscriptions

ROOMS = (
    Room("/", N_("Notices"), web.signed_in),
    Room("/", N_("Figures"), web.signed_in, service="reporting"),
)


def build(settings: Settings, clock: Clock = system_clock) -> Service:
    """The service, ready to be run."""
    database = Database(settings, clock)
    app = web.application(
        settings, clock, database, side="shared", rooms=ROOMS, folder=Path(__file__).parent, routes=[pages.routes],
        title="Notices",
    )

    return web.with_health(Service(
        settings.service, settings, clock, database, app,
        subscriptions=subscriptions(),
        kept=KEPT,
        tasks=[Sender(settings, database)],
        timers=[
            *web.timers(database),
            Timer("deadlines", timedelta(seconds=30), lambda: obligations.sweep_all(database)),
        ],
    ))
