"""The six services' real applications in this process, with people of every role and things of several owners.

A route with an object in its path needs an entry in `OBJECTS` (how one is made, and whose it is), or in `NOBODYS`
with the reason why it has no owner.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import text

from chassis import sessions, tokens
from chassis.calendar import helsinki_day
from chassis.contact import Contact, Secret
from chassis.database import Session
from chassis.key_sweeper import open_place
from chassis.policy import Principal
from chassis.service import Service
from contracts import plan
from contracts.envelope import Event, type_of
from contracts.fields import MeetingId, RequestId, StaffId, new_id
from contracts.topics import SERVICES, source_of
from services.coaching.cases.handlers import By
from services.coaching.cases.handlers import open_case as open_own_case
from services.coaching.cases.store import Whose
from services.coaching.cases.store import of_referral as case_of_referral
from services.coaching.meetings import handlers as meetings
from services.coaching.meetings import store as meetings_store
from services.coaching.meetings.invitations import Invitation
from services.coaching.pointti import handlers as pointti
from services.coaching.referrals.handlers import open_case as open_case_of_referral
from services.feedback import store as feedback
from services.feedback.domain import Feedback
from services.referral import handlers as referral
from services.referral.meetings import handlers as area_meetings
from services.referral.meetings import invitations as inviting
from services.referral.meetings import store as area_meetings_store
from services.referral.meetings.requests import Request as AskedOfArea
from tests.component.coaching_side import Area
from tests.stack import World
from yhdyspinta.serve import build, compose

RULES = plan.ALL[-1]
MANY = {"session_rate": "1000000", "token_rate": "1000000"}
SAME_ORIGIN = {"sec-fetch-site": "same-origin", "accept-language": "en"}
WORKS_WITH: Mapping[str, frozenset[str]] = {
    "coach": frozenset({"coaching"}), "workshop-instructor": frozenset({"pointti"}),
    "outreach-worker": frozenset({"outreach"}), "ohjaamo-worker": frozenset({"ohjaamo"}),
    "ohjaamo-coordinator": frozenset({"ohjaamo"}), "immigrant-services-coordinator": frozenset({"immigrant-services"}),
    "wellbeing-planner": frozenset({"wellbeing-planner"}), "data-protection-officer": frozenset(RULES.services),
    "employment-and-integration-manager": frozenset({"coaching", "pointti"}),
}
"""With whose clients a role works, within its own organisation: what requirements and plan say, not what code does."""


@dataclass(frozen=True)
class Thing:
    """An object of a path: its id, the organisation and the service it belongs to."""

    id: str
    organisation: str
    service: str

    def is_of(self, role: str, organisation: str) -> bool:
        """Whether it is theirs; without a role a program is meant, which works with all of its organisation's."""
        return self.organisation == organisation and (
            not (self.service and role) or self.service in WORKS_WITH.get(role, frozenset()))


@dataclass
class Site:
    """Clients by who they are, and the things, by service and path parameter."""

    world: World
    services: dict[str, Service]
    http: httpx.AsyncClient
    headers: dict[tuple[str, str, str], dict[str, str]] = field(default_factory=dict)
    things: dict[tuple[str, str], Sequence[Thing]] = field(default_factory=dict)

    async def as_person(self, service: str, role: str, organisation: str) -> dict[str, str]:
        """Headers of somebody who signed in; one session a service, role and organisation."""
        who = (service, role, organisation)
        if who not in self.headers:
            person = Principal("person", f"{role}-{organisation}"[:64], "Aino Esimerkki", organisation,
                               frozenset({role}), services={service: f"http://127.0.0.1:8000/{service}"})
            async with self.services[service].database.begin() as db:
                token = await sessions.start(db, person, db.now)
            self.headers[who] = {"cookie": f"yp_{service}={token}", **SAME_ORIGIN}
        return self.headers[who]

    async def as_program(self, service: str, organisation: str, scope: str) -> dict[str, str]:
        """Headers of a program with one scope; one token a service, organisation and scope."""
        who = (service, scope, organisation)
        if who not in self.headers:
            async with self.services[service].database.begin() as db:
                _, token = await tokens.make(db, "test", organisation, (scope,), db.now + timedelta(days=30))
            self.headers[who] = {"authorization": f"Bearer {token}", "accept-language": "en"}
        return self.headers[who]

    async def ask(self, service: str, method: str, path: str, headers: Mapping[str, str], body: Any = None
                  ) -> httpx.Response:
        """One request; a POST with a key of its own, as a form or as JSON."""
        address, key = f"/{service}{path}", str(uuid4())
        if method == "GET":
            return await self.http.get(address, headers=headers)
        if path.startswith("/api/"):
            return await self.http.request(method, address, json={} if body is None else body,
                                           headers={**headers, "idempotency-key": key})
        return await self.http.request(method, address, data={"form_key": key, **(body or {})}, headers=headers)

    async def looked_at(self, service: str, thing: Thing) -> list[str]:
        """What the audit log says of a thing: who did what."""
        async with self.services[service].database.begin() as db:
            found = await db.execute(
                text("select person || ' ' || act from audit_log where about_id = :id order by seq"), {"id": thing.id})
            return list(found.scalars())


def organisations_of(role: str) -> Sequence[str]:
    return RULES.roles[role].organisations


async def opened(world: World) -> Site:
    """The site, its things made; `closed` it after."""
    services = {name: build(world.settings(name, demo=True, extra=MANY), world.clock) for name in SERVICES}
    for name in ("referral", "coaching"):
        await open_place(services[name].database, services[name].database.keys)
    transport = httpx.ASGITransport(app=compose(list(services.values())))
    site = Site(world, services, httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000"))
    for (service, parameter), make in OBJECTS.items():
        async with services[service].database.begin() as db:
            site.things[service, parameter] = await make(site, db)
    return site


async def closed(site: Site) -> None:
    await site.http.aclose()
    for service in site.services.values():
        await service.database.close()


# --- how things are made


async def _referrals(site: Site, db: Session) -> Sequence[Thing]:
    case_manager = Principal("person", "mikko-mallila", "", "tampere-region", frozenset({"case-manager"}))
    made = await referral.refer(db, referral.Wish(
        municipality="lempaala", birth_year=2001, service="coaching", consented=True, given_at=db.now,
        contact=Contact(Secret("Aino Esimerkki"), Secret("+358415550123"))), case_manager)
    return [Thing(made.id, made.organisation, "")]


_PROVIDED = (("lempaala", "coaching"), ("lempaala", "pointti"), ("lempaala", "outreach"), ("vesilahti", "outreach"),
             ("lempaala", "ohjaamo"), ("vesilahti", "wellbeing-planner"), ("lempaala", "immigrant-services"))


async def _referred(site: Site, db: Session) -> Sequence[Thing]:
    found = []
    for provider, service in _PROVIDED:
        told = Area(site.world).consented(provider=provider, service=service, municipality=provider)
        event: Event[Any] = Event(id=new_id(), source=source_of("referral"), type=type_of(type(told)),
                                  subject=told.subject(), time=db.now, data=told)
        await open_case_of_referral(db, event)
        found.append(Thing(told.referral_id, provider, service))
    return found


async def _cases(site: Site, db: Session) -> Sequence[Thing]:
    found = []
    for each in await _referred(site, db):
        case = await case_of_referral(db, each.id)
        assert case is not None
        found.append(Thing(case.id, each.organisation, each.service))
    coach = Principal("person", "sanni-esimerkki", "", "lempaala", frozenset({"coach"}))
    own = await open_own_case(db, By(coach, Whose("lempaala", frozenset({"coaching"}))), "coaching", "lempaala", "self",
                              db.now.date())
    return [*found, Thing(own.id, "lempaala", "coaching")]


async def _feedback(site: Site, db: Session) -> Sequence[Thing]:
    found = []
    for municipality in ("lempaala", "vesilahti"):
        piece = Feedback(str(uuid4()), f"/{municipality}/feedback", municipality, "municipal-service", None, "form", 4,
                         "Kiitos.", False, datetime(2026, 3, 1, 9, tzinfo=UTC), db.now)
        await feedback.save(db, piece)
        found.append(Thing(piece.id, municipality, ""))
    return found


async def _invitations_sent(site: Site, db: Session) -> Sequence[Thing]:
    case_manager = Principal("person", "mikko-mallila", "", "tampere-region", frozenset({"case-manager"}))
    made = await area_meetings.invite(db, inviting.Wish(
        kind="job-search-talk", municipality="lempaala", starts_at=db.now + timedelta(days=2),
        ends_at=db.now + timedelta(days=2, hours=1), place="remote", client_wishes=True), None, case_manager)
    return [Thing(made.id, "tampere-region", "")]


async def _requests_heard(site: Site, db: Session) -> Sequence[Thing]:
    request = AskedOfArea(
        RequestId(new_id()), "lempaala", StaffId("emma-mallila"), "job-search", db.now + timedelta(days=2), db.now)
    await area_meetings_store.save_request(db, request)
    return [Thing(request.id, "tampere-region", "")]


async def _invitations_got(site: Site, db: Session) -> Sequence[Thing]:
    found = []
    for organisation, role, kind in (
        ("lempaala", "outreach-worker", "job-search-talk"), ("vesilahti", "outreach-worker", "job-search-talk"),
        ("lempaala", "ohjaamo-worker", "ohjaamo"), ("lempaala", "immigrant-services-coordinator", "my-team"),
    ):
        one = Invitation(
            MeetingId(new_id()), kind, None, organisation, role, StaffId("mikko-mallila"),
            db.now + timedelta(days=2), db.now + timedelta(days=2, hours=1), "remote", db.now)
        await meetings_store.save_invitation(db, one)
        (service,) = WORKS_WITH[role]
        found.append(Thing(one.id, organisation, service))
    return found


async def _requests_made(site: Site, db: Session) -> Sequence[Thing]:
    found = []
    for organisation in ("lempaala", "vesilahti"):
        worker = Principal("person", "minna-kokeilu", "", organisation, frozenset({"ohjaamo-worker"}))
        asked = await meetings.ask_case_manager(db, worker, organisation, "job-search", db.now + timedelta(days=2))
        found.append(Thing(asked.id, organisation, "ohjaamo"))
    return found


async def _groups(site: Site, db: Session) -> Sequence[Thing]:
    instructor = Principal("person", "tiina-keksitty", "", "lempaala", frozenset({"workshop-instructor"}))
    group = await pointti.make_group(
        db, By(instructor, Whose("lempaala", frozenset({"pointti"}))), helsinki_day(db.now) + timedelta(days=7), 8)
    return [Thing(group.group_id, "lempaala", "pointti")]


OBJECTS: Mapping[tuple[str, str], Callable[[Site, Session], Awaitable[Sequence[Thing]]]] = {
    ("referral", "referral_id"): _referrals,
    ("referral", "meeting_id"): _invitations_sent,
    ("referral", "request_id"): _requests_heard,
    ("coaching", "referral_id"): _referred,
    ("coaching", "case_id"): _cases,
    ("coaching", "meeting_id"): _invitations_got,
    ("coaching", "request_id"): _requests_made,
    ("coaching", "group_id"): _groups,
    ("feedback", "feedback_id"): _feedback,
}
NOBODYS: Mapping[tuple[str, str], str] = {
    **{(service, code): "a code of the plan or a month, of the reader's own organisation's"
       for service in SERVICES for code in ("service", "month", "channel", "rule")},
    **{(service, "number"): "a dead letter is the service's own" for service in SERVICES},
    **{(service, "obligation_id"): "whose it is goes by whom it was told on to, tried apart in test_access.py"
       for service in ("referral", "coaching")},
    **{(service, "staff_id"): "a member of staff, no client: tests of handing over"
       for service in ("referral", "coaching")},
    ("referral", "inquiry_id"): "an inquiry at the counter holds nothing of a person: tests of triage",
    ("referral", "triage_id"): "an inquiry at the counter holds nothing of a person: tests of triage",
    ("referral", "proposal_id"): "a work trial is looked for among those of its referral, which is tried",
    ("coaching", "tet_id"): "a TET period is looked for in its case, which is tried",
    ("notify", "notice_id"): "notices are sent again by any operator of the shared service",
}
