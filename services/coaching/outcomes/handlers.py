"""Outcomes go out when a case changes and when a year turns; the links go when the year is final."""

from collections.abc import Sequence
from datetime import date, datetime, time

from chassis import audit, calendar, outbox
from chassis.audit import Actor
from chassis.calendar import helsinki_day
from chassis.database import Database, Session
from chassis.decisions import Refused
from contracts import plan
from contracts.events.outcomes import ServiceContinuedInError
from services.coaching.cases import store as cases
from services.coaching.cases.domain import Case
from services.coaching.cases.refusals import YearClosed
from services.coaching.outcomes import domain, store

ROUND = 100
"""Cases that one transaction tells of at the turn of a year."""


def first_open_year(today: date) -> int:
    """The earliest year that is not final yet; of earlier ones the pseudonyms are gone."""
    year = today.year
    while today <= plan.final_on(year - 1):
        year -= 1
    return year


def check_open(day: date, today: date) -> None:
    """Raises `Refused` (`year-closed`) where a fact's day lies in a year that is final."""
    if day.year < first_open_year(today):
        raise Refused(YearClosed())


async def tell(db: Session, case: Case) -> None:
    """Publishes what changed in the years of a case that are begun and not final, each under its own ids.

    `time` is the beginning of the day: nothing in an outcome says at which moment of the day a case changed.
    """
    if case.untold:
        return
    today = db.today
    began_on = case.course.began_on()
    new_client = began_on is None or not await cases.began_before(
        db, case, await store.clients_of_person(db, case.client), began_on)
    tellings = list(domain.tellings(case, new_client, range(first_open_year(today), today.year + 1)))
    told = await store.told(db, case)
    for wrong, back in domain.taken_back(told, tellings):
        await store.forget_told(db, case, back.year, wrong)
        await _publish(db, case, back)
    for telling in tellings:
        await _publish(db, case, telling, told.get((telling.year, telling.model)))


async def _publish(db: Session, case: Case, telling: domain.Telling, told: str | None = None) -> None:
    data = telling.under(*await store.pseudonyms(db, case, telling.year))
    if told == store.spelled(data):
        return
    if telling.model is not ServiceContinuedInError:
        await store.note_told(db, case, telling.year, data)
    await outbox.add(db, data, time=beginning_of_day(db.now))


def beginning_of_day(moment: datetime) -> datetime:
    return calendar.at(helsinki_day(moment), time.min)


async def turn_of_year(database: Database) -> int:
    """After each 1 January what is open goes on under the new year's ids, once; how many cases were told of."""
    told = 0
    before: Sequence[str] = ()
    while True:
        async with database.begin() as db:
            ids = await store.not_told_in(db, db.today.year, ROUND)
            for case_id in ids:
                await tell(db, await cases.case(db, case_id))
        if not ids or ids == before:
            return told
        told, before = told + len(ids), ids


async def forget_person(db: Session, client: str, by: Actor, about: str) -> None:
    """An erasure request [events.md, Pseudonyms]: the person's links go at once, their events stay as statistics
    without a person, and nothing more is told of their cases."""
    await store.forget_person(db, client)
    await audit.changed(db, "case", about, by, "erase-links")


async def forget_final_years(database: Database) -> int:
    """Deletes the links of years that are final; how many rows."""
    async with database.begin() as db:
        return await store.delete_links(db, first_open_year(db.today))
