"""What the API takes and gives: one model an audience, no field for a name but where it is asked for."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from chassis.obligations import Obligation
from contracts.events.casework import NotBegun, Origin, Outcome, PlanAfter
from contracts.events.coaching import RightAddress
from contracts.fields import CaseId, Code, MunicipalityCode, ServiceCode, StaffId
from services.coaching.cases.courses import Status
from services.coaching.cases.domain import Case, Channel, MeetingKind, ReturnReason
from services.coaching.cases.opening import AskedBasis
from services.coaching.cases.store import Listed
from services.coaching.cases.timeline import Entry
from services.coaching.pointti.courses import PlaceState, Tet, TetState, places, tets

EXAMPLE_ID = "019cad66-7df2-7131-9df2-6c3514000d8e"


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


def example(**body: Any) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [body]})


class NewCase(Body):
    """A client who came without a referral."""

    service: ServiceCode
    municipality: MunicipalityCode = Field(description="Where the client lives.")
    origin: Origin = Field(description="How the client came: never `referral`, which opens a case by itself.")
    asked_on: date = Field(description="The day of the first approach: the wait runs from it.")
    basis: AskedBasis | None = Field(
        None, description="Needed for immigrant services: why the client comes. No birth date is asked.")

    model_config = example(service="coaching", municipality="lempaala", origin="self", asked_on="2026-11-20")


class Attempt(Body):
    """An attempt to reach the client, as it was made."""

    at: AwareDatetime | None = Field(None, description="When; now, unless given.")
    channel: Channel
    reached: bool

    model_config = example(at="2026-11-20T10:12:00+02:00", channel="call", reached=False)


class Appointment(Body):
    """A time with the client."""

    at: AwareDatetime
    place: Code = Field(description="A code of the plan (`place`), or `remote`.")
    reached_by: Channel | None = Field(
        None, description="How the client was reached just now; records that attempt with it."
    )

    model_config = example(at="2026-11-26T13:00:00+02:00", place="lempaala-talo", reached_by="call")


class Meeting(Body):
    """A meeting that was held. The first that is no interview begins the service (Pointti: the period does)."""

    on: date
    kind: MeetingKind

    model_config = example(on="2026-11-26", kind="starter-package")


class GoOn(Body):
    """The client began work or studies, and the service goes on."""

    beside: Literal["work", "education"]
    since: date

    model_config = example(beside="work", since="2027-01-11")


class Start(Body):
    """The service started; this day, and nothing else, is told to the employment area."""

    on: date

    model_config = example(on="2026-11-26")


class End(Body):
    """The service ended. The day is told to the employment area, the outcome is not."""

    on: date
    outcome: Outcome | None = Field(None, description="Needed unless another system has closed the case already.")

    model_config = example(on="2027-03-12", outcome="education")


class Return(Body):
    """The referral is given back; the contact details are erased on both sides."""

    reason: ReturnReason = Field(description="`not-started` is told of coaching and Pointti alone, and never why.")
    right_address: RightAddress | None = Field(None, description="Needed with `wrong-address`.")

    model_config = example(reason="wrong-address", right_address={"organisation": "vesilahti", "service": "outreach"})


class NotBegunBody(Body):
    """The service never began, and why: kept on the municipal side."""

    on: date
    reason: NotBegun

    model_config = example(on="2026-12-04", reason="not-reached")


class WithdrawalBody(Body):
    """The client told you that the consent is withdrawn."""

    told_at: AwareDatetime | None = Field(None, description="When the client said so; now, unless given.")

    model_config = example(told_at="2026-11-23T15:42:00+02:00")


class Reveal(Body):
    """Why the contact details are looked at; the audit log keeps it."""

    reason: Code = Field(description="A code of the plan (`reveal-reason`).")

    model_config = example(reason="contact-attempt")


class HandOver(Body):
    """Who answers for the case from now on."""

    coach: StaffId

    model_config = example(coach="sanni-salo")


class CameBefore(Body):
    """The client is the one of an earlier case of yours: figures count one person."""

    earlier_case_id: CaseId = Field(examples=[EXAMPLE_ID])


class PeriodEnd(Body):
    """The period that runs ends with a plan."""

    ended_on: date
    plan: PlanAfter

    model_config = example(ended_on="2027-03-05", plan="education")


class ContactShown(BaseModel):
    """What the client gave for this; not to be stored."""

    name: str = Field(examples=["Aino Esimerkki"])
    phone: str = Field(examples=["+358415550123"])


class Made(BaseModel):
    """The new case; `Location` is its address."""

    case_id: str = Field(examples=[EXAMPLE_ID])
    number: str = Field(examples=["A-2026-0012"])


class CaseListed(BaseModel):
    """A case of your organisation: no name, no pseudonym."""

    case_id: str = Field(examples=[EXAMPLE_ID])
    number: str = Field(examples=["2026-0412"], description="A referral's number, the same on both sides, or an own.")
    service: str
    municipality: str
    status: Status
    origin: str
    asked_on: date
    opened_at: datetime
    coach: str | None
    began_on: date | None
    closed_on: date | None
    attempts: int
    booked_at: datetime | None


class CasePage(BaseModel):
    cases: list[CaseListed]
    next: str | None = Field(description="Give it as `after` for the next page; null on the last.")


class ObligationShown(BaseModel):
    kind: str
    due_at: datetime
    owner_role: str
    owner: str | None


class HappenedShown(BaseModel):
    at: datetime
    kind: str = Field(examples=["contact-attempted"])
    by: str | None = Field(description="A staff id, or the source of another system.")
    fields: dict[str, Any]


class PlaceShown(BaseModel):
    """A young person's place in a group of the workshop [3.3]."""

    group_id: str = Field(examples=[EXAMPLE_ID])
    starts_on: date
    ends_on: date
    state: PlaceState
    plan: str | None


class TetShown(BaseModel):
    """A TET period and the work trial that may follow [3.3]."""

    tet_id: str = Field(examples=[EXAMPLE_ID])
    workplace_kind: str = Field(examples=["municipal-unit"])
    unit: str | None
    business_id: str | None
    starts_on: date
    days: int
    state: TetState
    proposal_id: str | None
    declined: str | None = Field(description="Why the employment area declined the work trial.")


class CaseShown(BaseModel):
    """One case with its course. Name and phone are not in it: see `contact-details`."""

    case_id: str = Field(examples=[EXAMPLE_ID])
    number: str = Field(examples=["2026-0412"])
    service: str
    municipality: str
    provider: str
    origin: str
    status: Status
    asked_on: date
    opened_at: datetime
    coach: str | None
    began_on: date | None
    closed_on: date | None
    outcome: str | None
    not_begun: str | None
    start_told: date | None = Field(description="The day that was told to the employment area as the start.")
    end_told: date | None
    starter_meetings: int = Field(description="Meetings of the starter package so far; the plan has a maximum.")
    basis: str | None = Field(description="Immigrant services: `not-of-working-age` or `guidance`.")
    goes_on_beside: str | None = Field(description="`work` or `education` that the client began meanwhile.")
    goes_on_since: date | None
    appointment: datetime | None = Field(description="The time that is booked next.")
    contact_details: str = Field(
        description="`none` (no referral), `coming`, `here`, `closed` (withdrawn, cancelled or returned)."
    )
    closing: str | None = Field(description="`withdrawal`, `cancellation` or `return`, where the referral is closed.")
    places: list[PlaceShown] = Field(description="Pointti: places in groups, the last one the newest.")
    tets: list[TetShown] = Field(description="Pointti: TET periods in order.")
    obligations: list[ObligationShown]
    timeline: list[HappenedShown]


def listed(case: Listed) -> CaseListed:
    return CaseListed(**vars(case))


def whole(case: Case, happened: Sequence[Entry], owed: Sequence[Obligation]) -> CaseShown:
    """A case as the API shows it."""
    closed, referral, appointment = case.course.closed, case.referral, case.appointment
    return CaseShown(
        case_id=case.id, number=case.number, service=case.service, municipality=case.municipality,
        provider=case.provider, origin=case.origin, status=case.status, asked_on=case.course.asked_on,
        opened_at=case.opened_at, coach=case.coach, began_on=case.course.began_on(),
        closed_on=closed.on if closed else None, outcome=closed.outcome if closed else None,
        not_begun=closed.not_begun if closed else None, start_told=case.start_told, end_told=case.end_told,
        starter_meetings=case.course.starter_meetings, basis=case.basis,
        goes_on_beside=case.goes_on.beside if case.goes_on else None,
        goes_on_since=case.goes_on.since if case.goes_on else None,
        appointment=appointment.at if appointment else None, contact_details=details_of(case),
        closing=referral.closing if referral else None,
        places=[
            PlaceShown(group_id=p.group_id, starts_on=p.starts_on, ends_on=p.ends_on, state=p.state, plan=p.plan)
            for p in places(case.course)
        ],
        tets=[_tet(tet) for tet in tets(case.course, case.area_may_hear)],
        obligations=[
            ObligationShown(kind=o.kind, due_at=o.due_at, owner_role=o.owner_role, owner=o.owner) for o in owed
        ],
        timeline=[HappenedShown(at=e.at, kind=e.kind, by=e.by, fields=_plain(e.fields)) for e in happened],
    )


def _tet(tet: Tet) -> TetShown:
    return TetShown(
        tet_id=tet.id, workplace_kind=tet.agreed.workplace_kind, unit=tet.unit, business_id=tet.agreed.business_id,
        starts_on=tet.agreed.starts_on, days=tet.agreed.days, state=tet.state,
        proposal_id=tet.proposed.proposal_id if tet.proposed else None,
        declined=tet.answer.reason if tet.answer else None,
    )


def details_of(case: Case) -> str:
    """Where the contact details are, in a word."""
    if case.referral is None:
        return "none"
    if case.referral.closing:
        return "closed"
    return "here" if case.referral.received_at else "coming"


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
