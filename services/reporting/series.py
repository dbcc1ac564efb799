"""Series: the counts that measures are made of, each a named query of `series.sql`.

A series counts one or two things (`a`, `b`) a month for each value of its `slice` (a service, a kind), and within
that for each value of its `split` (a municipality, a reason).
"""

import re
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import asyncpg

from contracts import plan as plans
from contracts.envelope import Data
from contracts.events import change_security, feedback, leads, obligations, outcomes, referrals, triage, visits
from contracts.events.coaching import ReferralReturned
from contracts.plan import Plan
from services.reporting import facts

About = Literal["persons", "companies", "nothing"]
Counts = tuple[int, int]
TOTAL = ""
"""The part that is the total over all parts."""


@dataclass(frozen=True)
class Series:
    """`about`: whose small counts are hidden. `both`: the two counts are shown together or not at all, for that all
    of a group share one outcome tells of each of them. `persons_once`: a person counts once in a total over parts,
    and in a year, so neither parts nor months add up.
    `codes`: the parts, where no list of the plan has them. `listed`: the plan's list of the slices, if it is not
    named as their dimension."""

    code: str
    sources: tuple[type[Data], ...]
    about: About = "persons"
    slice: str | None = None
    split: str | None = "municipality"
    both: bool = False
    persons_once: bool = False
    codes: tuple[str, ...] = ()
    listed: str | None = None

    def parts(self, plan: Plan) -> tuple[str, ...]:
        """Parts that a table has whether or not anything was counted: no part tells by being there."""
        return self.codes or _of_list(self.split, plan)

    def slices(self, plan: Plan) -> tuple[str, ...]:
        """Slices that have a table whether or not anything was counted; others have one when something was."""
        if self.slice is None:
            return ("",)
        return tuple(plan.codes[self.listed]) if self.listed else _of_list(self.slice, plan)


_LISTS: Mapping[str, str] = MappingProxyType({
    "municipality": "municipality", "service": "service", "phenomenon": "phenomenon", "directed-to": "address",
})


def _of_list(dimension: str | None, plan: Plan) -> tuple[str, ...]:
    name = _LISTS.get(dimension or "")
    return tuple(plan.codes[name]) if name else ()


_BEGAN, _ENDED = (outcomes.ServiceBegan, outcomes.ServiceNotBegun), (outcomes.ServiceEnded, outcomes.ServiceNotBegun)
_SEEN = (*_BEGAN, outcomes.ServiceContinued, outcomes.ServiceContinuedInError)
_OBLIGATIONS = (obligations.ObligationOpened, obligations.ObligationMet, obligations.ObligationMissed,
                obligations.ObligationCancelled)
_PLANNED = (visits.CompanyVisitPlanned, visits.CompanyVisitMoved, visits.CompanyVisitCancelled)
_ROUTED = (leads.LeadRouted, leads.LeadWithdrawn)

ALL: Mapping[str, Series] = MappingProxyType({s.code: s for s in (
    Series("clients", _SEEN, slice="service", persons_once=True),
    Series("new-clients", _SEEN, slice="service", persons_once=True),
    Series("began", _BEGAN, slice="service"),
    Series("not-begun", _BEGAN, slice="service"),
    Series("ended", _ENDED, slice="service"),
    Series("outcomes", _ENDED, slice="service", both=True),
    Series("plans", _ENDED, split="plan", codes=("education", "job", "work-trial")),
    Series("waits", _BEGAN, slice="service"),
    Series("contacted", _BEGAN, both=True),
    Series("reached", _BEGAN, both=True),
    Series("observations", (outcomes.PhenomenonObserved,), slice="phenomenon"),
    Series("referrals", (referrals.ReferralConsented,), slice="service"),
    Series("returns", (ReferralReturned,), slice="service", split="reason",
           codes=("no-capacity", "not-eligible", "not-started", "wrong-address")),
    Series("visits", (visits.CompanyVisitMade,), "companies"),
    Series("joint-visits", (visits.CompanyVisitMade,), "companies"),
    Series("planned-visits", _PLANNED, "companies"),
    Series("leads-routed", _ROUTED, "companies"),
    Series("leads-fulfilled", (leads.LeadFulfilled,), "companies"),
    Series("matching", (*_ROUTED, leads.LeadFulfilled), "companies"),
    Series("days-to-fulfil", (*_ROUTED, leads.LeadFulfilled), "companies"),
    Series("hired", (leads.LeadFulfilled,)),
    Series("events-held", (leads.EventHeld,), "nothing", slice="kind"),
    Series("attendance", (leads.EventHeld,), slice="kind"),
    Series("change-situations", (change_security.ChangeSituationReported,), "companies", slice="kind",
           listed="change-kind"),
    Series("timeliness", _OBLIGATIONS, slice="kind", split=None),
    Series("feedback", (feedback.FeedbackReceived,), slice="about"),
    Series("ratings", (feedback.FeedbackReceived,), slice="about"),
    Series("answered", (feedback.FeedbackReceived, feedback.FeedbackAnswered)),
    Series("inquiries", (triage.InquiryTriaged,), slice="channel", split="directed-to"),
)})


def _named(file: Path) -> dict[str, str]:
    """The queries of a file, by the names that stand over them."""
    parts = re.split(r"^-- name: ([a-z-]+)\n", file.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


ROWS: Mapping[str, str] = MappingProxyType(_named(Path(__file__).with_suffix(".sql")))
_GIVEN = "with given as (select $1::int as year, $2::int as outreach_days), counted as ({rows}) "
_MONTHLY = _GIVEN + """
select slice, split, extract(month from day)::int as month, sum(a)::bigint as a, sum(b)::bigint as b
from counted, given where day >= make_date(year, 1, 1) and day < make_date(year + 1, 1, 1)
group by slice, split, extract(month from day)"""
_STATISTIC = _GIVEN + """
select slice, case when grouping(split) = 1 then '' else split end as part, {statistic} as value
from counted where day >= $3 and day < $4 group by grouping sets ((slice), (slice, split))"""


@asynccontextmanager
async def facts_of(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """Inside the block names of tables are those of the live generation, which stays live until the caller's
    transaction ends."""
    await connection.execute("select set_config('search_path', $1, true)", await facts.live(connection))
    yield
    await connection.execute("select set_config('search_path', 'public', true)")


Monthly = dict[str, dict[str, list[Counts]]]
"""Slice → part → counts of the twelve months."""


async def monthly(connection: asyncpg.Connection, series: Series, year: int) -> Monthly:
    """What was counted in a year, the total of each slice under `TOTAL`; inside `facts_of`."""
    found: Monthly = defaultdict(lambda: defaultdict(lambda: [(0, 0)] * 12))
    for row in await connection.fetch(_MONTHLY.format(rows=ROWS[series.code]), year, _outreach_days(year)):
        parts = [row["split"] or TOTAL] if series.split else []
        if not series.persons_once:
            parts.append(TOTAL)
        for part in parts:
            a, b = found[row["slice"]][part][row["month"] - 1]
            found[row["slice"]][part][row["month"] - 1] = (a + row["a"], b + row["b"])
    return {slice_: dict(parts) for slice_, parts in found.items()}


async def statistic(connection: asyncpg.Connection, series: Series, expression: str, first: date,
                    end: date) -> dict[tuple[str, str], object]:
    """A statistic of `value` over the days from `first` up to and without `end`, by slice and part; inside
    `facts_of`."""
    query = _STATISTIC.format(rows=ROWS[series.code], statistic=expression)
    rows = await connection.fetch(query, first.year, _outreach_days(first.year), first, end)
    return {(row["slice"], row["part"]): row["value"] for row in rows}


def _outreach_days(year: int) -> int:
    return plans.on(date(year, 12, 31)).respond_within("outreach").delta.days
