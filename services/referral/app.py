"""Referral, the employment area's side: consent, offers, withdrawal, receipt. The table of contents."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from chassis import keys, obligations, proofs, web
from chassis.clock import Clock, system_clock
from chassis.database import Database, Session
from chassis.key_sweeper import Sweeper
from chassis.service import Service, Timer
from chassis.settings import Settings
from chassis.web import N_, Room
from services.referral import api, own_copy, pages, refer_pages, retention
from services.referral.subscribers import SUBSCRIPTIONS
from services.referral.work_trials import pages as work_trials

T = TypeVar("T")
ROOMS = (
    Room("/", N_("Waiting for me"), web.signed_in),
    Room("/refer", N_("Refer a client"), api.CASE_MANAGERS),
    Room("/referrals", N_("Referrals"), api.READERS),
    Room("/", N_("Figures"), web.signed_in, service="reporting"),
)
DESCRIPTION = """
Refer a client to a municipal service with the client's consent, and follow what happens.

1. `GET /api/services` says which services suit, and where to turn instead.
2. `POST /api/referrals` refers. Name and phone are encrypted at once and go sealed to the provider alone.
3. `GET /api/referrals/{referral_id}` shows status, deadlines and timeline: what the action plan lets the employment
   area know, no more.
4. `POST /api/referrals/{referral_id}/withdrawal` when the client withdraws the consent; `…/receipt` is the proof of
   who erased what and when.

Errors are problems (RFC 9457) with a stable `code` and a sentence that says what to do next, in Finnish or English
(`Accept-Language`).
"""


def build(settings: Settings, clock: Clock = system_clock) -> Service:
    """The service, ready to be run."""
    database = Database(settings, clock)
    database.keys = keys.key_store(settings)
    sweeper = Sweeper(database, database.keys, own_copy.erased, own_copy.lost)
    app = web.application(
        settings, clock, database, side="area", rooms=ROOMS, folder=Path(__file__).parent,
        routes=[pages.routes, refer_pages.routes, work_trials.routes, api.routes],
        title="Referrals", description=DESCRIPTION.strip(),
    )
    app.state.signing_key = proofs.load_signing_key(settings.secrets)

    async def erase_unneeded() -> None:
        while await _in_one(database, own_copy.erase_unneeded):
            pass

    async def forget_closed() -> None:
        while await _in_one(database, retention.forget_closed):
            pass

    return web.with_health(Service(
        settings.service, settings, clock, database, app,
        subscriptions=SUBSCRIPTIONS,
        started=[sweeper.start],
        kept=retention.KEPT,
        timers=[
            *web.timers(database),
            Timer("keys", timedelta(seconds=1), sweeper.run),
            Timer("deadlines", timedelta(seconds=30), lambda: obligations.sweep_all(database)),
            Timer("own copies not needed", timedelta(hours=1), erase_unneeded),
            Timer("closed referrals", timedelta(hours=6), forget_closed),
        ],
    ))


async def _in_one(database: Database, act: Callable[[Session], Awaitable[T]]) -> T:
    """An act in a transaction of its own."""
    async with database.begin() as db:
        return await act(db)
