"""What is forgotten when the plan's time is over: closed cases with their referrals, and obligations of theirs."""

from sqlalchemy import text

from chassis import calendar, obligations, retention
from chassis.calendar import before
from chassis.database import Database, Session
from chassis.retention import Kept, older
from contracts import plan
from contracts.fields import DataClass

ROUND = 200
_BY, _YEARS = "timer kept no longer", "timer final years"
_TOLD = "what is told of a year under its pseudonyms, until the year is final"


def _of_referral(table: str, data_class: DataClass, column: str) -> Kept:
    """Goes with the case; what nobody opened a case for, when its referral is forgotten."""
    return older(table, data_class, "closed_case", column, more=f"not exists (select from referrals r "  # noqa: S608
                 f"where r.referral_id = {table}.referral_id)")


KEPT = (
    *retention.CHASSIS, retention.AUDIT_HEADS, retention.PARKED, retention.OBLIGATIONS, retention.SEATS,
    retention.restrictions("select from cases where case_id::text = about_id"), *retention.KEYS,
    Kept("cases", DataClass.PSEUDONYMOUS, retention.reason_of("closed_case"), "closed_case", by=_BY),
    Kept("case_ids", DataClass.PSEUDONYMOUS, retention.reason_of("closed_case"), "closed_case", by=_BY),
    Kept("casework", DataClass.PSEUDONYMOUS, retention.reason_of("closed_case"), "closed_case", by=_BY),
    *(Kept(table, DataClass.PSEUDONYMOUS, retention.reason_of("closed_case"), "closed_case", by=_BY)
      for table in ("period_places", "tets")),
    Kept("period_groups", DataClass.OPEN, "days and places of a group, as long as a case of its young people",
         "closed_case", delete="delete from period_groups g where last_day < :day and not exists "
                               "(select from period_places p where p.group_id = g.group_id)"),
    Kept("ohjaamo_visits", DataClass.PSEUDONYMOUS, retention.reason_of("closed_case"), "closed_case", by=_BY),
    Kept("referrals", DataClass.PSEUDONYMOUS, retention.reason_of("closed_referral"), "closed_referral", by=_BY),
    _of_referral("sealed_details", DataClass.PERSONAL, "received_at"),
    _of_referral("acknowledgements", DataClass.PSEUDONYMOUS, "acknowledged_at"),
    _of_referral("reveals", DataClass.STAFF, "at"),
    older("invitations", DataClass.PSEUDONYMOUS, "closed_case", "ends_at", "who was invited to a meeting, and came"),
    older("case_manager_requests", DataClass.STAFF, "staff", "asked_at", "who asked for a case manager, and who came"),
    older("own_numbers", DataClass.OPEN, "audit", "make_timestamptz(year + 1, 1, 1, 0, 0, 0)",
          "the last number given in a year"),
    older("phenomena", DataClass.OPEN, "open", "month", "how often a phenomenon was met, never about a person"),
    older("phenomenon_months", DataClass.OPEN, "open", "month", "which months' phenomena were asked for and told"),
    older("client_situations", DataClass.PSEUDONYMOUS, "pseudonymous", "coalesce(reported_at, opened_at)",
          "what the employment area was told of a month, with the small numbers that it was not"),
    older("staff", DataClass.STAFF, "staff", "gone_at", "names on what people did, after they have left the directory"),
    Kept("persons", DataClass.PSEUDONYMOUS, "which clients of the registers are one person",
         lasts="as long as one of them has a case", by=_BY),
    Kept("year_clients", DataClass.PSEUDONYMOUS, _TOLD, lasts="until the plan's figures.final_on", by=_YEARS),
    Kept("spells", DataClass.PSEUDONYMOUS, _TOLD, lasts="until the plan's figures.final_on", by=_YEARS),
    Kept("told_outcomes", DataClass.PSEUDONYMOUS, _TOLD, lasts="until the plan's figures.final_on", by=_YEARS),
)
_OLD_CASES = text("select case_id, referral_id from cases where closed_on < :day order by closed_on limit :limit")
_OF_CASE = tuple(
    text(f"delete from {table} where case_id = :case_id")  # noqa: S608 - names of our own tables
    for table in ("told_outcomes", "spells", "ohjaamo_visits", "casework", "case_ids", "period_places", "tets", "cases")
)
_OF_REFERRAL = tuple(
    text(f"delete from {table} where referral_id = :referral_id")  # noqa: S608 - names of our own tables
    for table in ("sealed_details", "acknowledgements", "reveals", "referrals")
)
_ONLY_REMEMBERED = text(
    "delete from referrals r where closed_at < :moment "
    "and not exists (select from cases c where c.referral_id = r.referral_id)"
)
_NOBODYS = text(
    "delete from persons p where not exists "
    "(select from cases c join persons q on q.client = c.client where q.person = p.person)"
)


async def forget(database: Database) -> int:
    """Forgets what the plan keeps no longer; how many cases. The audit log and the keys' rows stay: ids alone."""
    forgotten = 0
    while True:
        async with database.begin() as db:
            today = db.today
            keep = plan.on(today).retention
            old = (await db.execute(
                _OLD_CASES, {"day": before(today, keep.closed_case.keep), "limit": ROUND})).all()
            for case in old:
                await _forget_case(db, str(case.case_id), case.referral_id and str(case.referral_id))
            if not old:
                closed = calendar.end_of_day(before(today, keep.closed_referral.keep))
                await db.execute(_ONLY_REMEMBERED, {"moment": closed})
                await db.execute(_NOBODYS)
                await obligations.forget(db, calendar.end_of_day(before(today, keep.closed_case.keep)))
                return forgotten
        forgotten += len(old)


async def _forget_case(db: Session, case_id: str, referral_id: str | None) -> None:
    for statement in _OF_CASE:
        await db.execute(statement, {"case_id": case_id})
    if referral_id:
        for statement in _OF_REFERRAL:
            await db.execute(statement, {"referral_id": referral_id})
