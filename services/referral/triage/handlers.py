"""What the service corridor does with an inquiry: the same for pages, API and timer.

No audit row: what is kept is about nobody.
"""

from datetime import time

from chassis import calendar, outbox
from chassis.database import Database, Session
from chassis.decisions import NotFound, Refused, decided_or_raise
from chassis.policy import Principal
from contracts.fields import TriageId
from services.referral.triage import domain, store
from services.referral.triage.domain import Channel, Inquiry
from services.referral.triage.store import Count

ROUND = 200
MONTHS = 13
"""How many months are counted: the running one, and the same a year ago."""


async def direct(db: Session, inquiry_id: str, channel: Channel, rule: str, by: Principal) -> Inquiry:
    """Where an inquiry is directed; it can be undone until the next begins. Raises `Refused`: `RuleUnknown`,
    `NotFound` where the id is another organisation's."""
    known = await store.find(db, inquiry_id, by.organisation)
    triage = db.plan.triage
    inquiry, _ = decided_or_raise(domain.direct(
        triage, known, TriageId(inquiry_id), by.organisation or "", channel, rule, db.now))
    if inquiry is not known and not await store.save(db, inquiry):
        raise Refused(NotFound())
    return inquiry


async def undo(db: Session, inquiry_id: str, by: Principal) -> Inquiry:
    """A wrong key was pressed: the inquiry is not counted. Raises `Refused`: `NotFound`, `InquiryIsTold`."""
    inquiry, _ = decided_or_raise(domain.undo(await shown(db, inquiry_id, by)))
    await store.drop(db, inquiry)
    return inquiry


async def finish(db: Session, inquiry_id: str, by: Principal) -> None:
    """The answer holds: it is counted, once, and told. Raises `Refused`: `NotFound`."""
    await _tell(db, await shown(db, inquiry_id, by))


async def shown(db: Session, inquiry_id: str, by: Principal) -> Inquiry:
    """An inquiry of the reader's own organisation. Raises `Refused`: `NotFound`."""
    found = await store.find(db, inquiry_id, by.organisation)
    if found is None:
        raise Refused(NotFound())
    return found


async def tell_those_left(database: Database) -> int:
    """Tells inquiries after which no next one began; how many. For a timer."""
    told = 0
    while True:
        async with database.begin() as db:
            left = await store.untold(db, db.now - domain.CAN_BE_UNDONE_FOR, ROUND)
            for inquiry in left:
                await _tell(db, inquiry)
        told += len(left)
        if len(left) < ROUND:
            return told


async def counts(db: Session) -> list[Count]:
    """How many were directed where in the last months, newest first."""
    return await store.counts(db, calendar.at(calendar.month_start(db.today, 1 - MONTHS), time.min))


async def _tell(db: Session, inquiry: Inquiry) -> None:
    told, events = decided_or_raise(domain.tell(inquiry, db.now))
    if events:
        await store.save(db, told)
        await outbox.add(db, *events)
