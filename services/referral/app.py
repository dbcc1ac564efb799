"""Referral, the employment area's side: consent, offers, withdrawal, receipt. The table of contents."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from chassis import keys, obligations, proofs, web
from chassis.clock import Clock, system_clock
from chassis.database import Database, Session
from chassis.key_sweeper import Sweeper
from chassis.officer.pages import OFFICERS
from chassis.service import Service, Timer
from chassis.settings import Settings
from chassis.web import N_, Room
from services.referral import (
    api,
    late,
    own_copy,
    pages,
    places_pages,
    records,
    refer_pages,
    retention,
    subject_pages,
)
from services.referral.handing_over import api as handing_over_api
from services.referral.handing_over import pages as handing_over_pages
from services.referral.meetings import api as meetings_api
from services.referral.meetings import pages as meetings_pages
from services.referral.meetings import three_party_pages
from services.referral.subscribers import SUBSCRIPTIONS
from services.referral.triage import api as triage_api
from services.referral.triage import handlers as triage
from services.referral.triage import pages as triage_pages

T = TypeVar("T")
ROOMS = (
    Room("/", N_("Waiting for me"), pages.OWING),
    Room("/refer", N_("Refer a client"), api.CASE_MANAGERS),
    Room("/referrals", N_("Referrals"), api.READERS),
    Room("/consents", N_("Consents and receipts"), OFFICERS),
    Room("/late", N_("Late"), late.SUPERVISORS),
    Room("/triage", N_("Service guide"), triage_api.CLERKS),
    Room("/triage/counts", N_("Counts"), triage_api.READERS),
    Room("/invitations", N_("Invitations"), api.CASE_MANAGERS),
    Room("/ohjaamo-days", N_("Ohjaamo days"), api.CASE_MANAGERS),
    Room("/services", N_("Services and places"), api.PLACE_READERS),
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
5. `…/three-party` answers a coach who asks for a three-party meeting; `/api/invitations` invites a municipal worker to
   a meeting at the client's wish; `/api/case-manager-requests` are the Ohjaamos' requests.

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
        routes=[
            pages.routes, refer_pages.routes, places_pages.routes, meetings_pages.routes, three_party_pages.routes,
            subject_pages.routes, api.routes, meetings_api.routes, late.routes, handing_over_pages.routes,
            handing_over_api.routes, triage_pages.routes, triage_api.routes,
        ], title="Referrals", description=DESCRIPTION.strip(), records=records.RECORDS,
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
            Timer("inquiries", timedelta(seconds=30), lambda: triage.tell_those_left(database)),
            Timer("own copies not needed", timedelta(hours=1), erase_unneeded),
            Timer("closed referrals", timedelta(hours=6), forget_closed),
        ],
    ))


async def _in_one(database: Database, act: Callable[[Session], Awaitable[T]]) -> T:
    """An act in a transaction of its own."""
    async with database.begin() as db:
        return await act(db)
