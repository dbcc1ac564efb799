"""The API of the workshop: groups and places, periods, TET periods, work trials."""

from datetime import date
from typing import Annotated, Any

from fastapi import Path, Query, Response

from chassis.database import Session
from chassis.web import Db, Routes, Who
from contracts.fields import UUID
from services.coaching import access
from services.coaching.access import INSTRUCTORS, SENDERS
from services.coaching.cases.api import Id, whole
from services.coaching.cases.schemas import EXAMPLE_ID, CaseShown, PeriodEnd
from services.coaching.pointti import handlers, members, schemas, store, tet_handlers
from services.coaching.pointti.schemas import GroupShown, GroupsShown, GroupWhole, MemberShown

routes = Routes("Pointti")
GroupId = Annotated[str, Path(pattern=UUID, description="`group_id`", examples=[EXAMPLE_ID])]
TetId = Annotated[str, Path(pattern=UUID, description="`tet_id`", examples=[EXAMPLE_ID])]


@routes.api(
    "GET", "/api/periods", policy=INSTRUCTORS, scope="cases:read", response_model=GroupsShown,
    summary="List the workshop's groups by their first day",
)
async def list_groups(
    db: Db, who: Who, since: Annotated[date | None, Query(description="Those that end on this day or later.")] = None
) -> Any:
    """Groups of your own organisation, with their free places."""
    found = await store.groups_of(db, access.by(who, db.now).whose.provider, since=since)
    return GroupsShown(groups=[schemas.shown(g) for g in found])


@routes.api(
    "POST", "/api/periods", policy=INSTRUCTORS, scope="cases", status=201, response_model=GroupShown,
    summary="Make a group with a number of places",
)
async def make_group(wanted: schemas.GroupWanted, response: Response, db: Db, who: Who) -> Any:
    """It lasts as long as the plan says, holidays included."""
    made = await handlers.make_group(db, access.by(who, db.now), wanted.first_day, wanted.places)
    response.headers["Location"] = f"{db.settings.prefix_path}/api/periods/{made.group_id}"
    return schemas.shown(made)


@routes.api(
    "GET", "/api/periods/{group_id}", policy=INSTRUCTORS, scope="cases:read", response_model=GroupWhole,
    summary="One group with its places",
)
async def show_group(group_id: GroupId, db: Db, who: Who) -> Any:
    """Who has or had a place, by number."""
    return await _whole(db, group_id, who)


@routes.api(
    "POST", "/api/periods/{group_id}/change", policy=INSTRUCTORS, scope="cases", response_model=GroupWhole,
    summary="Change a group's first day or number of places",
)
async def change_group(group_id: GroupId, wanted: schemas.GroupWanted, db: Db, who: Who) -> Any:
    """Never fewer places than are taken; the days stay once the period has begun for somebody."""
    await handlers.change_group(db, group_id, access.by(who, db.now), wanted.first_day, wanted.places)
    return await _whole(db, group_id, who)


@routes.api(
    "POST", "/api/periods/{group_id}/removal", policy=INSTRUCTORS, scope="cases", status=204,
    summary="Remove a group that nobody had a place in",
)
async def remove_group(group_id: GroupId, db: Db, who: Who) -> None:
    """A group that was made by mistake."""
    await handlers.remove_group(db, group_id, access.by(who, db.now))


@routes.api(
    "POST", "/api/periods/{group_id}/beginning", policy=INSTRUCTORS, scope="cases", response_model=GroupWhole,
    summary="The period begins for those who came",
)
async def begin_group(group_id: GroupId, begins: schemas.GroupBegins, db: Db, who: Who) -> Any:
    """The first period begins the service of each; with `tell` the employment area learns the day, nothing else."""
    await handlers.begin_group(db, group_id, access.by(who, db.now), begins.on, begins.came, begins.tell)
    return await _whole(db, group_id, who)


@routes.api(
    "POST", "/api/cases/{case_id}/place", policy=INSTRUCTORS, scope="cases", response_model=CaseShown,
    summary="Keep a place in a group, or move to another",
)
async def keep_place(case_id: Id, wanted: schemas.PlaceWanted, db: Db, who: Who) -> Any:
    """An interview comes first. In a group that has begun the period begins today."""
    return await whole(db, await handlers.keep_place(db, case_id, access.by(who, db.now), wanted.group_id))


@routes.api(
    "POST", "/api/cases/{case_id}/place/leaving", policy=INSTRUCTORS, scope="cases", response_model=CaseShown,
    summary="Give a place up before the period begins",
)
async def leave_place(case_id: Id, db: Db, who: Who) -> Any:
    """The place is free again, and the young person waits for another."""
    return await whole(db, await handlers.leave_place(db, case_id, access.by(who, db.now)))


@routes.api(
    "POST", "/api/cases/{case_id}/periods/end", policy=INSTRUCTORS, scope="cases", response_model=CaseShown,
    summary="The period that runs ends with a plan",
)
async def end_period(case_id: Id, ended: PeriodEnd, db: Db, who: Who) -> Any:
    """The plan becomes a figure when the case ends; the employment area learns nothing of it."""
    return await whole(db, await handlers.end_period(
        db, case_id, access.by(who, db.now), ended.ended_on, ended.plan))


@routes.api(
    "POST", "/api/cases/{case_id}/tets", policy=INSTRUCTORS, scope="cases", response_model=CaseShown,
    summary="Agree a TET period",
)
async def agree_tet(case_id: Id, wanted: schemas.TetWanted, db: Db, who: Who) -> Any:
    """Within the period that runs. While one waits to be recorded, this replaces its days and workplace."""
    return await whole(db, await tet_handlers.agree_tet(
        db, case_id, access.by(who, db.now), wanted.starts_on, wanted.workplace))


@routes.api(
    "POST", "/api/cases/{case_id}/tets/{tet_id}/end", policy=INSTRUCTORS, scope="cases", response_model=CaseShown,
    summary="Record what both wish after a TET period",
)
async def end_tet(case_id: Id, tet_id: TetId, over: schemas.TetOver, db: Db, who: Who) -> Any:
    """Where both wish to go on, the manager has a work trial to propose; else the employment area hears nothing."""
    return await whole(db, await tet_handlers.end_tet(
        db, case_id, access.by(who, db.now), tet_id, over.young_person_continues, over.workplace_continues))


@routes.api(
    "POST", "/api/cases/{case_id}/tets/{tet_id}/proposal", policy=SENDERS, scope="cases", response_model=CaseShown,
    summary="Propose a work trial to the employment area",
)
async def propose(case_id: Id, tet_id: TetId, wanted: schemas.ProposalWanted, db: Db, who: Who) -> Any:
    """Through the manager alone, and only with the young person's consent. The case manager answers."""
    return await whole(db, await tet_handlers.propose(
        db, case_id, access.by(who, db.now), tet_id, wanted.starts_on, wanted.ends_on, wanted.workplace,
        wanted.young_person_agrees, wanted.sent_by))


@routes.api(
    "POST", "/api/cases/{case_id}/tets/{tet_id}/proposal/unsent", policy=SENDERS, scope="cases",
    response_model=CaseShown, summary="Leave a work trial's proposal unsent",
)
async def leave_unsent(case_id: Id, tet_id: TetId, unsent: schemas.ProposalUnsent, db: Db, who: Who) -> Any:
    """Why stays on the municipal side."""
    return await whole(db, await tet_handlers.leave_unsent(
        db, case_id, access.by(who, db.now), tet_id, unsent.reason, unsent.left_by))


async def _whole(db: Session, group_id: str, who: Who) -> GroupWhole:
    seen = await members.of_group(db, group_id, access.by(who, db.now))
    return GroupWhole(
        **schemas.shown(seen.group).model_dump(),
        members=[MemberShown(case_id=m.case.id, number=m.case.number, state=m.place.state) for m in seen.members],
    )
