"""What happens in Pointti in the demo's year: places, periods, TET periods and work trials [3.3]."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from chassis.database import Session
from contracts.events.casework import PlanAfter
from services.coaching.cases import store as case_store
from services.coaching.cases.handlers import By
from services.coaching.pointti import handlers as pointti
from services.coaching.pointti import store as pointti_store
from services.coaching.pointti import tet_handlers as tets
from services.coaching.pointti.courses import TetState, open_tet
from services.coaching.pointti.tets import Workplace
from services.coaching.pointti.tets import waiting as tets_waiting
from services.referral.work_trials import handlers as trials
from services.referral.work_trials import store as trial_store
from yhdyspinta.demo.acts import Handles, InCase, OfReferral

PLACES_IN_GROUP = 14
"""How many young people a group of the demo's workshop takes."""


@dataclass(frozen=True, kw_only=True)
class KeepPlace(InCase):
    """The young person gets a place in the group that begins on a day [3.3]."""

    starts_on: date

    async def act(self, db: Session, case_id: str, by: By) -> None:
        await pointti.keep_place(db, case_id, by, await group_of(db, by, self.starts_on))


@dataclass(frozen=True, kw_only=True)
class BeginPeriod(InCase):
    """The young person came on the group's first day; the area is told that the service began [3.2, 3.3]."""

    starts_on: date

    async def act(self, db: Session, case_id: str, by: By) -> None:
        group_id = await group_of(db, by, self.starts_on)
        await pointti.begin_group(db, group_id, by, self.starts_on, [case_id], True)


@dataclass(frozen=True, kw_only=True)
class AgreeTet(InCase):
    starts_on: date
    workplace: Workplace

    async def act(self, db: Session, case_id: str, by: By) -> None:
        await tets.agree_tet(db, case_id, by, self.starts_on, self.workplace)


@dataclass(frozen=True, kw_only=True)
class EndTet(InCase):
    young_person_continues: bool
    workplace_continues: bool

    async def act(self, db: Session, case_id: str, by: By) -> None:
        tet = open_tet((await case_store.case(db, case_id, by.whose)).course)
        if tet is None:
            raise LookupError(self.case)
        await tets.end_tet(db, case_id, by, tet.id, self.young_person_continues, self.workplace_continues)


@dataclass(frozen=True, kw_only=True)
class ProposeTrial(InCase):
    """The manager sends the proposal of a work trial [3.3]."""

    workplace: Workplace
    starts_on: date
    ends_on: date

    async def act(self, db: Session, case_id: str, by: By) -> None:
        waiting = tets_waiting(await case_store.case(db, case_id, by.whose), (TetState.TO_SEND,))
        if not waiting:
            raise LookupError(self.case)
        await tets.propose(
            db, case_id, by, waiting[0].id, self.starts_on, self.ends_on, self.workplace, True)


@dataclass(frozen=True, kw_only=True)
class AnswerTrial(OfReferral):
    """The case manager answers a proposed work trial; `declined` is why not [3.3]."""

    declined: Literal["timing", "workplace", "not-possible"] | None = None

    async def do(self, db: Session, handles: Handles) -> str:
        referral_id = handles[self.referral].id
        waiting = [p for p in await trial_store.of_referral(db, referral_id) if p.accepted is None]
        if not waiting:
            raise LookupError(self.referral)
        await trials.answer(db, referral_id, waiting[0].id, self.declined is None, self.declined, self.who)
        return ""


@dataclass(frozen=True, kw_only=True)
class EndPeriod(InCase):
    ended_on: date
    plan: PlanAfter

    async def act(self, db: Session, case_id: str, by: By) -> None:
        await pointti.end_period(db, case_id, by, self.ended_on, self.plan)


async def group_of(db: Session, by: By, first_day: date) -> str:
    """The workshop's group that begins on a day; made where there is none."""
    found = await pointti_store.groups_of(db, by.whose.provider, since=first_day, until=first_day)
    group = next((g for g in found if g.first_day == first_day), None)
    return (group or await pointti.make_group(db, by, first_day, PLACES_IN_GROUP)).group_id
