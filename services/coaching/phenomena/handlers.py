"""What outreach workers do with the month's observations, and what time does: each month is asked for once."""

from collections.abc import Mapping
from datetime import date

from chassis import audit, obligations, outbox
from chassis.calendar import month_start
from chassis.database import Database, Session
from chassis.decisions import NotFound, Refused, decided_or_raise
from chassis.policy import Principal
from contracts import plan
from contracts.plan import Plan
from services.coaching.phenomena import domain, store
from services.coaching.phenomena.domain import ABOUT, KIND, Sheet

SERVICE = "outreach"


def municipalities(organisation: str, rules: Plan) -> list[str]:
    """Whose young people an organisation's outreach is for: each municipality has its own [4.1]."""
    return [code for code, provider in rules.services[SERVICE].providers.items()
            if provider.organisation == organisation]


async def read(
    db: Session, by: Principal, municipality: str, month: date, *, for_update: bool = False
) -> Sheet:
    """One month of one's own municipality. Raises `Refused` (`not-found`) for another's."""
    if municipality not in municipalities(by.organisation or "", db.plan):
        raise Refused(NotFound())
    return await store.sheet(db, municipality, month, for_update=for_update)


async def observe(
    db: Session, by: Principal, municipality: str, month: date, counts: Mapping[str, int]
) -> Sheet:
    """The month's observations are recorded; a later recording replaces them [3.4]."""
    before = await read(db, by, municipality, month, for_update=True)
    today = db.today
    after, events = decided_or_raise(domain.observe(before, today, counts, plan.on(today).codes["phenomenon"]), before)
    await store.save(db, after, by.id)
    await outbox.add(db, *events)
    if after.over_recorded:
        await obligations.meet(db, KIND, ABOUT, after.about_id)
    await audit.changed(db, ABOUT, after.about_id, by, "record-phenomena")
    return after


async def ask_for_months(database: Database) -> int:
    """Opens the obligation of each month that is over and was not asked for yet; how many. None of a time before
    anybody had turned to the provider."""
    opened = 0
    async with database.begin() as db:
        today = db.today
        rules = plan.on(today)
        providers = {m: p.organisation for m, p in rules.services[SERVICE].providers.items()}
        for municipality, provider in providers.items():
            last = await store.last_asked(db, municipality)
            month = month_start(last, 1) if last else month_start(today, -1)
            while month_start(month, 1) <= today:
                if await store.has_worked(db, provider, SERVICE, month_start(month, 1)):
                    opened += await _ask(db, await store.sheet(db, municipality, month, for_update=True), provider)
                month = month_start(month, 1)
    return opened


async def _ask(db: Session, sheet: Sheet, provider: str) -> bool:
    if not await store.note_asked(db, sheet) or not domain.MONTHS.owes.get(sheet.status):
        return False
    await obligations.open_(
        db, KIND, ABOUT, sheet.about_id, owner_organisation=provider, service=SERVICE,
        municipality=sheet.municipality, begins=month_start(sheet.month, 1))
    return True
