"""What people do in a case: one function a command, the same for pages and API; and how a case is kept.

Each act is one transaction: the case with its course, what others are told, the outcomes of its years, the ledger
of obligations, the audit row, and where it closes the referral the erasure of its keys.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal, TypeAlias

from chassis import audit, obligations, outbox
from chassis.database import Database, Session
from chassis.decisions import Decision, Refused, decided, decided_or_raise, refuse
from chassis.policy import Principal
from contracts import plan
from contracts.envelope import Data
from contracts.events.casework import NotBegun, Origin, Outcome
from contracts.events.coaching import RightAddress
from contracts.fields import CaseId, ClientId, new_id, new_pseudonym
from contracts.plan import Plan
from services.coaching import directory
from services.coaching.cases import domain, duties, opening, running, store
from services.coaching.cases.course import Course, day_of
from services.coaching.cases.domain import Act, Case, Channel, MeetingKind, ReturnReason
from services.coaching.cases.opening import AskedBasis
from services.coaching.cases.refusals import CodeNotKnown, DayAhead, NoColleague, NotProvided, ReferralOnly
from services.coaching.cases.store import Whose
from services.coaching.meetings import ending, three_party
from services.coaching.outcomes import handlers as outcomes
from services.coaching.outcomes.store import same_person
from services.coaching.pointti import store as pointti
from services.coaching.referrals import erasing

ROUND = 200
"""Cases looked at between two glances at the list."""

Deciding: TypeAlias = Callable[[Case, Act, Plan], Decision[Case]]


@dataclass(frozen=True)
class By:
    """Who acts, whose cases they may act in, and which version of the case they acted on, if they saw it before."""

    who: Principal
    whose: Whose
    seen: str | None = None


# --- the coach's acts


async def record_attempt(db: Session, case_id: str, by: By, at: datetime, channel: Channel, reached: bool) -> Case:
    """An attempt to reach the client [3.2]."""
    return await act(db, case_id, by, "record-attempt",
                      lambda case, act, _: domain.record_attempt(case, act, at, channel, reached))


async def book_appointment(
    db: Session, case_id: str, by: By, at: datetime, place: str, reached_by: Channel | None
) -> Case:
    """A time with the client, who was reached just now by `reached_by`, if given [3.2]."""

    def decide(case: Case, act: Act, now: Plan) -> Decision[Case]:
        if not now.knows("place", place):
            return refuse(CodeNotKnown("/place"))
        return domain.book_appointment(case, act, at, place, reached_by)

    return await act(db, case_id, by, "book-appointment", decide)


async def hold_meeting(db: Session, case_id: str, by: By, on: date, kind: MeetingKind) -> Case:
    """A meeting was held [3.2, 3.3]."""
    return await act(db, case_id, by, "hold-meeting", lambda case, act, now: running.hold_meeting(
        case, act, on, kind, now.services[case.service].meetings, now.coaching.starter_package_maximum))


async def miss_appointment(db: Session, case_id: str, by: By) -> Case:
    """The client did not come at the booked time [3.2]."""
    return await act(db, case_id, by, "miss-appointment", lambda case, act, _: running.miss_appointment(case, act))


async def start(db: Session, case_id: str, by: By, on: date) -> Case:
    """The service started; the area is told the day, where the plan has it told [3.2]."""
    return await act(db, case_id, by, "start", lambda case, act, now: domain.start(
        case, act, on, is_told(case, now)))


async def end(db: Session, case_id: str, by: By, on: date, outcome: Outcome | None) -> Case:
    """The service ended, with an outcome that stays on the municipal side [3.2]."""
    return await act(db, case_id, by, "end",
                      lambda case, act, now: domain.end(case, act, on, outcome, is_told(case, now)))


async def give_back(
    db: Session, case_id: str, by: By, reason: ReturnReason, right_address: RightAddress | None
) -> Case:
    """The referral is returned; the contact details are erased on both sides [3.2]."""

    def decide(case: Case, act: Act, now: Plan) -> Decision[Case]:
        if right_address and not now.knows("organisation", right_address.organisation):
            return refuse(CodeNotKnown("/right_address/organisation"))
        if right_address and not now.knows("service", right_address.service):
            return refuse(CodeNotKnown("/right_address/service"))
        return domain.give_back(case, act, reason, right_address, is_told(case, now))

    return await act(db, case_id, by, "return", decide)


async def close_unbegun(db: Session, case_id: str, by: By, on: date, reason: NotBegun) -> Case:
    """The service never began [3.2, 3.4]."""
    return await act(db, case_id, by, "close-unbegun", lambda case, act, now: domain.close_unbegun(
        case, act, on, reason, is_told(case, now), now.trying(case.service)))


async def withdraw(db: Session, case_id: str, by: By, told_at: datetime | None) -> Case:
    """The client told the provider that the consent is withdrawn [3.2, 7]."""
    return await act(db, case_id, by, "withdraw",
                      lambda case, act, _: domain.withdraw(case, act, told_at or act.at))


async def review(db: Session, case_id: str, by: By) -> Case:
    """The coach has looked at the case, and it goes on [3.2]."""
    return await act(db, case_id, by, "review", lambda case, act, _: running.review(case, act))


async def go_on(db: Session, case_id: str, by: By, beside: Literal["work", "education"], since: date) -> Case:
    """The client began work or studies, and the service goes on [3.2]."""
    return await act(db, case_id, by, "go-on", lambda case, act, now: running.go_on(
        case, act, beside, since, now.services[case.service].goes_on_after))


async def hand_over(db: Session, case_id: str, by: By, coach: str) -> Case:
    """Another coach of the provider answers for the case, and for what it owes, from now on."""
    before = await store.case_to_change(db, case_id, by.whose, by.seen)
    role = db.plan.services[before.service].mailbox_role
    if coach not in dict(await colleagues(db, before)):
        raise Refused(NoColleague())
    case = await act(db, case_id, by, "hand-over", lambda case, _, __: decided(replace(case, coach=coach)))
    await obligations.hand_over(db, "case", case.id, owner=coach, role=role)
    return case


async def colleagues(db: Session, case: Case) -> Sequence[tuple[str, str]]:
    """Who may answer for a case, id and name: whoever works in its service, of its provider or the Ohjaamo [4.2]."""
    now = db.plan
    service = now.services.get(case.service)
    if service is None:
        return []
    organisations = {case.provider}
    if case.service == "ohjaamo":
        organisations.add(now.ohjaamo.staffed_by.get(case.municipality, case.provider))
    found = {
        person: name for organisation in sorted(organisations) for role in (service.mailbox_role, *service.other_roles)
        for person, name in await directory.in_role(db, organisation, role)
    }
    return sorted(found.items(), key=lambda each: each[1])


async def came_before(db: Session, case_id: str, by: By, earlier_case_id: str) -> Case:
    """The client is the one of an earlier case: one person, told as one from now on [events.md, Pseudonyms]."""
    earlier = await store.case(db, earlier_case_id, by.whose)
    case = await store.case_to_change(db, case_id, by.whose, by.seen)
    await same_person(db, earlier.client, case.client)
    await keep(db, case)
    await audit.changed(db, "case", case.id, by.who, "came-before")
    return case


async def open_case(
    db: Session, by: By, service: str, municipality: str, origin: Origin, asked_on: date,
    basis: AskedBasis | None = None, earlier: Case | None = None,
) -> Case:
    """A client who came without a referral [3.2, 3.4], the one of an `earlier` case, if given.

    Raises `Refused`: `ReferralOnly`, `CodeNotKnown`, `NotProvided`, `DayAhead`, and as `opening.check_basis`.
    """
    now = db.plan
    provider = by.whose.provider_of(service, municipality)
    refusal = opening.check_opening(
        now, provider or by.whose.provider, service, municipality, asked_on, plan.on(asked_on))
    if refusal is None and provider is None:
        refusal = NotProvided()
    if refusal is None and now.services[service].referral_only:
        refusal = ReferralOnly()
    if refusal is None and asked_on > db.today:
        refusal = DayAhead(db.today)
    refusal = refusal or opening.check_basis(service, basis, now)
    if refusal or provider is None:
        raise Refused(refusal or NotProvided())
    case = Case(
        id=CaseId(new_id(db.now)), client=ClientId(new_pseudonym()), service=service, municipality=municipality,
        provider=provider, origin=origin, opened_at=db.now, course=Course(service, asked_on),
        basis=opening.kept_basis(service, basis, now), number=await store.next_own_number(db),
        coach=by.who.id if by.who.kind == "person" else None,
    )
    if earlier:
        await same_person(db, earlier.client, case.client)
    await keep(db, case, opening.opened(case), opened_by=domain.OURS)
    await audit.changed(db, "case", case.id, by.who, "open")
    return case


async def read(db: Session, case_id: str, by: By) -> Case:
    """One case, to be shown; the audit log says who read it."""
    case = await store.case(db, case_id, by.whose)
    await audit.read(db, "case", case.id, by.who, "case")
    return case


# --- how a case is kept


async def keep(db: Session, case: Case, *events: Data, opened_by: str | None = None) -> Case:
    """Stores a case as it now is, publishes what happened, and brings outcomes and obligations to it.

    `opened_by`: the source under whose id a new case is known. With it ends what was agreed with others for the case.
    """
    case, off = decided_or_raise(three_party.close(case, db.now))
    await store.save(db, case)
    if opened_by:
        await store.know_as(db, case, case.id, opened_by)
    await pointti.follow(db, case.id, case.course, case.area_may_hear)
    await outbox.add(db, *off, *events)
    await outcomes.tell(db, case)
    await settle(db, case)
    if case.referral and case.referral.closing:
        await ending.referral_closed(db, case.referral.id)
    return case


async def settle(db: Session, case: Case) -> None:
    """Brings the ledger to what the case owes: what was done is met, what fell away is cancelled."""
    now = db.plan
    if case.service not in now.services:
        return
    there = {o.kind: o for o in await obligations.about(db, "case", case.id) if o.kind in duties.ALL}
    review = there.get(duties.REVIEW)
    owed = duties.owed(case, now, db.now, review.due_at if review else None)
    for kind, obligation in there.items():
        if owed.get(kind) == obligation.due_at:
            continue
        if duties.met(kind, case, obligation.due_at, now):
            await obligations.meet(db, kind, "case", case.id, at=duties.met_at(kind, case, db.now))
        else:
            await obligations.cancel(db, kind, "case", case.id)
    for kind, due_at in owed.items():
        if kind in there and there[kind].due_at == due_at:
            continue
        owner = duties.owner(kind, case, now)
        await obligations.open_(
            db, kind, "case", case.id, owner_organisation=owner.organisation, owner_role=owner.role,
            owner=owner.person, service=case.service, municipality=case.municipality, due_at=due_at,
        )


async def look_at_reviews(database: Database) -> int:
    """Reviews that are near move on where the client was met meanwhile; how many cases were looked at."""
    looked_at, last = 0, ""
    while True:
        async with database.begin() as db:
            near = await store.reviews_before(db, db.now + duties.LOOKED_AT_BEFORE, last, ROUND)
        for case_id in near:
            async with database.begin() as db:
                await settle(db, await store.case(db, case_id))
        looked_at += len(near)
        if len(near) < ROUND:
            return looked_at
        last = near[-1]


async def act(
    db: Session, case_id: str, by: By, name: str, decide: Deciding, *, takes_over: bool = True
) -> Case:
    """Load, decide, store, publish. Whoever of the service acts first answers for the case from then on."""
    before = await store.case_to_change(db, case_id, by.whose, by.seen)
    made = Act(new_id(db.now), by.who.id, db.now)
    case, events = decided_or_raise(decide(before, made, plan.on(made.today)), before)
    if by.who.kind == "person" and takes_over:
        case = domain.take_over(case, by.who.id)
    check_days(events, made.today)
    case = domain.remember_told(case, made, events)
    case = await keep(db, case, *events)
    if case.referral and case.referral.closing and before.referral and before.referral.is_open:
        await erasing.erase(db, case.referral, case.referral.closing)
    await audit.changed(db, "case", case.id, by.who, name)
    return case


def check_days(events: Sequence[Data], today: date) -> None:
    """Raises `Refused` (`year-closed`) where something happened in a year that is final."""
    for event in events:
        day = day_of(event)
        if day is not None:
            outcomes.check_open(day, today)


def is_told(case: Case, now: Plan) -> bool:
    """Whether the plan has start and end of the service told to the area."""
    return case.service in now.services and now.services[case.service].start_and_end_told
