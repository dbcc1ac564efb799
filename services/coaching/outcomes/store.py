"""The links between people and their pseudonyms, kept here alone and deleted when their year is final."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

import orjson
from sqlalchemy import Column, Integer, MetaData, Table, Text, Uuid, delete, select, text, update
from sqlalchemy.dialects.postgresql import insert

from chassis.database import Session
from contracts.envelope import Data
from contracts.fields import new_pseudonym
from contracts.topics import TOPICS
from services.coaching.cases.domain import Case
from services.coaching.outcomes.domain import Told

metadata = MetaData()
Id = Uuid(as_uuid=False)
EVENTS: dict[str, type[Data]] = {m.__name__: m for m in TOPICS["municipal.outcomes.v1"].models}

persons = Table("persons", metadata, Column("client", Id, primary_key=True), Column("person", Id, nullable=False))
year_clients = Table(
    "year_clients", metadata,
    Column("person", Id, primary_key=True),
    Column("year", Integer, primary_key=True),
    Column("client", Id, nullable=False),
)
spells = Table(
    "spells", metadata,
    Column("case_id", Id, primary_key=True),
    Column("year", Integer, primary_key=True),
    Column("spell_id", Id, nullable=False),
    Column("client", Id, nullable=False),
)
told_outcomes = Table(
    "told_outcomes", metadata,
    Column("case_id", Id, primary_key=True),
    Column("year", Integer, primary_key=True),
    Column("event", Text, primary_key=True),
    Column("data", Text, nullable=False),
)


_NOT_TOLD = text(
    "select case_id from cases c where asked_on < :new_year and (closed_on is null or closed_on >= :new_year) "
    "and not untold and not exists (select from told_outcomes t where t.case_id = c.case_id and t.year = :year) "
    "order by case_id limit :limit"
)


async def clients_of_person(db: Session, client: str) -> Collection[str]:
    """All clients of the registers that are the same person as this one."""
    person = select(persons.c.person).where(persons.c.client == client).scalar_subquery()
    return (await db.execute(select(persons.c.client).where(persons.c.person == person))).scalars().all()


async def person_of(db: Session, client: str) -> str:
    """The person that a client of a register is; a new one where nobody said otherwise."""
    await db.execute(insert(persons).values(client=client, person=new_pseudonym()).on_conflict_do_nothing())
    return str((await db.execute(select(persons.c.person).where(persons.c.client == client))).scalar_one())


async def same_person(db: Session, one: str, other: str) -> None:
    """Two clients turn out to be one person: from now on they have one pseudonym a year.

    What was told before under another stays under it: a spell never changes its ids.
    """
    stays, leaves = await person_of(db, one), await person_of(db, other)
    if stays == leaves:
        return
    await db.execute(update(persons).where(persons.c.person == leaves).values(person=stays))
    known = select(year_clients.c.year).where(year_clients.c.person == stays)
    await db.execute(delete(year_clients).where(year_clients.c.person == leaves, year_clients.c.year.in_(known)))
    await db.execute(update(year_clients).where(year_clients.c.person == leaves).values(person=stays))


async def pseudonyms(db: Session, case: Case, year: int) -> tuple[str, str]:
    """Client and spell of a case in a calendar year: random, made when first needed."""
    known = select(spells.c.client, spells.c.spell_id).where(spells.c.case_id == case.id, spells.c.year == year)
    if found := (await db.execute(known)).first():
        return found.client, found.spell_id
    person = await person_of(db, case.client)
    await db.execute(insert(year_clients).values(person=person, year=year, client=new_pseudonym())
                     .on_conflict_do_nothing())
    client = (await db.execute(
        select(year_clients.c.client).where(year_clients.c.person == person, year_clients.c.year == year)
    )).scalar_one()
    spell = new_pseudonym()
    await db.execute(insert(spells).values(case_id=case.id, year=year, spell_id=spell, client=client))
    return client, spell


async def told(db: Session, case: Case) -> Told:
    """What was told of a case in years that are not final."""
    rows = await db.execute(select(told_outcomes).where(told_outcomes.c.case_id == case.id))
    return {(row.year, EVENTS[row.event]): row.data for row in rows}


async def note_told(db: Session, case: Case, year: int, data: Data) -> None:
    values = {"case_id": case.id, "year": year, "event": type(data).__name__, "data": spelled(data)}
    await db.execute(insert(told_outcomes).values(values).on_conflict_do_update(
        index_elements=["case_id", "year", "event"], set_={"data": values["data"]}))


async def forget_told(db: Session, case: Case, year: int, model: type[Data]) -> None:
    """What was taken back counts as never told."""
    await db.execute(delete(told_outcomes).where(
        told_outcomes.c.case_id == case.id, told_outcomes.c.year == year, told_outcomes.c.event == model.__name__))


def spelled(data: Data) -> str:
    """Data as it is compared with what was told before."""
    return orjson.dumps(data.model_dump(mode="json", exclude_none=True), option=orjson.OPT_SORT_KEYS).decode()


async def not_told_in(db: Session, year: int, limit: int) -> Sequence[str]:
    """Cases that came before a year, were open on its 1 January, and of which nothing is told in it yet."""
    found = await db.execute(_NOT_TOLD, {"new_year": date(year, 1, 1), "year": year, "limit": limit})
    return [str(each) for each in found.scalars()]


async def delete_links(db: Session, before_year: int) -> int:
    """Deletes the links of years that are final; how many. Nobody can link their events to a person any more."""
    gone = 0
    for table in (told_outcomes, spells, year_clients):
        result: Any = await db.execute(delete(table).where(table.c.year < before_year))
        gone += result.rowcount
    return gone


async def forget_person(db: Session, client: str) -> None:
    """An erasure request: the person's links are deleted at once, and nothing more is told of their cases."""
    clients = list(await clients_of_person(db, client)) or [client]
    person = await person_of(db, client)
    case_ids = (await db.execute(text("select case_id from cases where client = any(cast(:clients as uuid[]))"),
                                 {"clients": clients})).scalars().all()
    for table in (told_outcomes, spells):
        await db.execute(delete(table).where(table.c.case_id.in_(case_ids)))
    await db.execute(delete(year_clients).where(year_clients.c.person == person))
    await db.execute(delete(persons).where(persons.c.person == person))
    await db.execute(text("update cases set untold = true where client = any(cast(:clients as uuid[]))"),
                     {"clients": clients})
