"""Feedback of the municipalities' own systems [5]. The table of contents."""

from datetime import timedelta
from pathlib import Path

from chassis import obligations, web
from chassis.clock import Clock, system_clock
from chassis.database import Database
from chassis.service import Service, Timer
from chassis.settings import Settings
from chassis.web import N_, Room
from services.feedback import pages
from services.feedback.retention import KEPT
from services.feedback.store import RECORDS
from services.feedback.subscribers import subscriptions

ROOMS = (
    Room("/", N_("Feedback given"), pages.READERS),
    Room("/", N_("Figures"), web.signed_in, service="reporting"),
)


def build(settings: Settings, clock: Clock = system_clock) -> Service:
    """The service, ready to be run."""
    database = Database(settings, clock)
    app = web.application(
        settings, clock, database, side="municipal", rooms=ROOMS, folder=Path(__file__).parent, routes=[pages.routes],
        title="Feedback", records=RECORDS,
    )

    return web.with_health(Service(
        settings.service, settings, clock, database, app,
        subscriptions=subscriptions(),
        kept=KEPT,
        timers=[
            *web.timers(database),
            Timer("deadlines", timedelta(seconds=30), lambda: obligations.sweep_all(database)),
        ],
    ))
