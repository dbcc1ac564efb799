"""Who is in the workshop's groups, and who waits: as pages and API show it, by number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from chassis.database import Session
from chassis.decisions import NotFound, Refused
from contracts.events.casework import MeetingHeld
from services.coaching.cases import store as cases
from services.coaching.cases.courses import Status
from services.coaching.cases.domain import Case
from services.coaching.cases.handlers import By
from services.coaching.pointti import store
from services.coaching.pointti.courses import Place, PlaceState, place, places
from services.coaching.pointti.domain import Group


@dataclass(frozen=True)
class Member:
    """A young person with a place in the group."""

    case: Case
    place: Place


@dataclass(frozen=True)
class Whole:
    """A group with everybody who has or had a place in it; those who left it aside."""

    group: Group
    members: Sequence[Member]

    def having(self, *states: PlaceState) -> Sequence[Member]:
        return [m for m in self.members if m.place.state in states]


@dataclass(frozen=True)
class Waiting:
    """A young person who waits for a place since the interview."""

    case: Case
    since: date


async def of_group(db: Session, group_id: str, by: By) -> Whole:
    """A provider's group, to be looked at. Raises `Refused` (`NotFound`)."""
    group = await store.find_group(db, group_id)
    if group is None or group.provider != by.whose.provider:
        raise Refused(NotFound())
    having = tuple(state for state in PlaceState if state is not PlaceState.LEFT)
    found = await cases.every(db, await store.cases_in(db, group_id, having), by.whose)
    return Whole(group, [
        Member(case, each) for case in found for each in places(case.course)
        if each.group_id == group_id and each.state in having
    ])


async def waiting(db: Session, by: By) -> Sequence[Waiting]:
    """Who was interviewed and waits for a first place, in order of interview."""
    found = [
        Waiting(case, min(m.on for m in case.course.told(MeetingHeld)))
        for case in await cases.in_workshop(db, by.whose, Status.INTERVIEWED) if place(case.course) is None
    ]
    return sorted(found, key=lambda each: (each.since, each.case.number))


async def outside_groups(db: Session, by: By) -> Sequence[Case]:
    """Who is in a period that another system told, in no group of ours."""
    return [case for case in await cases.in_workshop(db, by.whose, Status.RUNNING) if place(case.course) is None]
