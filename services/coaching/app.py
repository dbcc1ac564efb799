"""Coaching, the municipal side: cases, contact details, outcomes, what PARty tells. The table of contents."""

from datetime import timedelta
from pathlib import Path

from chassis import keys, obligations, parking, web
from chassis.calendar import helsinki_day
from chassis.clock import Clock, system_clock
from chassis.database import Database
from chassis.key_sweeper import Sweeper
from chassis.officer.pages import OFFICERS
from chassis.service import Service, Timer
from chassis.settings import Settings
from chassis.web import N_, Room
from contracts import plan
from services.coaching import access, late, records, retention, subject_pages
from services.coaching.cases import act_pages, pages
from services.coaching.cases import api as cases_api
from services.coaching.cases import handlers as cases
from services.coaching.client_situation import api as situation_api
from services.coaching.client_situation import handlers as situations
from services.coaching.client_situation import pages as situation_pages
from services.coaching.handing_over import api as handing_over_api
from services.coaching.handing_over import pages as handing_over_pages
from services.coaching.meetings import api as meetings_api
from services.coaching.meetings import pages as meetings_pages
from services.coaching.meetings import three_party_pages
from services.coaching.meetings.access import INVITED, OHJAAMO
from services.coaching.ohjaamo import api as ohjaamo_api
from services.coaching.ohjaamo import pages as ohjaamo_pages
from services.coaching.outcomes import api as outcomes_api
from services.coaching.outcomes import handlers as outcomes
from services.coaching.outreach import pages as outreach_pages
from services.coaching.phenomena import api as phenomena_api
from services.coaching.phenomena import handlers as phenomena
from services.coaching.phenomena import pages as phenomena_pages
from services.coaching.pointti import api as pointti_api
from services.coaching.pointti import pages as pointti_pages
from services.coaching.pointti import tet_pages
from services.coaching.referrals import erasing
from services.coaching.referrals import handlers as referrals
from services.coaching.subscribers import subscriptions

ROOMS = (
    Room("/", N_("Waiting for me"), web.signed_in),
    Room("/arrived", N_("New arrivals"), access.CASE_ROOMS),
    Room("/young", N_("Young people"), access.OUTREACH),
    Room("/cases", N_("Cases"), access.CASE_READERS),
    Room("/data", N_("Data requests"), OFFICERS),
    Room("/late", N_("Late"), late.SUPERVISORS),
    Room("/periods", N_("Periods"), access.INSTRUCTORS),
    Room("/work-trials", N_("Work trial proposals"), access.SENDERS),
    Room("/ohjaamo", N_("Ohjaamo"), access.OHJAAMO),
    Room("/phenomena", N_("Phenomena"), access.OUTREACH),
    Room("/invitations", N_("Invitations"), INVITED),
    Room("/ohjaamo-days", N_("Ohjaamo days"), OHJAAMO),
    Room("/client-situation", N_("Client situation"), access.MANAGERS),
    Room("/", N_("Figures"), web.signed_in, service="reporting"),
)
DESCRIPTION = """
What a municipal provider does for the clients who are referred to it, or come by themselves.

1. A referral opens a case by itself: `GET /api/cases?status=arrived` lists those that nobody has opened yet.
2. `POST /api/cases/{case_id}/contact-details` shows name and phone, for a reason that the audit log keeps.
3. `…/attempts`, `…/appointments`, `…/meetings` record what happens: on the municipal side alone.
4. `…/start` and `…/end` tell the employment area the two days that the action plan lets it know; the outcome stays
   on the municipal side, and becomes a figure under a pseudonym.
5. Who comes without a referral: `POST /api/cases`, at an Ohjaamo `POST /api/ohjaamo/visits` with today's meeting in it.
   What outreach meets in a month is counted by `POST /api/phenomena`, with no person in it.
   `POST /api/client-situations/{service}/{month}` tells the employment area of a month: clients by residence, free
   places, whether more referrals are wanted.
6. `…/return` gives a referral back, `…/withdrawal` says that the client withdrew the consent: from then on nobody can
   read the contact details.
7. `…/three-party` asks the case manager to a meeting with the client; `/api/invitations` are those of case managers to
   meetings of their clients; `/api/case-manager-requests` asks for a case manager as work pair at an Ohjaamo.

Errors are problems (RFC 9457) with a stable `code` and a sentence that says what to do next, in Finnish or English
(`Accept-Language`).
"""


def build(settings: Settings, clock: Clock = system_clock) -> Service:
    """The service, ready to be run."""
    database = Database(settings, clock)
    database.keys = keys.key_store(settings)
    sweeper = Sweeper(database, database.keys, erasing.erased, erasing.lost)
    erasing.signing_key(settings.secrets)
    app = web.application(
        settings, clock, database, side="municipal", rooms=ROOMS, folder=Path(__file__).parent,
        routes=[
            pages.routes, act_pages.routes, subject_pages.routes, pointti_pages.routes, tet_pages.routes,
            cases_api.routes, pointti_api.routes, outcomes_api.routes, outreach_pages.routes, ohjaamo_pages.routes,
            ohjaamo_api.routes,
            phenomena_pages.routes, phenomena_api.routes, late.routes,
            handing_over_pages.routes, handing_over_api.routes,
            meetings_pages.routes, three_party_pages.routes, meetings_api.routes,
            situation_pages.routes, situation_api.routes,
        ], title="Coaching", description=DESCRIPTION, records=records.RECORDS,
    )

    async def sweep_parked() -> None:
        park_for = plan.on(helsinki_day(clock())).intake.park_for.delta
        await parking.sweep(database, service.consumers.dead_letters, park_for)

    service = Service(
        settings.service, settings, clock, database, app,
        subscriptions=subscriptions(),
        started=[sweeper.start],
        kept=retention.KEPT,
        timers=[
            *web.timers(database),
            Timer("keys", timedelta(seconds=1), sweeper.run),
            Timer("deadlines", timedelta(seconds=30), lambda: obligations.sweep_all(database)),
            Timer("parked", timedelta(minutes=1), sweep_parked),
            Timer("turn of the year", timedelta(minutes=5), lambda: outcomes.turn_of_year(database)),
            Timer("final years", timedelta(hours=1), lambda: outcomes.forget_final_years(database)),
            Timer("referrals not opened", timedelta(hours=1), lambda: referrals.return_unopened(database)),
            Timer("contact details not needed", timedelta(hours=1), lambda: referrals.forget_ended(database)),
            Timer("kept no longer", timedelta(hours=6), lambda: retention.forget(database)),
            Timer("phenomena to be recorded", timedelta(hours=1), lambda: phenomena.ask_for_months(database)),
            Timer("client situations", timedelta(hours=1), lambda: situations.open_months(database)),
            Timer("reviews", timedelta(hours=1), lambda: cases.look_at_reviews(database)),
        ],
    )
    return web.with_health(service)
