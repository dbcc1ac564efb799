"""What happens to the client situation: a timer opens each month, the manager tells of it, as page or API."""

from collections.abc import Mapping
from dataclasses import dataclass

from chassis import audit, calendar, obligations, outbox
from chassis.calendar import helsinki_day
from chassis.database import Database, Session
from chassis.decisions import NotFound, Refused, decided_or_raise
from chassis.obligations import Obligation
from chassis.policy import Principal
from contracts.plan import Plan
from services.coaching import directory
from services.coaching.client_situation import domain, store
from services.coaching.client_situation.domain import Counts, Report, Situation
from services.coaching.pointti import store as pointti
from services.coaching.pointti.handlers import SERVICE

REPORT, ABOUT = "report-client-situation", "client-situation"


@dataclass(frozen=True)
class Wish:
    """What the manager sends. `residents` None: as counted; `seen`: the revision on which the manager looked."""

    free_places: int | None
    more_referrals_wanted: bool
    reported_by: str
    residents: Mapping[str, Counts] | None = None
    seen: int | None = None


async def situation(db: Session, by: Principal, service: str, month: str, *, for_update: bool = False) -> Situation:
    """A month of a service of one's own. Raises `Refused` with `NotFound`, also for a month before the first case."""
    provider, rules = by.organisation or "", db.plan
    if service not in domain.services_of(rules, provider):
        raise Refused(NotFound())
    since = await store.known_since(db, provider, service)
    if since is None or not calendar.month_of(helsinki_day(since)) <= month <= calendar.month_of(db.today):
        raise Refused(NotFound())
    if for_update:
        await store.open_month(db, provider, service, month)
    told = await store.report(db, provider, service, month, for_update=for_update)
    served = domain.served(rules, provider, service)
    return Situation(provider, service, month, await store.counted(db, provider, service, month, served), told)


async def free_places(db: Session, of: Situation) -> int | None:
    """How many places the system knows to be free; None: the service has none that are counted [3.3]."""
    return await pointti.free_places(db, of.provider, db.today) if of.service == SERVICE else None


@dataclass(frozen=True)
class Month:
    """A month that is or was to be told of: what was told last, and what the ledger has of it."""

    service: str
    month: str
    report: Report | None
    owed: Obligation | None


async def months(db: Session, by: Principal) -> list[Month]:
    """The months of one's own services, newest first."""
    provider, rules = by.organisation or "", db.plan
    waiting = await obligations.waiting(db, organisation=provider, roles=[rules.client_situation.reported_by.role])
    owed = {each.about_id: each for each in waiting if each.kind == REPORT}
    return [
        Month(service, month, told, owed.get(Situation(provider, service, month).id))
        for service in domain.services_of(rules, provider)
        for month, told in (await store.opened(db, provider, service)).items()
    ]


async def report(db: Session, by: Principal, service: str, month: str, wish: Wish) -> Situation:
    """The manager tells the employment area of a month [3.2]: ClientSituationReported, and the obligation is met.

    Raises `Refused`: `NotFound`, `NotTheManager`, and as `domain.report`.
    """
    before = await situation(db, by, service, month, for_update=True)
    rules = db.plan
    if wish.reported_by != by.id and wish.reported_by not in dict(
        await directory.in_role(db, before.provider, rules.client_situation.reported_by.role)
    ):
        raise Refused(domain.NotTheManager())
    told = Report(
        before.counted if wish.residents is None else wish.residents, wish.free_places, wish.more_referrals_wanted,
        wish.reported_by, db.now,
    )
    now, events = decided_or_raise(
        domain.report(before, told, wish.seen, db.today, rules.figures.threshold))
    if now.report:
        await store.save(db, now.provider, service, month, now.report)
    await outbox.add(db, *events)
    await obligations.meet(db, REPORT, ABOUT, now.id)
    await audit.changed(db, ABOUT, now.id, by, REPORT)
    return now


async def open_months(database: Database) -> int:
    """Opens, for each service, the months that are over and not open yet, with the manager's obligation; how many.

    Nothing is opened for months before the service had a case. Where none was opened before, the last month alone is.
    """
    count = 0
    async with database.begin() as db:
        rules = db.plan
        provider = rules.client_situation.reported_by.organisation
        for service in domain.services_of(rules, provider):
            since = await store.known_since(db, provider, service)
            if since is None:
                continue
            there = await store.opened(db, provider, service)
            last = calendar.month_of(calendar.month_start(db.today, -1))
            first = max(min(there, default=last), calendar.month_of(helsinki_day(since)))
            for month in calendar.months(first, last):
                if month not in there:
                    count += await _open(db, rules, provider, service, month)
    return count


async def _open(db: Session, rules: Plan, provider: str, service: str, month: str) -> bool:
    if not await store.open_month(db, provider, service, month):
        return False
    due = calendar.deadline(calendar.last_day_of(month), rules.client_situation.due_after_month)
    await obligations.open_(
        db, REPORT, ABOUT, Situation(provider, service, month).id, owner_organisation=provider,
        owner_role=rules.client_situation.reported_by.role, service=service, due_at=due,
    )
    return True
