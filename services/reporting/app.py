"""Reporting: facts of all that happens, and of them the figures that may be told. The table of contents."""

from datetime import timedelta
from pathlib import Path

from chassis import web
from chassis.clock import Clock, system_clock
from chassis.database import Database
from chassis.projection import Projection
from chassis.service import Service, Timer
from chassis.settings import Settings
from chassis.web import N_, Room
from services.reporting import api, fold, pages
from services.reporting.publishing import Publisher
from services.reporting.retention import KEPT
from services.reporting.subscribers import subscriptions

ROOMS = (Room("/", N_("Figures"), web.signed_in),)
DESCRIPTION = """
Published figures of the cooperation: aggregates alone, small counts hidden so that they can't be worked out.

1. `GET /api/tables` says which tables and periods there are, and what each measure counts.
2. `GET /api/figures?table=services&period=2026` gives the cells of one of them.
3. `GET /api/figures.csv` gives the same as a table for a spreadsheet.

The topic `shared.figures.v1` has every figure as an event, the latest of each cell.
"""
PSEUDONYM_SECRET = "pseudonym-key"  # noqa: S105 - a file's name


def build(settings: Settings, clock: Clock = system_clock) -> Service:
    """The service, ready to be run."""
    database = Database(settings, clock)
    pseudonym = fold.pseudonym(settings.secret(PSEUDONYM_SECRET))
    projection = Projection("facts", fold.TOPICS, lambda: fold.FactsFold(pseudonym), once=False)
    publisher = Publisher(database, projection)
    projection.after = publisher.changed
    app = web.application(
        settings, clock, database, side="shared", rooms=ROOMS, folder=Path(__file__).parent,
        routes=[pages.routes, api.routes], title="Figures", description=DESCRIPTION,
    )
    return web.with_health(Service(
        settings.service, settings, clock, database, app,
        subscriptions=subscriptions(pseudonym, publisher.changed),
        projections=[projection],
        kept=KEPT,
        timers=[
            *web.timers(database),
            Timer("publish figures", timedelta(milliseconds=500), publisher.turn),
            Timer("old facts", timedelta(days=1), publisher.forget),
        ],
    ))
