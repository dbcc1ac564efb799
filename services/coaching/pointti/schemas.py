"""What the workshop's API takes and gives."""

from datetime import date

from pydantic import BaseModel, Field

from contracts.events.coaching import WorkplaceKind
from contracts.fields import CaseId, Code, StaffId, UnitCode
from services.coaching.cases.schemas import EXAMPLE_ID, Body, example
from services.coaching.pointti.courses import PlaceState
from services.coaching.pointti.domain import Group
from services.coaching.pointti.tets import Workplace


class GroupWanted(Body):
    """A period as a group; it lasts as long as the plan says."""

    first_day: date
    places: int = Field(ge=1, le=200, description="How many young people it takes.")

    model_config = example(first_day="2027-01-11", places=8)


class PlaceWanted(Body):
    """A place in a group, in the place of one in another."""

    group_id: CaseId = Field(description="The group's id.", examples=[EXAMPLE_ID])


class GroupBegins(Body):
    """Who came, and whether the employment area is told that their service began."""

    on: date
    came: list[CaseId] = Field(min_length=1, max_length=200, description="`case_id`s of those who came.")
    tell: bool = Field(True, description="Tells the employment area the day, of those of whom it was not told.")

    model_config = example(on="2027-01-11", came=[EXAMPLE_ID], tell=True)


class TetWanted(Body):
    """A TET period of the plan's length: at a municipal unit, or at a company."""

    starts_on: date
    workplace_kind: WorkplaceKind
    unit: UnitCode | None = Field(None, description="Of a municipal unit: a code of the plan (`unit`).")
    business_id: str | None = Field(None, max_length=20, description="Of a company.")

    model_config = example(starts_on="2027-02-02", workplace_kind="municipal-unit", unit="library")

    @property
    def workplace(self) -> Workplace:
        return Workplace(self.workplace_kind, self.unit, self.business_id)


class TetOver(Body):
    """Whether each wishes to go on."""

    young_person_continues: bool
    workplace_continues: bool

    model_config = example(young_person_continues=True, workplace_continues=True)


class ProposalWanted(Body):
    """A work trial, as the manager has checked it: nothing else goes to the employment area."""

    starts_on: date
    ends_on: date
    workplace_kind: WorkplaceKind
    unit: UnitCode | None = None
    business_id: str | None = Field(None, max_length=20)
    young_person_agrees: bool = Field(description="Without the young person's consent nothing is sent.")
    sent_by: StaffId = Field(description="The employment and integration manager, whom it goes through.")

    model_config = example(
        starts_on="2027-03-08", ends_on="2027-05-07", workplace_kind="municipal-unit", unit="library",
        young_person_agrees=True, sent_by="leena-kokeilu")

    @property
    def workplace(self) -> Workplace:
        return Workplace(self.workplace_kind, self.unit, self.business_id)


class ProposalUnsent(Body):
    """Why the manager leaves a proposal unsent: kept on the municipal side."""

    reason: Code = Field(description="A code of the plan (`unsent-reason`).")
    left_by: StaffId = Field(description="The employment and integration manager.")

    model_config = example(reason="young-person-declined", left_by="leena-kokeilu")


class GroupShown(BaseModel):
    """A period as a group. Whose places they are stands in the cases."""

    group_id: str = Field(examples=[EXAMPLE_ID])
    first_day: date
    last_day: date
    places: int
    free: int


class GroupsShown(BaseModel):
    groups: list[GroupShown]


class MemberShown(BaseModel):
    case_id: str = Field(examples=[EXAMPLE_ID])
    number: str = Field(examples=["2026-0412"])
    state: PlaceState


class GroupWhole(GroupShown):
    """A group with those who have or had a place in it, by number."""

    members: list[MemberShown]


def shown(group: Group) -> GroupShown:
    return GroupShown(group_id=group.group_id, first_day=group.first_day, last_day=group.last_day,
                      places=group.places, free=group.free)
