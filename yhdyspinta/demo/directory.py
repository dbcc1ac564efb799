"""The demo's staff and the plan's seats, told to the directory through notify's own acts."""

from collections.abc import Iterator
from datetime import date, timedelta

from chassis.database import Database
from contracts import plan
from contracts.events.directory import SeatFilled, StaffListed
from contracts.fields import StaffId
from contracts.plan import Plan
from services.notify import handlers
from yhdyspinta.demo.people import PEOPLE, Person, holders

MAILBOXES = {("lempaala", "workshop-instructor", "pointti"): "pointti@lempaala.invalid"}
"""Seats with an address of their own [3.3]."""


AWAY, AWAY_FOR = "laura-kokeilu", timedelta(days=4)
"""Who is away when the demo begins, so that there is a substitute to be."""


async def fill(database: Database, began: date) -> None:
    """Lists everybody and fills every seat; what is there as it should be is not told again. `began`: the demo's
    first day."""
    async with database.begin() as db:
        for person in PEOPLE:
            await handlers.list_person(db, listed(person), person.email)
        for seat in seats(plan.ALL[-1]):
            if seat.holder == AWAY and seat.group is None:
                seat = seat.model_copy(update={"away_until": began + AWAY_FOR})
            await handlers.fill_seat(db, seat, MAILBOXES.get((seat.organisation, seat.role, seat.service or "")))


def listed(person: Person) -> StaffListed:
    return StaffListed(
        staff_id=StaffId(person.id), name=person.name, organisation=person.organisation, roles=person.roles,
        language=person.language)  # type: ignore[arg-type] # the demo's people speak fi, sv or en


def seats(rules: Plan) -> Iterator[SeatFilled]:
    """A seat for each role of each organisation, for services with a mailbox, and for each member of a group."""
    for role, described in rules.roles.items():
        for organisation in described.organisations:
            if holders(organisation, role):
                yield _seat(organisation, role)
    for organisation, role, service in MAILBOXES:
        yield _seat(organisation, role, service=service)
    for group, made_of in rules.groups.items():
        for member in made_of.seats:
            instead = [p for other in member.substitutes for p in holders(member.organisation, other)]
            yield _seat(member.organisation, member.role, group=group, instead=instead)


def _seat(
    organisation: str, role: str, *, service: str | None = None, group: str | None = None,
    instead: list[Person] | None = None,
) -> SeatFilled:
    """The first who has the role holds the seat; the others substitute, or in a group whom the plan names."""
    first, *others = holders(organisation, role)
    substitutes = others if instead is None else [p for p in instead if p is not first]
    return SeatFilled(
        organisation=organisation, role=role, service=service, group=group, holder=StaffId(first.id),
        substitutes=tuple(StaffId(p.id) for p in substitutes))
