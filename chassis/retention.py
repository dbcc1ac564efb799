"""What a service keeps, how long, why, and what deletes it [7; SEC-4]. Every table is declared; a timer deletes.

A table is kept for a period of the plan (`period` names a part of `plan.retention`), or for as long as its rows have
a use (`lasts` says which). `delete` deletes what is older than `:moment` (its day is `:day`), or of no use `:now`; a
table whose rows go with others, or by a timer of their own, names that in `by`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy import text

from chassis import calendar
from chassis.database import Database
from contracts import plan
from contracts.fields import DataClass

ROUND = 1000
"""Rows that one transaction deletes: nobody waits long for a lock."""


@dataclass(frozen=True)
class Kept:
    """One table: class of data, period, reason, and what deletes. Either `period` or `lasts` is said."""

    table: str
    data_class: DataClass
    reason: str
    period: str = ""
    lasts: str = ""
    delete: str = ""
    by: str = ""

    def __post_init__(self) -> None:
        if bool(self.period) == bool(self.lasts):
            raise ValueError(f"{self.table}: say a period of the plan, or how long it lasts")
        if self.period and not (self.delete or self.by):
            raise ValueError(f"{self.table}: say what deletes it")


def older(table: str, data_class: DataClass, period: str, column: str, reason: str = "", more: str = "") -> Kept:
    """A table whose rows are deleted when a moment of theirs is older than the period, if `more` holds too."""
    condition = f"{column} < :moment" + (f" and {more}" if more else "")
    delete = (f"delete from {table} where ctid = any(array(select ctid from {table} "  # noqa: S608 - names of ours
              f"where {condition} limit {ROUND}))")
    return Kept(table, data_class, reason or reason_of(period), period, delete=delete)


def reason_of(period: str) -> str:
    """The reason that the plan gives for a period."""
    reason: str = getattr(plan.ALL[-1].retention, period).reason
    return reason


CLOSED_CASE, STAFF_PERIOD = "closed_case", "staff"
CHASSIS: tuple[Kept, ...] = (
    Kept("outbox", DataClass.PSEUDONYMOUS, "on its way to its topic", lasts="until the broker has it",
         by="the relay, in the round in which the broker acknowledges it"),
    older("inbox", DataClass.OPEN, "audit", "handled_at",
          "ids of events handled: longer than any topic that may bring them again"),
    older("rejected", DataClass.OPEN, "dead_letter", "rejected_at",
          "which records a sender was told of: longer than they lie on its topic"),
    Kept("audit_log", DataClass.STAFF, reason_of("audit"), "audit", by="yhdyspinta audit forget, as the owner"),
    Kept("sessions", DataClass.STAFF, "who is signed in", lasts="8 hours, 30 minutes idle", by="timer old sessions"),
    Kept("sign_ins", DataClass.OPEN, "a sign-in under way", lasts="10 minutes", by="timer old sign-ins"),
    Kept("idempotency", DataClass.OPEN, "a command that is sent again has no effect", lasts="24 hours",
         by="timer old idempotency keys"),
    older("languages", DataClass.STAFF, STAFF_PERIOD, "chosen_at", "the language that somebody chose"),
    older("api_tokens", DataClass.OPEN, STAFF_PERIOD, "coalesce(revoked_at, ends_at)", "which system could do what"),
)
"""What every service has."""
AUDIT_HEADS = Kept("audit_heads", DataClass.OPEN, "as long as the logs whose heads they are", "audit",
                   by="yhdyspinta audit forget, as the owner")
PARKED = Kept("parked", DataClass.PSEUDONYMOUS, "an event that waits for another", lasts="the plan's intake.park_for",
              by="timer parked")
OBLIGATIONS = older("obligations", DataClass.PSEUDONYMOUS, CLOSED_CASE, "coalesce(met_at, cancelled_at)",
                    "who owed what until when, as long as the case that it was about")
SEATS = Kept("seats", DataClass.STAFF, "who holds which seat, and who substitutes",
             lasts="as long as the directory lists them")
KEYS = (
    older("keys", DataClass.PSEUDONYMOUS, CLOSED_CASE, "coalesce(erased_at, lost_at)",
          "that a key existed and was erased, as long as the receipt that says so", "state in ('erased', 'lost')"),
    Kept("key_place", DataClass.OPEN, "which database the key folder belongs to", lasts="as long as the database"),
)


def begin(day: date, period: str) -> datetime:
    """What is older than this moment is kept no longer on a day."""
    keep = getattr(plan.on(day).retention, period).keep
    return calendar.at(calendar.before(day, keep), time.min)


async def forget(database: Database, kept: Sequence[Kept]) -> int:
    """Deletes what is kept no longer, a transaction a round; how many rows. A fault leaves whole rounds done."""
    deleted = 0
    for each in kept:
        if not each.delete:
            continue
        statement, gone = text(each.delete), ROUND
        while gone >= ROUND:
            async with database.begin() as db:
                gone = (await db.execute(statement, _values(each, db.now))).rowcount
                deleted += gone
    return deleted


def _values(kept: Kept, now: datetime) -> dict[str, date | datetime]:
    values: dict[str, date | datetime] = {"now": now}
    if kept.period:
        moment = begin(calendar.helsinki_day(now), kept.period)
        values |= {"moment": moment, "day": calendar.helsinki_day(moment)}
    return {name: value for name, value in values.items() if f":{name}" in kept.delete}

