"""The acts that a course is made of: the referral, attempts, appointments, meetings, periods, start and end."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import cycle
from random import Random
from typing import Any

from chassis.calendar import after, at, business_days_between, is_business_day
from contracts import plan
from contracts.envelope import Data
from contracts.events.casework import (
    AppointmentBooked,
    CaseClosed,
    CaseOpened,
    ContactAttempted,
    MeetingHeld,
    PeriodEnded,
    PeriodStarted,
    TetAgreed,
    TetEnded,
    WithdrawalTold,
)
from contracts.events.coaching import RightAddress
from contracts.fields import CaseId, ClientId, PeriodId, TetId
from services.coaching.pointti.tets import Workplace
from yhdyspinta.demo import acts, meeting_acts, workshop_acts
from yhdyspinta.demo.acts import Act
from yhdyspinta.demo.script.clients import NEEDS, Course
from yhdyspinta.demo.script.days import later, moment, open_day, soon
from yhdyspinta.demo.systems import made_up

CASE_MANAGERS = ("mikko-mallila", "aino-esimerkki", "petra-kuvitelma", "jonas-harjoitus")
WORKERS = {
    ("coaching", "lempaala"): ("sanni-esimerkki", "juha-mallila", "elina-harjoitus"),
    ("pointti", "lempaala"): ("tiina-keksitty", "pekka-kuvitelma"),
    ("outreach", "lempaala"): ("laura-kokeilu", "antti-esimerkki"),
    ("outreach", "vesilahti"): ("veera-keksitty", "eetu-kuvitelma"),
    ("ohjaamo", "lempaala"): ("emma-mallila",),
    ("immigrant-services", "lempaala"): ("samira-kuvitelma",),
    ("wellbeing-planner", "vesilahti"): ("heli-esimerkki",),
}
PLACES = {
    "coaching": ("lempaala-talo", "lempaala-talo", "remote"), "pointti": ("pointti",),
    "outreach": ("public-place", "home", "office", "school"), "ohjaamo": ("ohjaamo-lempaala", "ohjaamo-vesilahti"),
    "immigrant-services": ("lempaala-talo",), "wellbeing-planner": ("vesilahti-municipal-office", "remote"),
}
MANAGER = "leena-kokeilu"
WORKPLACES = (
    Workplace("municipal-unit", unit="library"), Workplace("municipal-unit", unit="catering"),
    Workplace("municipal-unit", unit="early-education"), Workplace("municipal-unit", unit="property-services"),
    Workplace("company", business_id="1234567-1"),
)
BETWEEN_MEETINGS = (35, 70)
"""Days; the longest is well within the time after which a case is reviewed."""
PERIOD = timedelta(days=55)
"""A period's last day is so long after its first: eight weeks [3.3]."""


def acts_of(course: Course, brought_on: Sequence[date]) -> Iterator[Act]:
    """A course's acts, the same each time; `brought_on`: days on which PARty tells of what was there before."""
    yield from _Casework(course, brought_on).all()


class _Casework:
    def __init__(self, course: Course, brought_on: Sequence[date]) -> None:
        self.course, self.brought_on, self.rng = course, brought_on, Random(f"casework {course.key}")
        self.worker = self.rng.choice(WORKERS[course.service, course.provider])
        self.case_manager = self.rng.choice(CASE_MANAGERS)
        self.interview_after = self.rng.randint(4, 9)
        self.party = f"{course.provider}-party"
        self.count = 0

    def all(self) -> Iterator[Act]:
        course = self.course
        if course.history:
            yield from self.history()
            return
        yield from self.opening()
        if course.began_on:
            yield from self.wait(course.began_on)
            yield from self.service(course.began_on)
        else:
            yield from self.unbegun()

    # --- words for both ways of telling

    @property
    def in_party(self) -> bool:
        return self.course.path in ("joint", "party")

    def key(self) -> str:
        self.count += 1
        return f"{self.course.key}/{self.count}"

    def tell(self, time: datetime, model: type[Data], /, **fields: Any) -> acts.Publish:
        """PARty tells of its case."""
        of = self.course.key if model is CaseOpened and self.course.path == "joint" else None
        data = model.model_validate({"case_id": CaseId(self.course.case_id), **fields})
        return acts.Publish(at=time, key=self.key(), system=self.party, data=data, of=of)

    def do(self, at: datetime, act: Callable[..., acts.Command], /, **fields: Any) -> acts.Command:
        """The worker does something in the case."""
        return act(at=at, key=self.key(), by=self.worker, case=self.course.handle, **fields)

    def attempt(self, at: datetime, reached: bool, channel: str | None = None) -> Act:
        channel = channel or self.rng.choices(("call", "text-message", "email", "visit"), (7, 3, 1, 1))[0]
        if self.in_party:
            return self.tell(at, ContactAttempted, at=at, channel=channel, reached=reached)
        return self.do(at, acts.Attempt, channel=channel, reached=reached)

    def meet(self, on: date, kind: str) -> Act:
        at = moment(self.rng, on, 15, 16)
        if self.in_party:
            return self.tell(at, MeetingHeld, on=on, kind=kind)
        return self.do(at, acts.Meet, on=on, kind=kind)

    # --- the course

    def opening(self) -> Iterator[Act]:
        course, person = self.course, self.course.person
        at = moment(self.rng, course.asked_on, 8, 11)
        if course.path == "own":
            yield self.do(at, acts.OpenCase, municipality=person.municipality, of=course.service, origin=course.origin,
                          asked_on=course.asked_on)
        if course.is_referred:
            yield acts.Refer(
                at=at, key=self.key(), by=self.case_manager, referral=course.key, municipality=person.municipality,
                birth_year=person.birth_year, to=course.service, need=NEEDS[course.service], name=person.name,
                phone=person.phone)
        if course.path == "joint":
            at = moment(self.rng, later(course.asked_on, 1), 8, 8)
        if self.in_party:
            yield self.tell(
                at, CaseOpened, client=ClientId(person.client), service=course.service,
                municipality=person.municipality, provider=course.provider, origin=course.origin,
                asked_on=course.asked_on, opened_at=at)
        if course.before and course.path != "party":
            yield self.do(moment(self.rng, later(course.asked_on, 1), 14, 14), acts.CameBefore,
                          earlier=course.before.handle)

    def contact_day(self, until: date) -> date:
        """When the client is first called: soon, now and then late."""
        days = max(1, business_days_between(self.course.asked_on, until) - 1)
        first = 1 if self.rng.random() < 0.6 else self.rng.randint(2, 4)
        if self.rng.random() < 0.08:
            first = self.rng.randint(6, 9)
        return later(self.course.asked_on, min(first, days))

    def wait(self, began_on: date) -> Iterator[Act]:
        """From the opening to the booked time; who comes in person is met that day."""
        if business_days_between(self.course.asked_on, began_on) < 2:
            return
        appointment = began_on if self.course.service != "pointti" else self.interview_on(began_on)
        day = self.contact_day(appointment)
        yield from self.reveal(day)
        if self.rng.random() < 0.25 and business_days_between(day, appointment) > 3:
            yield self.attempt(moment(self.rng, day, 12, 12), reached=False)
            day = later(day, self.rng.randint(1, 2))
        at = moment(self.rng, day, 13, 13)
        for_at = moment(self.rng, appointment, 14, 14)
        place = self.rng.choice(PLACES[self.course.service])
        if day >= appointment:
            yield self.attempt(at, reached=True)
        elif self.in_party:
            yield self.attempt(at, reached=True)
            yield self.tell(soon(at, 1), AppointmentBooked, at=for_at, place=place)
        else:
            if self.rng.random() < 0.12 and business_days_between(day, appointment) > 3:
                missed = moment(self.rng, later(day, 2), 9, 11)
                yield self.do(at, acts.Book, for_at=missed, place=place)
                yield self.do(soon(missed, 90), acts.DidNotCome)
                at = soon(missed, 150)
            yield self.do(at, acts.Book, for_at=for_at, place=place)
        if self.course.service == "pointti":
            yield self.meet(appointment, "interview")

    def interview_on(self, began_on: date) -> date:
        days = business_days_between(self.course.asked_on, began_on)
        return later(self.course.asked_on, max(2, min(days - 1, self.interview_after)))

    def reveal(self, day: date) -> Iterator[Act]:
        if self.course.is_referred:
            yield self.do(moment(self.rng, day, 11, 11), acts.Reveal)

    def service(self, began_on: date) -> Iterator[Act]:
        if self.course.service == "pointti":
            yield from self.workshop(began_on)
        else:
            yield from self.meetings(began_on)
        if self.course.ended_on and self.course.outcome:
            yield from self.ending(self.course.ended_on)

    def meetings(self, began_on: date) -> Iterator[Act]:
        coaching = self.course.service == "coaching"
        first = {"coaching": "starter-package", "immigrant-services": "my-team"}.get(self.course.service, "coaching")
        told_late = self.rng.random() < 0.15
        if self.in_party or told_late or not coaching:
            yield self.meet(began_on, first)
        if coaching and self.course.path != "party":
            day = later(began_on, self.rng.randint(1, 3)) if self.in_party or told_late else began_on
            if self.course.ended_on is None or day < self.course.ended_on:
                yield self.do(moment(self.rng, day, 16, 16), acts.Start, on=began_on)
        if self.course.withdrawn_on:  # the service goes on as the client wishes, without the area
            yield self.do(moment(self.rng, self.course.withdrawn_on, 12, 13), acts.WithdrawAtProvider)
        last = self.course.ended_on or date(began_on.year + 3, 1, 1)
        day = began_on
        while True:
            day = _when_open(day + timedelta(days=self.rng.randint(*BETWEEN_MEETINGS)))
            if day >= last:
                return
            three = coaching and self.course.path == "area" and self.rng.random() < 0.06
            if three:
                yield from self.three_party(day)
            yield self.meet(day, "three-party" if three else "coaching")

    def three_party(self, on: date) -> Iterator[Act]:
        """The coach asks some days before, the case manager agrees, now and then to the second proposal."""
        rng, asked_on = Random(f"three-party {self.course.key} {on}"), open_day(on - timedelta(days=16))
        again_on = later(asked_on, 3)
        if self.course.withdrawn_on or later(again_on, 4) >= on:
            return
        starts_at, key = at(on, time(rng.randint(9, 14))), self.course.key
        of = {"by": self.case_manager, "referral": key}
        if rng.random() < 0.25:
            elsewhen = at(later(again_on, 1), time(8))
            yield self.do(moment(rng, asked_on, 9, 11), meeting_acts.AskThreeParty, times=(elsewhen,))
            yield meeting_acts.DeclineThreeParty(
                at=moment(rng, later(asked_on, 1), 9, 11), key=self.key(), reason="time", **of)
            asked_on = again_on
        yield self.do(moment(rng, asked_on, 12, 14), meeting_acts.AskThreeParty, times=(starts_at,))
        agreed_on = later(asked_on, rng.choice((1, 1, 2, 3, 4)))
        yield meeting_acts.AgreeThreeParty(
            at=moment(rng, agreed_on, 9, 14), key=self.key(), starts_at=starts_at, place="lempaala-talo", **of)
        yield meeting_acts.HoldThreeParty(at=moment(rng, on, 17, 17), key=self.key(), **of)

    def workshop(self, began_on: date) -> Iterator[Act]:
        """An eight-week period, with days at a workplace in half of them [3.3]."""
        period_id, ends_on = PeriodId(made_up("period", self.course.key)), began_on + PERIOD
        day = self.interview_on(began_on)
        if self.in_party:
            yield self.tell(moment(self.rng, began_on, 8, 8), PeriodStarted, period_id=period_id, starts_on=began_on,
                            ends_on=ends_on)
        else:
            yield self.do(moment(self.rng, later(day, 1) if later(day, 1) < began_on else began_on, 8, 8),
                          workshop_acts.KeepPlace, starts_on=began_on)
        at = moment(self.rng, began_on, 10, 10)
        if self.in_party:
            yield self.do(at, acts.Start, on=began_on)
        else:
            yield self.do(at, workshop_acts.BeginPeriod, starts_on=began_on)
        if Random(f"tet {self.course.key}").random() < 0.7:
            yield from self.days_at_work(began_on)
        if self.course.ended_on and self.course.period_plan:
            ended_on = min(self.course.ended_on, ends_on)
            at = moment(self.rng, self.course.ended_on, 9, 9)
            if self.in_party:
                yield self.tell(at, PeriodEnded, period_id=period_id, ended_on=ended_on, plan=self.course.period_plan)
            else:
                yield self.do(at, workshop_acts.EndPeriod, ended_on=ended_on, plan=self.course.period_plan)

    def days_at_work(self, began_on: date) -> Iterator[Act]:
        """Three days at a workplace; where both wish to go on, a work trial is proposed and answered [3.3]."""
        rng = Random(f"days at work {self.course.key}")
        tet_id, where = TetId(made_up("tet", self.course.key)), rng.choice(WORKPLACES)
        day = open_day(began_on + timedelta(days=rng.randint(14, 30)))
        first, over = later(day, 3), moment(rng, later(day, 6), 15, 15)
        young_person, workplace = rng.random() < 0.75, rng.random() < 0.75
        if self.in_party:
            fields = {name: value for name, value in where.fields().items() if name != "unit"}
            yield self.tell(moment(rng, day, 9, 9), TetAgreed, tet_id=tet_id, starts_on=first, days=3, **fields)
            yield self.tell(over, TetEnded, tet_id=tet_id, young_person_continues=young_person,
                            workplace_continues=workplace)
        else:
            yield self.do(moment(rng, day, 9, 9), workshop_acts.AgreeTet, starts_on=first, workplace=where)
            yield self.do(
                over, workshop_acts.EndTet, young_person_continues=young_person, workplace_continues=workplace)
        if young_person and workplace:
            yield from self.work_trial(rng, later(day, 6 + rng.randint(1, 3)), began_on + PERIOD, where)

    def work_trial(self, rng: Random, sent_on: date, period_ends_on: date, where: Workplace) -> Iterator[Act]:
        """Through the manager; the case manager answers in a few days."""
        starts_on = open_day(period_ends_on + timedelta(days=rng.randint(1, 14)))
        yield workshop_acts.ProposeTrial(
            at=moment(rng, sent_on, 9, 11), key=self.key(), by=MANAGER, case=self.course.handle, workplace=where,
            starts_on=starts_on, ends_on=starts_on + timedelta(days=rng.choice((28, 56, 84))))
        yield workshop_acts.AnswerTrial(
            at=moment(rng, later(sent_on, rng.randint(1, 4)), 10, 14), key=self.key(), by=self.case_manager,
            referral=self.course.key, declined=rng.choice((None, None, None, "timing", "workplace")))

    def ending(self, ended_on: date) -> Iterator[Act]:
        """The case is closed; of a referral the area is told the day."""
        at = moment(self.rng, ended_on, 11, 12)
        if self.in_party:
            yield self.tell(at, CaseClosed, on=ended_on, outcome=self.course.outcome)
        if not self.in_party or (self.course.path == "joint" and self.course.service in ("coaching", "pointti")):
            late = later(ended_on, self.rng.randint(1, 2)) if self.in_party else ended_on
            yield self.do(moment(self.rng, late, 13, 14), acts.End, on=ended_on, outcome=self.course.outcome)

    # --- what never begins

    def unbegun(self) -> Iterator[Act]:
        course = self.course
        if course.closed_on is None or course.not_begun is None:
            return
        if course.not_begun == "withdrawn":
            yield from self.withdrawn(course.closed_on)
        elif course.not_begun in ("no-capacity", "not-eligible") and course.path == "area":
            yield from self.given_back(course.closed_on)
        else:
            day = self.contact_day(course.closed_on)
            closed_on = self.given_up_on(day) if course.not_begun == "not-reached" else course.closed_on
            yield from self.unreached(day, closed_on)
            at = moment(self.rng, closed_on, 14, 15)
            if self.in_party:
                yield self.tell(at, CaseClosed, on=closed_on, not_begun=course.not_begun)
                if course.path == "joint" and course.service in ("coaching", "pointti"):
                    yield self.do(soon(at, 30), acts.GiveBack, reason="not-started")
            else:
                yield self.do(at, acts.CloseUnbegun, on=closed_on, reason=course.not_begun)
            yield from self.settled(closed_on)

    def given_up_on(self, first: date) -> date:
        """When trying ends that began on a day: in outreach not before the plan's months are over [3.4]."""
        trying = plan.on(first).trying(self.course.service)
        closed_on = self.course.closed_on or first
        return max(closed_on, open_day(after(first, trying.keep_trying_for))) if trying else closed_on

    def unreached(self, day: date, until: date) -> Iterator[Act]:
        """Attempts as often as the plan asks, in outreach by one channel after the other; who declines was reached in
        the end."""
        yield from self.reveal(day)
        trying = plan.on(day).trying(self.course.service)
        channels = cycle(trying.channels if trying else [None])
        declined = self.course.not_begun == "declined"
        step = 10 if self.course.service == "outreach" else 5
        while day < until and not declined:
            yield self.attempt(moment(self.rng, day, 12, 13), reached=False, channel=next(channels))
            day = later(day, self.rng.randint(step - 3, step))
        if declined:
            yield self.attempt(moment(self.rng, min(day, until), 12, 13), reached=True)

    def given_back(self, closed_on: date) -> Iterator[Act]:
        """The provider returns the referral; now and then it was for another service [3.2]."""
        yield from self.reveal(later(self.course.asked_on, 1))
        wrong = self.course.not_begun == "not-eligible" and self.course.service == "coaching"
        right = RightAddress(organisation=self.course.provider, service="ohjaamo") if wrong else None
        yield self.do(moment(self.rng, closed_on, 14, 15), acts.GiveBack,
                      reason="wrong-address" if wrong else self.course.not_begun, right_address=right)
        yield from self.settled(closed_on)

    def settled(self, closed_on: date) -> Iterator[Act]:
        """The case manager tells the client of a return, if the area heard of one."""
        heard = self.course.is_referred and (
            self.course.service in ("coaching", "pointti") or self.course.not_begun in ("no-capacity", "not-eligible"))
        if heard:
            yield acts.SettleReturn(
                at=moment(self.rng, later(closed_on, self.rng.randint(2, 5)), 9, 11), key=self.key(),
                by=self.case_manager, referral=self.course.key)

    def withdrawn(self, on: date) -> Iterator[Act]:
        """The client withdraws, to whichever side; or the case manager takes the referral back."""
        at = moment(self.rng, on, 10, 12)
        if self.in_party:
            yield self.tell(at, WithdrawalTold, told_at=at)
            yield self.tell(soon(at, 5), CaseClosed, on=on, not_begun="withdrawn")
            return
        if self.course.cancelled:
            yield acts.CancelReferral(at=at, key=self.key(), by=self.case_manager, referral=self.course.key)
            return
        yield from self.reveal(later(self.course.asked_on, 1))
        if self.rng.random() < 0.5:
            yield acts.WithdrawAtArea(at=soon(at, 90), key=self.key(), by=self.case_manager, referral=self.course.key)
        else:
            yield self.do(soon(at, 90), acts.WithdrawAtProvider)

    # --- what PARty brings along

    def history(self) -> Iterator[Act]:
        """PARty is connected, and tells of its cases as they are [3.2]; then they go on."""
        course, began_on = self.course, self.course.began_on
        if began_on is None:
            return
        brought = moment(self.rng, self.rng.choice(self.brought_on), 8, 15)
        yield self.tell(
            brought, CaseOpened, client=ClientId(course.person.client), service=course.service,
            municipality=course.person.municipality, provider=course.provider, origin=course.origin,
            asked_on=course.asked_on, opened_at=moment(self.rng, course.asked_on))
        yield self.tell(soon(brought, 1), MeetingHeld, on=began_on, kind="starter-package")
        if course.ended_on and course.ended_on < brought.date():
            yield self.tell(soon(brought, 2), CaseClosed, on=course.ended_on, outcome=course.outcome)
            return
        met_on = open_day(brought.date() - timedelta(days=self.rng.randint(3, 30)))
        if met_on > began_on:
            yield self.tell(soon(brought, 3), MeetingHeld, on=met_on, kind="coaching")
        day = brought.date()
        last = course.ended_on or date(day.year + 3, 1, 1)
        while (day := _when_open(day + timedelta(days=self.rng.randint(*BETWEEN_MEETINGS)))) < last:
            yield self.meet(day, "coaching")
        if course.ended_on:
            yield from self.ending(course.ended_on)


def _when_open(day: date) -> date:
    found = day
    while not is_business_day(found):
        found += timedelta(days=1)
    return open_day(found)

