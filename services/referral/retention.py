"""What is over is forgotten after the plan's time [7]: a referral whole, with consent, receipt and timeline.

Nothing is forgotten of a referral whose erasure is not acknowledged, or whose own copy still has a key.
"""

from datetime import date, datetime

from sqlalchemy import text

from chassis import obligations, retention
from chassis.calendar import at, before
from chassis.database import Session
from chassis.retention import Kept, older
from contracts import plan
from contracts.fields import DataClass

_BY = "timer closed referrals"
KEPT = (
    *retention.CHASSIS, retention.AUDIT_HEADS, retention.OBLIGATIONS, retention.SEATS,
    retention.restrictions("select from referrals where id::text = about_id"),
    Kept("referrals", DataClass.PERSONAL, retention.reason_of("closed_referral"), "closed_referral", by=_BY),
    *(Kept(table, DataClass.PSEUDONYMOUS, retention.reason_of("closed_referral"), "closed_referral", by=_BY)
      for table in ("receiving_keys", "acknowledgements", "timeline", "keys", "work_trial_proposals")),
    Kept("three_party_meetings", DataClass.PSEUDONYMOUS, retention.reason_of("closed_referral"), "closed_referral",
         by=_BY),
    older("invitations", DataClass.PSEUDONYMOUS, "closed_referral", "ends_at", "who was invited to a meeting"),
    older("case_manager_requests", DataClass.STAFF, "staff", "asked_at", "which Ohjaamo asked for a case manager"),
    retention.KEYS[1],
    older("numbers", DataClass.OPEN, "audit", "make_timestamptz(year + 1, 1, 1, 0, 0, 0)",
          "the last number given in a year"),
    older("inquiries", DataClass.OPEN, "pseudonymous", "at", "inquiries of this year and the year before are counted"),
    older("client_situations", DataClass.OPEN, "pseudonymous", "reported_at", "free places as a provider told them"),
    Kept("reveals", DataClass.STAFF, "the limit of reveals within an hour", lasts="an hour",
         delete="delete from reveals where at < cast(:now as timestamptz) - interval '1 hour'"),
    older("staff", DataClass.STAFF, "staff", "gone_at", "names on what people did, after they have left the directory"),
)
_OVER = text("""
    select r.id from referrals r
    where (
        (r.status in ('withdrawn', 'cancelled', 'returned') and r.acknowledged_at < :moment and r.closed_at < :moment)
        or (r.status = 'ended' and r.ended_on < :day)
        or (r.status = 'delivered' and r.service = any(cast(:untold as text[])) and r.received_at < :moment)
    )
    and not exists (select from keys k where k.referral_id = r.id::text and k.state <> 'erased')
    order by r.id limit :limit for update skip locked
""")
_FORGET = tuple(text(statement) for statement in (
    "delete from timeline where referral_id = any(cast(:ids as uuid[]))",
    "delete from work_trial_proposals where referral_id = any(cast(:ids as uuid[]))",
    "delete from three_party_meetings where referral_id = any(cast(:ids as uuid[]))",
    "delete from acknowledgements where referral_id = any(cast(:ids as uuid[]))",
    "delete from receiving_keys where referral_id = any(cast(:ids as uuid[]))",
    "delete from keys where referral_id = any(cast(cast(:ids as uuid[]) as text[]))",
    "delete from referrals where id = any(cast(:ids as uuid[]))",
))


async def forget_closed(db: Session, limit: int = 200) -> int:
    """Deletes referrals that were over before the plan's `retention.closed_referral`, and closed obligations as old.
    How many referrals; to be called until none is left."""
    today = db.today
    rules = plan.on(today)
    day = before(today, rules.retention.closed_referral.keep)
    moment = _begin_of(day)
    untold = [code for code, service in rules.services.items() if not service.start_and_end_told]
    found = await db.execute(_OVER, {"day": day, "moment": moment, "untold": untold, "limit": limit})
    ids = [row.id for row in found]
    for statement in _FORGET if ids else ():
        await db.execute(statement, {"ids": ids})
    await obligations.forget(db, moment)
    return len(ids)


def _begin_of(day: date) -> datetime:
    return at(day, datetime.min.time())
